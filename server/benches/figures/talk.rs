//! Talk in rooms: what a delivery costs, how many there are in a second and how late they come, of the server, of bare loops and
//! of peers, loaded in turns.
//!
//! Several shards are compared with as many loops, because sending from two processors at a time costs more than from one.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::ensure;

use crate::{
    Plan,
    floor::How,
    generator::{Generator, settles_within},
    percentiles::Percentiles,
    process::{self, own_cpu},
    rig::{Program, Rig},
    table::{Aim, Table},
    wire,
};

pub(crate) const COST: &str = "CPU µs per delivery";
pub(crate) const BARE: &str = "× bare";
pub(crate) const COALESCING: &str = "× coalescing";
/// Of several shards: what sharing costs. With two that deliver 1.7 times as much as one, a delivery costs 2 / 1.7 of what it did.
pub(crate) const SHARING: &str = "CPU × one shard";
const RATE: &str = "deliveries per second";
const P50: &str = "p50 ms";
pub(crate) const P99: &str = "p99 ms";
const P999: &str = "p99.9 ms";
const BUSY: &str = "generator busy %";
/// What a delivery may have in bytes, or programs were not loaded alike.
const BYTES: std::ops::RangeInclusive<f64> = 0.95 * wire::MESSAGE_BYTES as f64..=1.1 * wire::MESSAGE_BYTES as f64;
pub(crate) const P99_TIMES: &str = "p99 × bare";

/// A workload.
#[derive(Clone, Debug)]
pub(crate) struct Talk {
    pub(crate) title: &'static str,
    pub(crate) rooms: usize,
    /// Of each room; who speaks is one of them and gets what is said, too.
    pub(crate) members: usize,
    /// How many of them speak.
    pub(crate) speakers: usize,
    /// Of how many rooms each connection is a member.
    pub(crate) rooms_each: usize,
    pub(crate) pace: Pace,
    /// What to aim at: in memory or durable, which column, and at what.
    pub(crate) aims: &'static [(bool, &'static str, Aim)],
}

/// When something is said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each speaker says so many messages when everybody has got the last ones. One room after the other.
    Closed(usize),
    /// So many a second in all, whoever may still wait for the last ones.
    Open(u32),
}

impl Pace {
    /// Programs are loaded in turns as short as this, so that all of them meet the same weather.
    fn turn(self, plan: &Plan) -> Duration {
        let turn = match self {
            Self::Closed(_) => Duration::from_millis(150),
            Self::Open(_) => Duration::from_millis(500),
        };
        turn.min(plan.slice())
    }
}

/// What one program did in one round.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) cpu: Duration,
    own: Duration,
    took: Duration,
    pub(crate) messages: u64,
    deliveries: u64,
    waits: Vec<Duration>,
}

impl Work {
    /// Microseconds of processor for one delivery.
    pub(crate) fn each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.deliveries as f64
    }
}

/// What programs did, by round.
pub(crate) type Worked = HashMap<Program, Vec<Work>>;

pub(crate) fn measure(plan: &Plan, table: &mut Table, talk: &Talk) -> anyhow::Result<()> {
    let programs = programs(plan);
    let shared = programs.iter().filter(|program| matches!(program, Program::Server { durable: false, .. })).count() > 1;
    let columns = [COST, BARE, COALESCING, SHARING, RATE, P50, P99, P999, P99_TIMES, BUSY];
    let columns = columns.into_iter().filter(|column| match *column {
        SHARING => shared,
        P99_TIMES => aimed(talk, P99_TIMES),
        _ => true,
    });
    table.columns(talk.title, &columns.collect::<Vec<_>>());
    let mut worked = work(plan, table, talk, &programs)?;
    for round in 0..plan.rounds {
        for program in &programs {
            tell(plan, table, talk, *program, round, &mut worked);
        }
    }
    Ok(())
}

/// On one thread each, and then on as many as the server would take by itself; the short run has no time for both.
fn programs(plan: &Plan) -> Vec<Program> {
    let mut threads = vec![plan.shards()];
    if plan.shards() > 1 && !plan.quick {
        threads.insert(0, 1);
    }
    let most = threads[threads.len() - 1];
    let floors =
        threads.iter().flat_map(|threads| [How::Each, How::Together].map(|how| Program::Floor { how, threads: *threads }));
    let servers = threads.iter().map(|threads| Program::Server { threads: *threads, durable: false });
    let durable = Program::Server { threads: most, durable: true };
    floors.chain(servers).chain([durable]).chain((0..plan.peers.len()).map(Program::Peer)).collect()
}

/// Loads programs in turns, as many at once as there may be connections. A peer that gives up is said to have.
pub(crate) fn work(plan: &Plan, table: &mut Table, talk: &Talk, programs: &[Program]) -> anyhow::Result<Worked> {
    let connections = talk.rooms.div_ceil(talk.rooms_each) * talk.members;
    let at_once = (process::most_connections() / connections.max(1)).max(1);
    let turn = talk.pace.turn(plan);
    let mut worked = Worked::new();
    for programs in programs.chunks(at_once) {
        let stores = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let mut generator = Generator::new()?;
        let mut rigs = Vec::new();
        for program in programs {
            let made = program.set_up(plan, &mut generator, talk, stores.path());
            rigs.extend(unless_peer(plan, table, talk, *program, made)?.map(|rig| (*program, rig)));
        }
        generator.quiet(settles_within(talk.members))?;
        for round in 0..=plan.rounds {
            // The first is for warming up.
            let slice = if round == 0 { plan.slice() / 4 } else { plan.slice() };
            let mut works: HashMap<Program, Work> = HashMap::new();
            for _ in 0..slice.as_millis().div_ceil(turn.as_millis()) {
                let mut lost = Vec::new();
                for (program, rig) in &mut rigs {
                    let done = load(&mut generator, rig, talk, turn, works.entry(*program).or_default());
                    if unless_peer(plan, table, talk, *program, done)?.is_none() {
                        generator.leave(rig.group);
                        lost.push(*program);
                    }
                }
                rigs.retain(|(program, _)| !lost.contains(program));
                works.retain(|program, _| !lost.contains(program));
            }
            if round > 0 {
                works.into_iter().for_each(|(program, work)| worked.entry(program).or_default().push(work));
            }
        }
    }
    Ok(worked)
}

/// A peer may be absent or not keep up; anything else must.
fn unless_peer<T>(
    plan: &Plan,
    table: &mut Table,
    talk: &Talk,
    program: Program,
    result: anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    match (result, program) {
        (Err(error), Program::Peer(_)) => {
            table.missing(talk.title, &program.name(plan), &format!("{error:#}"));
            Ok(None)
        }
        (result, _) => result.map(Some),
    }
}

fn load(generator: &mut Generator, rig: &Rig, talk: &Talk, turn: Duration, work: &mut Work) -> anyhow::Result<()> {
    generator.take_waits();
    let (before, cpu, own, begun) = (generator.seen(rig.group), rig.process.cpu()?, own_cpu()?, Instant::now());
    match talk.pace {
        Pace::Closed(each) => closed(generator, rig, talk, turn, each, work)?,
        Pace::Open(per_second) => open(generator, rig, talk, turn, per_second, work)?,
    }
    let seen = generator.seen(rig.group);
    work.took += begun.elapsed();
    work.own += own_cpu()? - own;
    work.cpu += rig.process.cpu()? - cpu;
    work.deliveries += seen.messages - before.messages;
    work.waits.extend(generator.take_waits());
    let bytes = (seen.bytes - before.bytes) as f64 / (seen.messages - before.messages) as f64;
    // Who is alone gets as many acks as messages.
    ensure!(talk.members < 10 * talk.speakers || BYTES.contains(&bytes), "a delivery has {bytes} bytes");
    Ok(())
}

fn closed(generator: &mut Generator, rig: &Rig, talk: &Talk, turn: Duration, each: usize, work: &mut Work) -> anyhow::Result<()> {
    let end = Instant::now() + turn;
    let mut expected = generator.seen(rig.group).messages;
    while Instant::now() < end {
        // Rooms that lie beside each other are not loaded one after the other.
        let room = &rig.rooms[usize::try_from(work.messages)? * 7919 % rig.rooms.len()];
        let now = Instant::now();
        // What goes through one socket goes in one piece, so that a bare loop has all of it pending at once.
        let mut writes: Vec<(usize, Vec<u8>)> = Vec::new();
        for speaker in &room.speakers {
            (0..each).for_each(|_| generator.due(room.stream, now));
            for (place, says) in speaker {
                let says = says.repeat(each);
                match writes.iter_mut().find(|(written, _)| written == place) {
                    Some((_, more)) => more.extend(says),
                    None => writes.push((*place, says)),
                }
            }
        }
        for (place, says) in writes {
            generator.say(place, &says)?;
        }
        let messages = (room.speakers.len() * each) as u64;
        work.messages += messages;
        expected += messages * talk.members as u64;
        generator.until(|seen| seen[rig.group].messages >= expected)?;
    }
    Ok(())
}

fn open(
    generator: &mut Generator,
    rig: &Rig,
    talk: &Talk,
    turn: Duration,
    per_second: u32,
    work: &mut Work,
) -> anyhow::Result<()> {
    let interval = Duration::from_secs(1) / per_second;
    let count = turn.div_duration_f64(interval).round() as u32;
    let expected = generator.seen(rig.group).messages + u64::from(count) * talk.members as u64;
    let begun = Instant::now();
    for number in 0..count {
        let due = begun + interval * number;
        loop {
            generator.turn(due.saturating_duration_since(Instant::now()))?;
            if Instant::now() >= due {
                break;
            }
        }
        let place = usize::try_from(work.messages)?;
        let room = &rig.rooms[place % rig.rooms.len()];
        generator.due(room.stream, due);
        for (place, says) in &room.speakers[place / rig.rooms.len() % room.speakers.len()] {
            generator.say(*place, says)?;
        }
        work.messages += 1;
    }
    generator.until(|seen| seen[rig.group].messages >= expected)
}

fn tell(plan: &Plan, table: &mut Table, talk: &Talk, program: Program, round: usize, worked: &mut Worked) {
    let row = program.name(plan);
    let floors = [(BARE, How::Each), (COALESCING, How::Together)];
    let floor = |how| program.floor(how).and_then(|floor| worked.get(&floor)?.get(round));
    let costs = floors.map(|(column, how)| (column, floor(how).map(Work::each)));
    let bare_p99 = floor(How::Each).map(|work| Percentiles::of(&mut work.waits.clone()).p99);
    let one = worked.get(&Program::Server { threads: 1, durable: false }).and_then(|works| works.get(round)).map(Work::each);
    let Some(work) = worked.get_mut(&program).and_then(|works| works.get_mut(round)) else { return };
    let waits = Percentiles::of(&mut work.waits);
    let mut cell = |column: &'static str, value: f64| {
        let aim = talk.aims.iter().find(|(durable, aimed, _)| {
            *aimed == column && matches!(program, Program::Server { durable: is, .. } if is == *durable)
        });
        match aim {
            Some((_, _, aim)) => table.aim(talk.title, &row, column, *aim, value),
            None => table.add(talk.title, &row, column, value),
        }
    };
    cell(COST, work.each());
    for (column, floor) in costs {
        if let Some(floor) = floor {
            cell(column, work.each() / floor);
        }
    }
    if let (Program::Server { threads: 2.., durable: false }, Some(one)) = (program, one) {
        cell(SHARING, work.each() / one);
    }
    cell(RATE, work.deliveries as f64 / work.took.as_secs_f64());
    cell(P50, waits.p50);
    cell(P99, waits.p99);
    cell(P999, waits.p999);
    if let Some(bare) = bare_p99.filter(|_| aimed(talk, P99_TIMES)) {
        cell(P99_TIMES, waits.p99 / bare);
    }
    cell(BUSY, work.own.as_secs_f64() / work.took.as_secs_f64() * 100.0);
}

fn aimed(talk: &Talk, column: &str) -> bool {
    talk.aims.iter().any(|(_, aimed, _)| *aimed == column)
}
