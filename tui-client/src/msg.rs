//! Everything that can happen, in words that know no terminal and no socket.

use std::time::Duration;

use chat_protocol::ServerFrame;
use chat_terminal::screen::Input;
pub(crate) use chat_terminal::screen::Mouse;

use crate::{
    config::Settings,
    keys::Chord,
    model::{Now, Seen},
};

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

impl From<Input> for Msg {
    fn from(input: Input) -> Self {
        match input {
            Input::Key(chord) => Self::Key(chord),
            Input::Paste(text) => Self::Paste(text),
            Input::Mouse(mouse) => Self::Mouse(mouse),
            Input::Resized { columns, rows } => Self::Resized { columns, rows },
            Input::Focus(focused) => Self::Focus(focused),
        }
    }
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
