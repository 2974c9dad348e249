//! Everything that the update may ask for; whoever runs it performs it.

use std::time::Duration;

use chat_protocol::{Epoch, Request, RoomName, Seq, ServerMessage, UserName};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Connect, after at least so long. As somebody else, a connection that is there is let go first.
    Connect { resume: Resume, no_sooner: Duration },
    /// Do not wait any longer with connecting.
    Wake,
    /// Ask the server for something.
    Ask(Request),
    /// The proof of our name here, to be shown again after a new start.
    Keep { user: UserName, session: String },
    /// The rooms that the user is in, to come back to after a new start.
    KeepRooms { user: UserName, rooms: Vec<RoomName> },
    /// Something happened that a program without a screen prints, and a log on disk keeps.
    Tell(Told),
    /// Wake the person up: there is something for them. The words are safe to show.
    Notify { title: String, body: String },
    /// The terminal's own title; safe to show.
    Title(String),
    /// To the clipboard.
    Copy(String),
    /// In the browser: http or https, asked for and confirmed.
    Open(String),
    /// In the editor.
    Edit(String),
    /// To the shell for a while.
    Suspend,
    /// Everything anew onto the screen.
    Redraw,
    /// Read the configuration again.
    Reload,
    /// Leave.
    Quit(Ending),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As the user wished.
    Wished,
    /// The server does not let us in, in its words.
    Refused(String),
    /// Not everything was sent, in words.
    Unsent(String),
}

/// Who goes where, and where an earlier connection stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resume {
    pub(crate) room: RoomName,
    pub(crate) user: UserName,
    /// The proof that the name is ours.
    pub(crate) session: Option<String>,
    /// The last event of the room that was seen.
    pub(crate) position: Option<(Epoch, Seq)>,
}

/// Something that happened, for whoever reads along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// A logged event, once each, in order: live, caught up with, or of a snapshot (`old`: it was there before we came).
    Event { event: Box<ServerMessage>, epoch: Option<Epoch>, old: bool },
    /// Somebody came or went.
    Presence { room: RoomName, user: UserName, came: bool },
    /// Words of the server's or the client's own, about a room or none.
    Notice { room: Option<RoomName>, text: String },
    /// Something went wrong, in words.
    Fault { room: Option<RoomName>, text: String },
    /// How the connection is, in words, each time that it changes.
    Connection(String),
    /// What was missed could not be filled in.
    Gap { room: RoomName },
    /// One of our messages is kept.
    Sent { room: RoomName, seq: Seq },
}
