//! Which answer belongs to which question. Each request carries a `ref` of its own; what it was for is kept until the answer comes.
//! What is refused for haste is asked again when the server says, and what a lost connection left unanswered is asked again on
//! the next one, where that does no harm.

use std::time::Duration;

use chat_protocol::{ClientMessage, Request, RoomName, Seq};

use crate::{
    effect::Effect,
    model::{Link, Model},
};

/// The `ref` of signals: nobody waits for an answer, or reads that one was refused.
pub(super) const SIGNAL: &str = "-";
/// The least that a refusal for haste costs.
const QUIET: Duration = Duration::from_millis(250);

/// What the server was asked, to know what its answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(super) purpose: Purpose,
    message: ClientMessage,
    /// Refused for haste: to be asked again at that time.
    held_until: Option<Duration>,
}

/// Why something was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be in a room, from where we were there or from the newest; and to go there, if the user asked for it, and to a
    /// message there.
    Join {
        room: RoomName,
        go: bool,
        resumes: bool,
        show: Option<Seq>,
    },
    Leave {
        room: RoomName,
    },
    /// Older messages than this one for the pane.
    Older {
        room: RoomName,
        before: Seq,
    },
    /// Newer ones for a piece of the past.
    Newer {
        room: RoomName,
        after: Seq,
    },
    /// A piece of the past, around a message that is to be shown; and to be selected, or marked as the first that is new.
    Around {
        room: RoomName,
        seq: Seq,
        select: bool,
    },
    Search {
        query: String,
    },
    Rooms,
    /// An edit, a deletion, a reaction, a topic: an ack is enough.
    Change,
    /// The answer is to be shown in words.
    Show,
}

impl Asked {
    /// Whether it waits for a time to pass.
    pub(crate) fn is_held(&self) -> bool {
        self.held_until.is_some()
    }
}

/// Asks, and remembers why.
pub(super) fn ask(model: &mut Model, purpose: Purpose, message: ClientMessage) -> Effect {
    model.asked_count += 1;
    let reference = format!("q{}", model.asked_count);
    model.asked.insert(reference.clone(), Asked { purpose, message: message.clone(), held_until: None });
    Effect::Ask(Request { reference: Some(reference), message })
}

/// Asks for something that nobody waits for.
pub(super) fn signal(message: ClientMessage) -> Effect {
    Effect::Ask(Request { reference: Some(SIGNAL.into()), message })
}

/// Whether something of the kind is on its way.
pub(super) fn is_asked(model: &Model, same: impl Fn(&Purpose) -> bool) -> bool {
    model.asked.values().any(|asked| same(&asked.purpose))
}

/// What an answer is about; it is answered with that.
pub(super) fn answered(model: &mut Model, reference: Option<&str>) -> Option<Purpose> {
    Some(model.asked.remove(reference?)?.purpose)
}

/// Refused for haste: asked again later.
pub(super) fn hold(model: &mut Model, reference: &str, retry: Duration) -> bool {
    let until = model.now.since + retry.max(QUIET);
    let asked = model.asked.get_mut(reference);
    asked.map(|asked| asked.held_until = Some(until)).is_some()
}

/// What is to be asked again now.
pub(super) fn due(model: &mut Model) -> Vec<Effect> {
    if model.link != Link::Online {
        return Vec::new();
    }
    let now = model.now.since;
    let mut due: Vec<_> =
        model.asked.iter_mut().filter(|(_, asked)| asked.held_until.is_some_and(|until| until <= now)).collect();
    // In the order in which they were asked: an edit and the one after it must not change places.
    due.sort_by_key(|(reference, _)| (reference.len(), (*reference).clone()));
    let again = due.into_iter().map(|(reference, asked)| {
        asked.held_until = None;
        Effect::Ask(Request { reference: Some(reference.clone()), message: asked.message.clone() })
    });
    again.collect()
}

/// The connection is gone. What changes something is asked again on the next, which does no harm where it had been heard; the
/// rest is asked for anew where it is still wanted.
pub(super) fn lost(model: &mut Model) {
    let now = model.now.since;
    model.asked.retain(|_, asked| matches!(asked.purpose, Purpose::Change | Purpose::Leave { .. }));
    for asked in model.asked.values_mut() {
        asked.held_until = Some(now);
    }
}

impl Asked {
    /// Whether it is about a room.
    pub(super) fn is_about(&self, name: &RoomName) -> bool {
        match &self.purpose {
            Purpose::Join { room, .. }
            | Purpose::Leave { room }
            | Purpose::Older { room, .. }
            | Purpose::Newer { room, .. }
            | Purpose::Around { room, .. } => room == name,
            Purpose::Search { .. } | Purpose::Rooms | Purpose::Change | Purpose::Show => false,
        }
    }
}
