//! Connections that say nothing: what coming costs, and what staying costs.

use std::time::{Duration, Instant};

use crate::{
    Plan,
    generator::Generator,
    process::{self, Process},
    table::Table,
    wire::Speech,
    workloads::IDLE_KIB,
};

const TITLE: &str = "W4: idle connections";
/// Users of one room.
const PER_ROOM: usize = 100;
/// How long their idleness is watched.
const WATCHED: Duration = Duration::from_secs(2);

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let counts: &[usize] = if plan.quick { &[1000] } else { &[10_000, 19_000] };
    let watched = if plan.quick { WATCHED / 8 } else { WATCHED };
    for round in 0..plan.rounds {
        for (place, wanted) in counts.iter().enumerate() {
            let connections = (*wanted).min(process::most_connections());
            if connections < *wanted {
                eprintln!("no more than {connections} files may be open: fewer connections than meant");
            }
            let row = |name: &str| format!("{name}, {connections}");
            let server = Process::server(plan, None)?;
            stay(table, &row("**server**, in memory"), connections, watched, Speech::Chat, &server)?;
            drop(server);
            let store = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
            let server = Process::server(plan, Some(store.path()))?;
            stay(table, &row("**server**, durable"), connections, watched, Speech::Chat, &server)?;
            drop(server);
            // A peer's memory is the same in every round, and what many more have is more of the same.
            if place > 0 || (plan.quick && round > 0) {
                continue;
            }
            for peer in &plan.peers {
                let started = peer.start();
                let stayed =
                    started.and_then(|process| stay(table, &row(peer.name), connections, watched, Speech::Lines, &process));
                if let Err(error) = stayed {
                    table.missing(TITLE, &row(peer.name), &format!("{error:#}"));
                }
            }
        }
    }
    Ok(())
}

fn stay(
    table: &mut Table,
    row: &str,
    connections: usize,
    watched: Duration,
    speech: Speech,
    process: &Process,
) -> anyhow::Result<()> {
    let mut generator = Generator::new()?;
    let group = generator.group(speech);
    // What is allocated once is not any connection's.
    generator.join_all(group, process.port, [("warm".to_owned(), "warm".to_owned())].into_iter())?;
    generator.quiet(Duration::from_millis(300))?;
    let rooms = connections.div_ceil(PER_ROOM);
    let (resident, cpu, begun) = (process.resident()?, process.cpu()?, Instant::now());
    let who = (1..connections).map(|number| (format!("room-{}", number % rooms), format!("user-{number}")));
    generator.join_all(group, process.port, who)?;
    let took = begun.elapsed();
    generator.quiet(Duration::from_millis(500))?;
    let count = connections as f64 - 1.0;
    let grown = (process.resident()? - resident) / count;
    let coming = (process.cpu()? - cpu).as_secs_f64() * 1e6 / count;
    let kib = "KiB per connection";
    match speech {
        Speech::Chat => table.aim(TITLE, row, kib, IDLE_KIB, grown),
        Speech::Lines => table.add(TITLE, row, kib, grown),
    }
    table.add(TITLE, row, "CPU µs per connect", coming);
    table.add(TITLE, row, "connects per second", count / took.as_secs_f64());
    let (cpu, begun) = (process.cpu()?, Instant::now());
    while begun.elapsed() < watched {
        generator.turn(Duration::from_millis(50))?;
    }
    let staying = (process.cpu()? - cpu).as_secs_f64() / begun.elapsed().as_secs_f64() * 1000.0;
    table.add(TITLE, row, "CPU ms per second while idle", staying);
    Ok(())
}
