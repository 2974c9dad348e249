//! Senders who wait until what they said is kept: how many messages are acknowledged, and how soon.
//!
//! Once all are in one room, where each also gets what the others say; and once each is alone in its own, so that there is no
//! fan-out, but every message of a commit changes another page of the store.

use std::{
    collections::VecDeque,
    fs::File,
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use crate::{
    Plan,
    generator::Generator,
    percentiles::Percentiles,
    process::{Process, own_cpu},
    table::Table,
    wire::{self, Speech},
    workloads::{ACK_P99, ACKS},
};

const MANY: &str = "D1: 64 senders, each waits for its ack";
const ONE: &str = "D2: one sender, waits for its ack";
const SENDERS: usize = 64;

pub(crate) fn many(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    measure(plan, table, MANY, SENDERS, &[1, SENDERS], &[1, 16])
}

pub(crate) fn one(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    measure(plan, table, ONE, 1, &[1], &[1])
}

/// One crowd for each number of rooms, and each with so many messages of every sender in flight.
fn measure(
    plan: &Plan,
    table: &mut Table,
    title: &'static str,
    senders: usize,
    rooms: &[usize],
    in_flight: &[usize],
) -> anyhow::Result<()> {
    let store = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut generator = Generator::new()?;
    let mut servers = vec![("durable", Process::server(plan, Some(store.path()))?)];
    if !plan.quick {
        servers.push(("in memory", Process::server(plan, None)?));
    }
    let mut crowds = Vec::new();
    for (how, server) in &servers {
        let group = generator.group(Speech::Chat);
        for rooms in rooms {
            let who = (0..senders).map(|number| (format!("of-{rooms}-{}", number % rooms), format!("user-{rooms}-{number}")));
            let who = generator.join_all(group, server.port, who)?;
            generator.quiet(Duration::from_millis(300))?;
            load(plan.slice() / 4, 1, &mut generator, server, group, &who)?;
            crowds.push((*how, server, group, *rooms, who));
        }
    }
    for _ in 0..plan.rounds {
        table.add(title, "the disk: write of 16 KiB and fdatasync", "per second", syncs(store.path(), plan.slice() / 6)?);
        for in_flight in in_flight {
            for (how, server, group, rooms, who) in &crowds {
                let mut kept = load(plan.slice(), *in_flight, &mut generator, server, *group, who)?;
                let waits = Percentiles::of(&mut kept.waits);
                let row = format!("server, {how}, {rooms} {}, {in_flight} in flight each", plural("room", *rooms));
                // What counts is what is kept, with everybody in one room as in a busy hour.
                let aimed = *how == "durable" && senders == SENDERS && *rooms == 1 && *in_flight == 1;
                let (rate, late) = ("per second", "p99 ms");
                if aimed {
                    table.aim(title, &row, rate, ACKS, kept.per_second);
                } else {
                    table.add(title, &row, rate, kept.per_second);
                }
                table.add(title, &row, "p50 ms", waits.p50);
                if aimed {
                    table.aim(title, &row, late, ACK_P99, waits.p99);
                } else {
                    table.add(title, &row, late, waits.p99);
                }
                table.add(title, &row, "p99.9 ms", waits.p999);
                table.add(title, &row, "CPU µs per message", kept.cpu);
                table.add(title, &row, "generator busy %", kept.own);
            }
        }
    }
    Ok(())
}

fn plural(what: &str, count: usize) -> String {
    if count == 1 { what.into() } else { format!("{what}s") }
}

struct Kept {
    per_second: f64,
    waits: Vec<Duration>,
    cpu: f64,
    own: f64,
}

fn load(
    slice: Duration,
    in_flight: usize,
    generator: &mut Generator,
    server: &Process,
    group: usize,
    senders: &[usize],
) -> anyhow::Result<Kept> {
    let says = wire::masked(r#"{"type":"send","text":"as long as many a line of chat"}"#);
    // By place in the generator; acks of one connection come in order.
    let most = senders.iter().max().map_or(0, |most| most + 1);
    let mut said: Vec<VecDeque<Instant>> = vec![VecDeque::new(); most];
    let mut waits = Vec::new();
    let (before, cpu, own, begun) = (generator.seen(group).acks, server.cpu()?, own_cpu()?, Instant::now());
    for sender in senders {
        generator.say(*sender, &says.repeat(in_flight))?;
        said[*sender].extend(std::iter::repeat_n(begun, in_flight));
    }
    while begun.elapsed() < slice {
        generator.turn(Duration::from_millis(100))?;
        let now = Instant::now();
        while let Some(sender) = generator.acked.pop_front() {
            waits.extend(said[sender].pop_front().map(|then| now - then));
            said[sender].push_back(now);
            generator.say(sender, &says)?;
        }
    }
    let (took, kept, cpu) = (begun.elapsed(), generator.seen(group).acks - before, server.cpu()? - cpu);
    let own = own_cpu()? - own;
    let owed = before + kept + (senders.len() * in_flight) as u64;
    generator.until(|seen| seen[group].acks >= owed)?;
    generator.quiet(Duration::from_millis(50))?;
    generator.acked.clear();
    let (kept, seconds) = (kept as f64, took.as_secs_f64());
    Ok(Kept { per_second: kept / seconds, waits, cpu: cpu.as_secs_f64() * 1e6 / kept, own: own.as_secs_f64() / seconds * 100.0 })
}

/// How often the disk can be asked to keep something: no log that waits for it can commit more often.
fn syncs(directory: &std::path::Path, slice: Duration) -> anyhow::Result<f64> {
    let file = File::options().create(true).truncate(false).write(true).open(directory.join("syncs"))?;
    let block = [7; 16 * 1024];
    for place in 0..64 {
        file.write_all_at(&block, place * block.len() as u64)?;
    }
    file.sync_all()?;
    let (begun, mut count) = (Instant::now(), 0_u64);
    while begun.elapsed() < slice {
        file.write_all_at(&block, count % 64 * block.len() as u64)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}
