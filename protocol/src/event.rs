//! What happens in a room. Events last: they are logged and have a [`Seq`]. Signals pass: they have none, and are the
//! first to be dropped when a reader is slow.

use serde::{Deserialize, Serialize};

use crate::{ClientId, RoomName, Seq, Timestamp, UserName, limits};

/// What lasts: the kinds of thing that a log keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Something said.
    Message {
        /// The words.
        text: String,
        /// The sender's own key for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cid: Option<ClientId>,
        /// The message that it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        /// `/me`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        action: bool,
    },
    /// A message has other words now.
    Edited {
        /// The message.
        target: Seq,
        /// Its words now.
        text: String,
    },
    /// A message is gone.
    Deleted {
        /// The message.
        target: Seq,
    },
    /// A reaction was put on a message or taken back.
    Reacted {
        /// The message.
        target: Seq,
        /// The reaction.
        emoji: String,
        /// Put on, or taken back.
        on: bool,
    },
    /// The room's topic.
    Topic {
        /// The topic now; empty for none.
        text: String,
    },
}

/// An event in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Where.
    pub room: RoomName,
    /// Its place there.
    pub seq: Seq,
    /// When the log took it.
    pub at: Timestamp,
    /// Whose it is.
    pub from: UserName,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// The text of this event, or of the message that it changed, was deleted since and is empty here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

/// What passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// How the list of the first users of a room by name changed ([`crate::limits::USERS`]), gathered for a moment. Where
    /// nobody is left out, who came and who left.
    Presence {
        /// Where.
        room: RoomName,
        /// In the list now.
        joined: Vec<UserName>,
        /// No longer in it.
        left: Vec<UserName>,
        /// How many users are here now.
        online: usize,
    },
    /// One arrival, told at once to those whose protocol has no gathered form.
    Came {
        /// Where.
        room: RoomName,
        /// Who.
        user: UserName,
        /// When.
        at: Timestamp,
    },
    /// One departure, likewise.
    Went {
        /// Where.
        room: RoomName,
        /// Who.
        user: UserName,
        /// When.
        at: Timestamp,
    },
    /// Somebody types, or no longer does.
    Typing {
        /// Where.
        room: RoomName,
        /// Who.
        user: UserName,
        /// Whether.
        active: bool,
    },
    /// The user has read up to here, on another of its connections.
    Read {
        /// Where.
        room: RoomName,
        /// The last message read.
        seq: Seq,
    },
    /// Words from the server for those who are there.
    Notice {
        /// Where.
        room: RoomName,
        /// What.
        text: String,
    },
}

impl Signal {
    /// The room that it is about.
    #[must_use]
    pub fn room(&self) -> &RoomName {
        match self {
            Self::Presence { room, .. }
            | Self::Came { room, .. }
            | Self::Went { room, .. }
            | Self::Typing { room, .. }
            | Self::Read { room, .. }
            | Self::Notice { room, .. } => room,
        }
    }
}

/// Whether this can be a reaction: one emoji or word, of so many bytes.
#[must_use]
pub fn is_reaction(emoji: &str) -> bool {
    !emoji.is_empty() && emoji.len() <= limits::EMOJI_BYTES && !emoji.chars().any(|c| c.is_whitespace() || c.is_control())
}
