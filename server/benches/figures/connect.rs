//! Coming in where there is something to show: the handshake, `welcome`, and `joined` with 50 messages and who is there.

use std::time::{Duration, Instant};

use crate::{
    Plan, door,
    generator::Generator,
    process::{Process, own_cpu},
    table::Table,
    wire::{self, Speech},
    workloads::CONNECT_MICROS,
};

const TITLE: &str = "Connect: into one of 100 rooms with 50 messages of history, 20 come into each";
const BARE: &str = "bare accept, request, two writes";
const CPU: &str = "CPU µs per connect";
const TIMES: &str = "× bare";
const ROOMS: usize = 100;
/// Messages of each; the last 50 are shown.
const SAID: usize = 60;
const COMING: usize = 2000;

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let store = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let servers = [
        (BARE, door::start()?),
        ("**server**, in memory", Process::server(plan, None)?),
        ("**server**, durable", Process::server(plan, Some(store.path()))?),
    ];
    table.columns(TITLE, &[CPU, TIMES, "connects per second", "KiB told to each", "generator busy %"]);
    for (_, server) in &servers[1..] {
        fill(server)?;
    }
    for round in 0..=plan.rounds {
        let mut bare = None;
        for (row, server) in &servers {
            let mut generator = Generator::new()?;
            let group = generator.group(Speech::Chat);
            let who = (0..COMING).map(|number| (format!("room-{}", number % ROOMS), format!("user-{round}-{number}")));
            let (cpu, own, begun) = (server.cpu()?, own_cpu()?, Instant::now());
            generator.join_all(group, server.port, who)?;
            let (took, own) = (begun.elapsed().as_secs_f64(), own_cpu()? - own);
            // Who came is told to the others a moment later: that is part of it.
            generator.quiet(Duration::from_millis(300))?;
            let cpu = (server.cpu()? - cpu).as_secs_f64() * 1e6 / COMING as f64;
            let bytes = generator.seen(group).bytes as f64 / 1024.0 / COMING as f64;
            drop(generator);
            left(server)?;
            // The first is for warming up.
            if round > 0 {
                match bare {
                    None => table.add(TITLE, row, CPU, cpu),
                    Some(bare) => {
                        table.aim(TITLE, row, CPU, CONNECT_MICROS, cpu);
                        table.add(TITLE, row, TIMES, cpu / bare);
                    }
                }
                table.add(TITLE, row, "connects per second", COMING as f64 / took);
                table.add(TITLE, row, "KiB told to each", bytes);
                table.add(TITLE, row, "generator busy %", own.as_secs_f64() / took * 100.0);
            }
            bare = bare.or(Some(cpu));
        }
    }
    Ok(())
}

fn fill(server: &Process) -> anyhow::Result<()> {
    let mut generator = Generator::new()?;
    let group = generator.group(Speech::Chat);
    let who = (0..ROOMS).map(|room| (format!("room-{room}"), format!("filler-{room}")));
    let fillers = generator.join_all(group, server.port, who)?;
    for (room, filler) in fillers.into_iter().enumerate() {
        let says = wire::says(Speech::Chat, &format!("room-{room}"), &format!("filler-{room}"));
        generator.say(filler, &says.repeat(SAID))?;
    }
    generator.until(|seen| seen[group].acks == (ROOMS * SAID) as u64)
}

/// Waits until the server has nothing more to do for those who left.
fn left(server: &Process) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut before = server.cpu()?;
    while Instant::now() < deadline {
        // Leaving shows after a second, so that a reload does not flicker.
        std::thread::sleep(Duration::from_millis(1200));
        let now = server.cpu()?;
        if now - before < Duration::from_millis(20) {
            return Ok(());
        }
        before = now;
    }
    Ok(())
}
