//! Everything that can happen, in words that know no terminal and no socket.

use std::time::Duration;

use chat_protocol::ServerFrame;

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) enum Msg {
    /// The program begins.
    Started,
    /// It is so late now, counted from the start.
    Tick(Duration),
    /// A key.
    Key(Key),
    /// Text put in at once.
    Paste(String),
    /// The terminal has another size.
    Resized,
    /// Something about the connection.
    Link(LinkEvent),
    /// A line could not be handed to the connection.
    Unsent(String),
    /// A frame was drawn, and this came to light.
    Drawn(Seen),
}

/// What a key means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    Enter,
    Backspace,
    Delete,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// Away with the word before the cursor.
    EraseWord,
    /// Away with everything before the cursor.
    EraseLine,
    Quit,
}

/// What the transport tells.
#[derive(Clone, Debug)]
pub(crate) enum LinkEvent {
    /// The next attempt is so far away.
    Waiting(Duration),
    /// An attempt begins.
    Trying,
    /// The server said something.
    Frame(Box<ServerFrame>),
    /// The connection is gone, or none came about. To come back after at least so long, or not at all.
    Lost { reason: String, come_back: Option<Duration> },
}

/// What only drawing can tell: how the message pane was filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Rows of the message pane.
    pub(crate) page: usize,
    /// Rows below the pane.
    pub(crate) offset: usize,
    /// There was nothing older to show.
    pub(crate) at_top: bool,
}
