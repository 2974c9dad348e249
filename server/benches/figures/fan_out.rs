//! One sender, many readers in a room, closed loop: the next messages are said when everybody has got the last ones. What one
//! delivery costs the server, against what it costs a bare loop.

use std::time::{Duration, Instant};

use crate::{
    Plan,
    floor::{self, How},
    generator::Generator,
    process::Process,
    table::{Aim, Table},
    wire,
};

/// A workload.
pub(crate) struct FanOut {
    pub(crate) name: &'static str,
    /// Besides the sender, who gets its messages too.
    pub(crate) readers: usize,
    /// Messages in flight.
    pub(crate) burst: u8,
}

/// Each round loads the programs in turn so many times, so that all of them meet the same weather.
const TURNS: u32 = 4;

/// A program under load.
struct Rig {
    name: &'static str,
    process: Process,
    group: usize,
    sender: usize,
    says: Vec<u8>,
}

/// What one program did in one round.
#[derive(Clone, Copy, Default)]
struct Work {
    cpu: Duration,
    deliveries: u64,
    bytes: u64,
}

impl Work {
    /// Microseconds of processor for one delivery.
    fn each(self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.deliveries as f64
    }
}

pub(crate) fn measure(plan: &Plan, table: &mut Table, fan_out: &FanOut) -> anyhow::Result<()> {
    let store = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut generator = Generator::new()?;
    let mut rigs = vec![bare(&mut generator, fan_out, "floor", How::Each)?];
    if fan_out.burst > 1 {
        rigs.push(bare(&mut generator, fan_out, "coalescing floor", How::Together)?);
    }
    // The floor that counts is the last one.
    let floor = rigs.len() - 1;
    rigs.push(chat(&mut generator, fan_out, "--ephemeral", Process::server(plan, None)?)?);
    rigs.push(chat(&mut generator, fan_out, "durable", Process::server(plan, Some(store.path()))?)?);
    generator.quiet(Duration::from_millis(300))?;
    for round in 0..=plan.rounds {
        let mut work = vec![Work::default(); rigs.len()];
        // The first is for warming up.
        let slice = if round == 0 { plan.slice() / 4 } else { plan.slice() };
        for _ in 0..TURNS {
            for (rig, work) in rigs.iter_mut().zip(&mut work) {
                load(&mut generator, rig, fan_out, slice / TURNS, work)?;
            }
        }
        if round == 0 {
            continue;
        }
        let FanOut { name, .. } = fan_out;
        for (rig, work) in rigs.iter().zip(&work) {
            table.add(&format!("{name} {}", rig.name), "CPU µs per delivery", work.each());
        }
        for place in floor + 1..rigs.len() {
            let (row, ratio) =
                (format!("{name} {} / {}", rigs[place].name, rigs[floor].name), work[place].each() / work[floor].each());
            match rigs[place].name {
                "durable" => table.add(&row, "", ratio),
                _ => table.aim(&row, "", Aim::AtMost(1.2), ratio),
            }
        }
        let bytes = work[floor + 1].bytes as f64 / work[floor + 1].deliveries as f64;
        table.add(&format!("{name} bytes per delivery"), "bytes", bytes);
    }
    Ok(())
}

fn bare(generator: &mut Generator, fan_out: &FanOut, name: &'static str, how: How) -> anyhow::Result<Rig> {
    // A sender's own copy is a delivery too.
    let readers = fan_out.readers + 1;
    let process = floor::start(readers)?;
    let group = generator.group();
    let sender = generator.open(group, process.port)?;
    for _ in 0..readers {
        generator.open(group, process.port)?;
    }
    Ok(Rig { name, process, group, sender, says: floor::trigger(how, fan_out.burst).to_vec() })
}

fn chat(generator: &mut Generator, fan_out: &FanOut, name: &'static str, process: Process) -> anyhow::Result<Rig> {
    let group = generator.group();
    let readers = (0..fan_out.readers).map(|number| ("bench".to_owned(), format!("reader-{number}")));
    generator.join_all(group, process.port, readers)?;
    let sender = generator.join_all(group, process.port, [("bench".to_owned(), "sender".to_owned())].into_iter())?[0];
    let says = wire::masked(&format!(r#"{{"type":"send","text":"{}"}}"#, wire::said()));
    Ok(Rig { name, process, group, sender, says: says.repeat(usize::from(fan_out.burst)) })
}

fn load(generator: &mut Generator, rig: &mut Rig, fan_out: &FanOut, slice: Duration, work: &mut Work) -> anyhow::Result<()> {
    let each = u64::from(fan_out.burst) * (fan_out.readers as u64 + 1);
    let (group, before, cpu) = (rig.group, generator.seen(rig.group), rig.process.cpu()?);
    let mut expected = before.messages;
    let end = Instant::now() + slice;
    while Instant::now() < end {
        generator.say(rig.sender, &rig.says)?;
        expected += each;
        generator.until(|seen| seen[group].messages >= expected)?;
    }
    let seen = generator.seen(group);
    work.cpu += rig.process.cpu()? - cpu;
    work.deliveries += seen.messages - before.messages;
    work.bytes += seen.bytes - before.bytes;
    Ok(())
}
