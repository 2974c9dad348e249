//! What the server was asked and has not answered.

use std::time::Duration;

use chat_protocol::{ClientMessage, RoomName, Seq};

/// What the server was asked, to know what its answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) why: Why,
    pub(crate) message: ClientMessage,
    /// Refused for haste: to be asked again at that time.
    pub(crate) held_until: Option<Duration>,
}

/// Why something was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
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

    /// Whether it is about a room.
    pub(crate) fn is_about(&self, name: &RoomName) -> bool {
        match &self.why {
            Why::Join { room, .. }
            | Why::Leave { room }
            | Why::Older { room, .. }
            | Why::Newer { room, .. }
            | Why::Around { room, .. } => room == name,
            Why::Search { .. } | Why::Rooms | Why::Change | Why::Show => false,
        }
    }
}
