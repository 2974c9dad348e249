//! A program with its rooms full of members, ready for a load: the server, a bare loop or a peer, all alike from here on.

use std::path::Path;

use crate::{
    Plan,
    floor::{self, How},
    generator::Generator,
    process::Process,
    talk::Talk,
    wire::{self, Speech},
};

/// Of so many members of a room one is timed.
const SAMPLED: usize = 10;
/// Joins that one connection has under way at a time.
const JOINS: usize = 50;

/// What can be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Program {
    Floor {
        how: How,
        threads: usize,
    },
    Server {
        threads: usize,
        durable: bool,
    },
    /// By its place in the plan.
    Peer(usize),
}

/// A program under load.
pub(crate) struct Rig {
    pub(crate) process: Process,
    pub(crate) group: usize,
    pub(crate) rooms: Vec<Room>,
}

/// What is written to make a message of it, by each who speaks there.
pub(crate) struct Room {
    pub(crate) speakers: Vec<Vec<(usize, Vec<u8>)>>,
    /// Where its samples belong.
    pub(crate) stream: usize,
}

impl Program {
    pub(crate) fn name(self, plan: &Plan) -> String {
        let count = |threads: usize, what: &str| if threads == 1 { format!("one {what}") } else { format!("{threads} {what}s") };
        match self {
            Self::Floor { how: How::Each, threads } => format!("bare `send`, {}", count(threads, "loop")),
            Self::Floor { how: How::Together, threads } => format!("all pending in one `send`, {}", count(threads, "loop")),
            Self::Server { threads, durable: false } => format!("**server**, {}, in memory", count(threads, "shard")),
            Self::Server { threads, durable: true } => format!("**server**, {}, durable", count(threads, "shard")),
            Self::Peer(place) => plan.peers[place].name.into(),
        }
    }

    /// The bare loops that are told so, on as many threads, which it is compared with.
    pub(crate) fn floor(self, how: How) -> Option<Self> {
        match self {
            Self::Floor { .. } => None,
            Self::Server { threads, .. } => Some(Self::Floor { how, threads }),
            Self::Peer(_) => Some(Self::Floor { how, threads: 1 }),
        }
    }

    /// Starts it and fills its rooms.
    pub(crate) fn set_up(self, plan: &Plan, generator: &mut Generator, talk: &Talk, store: &Path) -> anyhow::Result<Rig> {
        match self {
            Self::Floor { how, threads } => bare(generator, talk, how, threads),
            Self::Server { threads, durable } => {
                let process = Process::server_of(plan, threads, durable.then_some(store))?;
                chat(generator, talk, Speech::Chat, process)
            }
            Self::Peer(place) => chat(generator, talk, Speech::Lines, plan.peers[place].start()?),
        }
    }
}

fn bare(generator: &mut Generator, talk: &Talk, how: How, loops: usize) -> anyhow::Result<Rig> {
    // Who is in many rooms of the server is one reader here.
    let crowds = talk.rooms.div_ceil(talk.rooms_each);
    let process = floor::start(loops, crowds, talk.members)?;
    let group = generator.group(Speech::Chat);
    let triggers = (0..loops).map(|_| generator.open(group, process.port)).collect::<Result<Vec<_>, _>>()?;
    let streams: Vec<_> = (0..crowds).map(|_| generator.stream()).collect();
    for place in 0..crowds * talk.members {
        let reader = generator.open(group, process.port)?;
        if (place % talk.members).is_multiple_of(SAMPLED) {
            generator.sample(reader, streams[place / talk.members]);
        }
    }
    let rooms = (0..talk.rooms).map(|room| {
        let crowd = room / talk.rooms_each;
        let says = floor::trigger(how, 1, u16::try_from(crowd)?).to_vec();
        let speaker: Vec<_> = triggers.iter().map(|trigger| (*trigger, says.clone())).collect();
        Ok(Room { speakers: vec![speaker; talk.speakers], stream: streams[crowd] })
    });
    Ok(Rig { process, group, rooms: rooms.collect::<anyhow::Result<_>>()? })
}

fn chat(generator: &mut Generator, talk: &Talk, speech: Speech, process: Process) -> anyhow::Result<Rig> {
    let group = generator.group(speech);
    let room_name = |room: usize| format!("room-{room}");
    let user_name = |place: usize| format!("member-{place}");
    let crowds = talk.rooms.div_ceil(talk.rooms_each);
    let first_room = |place: usize| place / talk.members * talk.rooms_each;
    let who = (0..crowds * talk.members).map(|place| (room_name(first_room(place)), user_name(place)));
    let members = generator.join_all(group, process.port, who)?;
    let mut rooms: Vec<Room> = Vec::new();
    for (crowd, members) in members.chunks(talk.members).enumerate() {
        let stream = generator.stream();
        for member in members.iter().step_by(SAMPLED) {
            generator.sample(*member, stream);
        }
        let own = crowd * talk.rooms_each..((crowd + 1) * talk.rooms_each).min(talk.rooms);
        let more: Vec<_> = own.clone().skip(1).collect();
        for (member, some) in members.iter().flat_map(|member| more.chunks(JOINS).map(move |some| (*member, some))) {
            let joined = generator.seen(group).joined + some.len() as u64;
            let joins = some.iter().map(|room| wire::masked(&format!(r#"{{"type":"join","room":"{}"}}"#, room_name(*room))));
            generator.say(member, &joins.collect::<Vec<_>>().concat())?;
            generator.until(|seen| seen[group].joined >= joined)?;
        }
        rooms.extend(own.map(|room| {
            let says = |place: usize| wire::says(speech, &room_name(room), &user_name(crowd * talk.members + place));
            let speakers = (0..talk.speakers).map(|place| vec![(members[place], says(place))]).collect();
            Room { speakers, stream }
        }));
    }
    Ok(Rig { process, group, rooms })
}
