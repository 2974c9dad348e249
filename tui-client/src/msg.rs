//! Everything that can happen, in words that know no terminal and no socket.

use std::time::Duration;

use chat_protocol::{Seq, ServerFrame, Timestamp};

use crate::{config::Settings, keys::Chord, model::Place};

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) enum Msg {
    /// The program begins.
    Started,
    /// It is so late now.
    Tick(Now),
    /// A key.
    Key(Chord),
    /// A line, whole: what a program without a screen reads. As a person typed it, or as text that is never a command.
    Line { text: String, typed: bool },
    /// Text put in at once.
    Paste(String),
    /// The wheel, or a click.
    Mouse(Mouse),
    /// The terminal has this size.
    Resized { columns: u16, rows: u16 },
    /// The terminal got or lost the focus.
    Focus(bool),
    /// Something about the connection.
    Link(LinkEvent),
    /// A frame was drawn, and this came to light.
    Drawn(Seen),
    /// The editor ended, with this text; or could not.
    Edited(Result<String, String>),
    /// The configuration was read again; or could not be.
    Settings(Result<Box<Settings>, String>),
    /// What was asked of the world did not succeed, in words.
    Failed(String),
    /// The world asks us to go: SIGTERM, SIGHUP.
    Leave,
}

/// How late it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Now {
    /// Since the start; never goes back.
    pub(crate) since: Duration,
    /// By the clock on the wall.
    pub(crate) wall: Timestamp,
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mouse {
    /// Rows, upwards positive.
    Wheel(isize),
    Click {
        column: u16,
        row: u16,
    },
}

/// What the transport tells.
#[derive(Clone, Debug)]
pub(crate) enum LinkEvent {
    /// The next attempt is so far away; it will be the n-th since the last good connection.
    Waiting { delay: Duration, attempt: u32 },
    /// An attempt begins.
    Trying { attempt: u32 },
    /// The server said something.
    Frame(Box<ServerFrame>),
    /// The way there and back took so long; or takes at least so long by now.
    Lag(Duration),
    /// The connection is gone, or none came about. To come back after at least so long, or not at all.
    Lost { reason: String, come_back: Option<Duration> },
}

/// What only drawing can tell: how the message pane was filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Rows of the message pane.
    pub(crate) page: usize,
    /// The row at the foot of the pane: an entry, and the how-manieth row of it; nothing while the newest is there.
    pub(crate) bottom: Option<(Place, usize)>,
    /// There was nothing older to show.
    pub(crate) at_top: bool,
    /// The first and the last message that are wholly visible.
    pub(crate) first: Option<Seq>,
    pub(crate) last: Option<Seq>,
    /// What a click on a row of the screen means.
    pub(crate) spots: Vec<(Spot, Target)>,
}

/// A part of one row of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) row: u16,
    pub(crate) columns: (u16, u16),
}

/// What lies in a [`Spot`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The room of that place in the list.
    Room(usize),
    /// The user whose name it is, as it is shown.
    User(String),
    Message(Place),
    /// The line that says that there is more below.
    Newest,
}
