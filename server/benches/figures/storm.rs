//! Everybody comes into one room at once, as after a restart. If each who comes were told to each who is there, or everybody's
//! name were read for each, a join would cost the more, the more there are.

use std::time::{Duration, Instant};

use crate::{
    Plan,
    generator::{Generator, settles_within},
    process::Process,
    table::Table,
    wire::Speech,
};

const TITLE: &str = "Storm: all come into one room at once";

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    for _ in 0..plan.rounds {
        let mut first = None;
        for coming in [1000_u16, 2000, 4000, 10_000] {
            let server = Process::server(plan, None)?;
            let mut generator = Generator::new()?;
            let group = generator.group(Speech::Chat);
            generator.join_all(group, server.port, [("warm".to_owned(), "warm".to_owned())].into_iter())?;
            generator.quiet(Duration::from_millis(300))?;
            let (cpu, bytes, begun) = (server.cpu()?, generator.seen(group).bytes, Instant::now());
            let who = (0..coming).map(|number| ("storm".to_owned(), format!("user-{number}")));
            generator.join_all(group, server.port, who)?;
            let took = begun.elapsed();
            generator.quiet(settles_within(coming.into()))?;
            let count = f64::from(coming);
            let each = (server.cpu()? - cpu).as_secs_f64() * 1e6 / count;
            let bytes = (generator.seen(group).bytes - bytes) as f64 / 1024.0 / count;
            let row = format!("**server**, in memory, {coming} come");
            table.add(TITLE, &row, "CPU µs per join", each);
            table.add(TITLE, &row, "× 1000", each / *first.get_or_insert(each));
            table.add(TITLE, &row, "KiB told to each", bytes);
            table.add(TITLE, &row, "s until all are in", took.as_secs_f64());
        }
    }
    Ok(())
}
