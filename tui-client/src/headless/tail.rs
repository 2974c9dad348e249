//! Prints what is said: lines of text for people, or the protocol's own JSON, one object a line, for programs. Comes back after
//! a lost connection without leaving anything out or printing it twice.

use std::{
    collections::HashMap,
    io::{self, BufWriter, Stdout, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::anyhow;
use chat_protocol::{Epoch, RoomName, ServerFrame, ServerMessage};

use super::{Next, Quiet, closed_is_wished, position::Positions, say};
use crate::{
    app::{Start, Word},
    effect::{Effect, Ending, Told},
    model::{Audience, Link},
    msg::Msg,
    words,
};

/// When a line of text was said.
const TIME: &str = "%Y-%m-%d %H:%M";

/// How to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) json: bool,
    /// Where to go on, and to keep how far it went.
    pub(crate) position: Option<PathBuf>,
    /// So many old messages of each room first; as many as the server shows, if not told.
    pub(crate) limit: Option<u64>,
}

/// Prints until somebody wants us gone.
pub(crate) async fn tail(start: Start, wishes: Tail) -> anyhow::Result<Ending> {
    let mut quiet = Quiet::begin(start, Audience::Program)?;
    let mut positions = wishes.position.as_deref().map(Positions::read).transpose().map_err(|words| anyhow!(words))?;
    if let Some(positions) = &positions {
        positions.apply(&mut quiet.model.rooms);
    }
    let mut out = BufWriter::new(io::stdout());
    let ending = talk(&mut quiet, &wishes, &mut positions, &mut out).await;
    // What could not be written is nobody's any more, and would be tried again when this goes away.
    let _ = out.into_parts();
    quiet.close().await;
    ending
}

async fn talk(
    quiet: &mut Quiet,
    wishes: &Tail,
    positions: &mut Option<Positions>,
    out: &mut BufWriter<Stdout>,
) -> anyhow::Result<Ending> {
    let mut msg = Some(Msg::Started);
    loop {
        let effects = quiet.take(msg.take());
        let ended = effects.iter().find_map(|effect| match effect {
            Effect::Quit(ending) => Some(ending.clone()),
            _ => None,
        });
        if let Err(error) = told(quiet, wishes, effects, positions, out) {
            return closed_is_wished(error);
        }
        if let Some(words) = positions.as_mut().and_then(|positions| positions.write().err()) {
            return Err(anyhow!("--position: {words}"));
        }
        if let Some(ending) = ended {
            return Ok(ending);
        }
        if let Link::Refused { reason } = &quiet.model.link {
            return Ok(Ending::Refused(reason.clone()));
        }
        match quiet.next(Duration::MAX).await? {
            Next::Msg(next) => msg = Some(next),
            Next::Word(Word::GoOn) | Next::Time => {}
            Next::Word(_) => return Ok(Ending::Wished),
        }
    }
}

/// Prints what was told, and remembers how far that went.
fn told(
    quiet: &mut Quiet,
    wishes: &Tail,
    effects: Vec<Effect>,
    positions: &mut Option<Positions>,
    out: &mut BufWriter<Stdout>,
) -> io::Result<()> {
    let mut too_old = too_old(&effects, wishes.limit);
    for effect in effects {
        let Effect::Tell(told) = effect else { continue };
        match told {
            Told::Event { event, epoch, old } => {
                let Some((room, seq, _)) = words::place(&event) else { continue };
                let skipped = old && too_old.get_mut(room).is_some_and(take_one);
                if !skipped {
                    writeln!(out, "{}", line(quiet, wishes.json, &event))?;
                }
                reach(positions, room, epoch.as_ref(), seq);
            }
            Told::Gap { room } => {
                let room = words::room(&room, &quiet.model.user);
                say(&format!("what was said in {room} meanwhile could not all be read again"));
            }
            Told::Fault { text, .. } => say(&text),
            Told::Connection(words) => quiet.tell_trouble(&words),
            Told::Presence { .. } | Told::Notice { .. } | Told::Sent { .. } => {}
        }
    }
    out.flush()
}

fn reach(positions: &mut Option<Positions>, room: &RoomName, epoch: Option<&Epoch>, seq: chat_protocol::Seq) {
    if let (Some(positions), Some(epoch)) = (positions, epoch) {
        positions.reach(room, epoch, seq);
    }
}

/// One event as a line, without its end.
fn line(quiet: &Quiet, json: bool, event: &ServerMessage) -> String {
    if json {
        return ServerFrame::from(event.clone()).encode();
    }
    let Some(((room, _, at), text)) = words::place(event).zip(words::words(event)) else { return String::new() };
    let model = &quiet.model;
    format!("{} [{}] {text}", words::time(at, &model.zone, TIME), words::room(room, &model.user))
}

/// How many of the old messages of each room are not to be printed, because so many newer ones follow.
fn too_old(effects: &[Effect], limit: Option<u64>) -> HashMap<RoomName, u64> {
    let mut counts = HashMap::new();
    let Some(limit) = limit else { return counts };
    for effect in effects {
        if let Effect::Tell(Told::Event { event, old: true, .. }) = effect
            && let Some((room, ..)) = words::place(event)
        {
            *counts.entry(room.clone()).or_insert(0) += 1;
        }
    }
    counts.values_mut().for_each(|count: &mut u64| *count = count.saturating_sub(limit));
    counts
}

fn take_one(left: &mut u64) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tests::message;

    #[test]
    fn only_the_last_of_the_old_are_printed() {
        let event = |seq, old| {
            Effect::Tell(Told::Event { event: Box::new(ServerMessage::Message(message(seq, "bob", "x"))), epoch: None, old })
        };
        let effects = [event(1, true), event(2, true), event(3, true), event(4, false)];
        let room = message(1, "bob", "x").room;
        for (limit, expected) in [(None, None), (Some(0), Some(3)), (Some(2), Some(1)), (Some(9), Some(0))] {
            assert_eq!(too_old(&effects, limit).get(&room).copied(), expected, "{limit:?}");
        }
    }
}
