//! What the server was asked and has not answered.

use std::time::Duration;

use chat_protocol::{ClientMessage, RoomName, Seq};

/// What the server was asked, to know what its answer is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// In the order in which they were asked.
    pub(crate) number: u64,
    pub(crate) why: Why,
    pub(crate) message: ClientMessage,
    pub(crate) progress: Progress,
}

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It waits for its turn.
    Waiting,
    /// Refused for haste: to be asked again at that time.
    Held(Duration),
    /// Sent at that time.
    Sent(Duration),
}

/// Why something was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// To be in a room, from where we were there or from the newest.
    Join {
        room: RoomName,
        resumes: bool,
        then: Option<Then>,
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
    Change {
        room: RoomName,
    },
    /// The answer is to be shown in words.
    Show,
}

/// What the user wants of a room that is joined: to go there, and to a message, unless something else was done meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Then {
    /// How much had been typed by then.
    pub(crate) typed: u64,
    pub(crate) show: Option<Seq>,
}

impl Asked {
    /// Whether it is to be asked, as far as time goes.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        match self.progress {
            Progress::Waiting => true,
            Progress::Held(until) => until <= now,
            Progress::Sent(_) => false,
        }
    }

    /// Whether it is about a room.
    pub(crate) fn is_about(&self, name: &RoomName) -> bool {
        match &self.why {
            Why::Join { room, .. }
            | Why::Leave { room }
            | Why::Older { room, .. }
            | Why::Newer { room, .. }
            | Why::Around { room, .. }
            | Why::Change { room } => room == name,
            Why::Search { .. } | Why::Rooms | Why::Show => false,
        }
    }
}
