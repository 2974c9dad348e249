//! A start over a store that is full: until the port is open, until somebody is in the room that holds it all, and what others who
//! come there cost.
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
    table::Table,
    wire::Speech,
    workloads::{FULL_JOIN_MS, START_MS},
};

const TITLE: &str = "Start: a store with 1,000,000 messages in one room";

const ROOM: &str = "full";
/// Messages of one commit while it is filled.
const BATCH: u64 = 10_000;
/// Who comes after the first, one after the other.
const OTHERS: usize = 20;
const WORDS: [&str; 8] = ["lunch", "release", "tomorrow", "build", "green", "coffee", "review", "deploy"];

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let store = full(1_000_000)?;
    for round in 0..plan.rounds {
        for (cold, row) in [(false, "cached"), (true, "cold cache")] {
            if cold {
                forget(&store)?;
            }
            let server = Process::server(plan, Some(&store))?;
            let mut generator = Generator::new()?;
            let group = generator.group(Speech::Chat);
            // A name of its own: the last one waits for its session over the restart.
            let mut join = |number: usize| {
                let begun = Instant::now();
                generator.join(group, server.port, ROOM, &format!("late-{}-{cold}-{round}-{number}", std::process::id()))?;
                generator.until(|seen| seen[group].joined == number as u64 + 1)?;
                anyhow::Ok(begun.elapsed())
            };
            let first = join(0)?;
            let cpu = server.cpu()?;
            let others = (1..=OTHERS).try_fold(Duration::ZERO, |sum, number| join(number).map(|took| sum + took))?;
            let cpu = server.cpu()? - cpu;
            let others_each = others / u32::try_from(OTHERS)?;
            table.aim(TITLE, row, "ms to listening", START_MS, millis(server.started));
            table.add(TITLE, row, "ms of the first join", millis(first));
            table.add(TITLE, row, "ms of a join then", millis(others_each));
            table.aim(TITLE, row, "CPU ms of a join then", FULL_JOIN_MS, millis(cpu) / OTHERS as f64);
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
