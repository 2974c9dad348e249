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
    process::Process,
    table::{Aim, Table},
    wire,
};

const SENDERS: usize = 64;
/// How they are spread.
const ROOMS: [(&str, usize); 2] = [("together", 1), ("alone", SENDERS)];
/// Messages that one sender has in flight.
const IN_FLIGHT: [usize; 2] = [1, 16];

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let store = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let server = Process::server(plan, Some(store.path()))?;
    let mut generator = Generator::new()?;
    let group = generator.group();
    let mut crowds = Vec::new();
    for (name, rooms) in ROOMS {
        let who = (0..SENDERS).map(|number| (format!("{name}-{}", number % rooms), format!("{name}-{number}")));
        let senders = generator.join_all(group, server.port, who)?;
        generator.quiet(Duration::from_millis(300))?;
        load(plan.slice() / 4, 1, &mut generator, &server, group, &senders)?;
        crowds.push((rooms, senders));
    }
    for _ in 0..plan.rounds {
        table.add("disk: write of 16 KiB and fdatasync", "per second", syncs(store.path(), plan.slice() / 6)?);
        for (rooms, senders) in &crowds {
            for in_flight in IN_FLIGHT {
                let kept = load(plan.slice(), in_flight, &mut generator, &server, group, senders)?;
                let name = format!("d1 {SENDERS} senders, rooms {rooms}, in flight {in_flight}");
                match in_flight {
                    1 => table.aim(&name, "acks per second", Aim::AtLeast(15_000.0), kept.per_second),
                    _ => table.add(&name, "acks per second", kept.per_second),
                }
                table.add(&format!("{name}: p50"), "ms", kept.p50);
                table.add(&format!("{name}: p99"), "ms", kept.p99);
                table.add(&format!("{name}: cost"), "CPU µs per message", kept.cpu);
            }
        }
    }
    Ok(())
}

struct Kept {
    per_second: f64,
    p50: f64,
    p99: f64,
    cpu: f64,
}

fn load(
    slice: Duration,
    in_flight: usize,
    generator: &mut Generator,
    server: &Process,
    group: usize,
    senders: &[usize],
) -> anyhow::Result<Kept> {
    let says = wire::masked(&format!(r#"{{"type":"send","text":"{}"}}"#, wire::said()));
    // By place in the generator; acks of one connection come in order.
    let most = senders.iter().max().map_or(0, |most| most + 1);
    let mut said: Vec<VecDeque<Instant>> = vec![VecDeque::new(); most];
    let mut waits = Vec::new();
    let (before, cpu, begun) = (generator.seen(group).acks, server.cpu()?, Instant::now());
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
    let owed = before + kept + (senders.len() * in_flight) as u64;
    generator.until(|seen| seen[group].acks >= owed)?;
    generator.quiet(Duration::from_millis(50))?;
    generator.acked.clear();
    waits.sort_unstable();
    let part = |part: usize| waits.get(waits.len() * part / 100).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1000.0);
    let (kept, seconds) = (kept as f64, took.as_secs_f64());
    Ok(Kept { per_second: kept / seconds, p50: part(50), p99: part(99), cpu: cpu.as_secs_f64() * 1e6 / kept })
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
