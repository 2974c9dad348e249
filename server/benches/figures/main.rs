//! The figures of `docs/performance.md`, measured on the real program from outside:
//! `cargo bench -p chat-server --bench figures -- [w1] [w2n] … [--quick] [--table]`.
//!
//! What counts is the server's processor time, because elapsed time on a busy machine says little. Where a figure has a floor
//! (what a bare loop of `send` costs), the floor is measured in the same moments, and the ratio is what to look at.
//!
//! | part | owns |
//! |---|---|
//! | [`workloads`] | what can be measured, and what is aimed at |
//! | [`process`] | a program under measure: its start, its processor time, its memory |
//! | [`generator`] | every client at once, on one thread, cheap enough not to matter |
//! | [`wire`] | frames, read by their headers |
//! | [`floor`], [`door`] | the bare loop, and a bare accept: processes of their own |
//! | [`attacker`] | who asks too much: a process of its own too |
//! | [`peers`] | what a user might run instead: installed and started |
//! | [`rig`] | any of these with its rooms full |
//! | [`table`], [`percentiles`], [`report`] | rounds become medians, and a document |
//! | the others | a kind of workload each |
#![allow(clippy::print_stderr, reason = "progress is told while it goes on")]

mod abuse;
mod attacker;
mod connect;
mod door;
mod durable;
mod floor;
mod generator;
mod growth;
mod idle;
mod peers;
mod percentiles;
mod process;
mod report;
mod rig;
mod start;
mod storm;
mod table;
mod talk;
mod wire;
mod workloads;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context;
use clap::Parser;

use self::{
    peers::Peer,
    table::Table,
    workloads::{WORKLOADS, Workload},
};

/// What to measure, and how long.
#[derive(Debug, Parser)]
#[command(name = "figures")]
pub(crate) struct Plan {
    /// All unless named
    #[arg(value_parser = WORKLOADS.map(|workload| workload.name))]
    which: Vec<String>,
    /// A few workloads on one thread each, with fewer connections and shorter rounds: under a minute, and less exact
    #[arg(long)]
    quick: bool,
    /// Put what comes of it into docs/performance.md
    #[arg(long)]
    table: bool,
    /// How often each is measured
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long one program is loaded in one round [default: 3000, and 240 if quick]
    #[arg(long, value_name = "MS")]
    slice: Option<u64>,
    /// Leave the peers out
    #[arg(long)]
    no_peers: bool,
    /// Another build of the server to measure
    #[arg(long, value_name = "PATH", default_value = env!("CARGO_BIN_EXE_chat-server"))]
    server: PathBuf,
    /// Its --shards [default: its own; one if quick]
    #[arg(long)]
    shards: Option<usize>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
    /// What to compare with, once it is known
    #[arg(skip)]
    peers: Vec<Peer>,
}

impl Plan {
    /// How long one program is loaded in one round.
    fn slice(&self) -> Duration {
        Duration::from_millis(self.slice.unwrap_or(if self.quick { 240 } else { 3000 }))
    }

    fn shards(&self) -> usize {
        let own = || if self.quick { 1 } else { chat_server::server::shards_for_this_machine() };
        self.shards.unwrap_or_else(own)
    }

    fn wants(&self, workload: &Workload) -> bool {
        if self.which.is_empty() { workload.quick || !self.quick } else { self.which.iter().any(|which| which == workload.name) }
    }
}

fn main() -> anyhow::Result<()> {
    match std::env::args().nth(1).as_deref() {
        Some(floor::ARGUMENT) => return floor::run(),
        Some(door::ARGUMENT) => return door::run(),
        Some(attacker::ARGUMENT) => return attacker::run(),
        _ => {}
    }
    let mut plan = Plan::parse();
    if !plan.bench {
        // `cargo test --all-targets` starts it too, and wants to know only whether it can be built.
        return Ok(());
    }
    process::raise_open_files();
    if !plan.no_peers {
        plan.peers = Peer::all(!plan.quick);
    }
    let circumstances = report::circumstances(&plan);
    let mut table = Table::default();
    for workload in WORKLOADS.iter().filter(|workload| plan.wants(workload)) {
        let begun = Instant::now();
        (workload.measure)(&plan, &mut table).with_context(|| workload.name)?;
        eprintln!("{}: {:.1} s", workload.name, begun.elapsed().as_secs_f64());
    }
    report::tell(&plan, &table, &circumstances)
}
