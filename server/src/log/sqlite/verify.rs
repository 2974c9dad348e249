//! Looks at everything in a store: SQLite's own check of each table, and that the numbers of every room, from its horizon on, and
//! of the decrees are dense.
//!
//! In steps, each of its own moment, so that it can be stopped and so that it never keeps the WAL from being emptied. Does not
//! mend anything.

use chat_protocol::Seq;
use rusqlite::{Connection, Result};

use super::{id, rows};

/// How many numbers of a room are counted in one step.
const STEP: u64 = 20_000;
/// Beyond so many findings nobody reads on.
const FINDINGS: usize = 100;

pub(super) fn verify(db: &Connection, progress: &mut dyn FnMut(u8) -> bool) -> Result<Option<Vec<String>>> {
    let mut findings = Vec::new();
    let mut tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_>>()?;
    for (done, table) in tables.iter().enumerate() {
        if !progress(half(done as u64, tables.len() as u64)) {
            return Ok(None);
        }
        let mut statement = db.prepare(&format!("PRAGMA quick_check('{}')", table.replace('\'', "''")))?;
        for found in statement.query_map([], |row| row.get::<_, String>(0))? {
            findings.extend(Some(found?).filter(|found| found != "ok").map(|found| format!("{table}: {found}")));
        }
    }
    let mut rooms = db.prepare("SELECT id, name, seq FROM rooms ORDER BY id")?;
    let rooms = rooms.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, rows::seq(row, 2)?)))?;
    let rooms = rooms.collect::<Result<Vec<_>>>()?;
    let (all, mut done) = (rooms.iter().map(|(_, _, head)| head.0).sum::<u64>(), 0);
    // A backup may be an older server's, which pruned nothing.
    let prunes = db.prepare("SELECT horizon FROM rooms").is_ok();
    let horizon_of = if prunes { "SELECT horizon FROM rooms WHERE id = ?1" } else { "SELECT 0 FROM rooms WHERE id = ?1" };
    for (room, name, head) in rooms {
        let (mut last, found) = (Seq(0), findings.len());
        while last < head {
            if !progress(50 + half(done, all)) {
                return Ok(None);
            }
            let until = Seq(last.0 + STEP).min(head);
            // Of one moment: pruning may go on meanwhile.
            let moment = db.unchecked_transaction()?;
            let horizon = moment.query_row(horizon_of, [room], |row| rows::seq(row, 0))?;
            let first = last.max(horizon.min(until));
            let count = |after, until| {
                moment.query_row(COUNT, [id(room, after), id(room, until)], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
            };
            let (gone, there) = (count(last, first)?, count(first, until)?);
            drop(moment);
            if gone > 0 {
                findings.push(format!("room {name}: of its events up to {horizon}, which were pruned, there are {gone}"));
            }
            if there != until.0 - first.0 {
                findings.push(format!("room {name}: of its events {} to {until} there are {there}", first.next()));
            }
            done += until.0 - last.0;
            last = until;
        }
        // Where some are missing, it counts others of course.
        if !prunes || found < findings.len() {
            continue;
        }
        let (known, there): (i64, i64) = db.query_row(MESSAGES, [room], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if known != there {
            findings.push(format!("room {name}: there are {there} messages, and it counts {known}"));
        }
    }
    if tables.iter().any(|table| table == "decrees") {
        let (decrees, last): (i64, i64) =
            db.query_row("SELECT count(*), ifnull(max(seq), 0) FROM decrees", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if decrees != last {
            findings.push(format!("of the decrees 1 to {last} there are {decrees}"));
        }
    }
    findings.truncate(FINDINGS);
    Ok(progress(100).then_some(findings))
}

const MESSAGES: &str = "SELECT messages, (SELECT count(*) FROM messages WHERE id > rooms.id << 32 AND id <= rooms.id << 32 | seq)
    FROM rooms WHERE id = ?1";
const COUNT: &str = "SELECT (SELECT count(*) FROM messages WHERE id > ?1 AND id <= ?2)
    + (SELECT count(*) FROM changes WHERE id > ?1 AND id <= ?2)";

/// How much of a half is done, in percent of the whole.
fn half(done: u64, all: u64) -> u8 {
    u8::try_from(done * 50 / all.max(1)).unwrap_or(50).min(50)
}
