//! People talk while somebody asks too much: how late their messages come, against how late they come when nobody does. Quiet
//! turns and each attack's take turns, so that all meet the same weather.
//!
//! The server has its usual limits. It and those who talk have one processor, and the attacker the others.

use std::time::{Duration, Instant};

use crate::{
    Plan,
    attacker::Attack,
    generator::Generator,
    percentiles::Percentiles,
    process::{self, Process},
    table::{Aim::AtMost, Table},
    wire::{self, Speech},
};

const TITLE: &str = "Abuse: twenty pairs talk while somebody asks too much";
/// Rooms with two people each.
const PAIRS: usize = 20;
/// Between two messages of all pairs: each stays well below what one connection may say.
const EVERY: Duration = Duration::from_millis(7);
/// One turn of each kind.
const TURN: Duration = Duration::from_secs(1);
/// Turns of a round.
const TURNS: usize = 10;
/// After an attack, before the next turn.
const REST: Duration = Duration::from_millis(300);
/// What the others' p99 may become.
const TIMES: f64 = 1.5;

/// What was seen in the turns of one kind.
#[derive(Default)]
struct Seen {
    waits: Vec<Duration>,
    cpu: Duration,
    took: Duration,
}

/// Those who talk.
struct Pairs {
    generator: Generator,
    /// Who speaks in a room, what, and where its samples belong.
    speakers: Vec<(usize, Vec<u8>, usize)>,
    next: usize,
}

pub(crate) fn measure(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    table.columns(TITLE, &["p50 ms", "p99 ms", "p99 × quiet", "p99.9 ms", "server busy %"]);
    let before = process::keep_the_first_processor()?;
    let result = rounds(plan, table);
    process::keep(&before)?;
    result
}

fn rounds(plan: &Plan, table: &mut Table) -> anyhow::Result<()> {
    let kinds: Vec<_> = std::iter::once(None).chain(Attack::ALL.map(Some)).collect();
    for _ in 0..plan.rounds {
        let server = Process::guarded_server(plan)?;
        let mut pairs = Pairs::new(server.port)?;
        let mut seen: Vec<_> = kinds.iter().map(|_| Seen::default()).collect();
        for _ in 0..TURNS {
            for (kind, seen) in kinds.iter().zip(&mut seen) {
                let attacker = kind.map(|attack| attack.start(server.port)).transpose()?;
                let (cpu, begun) = (server.cpu()?, Instant::now());
                pairs.talk(TURN)?;
                seen.took += begun.elapsed();
                seen.cpu += server.cpu()? - cpu;
                seen.waits.extend(pairs.generator.take_waits());
                drop(attacker);
                pairs.talk(REST)?;
                pairs.generator.take_waits();
            }
        }
        let mut quiet = None;
        for (kind, seen) in kinds.iter().zip(&mut seen) {
            let row = kind.map_or("nobody does", Attack::name);
            let waits = Percentiles::of(&mut seen.waits);
            table.add(TITLE, row, "p50 ms", waits.p50);
            table.add(TITLE, row, "p99 ms", waits.p99);
            if kind.is_some() {
                table.aim(TITLE, row, "p99 × quiet", AtMost(TIMES), waits.p99 / *quiet.get_or_insert(waits.p99));
            } else {
                quiet = Some(waits.p99);
            }
            table.add(TITLE, row, "p99.9 ms", waits.p999);
            table.add(TITLE, row, "server busy %", seen.cpu.as_secs_f64() / seen.took.as_secs_f64() * 100.0);
        }
    }
    Ok(())
}

impl Pairs {
    fn new(port: u16) -> anyhow::Result<Self> {
        let mut generator = Generator::new()?;
        let group = generator.group(Speech::Chat);
        let who = (0..2 * PAIRS).map(|place| (format!("pair-{}", place / 2), format!("member-{place}")));
        let members = generator.join_all(group, port, who)?;
        let mut speakers = Vec::new();
        for (room, pair) in members.chunks(2).enumerate() {
            let stream = generator.stream();
            generator.sample(pair[1], stream);
            speakers.push((pair[0], wire::says(Speech::Chat, &format!("pair-{room}"), &format!("member-{}", 2 * room)), stream));
        }
        generator.quiet(REST)?;
        Ok(Self { generator, speakers, next: 0 })
    }

    /// One after the other says something, by the clock.
    fn talk(&mut self, lasts: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut due = begun;
        while due < begun + lasts {
            loop {
                let wait = due.saturating_duration_since(Instant::now());
                if wait.is_zero() {
                    break;
                }
                self.generator.turn(wait)?;
            }
            let (speaker, says, stream) = &self.speakers[self.next % PAIRS];
            self.next += 1;
            self.generator.due(*stream, due);
            self.generator.say(*speaker, says)?;
            due += EVERY;
        }
        // What was said last is heard too.
        self.generator.turn(EVERY)?;
        Ok(())
    }
}
