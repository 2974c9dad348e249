//! What can be measured, in this order: a table, so that what a name means stands in one place.

use crate::{
    Plan, abuse, connect, durable, growth, idle, start, storm,
    table::{
        Aim::{self, AtLeast, AtMost},
        Table,
    },
    talk::{self, BARE, COALESCING, P99, P99_TIMES, Pace, SHARING, Talk},
};

/// A workload.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// Whether the short run has it.
    pub(crate) quick: bool,
    pub(crate) measure: fn(&Plan, &mut Table) -> anyhow::Result<()>,
}

/// All of them.
pub(crate) const WORKLOADS: [Workload; 16] = [
    Workload { name: "w1", quick: true, measure: |plan, table| talk::measure(plan, table, &W1) },
    Workload { name: "w2n", quick: true, measure: |plan, table| talk::measure(plan, table, &W2N) },
    Workload { name: "w2s", quick: false, measure: |plan, table| talk::measure(plan, table, &W2S) },
    Workload { name: "w2", quick: false, measure: |plan, table| talk::measure(plan, table, &W2) },
    Workload { name: "w3", quick: false, measure: |plan, table| talk::measure(plan, table, &W3) },
    Workload { name: "w5", quick: true, measure: |plan, table| talk::measure(plan, table, &W5) },
    Workload { name: "w6", quick: false, measure: |plan, table| talk::measure(plan, table, &W6) },
    Workload { name: "lone", quick: false, measure: |plan, table| talk::measure(plan, table, &LONE) },
    Workload { name: "w4", quick: true, measure: idle::measure },
    Workload { name: "connect", quick: false, measure: connect::measure },
    Workload { name: "d1", quick: true, measure: durable::many },
    Workload { name: "d2", quick: false, measure: durable::one },
    Workload { name: "growth", quick: false, measure: growth::measure },
    Workload { name: "storm", quick: false, measure: storm::measure },
    Workload { name: "start", quick: false, measure: start::measure },
    Workload { name: "abuse", quick: false, measure: abuse::measure },
];

const W1: Talk = Talk {
    title: "W1: one room of 101, one message in flight",
    rooms: 1,
    members: 101,
    speakers: 1,
    rooms_each: 1,
    pace: Pace::Closed(1),
    aims: &[(false, BARE, AtMost(1.10))],
};

const W2N: Talk = Talk {
    title: "W2n: one room of 1010, ten in flight, one of each speaker",
    rooms: 1,
    members: 1010,
    speakers: 10,
    rooms_each: 1,
    pace: Pace::Closed(1),
    aims: &[(false, COALESCING, AtMost(1.20)), (false, SHARING, AtMost(1.18))],
};

/// Apart from [`W2N`], because ten who speak are ten sockets to read, of which a bare loop knows nothing.
const W2S: Talk = Talk {
    title: "W2s: one room of 1010, ten in flight, all of one speaker",
    speakers: 1,
    pace: Pace::Closed(10),
    aims: &[(false, COALESCING, AtMost(1.20))],
    ..W2N
};

const W2: Talk = Talk {
    title: "W2: one room of 1010, eighty in flight, eight of each speaker",
    pace: Pace::Closed(8),
    aims: &[(false, COALESCING, AtMost(1.5)), (false, SHARING, AtMost(1.18))],
    ..W2N
};

const W3: Talk = Talk {
    title: "W3: 200 rooms of ten, 1000 messages a second in all",
    rooms: 200,
    members: 10,
    speakers: 1,
    rooms_each: 1,
    pace: Pace::Open(1000),
    aims: &[(false, BARE, AtMost(1.25))],
};

const W5: Talk = Talk {
    title: "W5: one room of 1010, 20 messages a second",
    pace: Pace::Open(20),
    aims: &[(false, BARE, AtMost(1.15)), (false, P99_TIMES, AtMost(1.4))],
    ..W2N
};

const W6: Talk = Talk {
    title: "W6: one room of 1010, 250 messages a second",
    pace: Pace::Open(250),
    aims: &[(true, BARE, AtMost(0.6)), (true, P99, AtMost(30.0))],
    ..W2N
};

/// No fan-out: what it costs is the way through the log.
const LONE: Talk = Talk { title: "Lone: a message to oneself alone, one in flight", members: 1, aims: &[], ..W1 };

/// What is aimed at for connections that come and stay.
pub(crate) const IDLE_KIB: Aim = AtMost(2.0);
pub(crate) const CONNECT_MICROS: Aim = AtMost(40.0);
/// And for what is kept.
pub(crate) const ACKS: Aim = AtLeast(20_000.0);
pub(crate) const ACK_P99: Aim = AtMost(25.0);
pub(crate) const FULL_JOIN_MS: Aim = AtMost(1.0);
pub(crate) const START_MS: Aim = AtMost(500.0);
/// Flat, as far as a noisy machine can tell.
pub(crate) const FLAT: Aim = AtMost(1.3);
