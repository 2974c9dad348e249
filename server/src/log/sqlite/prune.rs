//! The oldest events of a room are taken away, whole: from the tables, from the search index, and what later events kept of them.
//!
//! A room's horizon is the last number that is gone. What was sent stays known by its `cid`, so that nothing comes a second time,
//! and numbers go on where they were. The pages that come free are overwritten with zeros (`secure_delete`) and used again; the
//! file does not get smaller. Does not know how long anything is kept.

use chat_protocol::{RoomName, Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{apply::Batch, id, rows, view};
use crate::log::{Outcome, retention::Retention, rules};

impl Batch<'_> {
    pub(super) fn prune(&mut self, name: &RoomName, upto: Seq) -> Result<Outcome> {
        let Some(room) = self.room(name)? else { return Ok(Outcome::Pruned { messages: 0, upto: Seq(0) }) };
        let upto = upto.min(room.seq).min(Seq(room.horizon.0 + rules::BITE));
        if upto <= room.horizon {
            return Ok(Outcome::Pruned { messages: 0, upto: room.horizon });
        }
        let range = [room.event(room.horizon), room.event(upto)];
        let heavy = self.first_too_heavy(range)?;
        let upto = heavy.unwrap_or(upto);
        let range = [range[0], room.event(upto)];
        self.unindex_all(range)?;
        for sql in [
            "DELETE FROM reactions WHERE message > ?1 AND message <= ?2",
            // Edits that came later keep the words of a message that is gone.
            "UPDATE changes SET text = '', flag = 1 WHERE kind = 1 AND target > ?1 AND target <= ?2 AND id > ?2",
            "DELETE FROM changes WHERE id > ?1 AND id <= ?2",
        ] {
            self.db.prepare_cached(sql)?.execute(range)?;
        }
        let messages = self.db.prepare_cached("DELETE FROM messages WHERE id > ?1 AND id <= ?2")?.execute(range)? as u64;
        self.known.prune(name, upto, messages);
        Ok(Outcome::Pruned { messages, upto })
    }

    /// The message with which so much text is together that no more is taken.
    fn first_too_heavy(&self, range: [i64; 2]) -> Result<Option<Seq>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, CASE WHEN deleted IS NULL THEN octet_length(coalesce(now, text)) ELSE 0 END FROM messages
             WHERE id > ?1 AND id <= ?2 ORDER BY id",
        )?;
        let (mut found, mut bytes) = (statement.query(range)?, 0);
        while let Some(row) = found.next()? {
            bytes += usize::try_from(row.get::<_, i64>(1)?).unwrap_or(usize::MAX);
            if bytes >= rules::BITE_BYTES {
                return Ok(Some(super::seq(row.get(0)?)));
            }
        }
        Ok(None)
    }

    /// What was deleted has no words in the index any more.
    fn unindex_all(&self, range: [i64; 2]) -> Result<()> {
        let mut statement = self
            .db
            .prepare_cached("SELECT id, coalesce(now, text) FROM messages WHERE id > ?1 AND id <= ?2 AND deleted IS NULL")?;
        let mut found = statement.query(range)?;
        while let Some(row) = found.next()? {
            self.unindex(row.get(0)?, row.get_ref(1)?.as_str()?)?;
        }
        Ok(())
    }
}

/// See [`Reader::overdue`](crate::log::Reader::overdue). Costs a few steps for each room, and of those that are too many.
pub(super) fn overdue(db: &Connection, keep: &Retention, now: Timestamp) -> Result<Vec<(RoomName, Seq)>> {
    let mut statement = db.prepare_cached("SELECT id, name, seq, at, horizon, messages FROM rooms WHERE horizon < seq")?;
    let mut rooms = statement.query([])?;
    let mut overdue = Vec::new();
    while let Some(row) = rooms.next()? {
        let Some(name) = rows::known_room(row, 1)? else { continue };
        let keep = keep.of(&name, now);
        let (room, head, last_at, horizon): (i64, _, _, _) =
            (row.get(0)?, rows::seq(row, 2)?, rows::at(row, 3)?, rows::seq(row, 4)?);
        let old = match keep.since {
            Some(since) if last_at < since => head,
            Some(since) => Seq(view::first_since(db, room, (horizon, head), since)?.0 - 1),
            None => horizon,
        };
        let messages = row.get::<_, i64>(5)?.unsigned_abs();
        let over = keep.messages.map_or(0, |most| messages.saturating_sub(most));
        let many = if over > 0 { upto(db, room, (horizon, head), over)? } else { horizon };
        if old.max(many) > horizon {
            overdue.push((name, old.max(many)));
        }
    }
    Ok(overdue)
}

/// The last number before the first message that stays, when so many go.
fn upto(db: &Connection, room: i64, (horizon, head): (Seq, Seq), over: u64) -> Result<Seq> {
    let mut statement = db.prepare_cached("SELECT id FROM messages WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 1 OFFSET ?3")?;
    let over = i64::try_from(over).unwrap_or(i64::MAX);
    let first = statement.query_row(params![id(room, horizon), id(room, head), over], |row| row.get(0)).optional()?;
    Ok(first.map_or(head, |first| Seq(super::seq(first).0 - 1)))
}
