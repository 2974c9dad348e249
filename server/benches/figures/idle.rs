//! Ten thousand connections that say nothing: what coming costs, and what staying costs.

use std::time::{Duration, Instant};

use crate::{
    Plan,
    generator::Generator,
    process::{self, Process},
    table::{Aim, Table},
};

/// Users of one room.
const PER_ROOM: usize = 100;

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let wanted = if plan.quick { 5000 } else { 10_000 };
    let connections = wanted.min(process::most_connections());
    if connections < wanted {
        eprintln!("no more than {connections} files may be open: fewer connections than meant");
    }
    let rooms = connections.div_ceil(PER_ROOM);
    for _ in 0..plan.rounds {
        let server = Process::server(plan, None)?;
        let mut generator = Generator::new()?;
        let group = generator.group();
        // What is allocated once is not any connection's.
        generator.join_all(group, server.port, [("warm".to_owned(), "warm".to_owned())].into_iter())?;
        generator.quiet(Duration::from_millis(300))?;
        let (resident, cpu, begun) = (server.resident()?, server.cpu()?, Instant::now());
        let who = (0..connections).map(|number| (format!("room-{}", number % rooms), format!("user-{number}")));
        generator.join_all(group, server.port, who)?;
        let took = begun.elapsed();
        generator.quiet(Duration::from_millis(500))?;
        let count = connections as f64;
        let grown = (server.resident()? - resident) / count;
        let coming = (server.cpu()? - cpu).as_secs_f64() * 1e6 / count;
        table.aim("idle memory", "KiB per connection", Aim::AtMost(8.0), grown);
        table.add("connect", "CPU µs per connection", coming);
        table.add("connect rate", "per second", count / took.as_secs_f64());
        let (cpu, begun) = (server.cpu()?, Instant::now());
        while begun.elapsed() < Duration::from_secs(2) {
            generator.turn(Duration::from_millis(200))?;
        }
        let staying = (server.cpu()? - cpu).as_secs_f64() / begun.elapsed().as_secs_f64() * 1000.0;
        table.add("idle processor", "CPU ms per second", staying);
    }
    Ok(())
}
