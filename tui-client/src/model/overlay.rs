//! What can lie above the screen and take the keys, one at a time.

use chat_protocol::{ClientId, RoomName, Seq, server::Message};

/// Something above the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overlay {
    /// The keys and commands, scrolled by so many rows.
    Help { scroll: usize },
    /// A list to choose from.
    List(List),
    /// A question with a letter for each answer.
    Question(Question),
}

/// A list, filtered by what is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) title: String,
    pub(crate) filter: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) chosen: usize,
    /// What it is for.
    pub(crate) kind: ListKind,
    /// More can be asked for.
    pub(crate) more: bool,
}

/// What a list is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListKind {
    /// Rooms to go to.
    Rooms,
    /// What a search found.
    Found { query: String, room: Option<RoomName> },
    /// A reaction to a message.
    Reactions { room: RoomName, seq: Seq },
    /// One of several links.
    Links,
}

/// One row of a list. The words are as they came: the view makes them safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) text: String,
    /// What stands at its right, dimmed.
    pub(crate) note: String,
    pub(crate) item: Item,
}

/// What is chosen with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Room(RoomName),
    /// A private conversation yet to begin.
    Person(String),
    Message(Box<Message>),
    Reaction(String),
    Link(String),
}

/// A question, and what each answer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Several lines were pasted: send them, with what is in the input line; put them into it; forget them.
    Paste { text: String },
    /// Open a link in the browser?
    Open { url: String },
    /// Take a message away?
    Delete { room: RoomName, seq: Seq },
    /// Leave, although so many messages are not sent?
    Quit { unsent: usize },
    /// So many messages are old: send, keep, drop?
    Stale { count: usize },
    /// Drop a message that was not sent?
    Drop { cid: ClientId },
}

impl Question {
    /// The answers: a letter, and what it says.
    pub(crate) fn answers(&self) -> &'static [(char, &'static str)] {
        match self {
            Self::Paste { .. } => &[('s', "send"), ('e', "edit first"), ('c', "cancel")],
            Self::Open { .. } => &[('o', "open"), ('c', "cancel")],
            Self::Delete { .. } => &[('y', "delete"), ('c', "cancel")],
            Self::Quit { .. } => &[('q', "leave all the same"), ('c', "cancel")],
            Self::Stale { .. } => &[('s', "send"), ('k', "keep"), ('d', "drop")],
            Self::Drop { .. } => &[('y', "drop"), ('c', "cancel")],
        }
    }
}
