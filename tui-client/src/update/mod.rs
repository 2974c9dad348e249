//! What happens → what is known, and what is to be done about it. Pure: no clock, no socket, no terminal.

mod complete;
mod compose;
mod keys;
mod recall;

use std::time::Duration;

use chat_protocol::{ClientMessage, Request, RoomName};

use crate::{
    effect::{Effect, Resume},
    model::{Entry, Link, Model},
    msg::{LinkEvent, Msg, Now},
};

/// What the server was asked, to know what its answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) purpose: Purpose,
    /// To be asked again, if it is refused for haste or the connection goes.
    pub(crate) message: ClientMessage,
    /// Refused for haste: to be asked again at that time.
    pub(crate) held_until: Option<Duration>,
}

/// Why something was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Nobody waits for the answer, or reads that it was refused.
    Signal,
    /// To be in a room; and to go there, if the user asked for it.
    Join {
        room: RoomName,
        go: bool,
    },
    Leave {
        room: RoomName,
    },
    /// Older or newer messages for the pane.
    Older {
        room: RoomName,
    },
    Newer {
        room: RoomName,
    },
    /// A piece of the past, around a message to be shown.
    Around {
        room: RoomName,
        seq: chat_protocol::Seq,
    },
    Search {
        query: String,
        more: bool,
    },
    /// An edit, a deletion, a reaction, a topic: an ack is enough.
    Change,
    /// The answer is to be shown in words.
    Show,
}

impl Asked {
    pub(crate) fn is_held(&self) -> bool {
        self.held_until.is_some()
    }
}

/// Takes one thing that happened.
pub(crate) fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Tick(now) => return tick(model, now),
        Msg::Drawn(seen) => {
            model.seen = seen;
            return Vec::new();
        }
        _ => model.dirty = true,
    }
    match msg {
        Msg::Started => vec![Effect::Connect { resume: resume(model), no_sooner: Duration::ZERO }],
        Msg::Key(chord) => keys::pressed(model, chord),
        Msg::Paste(text) => compose::pasted(model, &text),
        Msg::Edited(text) => compose::edited(model, text),
        Msg::Link(LinkEvent::Trying { attempt }) => {
            model.link = Link::Connecting { attempt };
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn tick(model: &mut Model, now: Now) -> Vec<Effect> {
    model.now = now;
    Vec::new()
}

fn resume(model: &Model) -> Resume {
    let room = model.room();
    Resume { room: room.name.clone(), user: model.user.clone(), session: model.session.clone(), position: room.position.clone() }
}

/// A text to say in the current room, as its purpose has it; the input line is done with it.
pub(super) fn say(_model: &mut Model, _text: String) -> Vec<Effect> {
    Vec::new()
}

/// A line that a person typed: a command, or a text to say.
pub(super) fn entered(_model: &mut Model, _line: &str) -> Vec<Effect> {
    Vec::new()
}

/// Tells the others that we type, at most so often.
pub(super) fn typing(_model: &mut Model) -> Vec<Effect> {
    let _ = Request::from(ClientMessage::Ping {});
    Vec::new()
}

/// Tells the others that we no longer type, if they think so.
pub(super) fn stopped_typing(_model: &mut Model) -> Vec<Effect> {
    Vec::new()
}

/// Opens the list of rooms to go to.
pub(super) fn open_switcher(_model: &mut Model) -> Vec<Effect> {
    Vec::new()
}

/// Back to the newest message.
pub(super) fn to_newest(_model: &mut Model) -> Vec<Effect> {
    Vec::new()
}

/// Something went wrong: words for the room on the screen.
pub(super) fn fault(model: &mut Model, text: String) -> Vec<Effect> {
    let at = model.now.wall;
    model.room_mut().live.push(Entry::Fault { text, at });
    Vec::new()
}

/// Commands that only this client has: the name, what follows it, one line of help.
pub(crate) static LOCAL_COMMANDS: &[(&str, &str, &str)] = &[];
