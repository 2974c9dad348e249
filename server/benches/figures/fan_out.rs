//! One sender, many readers in a room, closed loop: the next messages are said when everybody has got the last ones. What one
//! delivery costs the server, against what it costs a bare loop; in memory, unless it says durable.
//!
//! Several shards are compared with as many loops, because sending from two processors at a time costs more than from one.

use std::{
    path::Path,
    time::{Duration, Instant},
};

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

/// The programs are loaded in turns as short as this, so that all of them meet the same weather.
const TURN: Duration = Duration::from_millis(150);

/// A program under load.
struct Rig {
    name: String,
    process: Process,
    group: usize,
    /// Who begins, and with what.
    senders: Vec<usize>,
    says: Vec<u8>,
    /// What its work is compared with.
    floor: Option<usize>,
    aim: Option<Aim>,
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
    let mut rigs = set_up(plan, &mut generator, fan_out, store.path())?;
    generator.quiet(Duration::from_millis(300))?;
    for round in 0..=plan.rounds {
        let mut work = vec![Work::default(); rigs.len()];
        // The first is for warming up.
        let slice = if round == 0 { plan.slice() / 4 } else { plan.slice() };
        for _ in 0..slice.as_millis().div_ceil(TURN.as_millis()) {
            for (rig, work) in rigs.iter_mut().zip(&mut work) {
                load(&mut generator, rig, fan_out, TURN, work)?;
            }
        }
        if round > 0 {
            tell(table, fan_out.name, &rigs, &work);
        }
    }
    Ok(())
}

fn tell(table: &mut Table, name: &str, rigs: &[Rig], work: &[Work]) {
    for (rig, own) in rigs.iter().zip(work) {
        table.add(&format!("{name} {}", rig.name), "CPU µs per delivery", own.each());
        let Some(floor) = rig.floor else { continue };
        let ratio = own.each() / work[floor].each();
        let row = format!("{name} {} / {}", rig.name, rigs[floor].name);
        match rig.aim {
            Some(aim) => table.aim(&row, "times", aim, ratio),
            None => table.add(&row, "times", ratio),
        }
    }
    if let Some(own) = work.last() {
        table.add(&format!("{name} bytes per delivery"), "bytes", own.bytes as f64 / own.deliveries as f64);
    }
}

/// As few threads as the floor has, and then as many as the server would take by itself against as many loops.
fn set_up(plan: &Plan, generator: &mut Generator, fan_out: &FanOut, store: &Path) -> anyhow::Result<Vec<Rig>> {
    let shards = plan.shards();
    let (many, of_one, of_many) = (format!("{shards} shards"), "one loop", format!("{shards} loops"));
    // A message to oneself alone is no fan-out: what it costs is the way through the log.
    let aim = (fan_out.readers > 0).then_some(Aim::AtMost(1.2));
    let mut rigs = Vec::new();
    if fan_out.burst > 1 {
        rigs.push(bare(generator, fan_out, "one loop, a send each", 1, How::Each)?);
    }
    let one = rigs.len();
    rigs.push(bare(generator, fan_out, of_one, 1, How::Together)?);
    let several = if shards > 1 && fan_out.readers > 0 { rigs.len() } else { one };
    if several > one {
        rigs.push(bare(generator, fan_out, &of_many, shards, How::Together)?);
    }
    if shards > 1 {
        let server = Process::server_of(plan, 1, None)?;
        rigs.push(Rig { floor: Some(one), aim, ..chat(generator, fan_out, "one shard", server)? });
    }
    let server = Process::server(plan, None)?;
    rigs.push(Rig { floor: Some(several), aim, ..chat(generator, fan_out, &many, server)? });
    let server = Process::server(plan, Some(store))?;
    rigs.push(Rig { floor: Some(several), ..chat(generator, fan_out, &format!("{many}, durable"), server)? });
    Ok(rigs)
}

fn bare(generator: &mut Generator, fan_out: &FanOut, name: &str, loops: usize, how: How) -> anyhow::Result<Rig> {
    // A sender's own copy is a delivery too.
    let readers = fan_out.readers + 1;
    let process = floor::start(loops, readers)?;
    let group = generator.group();
    let senders = (0..loops).map(|_| generator.open(group, process.port)).collect::<Result<_, _>>()?;
    for _ in 0..readers {
        generator.open(group, process.port)?;
    }
    let says = floor::trigger(how, fan_out.burst).to_vec();
    Ok(Rig { name: name.into(), process, group, senders, says, floor: None, aim: None })
}

fn chat(generator: &mut Generator, fan_out: &FanOut, name: &str, process: Process) -> anyhow::Result<Rig> {
    let group = generator.group();
    let readers = (0..fan_out.readers).map(|number| ("bench".to_owned(), format!("reader-{number}")));
    generator.join_all(group, process.port, readers)?;
    let senders = generator.join_all(group, process.port, [("bench".to_owned(), "sender".to_owned())].into_iter())?;
    let says = wire::masked(&format!(r#"{{"type":"send","text":"{}"}}"#, wire::said())).repeat(usize::from(fan_out.burst));
    Ok(Rig { name: name.into(), process, group, senders, says, floor: None, aim: None })
}

fn load(generator: &mut Generator, rig: &mut Rig, fan_out: &FanOut, slice: Duration, work: &mut Work) -> anyhow::Result<()> {
    let each = u64::from(fan_out.burst) * (fan_out.readers as u64 + 1);
    let (group, before, cpu) = (rig.group, generator.seen(rig.group), rig.process.cpu()?);
    let mut expected = before.messages;
    let end = Instant::now() + slice;
    while Instant::now() < end {
        for sender in &rig.senders {
            generator.say(*sender, &rig.says)?;
        }
        expected += each;
        generator.until(|seen| seen[group].messages >= expected)?;
    }
    let seen = generator.seen(group);
    work.cpu += rig.process.cpu()? - cpu;
    work.deliveries += seen.messages - before.messages;
    work.bytes += seen.bytes - before.bytes;
    Ok(())
}
