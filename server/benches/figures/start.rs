//! A start over a store that is full: until the port is open, and until somebody is in the room that holds it all.
//!
//! The store is filled once through the library and kept in the target directory.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use chat_protocol::{ClientId, Event, RoomName, Timestamp, UserName};
use chat_server::log::{
    Asker, Author, Draft, Log, Write,
    sqlite::{Durability, Sqlite},
};
use rustix::fs::{Advice, fadvise};

use crate::{
    Plan,
    generator::Generator,
    process::Process,
    table::{Aim, Table},
};

const ROOM: &str = "full";
/// Messages of one commit while it is filled.
const BATCH: u64 = 10_000;
const WORDS: [&str; 8] = ["lunch", "release", "tomorrow", "build", "green", "coffee", "review", "deploy"];

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let messages = if plan.quick { 100_000 } else { 1_000_000 };
    let store = full(messages)?;
    for round in 0..plan.rounds {
        for cold in [false, true] {
            if cold {
                forget(&store)?;
            }
            let how = if cold { "cold" } else { "cached" };
            let server = Process::server(plan, Some(&store))?;
            let mut generator = Generator::new()?;
            let group = generator.group();
            let begun = Instant::now();
            // A name of its own: the last one waits for its session over the restart.
            generator.join(group, server.port, ROOM, &format!("late-{}-{how}-{round}", std::process::id()))?;
            generator.until(|seen| seen[group].joined == 1)?;
            let joined = begun.elapsed();
            let name = format!("start over {messages} messages, {how}");
            table.aim(&name, "ms to listening", Aim::AtMost(500.0), millis(server.started));
            table.add(&format!("{name}: then a join"), "ms to joined", millis(joined));
            generator.leave(group);
            server.stop()?;
        }
    }
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The directory of a store with so many messages, filled unless it was before.
fn full(messages: u64) -> anyhow::Result<PathBuf> {
    let mut tables = DefaultHasher::new();
    include_str!("../../migrations/0001_log.sql").hash(&mut tables);
    let name = format!("figures-{messages}-{:016x}", tables.finish());
    let (done, making) = (Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name), tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?);
    if done.is_dir() {
        return Ok(done);
    }
    eprintln!("filling {} once", done.display());
    let begun = Instant::now();
    let mut log = Sqlite::open(making.path(), Durability::Normal)?;
    for batch in 0..messages / BATCH {
        let writes: Vec<_> =
            (batch * BATCH..(batch + 1) * BATCH).map(message).collect::<Option<_>>().context("names are valid")?;
        log.apply(&writes, Timestamp(1_700_000_000_000 + i64::try_from(batch)? * 1000))?;
    }
    log.close();
    drop(log);
    fs::rename(making.keep(), &done)?;
    eprintln!("filled in {:.1} s", begun.elapsed().as_secs_f64());
    Ok(done)
}

fn message(number: u64) -> Option<Write> {
    let word = |shift: u64| WORDS[(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift) as usize % WORDS.len()];
    let text = format!("{} {} {} number {number} and some more to say", word(20), word(30), word(40));
    Some(Write::Event(Draft {
        room: RoomName::parse(ROOM).ok()?,
        from: UserName::parse(&format!("user-{}", number % 50)).ok()?,
        author: Author(format!("author-{}", number % 50).into()),
        event: Event::Message { text, cid: ClientId::parse(&format!("cid-{number}")), reply_to: None, action: false },
        asker: Asker::Nobody,
    }))
}

/// Asks the system to forget what it holds of the store in memory.
fn forget(store: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(store)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let file = File::open(entry.path())?;
            file.sync_all()?;
            fadvise(&file, 0, None, Advice::DontNeed)?;
        }
    }
    Ok(())
}
