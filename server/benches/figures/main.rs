//! The figures that `docs/ARCHITECTURE.md` quotes, measured on the real program from outside:
//! `cargo bench -p chat-server --bench figures -- [idle] [lone] [w1] [w2n] [d1] [start] [--quick]`.
//!
//! What counts is the server's processor time, because elapsed time on a busy machine says little. Where a figure has a floor
//! (what a bare loop of `send` costs), the floor is measured in the same moments, and the ratio is what to look at.
//!
//! | part | owns |
//! |---|---|
//! | [`process`] | a program under measure: its start, its processor time, its memory |
//! | [`generator`] | every client at once, on one thread, cheap enough not to matter |
//! | [`wire`] | frames, read by their headers |
//! | [`floor`] | the bare loop, a process of its own |
//! | [`table`] | rounds become medians |
//! | the others | one workload each |
#![allow(clippy::print_stderr, reason = "progress is told while it goes on")]

mod durable;
mod fan_out;
mod floor;
mod generator;
mod idle;
mod process;
mod start;
mod table;
mod wire;

use std::{path::PathBuf, time::Duration};

use clap::Parser;

use self::{fan_out::FanOut, table::Table};

type Measure = fn(&Plan, &mut Table) -> anyhow::Result<()>;

/// What can be measured, in this order.
const MEASURES: [(&str, Measure); 6] = [
    ("idle", idle::measure),
    ("lone", |plan, table| fan_out::measure(plan, table, &FanOut { name: "lone", readers: 0, burst: 1 })),
    ("w1", |plan, table| fan_out::measure(plan, table, &FanOut { name: "w1", readers: 100, burst: 1 })),
    ("w2n", |plan, table| fan_out::measure(plan, table, &FanOut { name: "w2n", readers: 1000, burst: 10 })),
    ("d1", durable::measure),
    ("start", start::measure),
];

/// What to measure, and how long.
#[derive(Debug, Parser)]
#[command(name = "figures")]
pub(crate) struct Plan {
    /// All unless named
    #[arg(value_parser = MEASURES.map(|(name, _)| name))]
    which: Vec<String>,
    /// Fewer connections and shorter rounds: under a minute, and less exact
    #[arg(long)]
    quick: bool,
    /// How often each is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Another build of the server to measure
    #[arg(long, value_name = "PATH", default_value = env!("CARGO_BIN_EXE_chat-server"))]
    server: PathBuf,
    /// Its --shards [default: its own]
    #[arg(long)]
    shards: Option<usize>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

impl Plan {
    /// How long one program is loaded in one round.
    fn slice(&self) -> Duration {
        Duration::from_millis(if self.quick { 400 } else { 3000 })
    }

    fn shards(&self) -> usize {
        self.shards.unwrap_or_else(chat_server::server::shards_for_this_machine)
    }

    fn wants(&self, name: &str) -> bool {
        self.which.is_empty() || self.which.iter().any(|which| which == name)
    }
}

fn main() -> anyhow::Result<()> {
    if std::env::args().nth(1).as_deref() == Some(floor::ARGUMENT) {
        return floor::run();
    }
    let plan = Plan::parse();
    if !plan.bench {
        // `cargo test --all-targets` starts it too, and wants to know only whether it can be built.
        return Ok(());
    }
    process::raise_open_files();
    let mut table = Table::default();
    for (_, measure) in MEASURES.iter().filter(|(name, _)| plan.wants(name)) {
        measure(&plan, &mut table)?;
    }
    table.print()
}
