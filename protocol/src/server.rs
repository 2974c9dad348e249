//! What the server may say in the chat protocol.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{ClientId, CloseCode, Epoch, ErrorCode, Event, Recorded, RoomName, Seq, Timestamp, UserName, json};

/// One thing that the server says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub enum ServerMessage {
    /// The first frame: who you are, what holds here.
    Welcome(Welcome),
    /// You are in a room now, and this is what it holds.
    Joined(Joined),
    /// Something said.
    Message(Message),
    /// A message has other words now.
    Edited {
        room: RoomName,
        seq: Seq,
        from: UserName,
        at: Timestamp,
        target: Seq,
        text: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        deleted: bool,
    },
    /// A message is gone.
    Deleted { room: RoomName, seq: Seq, from: UserName, at: Timestamp, target: Seq },
    /// A reaction was put on a message or taken back.
    Reacted { room: RoomName, seq: Seq, from: UserName, at: Timestamp, target: Seq, emoji: String, on: bool },
    /// The room's topic.
    Topic { room: RoomName, seq: Seq, from: UserName, at: Timestamp, text: String },
    /// More of a resume: newer events, until `more` is false.
    Events {
        room: RoomName,
        #[serde(deserialize_with = "known")]
        events: Vec<ServerMessage>,
        more: bool,
    },
    /// How the list of a room's first users changed, and how many are there.
    Presence { room: RoomName, joined: Vec<User>, left: Vec<UserName>, online: usize },
    /// Somebody types, or no longer does.
    Typing { room: RoomName, user: UserName, active: bool },
    /// It is in the log.
    Ack {
        room: RoomName,
        seq: Seq,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cid: Option<ClientId>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        duplicate: bool,
    },
    /// You are out of the room.
    Left { room: RoomName },
    /// Messages before or after a position.
    History { room: RoomName, messages: Vec<Message>, more: bool },
    /// Messages that hold every word, newest first.
    Found { messages: Vec<Message>, more: bool },
    /// The rooms there are.
    Rooms { rooms: Vec<Room> },
    /// Who is in a room.
    Users { room: RoomName, users: Vec<User> },
    /// Another of your connections has read up to here.
    Read { room: RoomName, seq: Seq },
    /// Yes.
    Pong {},
    /// Of whom nothing is to be shown to this user, from now on.
    Blocked { users: Vec<UserName> },
    /// Words from the server for a person.
    Notice {
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomName>,
    },
    /// A request was refused.
    Error {
        code: ErrorCode,
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
    },
    /// The server is about to close this connection.
    Closing {
        code: CloseCode,
        reason: String,
        reconnect: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
    },
}

/// The types that [`ServerMessage`] knows, as the wire writes them.
pub const TYPES: [&str; 22] = [
    "welcome", "joined", "message", "edited", "deleted", "reacted", "topic", "events", "presence", "typing", "ack", "left",
    "history", "found", "rooms", "users", "read", "pong", "blocked", "notice", "error", "closing",
];

/// The first frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub struct Welcome {
    pub protocol: u32,
    pub server: String,
    pub user: UserName,
    pub guest: bool,
    pub session: String,
    pub epoch: Epoch,
    pub limits: Limits,
    pub ping_seconds: u64,
    pub typing_seconds: u64,
    #[serde(default)]
    pub private: Vec<Private>,
    /// Of whom nothing is to be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<UserName>,
}

/// The limits that a client can run into. No burst and no rate where the server limits neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub struct Limits {
    pub text_bytes: usize,
    pub frame_bytes: usize,
    pub history: usize,
    /// How many of a room's users are listed; without it, everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
}

/// A private conversation of the user's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub struct Private {
    pub room: RoomName,
    pub with: UserName,
    pub seq: Seq,
    pub read: Seq,
}

/// What a room holds for somebody who comes in: `events` when a resume was whole, else `messages`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub struct Joined {
    pub room: RoomName,
    pub seq: Seq,
    pub topic: String,
    pub users: Vec<User>,
    /// How many users are in the room; without it, as many as are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<usize>,
    pub read: Seq,
    pub recovered: bool,
    pub more: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Message>>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_if_any")]
    pub events: Option<Vec<ServerMessage>>,
}

/// A [`Message`] as the wire has it: written once, to be said again and again.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Written(Box<RawValue>);

impl Written {
    /// Writes it.
    #[must_use]
    pub fn new(message: &Message) -> Option<Self> {
        // What was written just now can be read; if not, it is not to be said.
        RawValue::from_string(json::line(message)).ok().map(Self)
    }

    /// Bytes that it takes.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.0.get().len()
    }
}

/// A [`Joined`] for somebody who was never here, with messages that are written already.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "joined")]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub struct FirstJoined<'a> {
    pub room: &'a RoomName,
    pub seq: Seq,
    pub topic: &'a str,
    pub users: &'a [User],
    pub online: usize,
    pub read: Seq,
    pub recovered: bool,
    pub more: bool,
    pub messages: &'a VecDeque<Written>,
}

impl FirstJoined<'_> {
    /// As the wire has it.
    #[must_use]
    pub fn encode(&self) -> String {
        let bytes = self.messages.iter().map(|message| message.len() + 1).sum::<usize>() + self.users.len() * 32 + 512;
        let mut buffer = Vec::with_capacity(bytes);
        json::append(&mut buffer, self);
        // What the formatter writes is text.
        String::from_utf8(buffer).unwrap_or_default()
    }
}

/// Something said, as it was logged or, in a snapshot, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub struct Message {
    pub room: RoomName,
    pub seq: Seq,
    pub from: UserName,
    pub text: String,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cid: Option<ClientId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub action: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reactions: BTreeMap<String, Vec<UserName>>,
}

/// A room in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub struct Room {
    pub name: RoomName,
    pub topic: String,
    pub users: usize,
    pub seq: Seq,
    /// It is its members' alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub struct User {
    pub name: UserName,
}

impl From<UserName> for User {
    fn from(name: UserName) -> Self {
        Self { name }
    }
}

impl From<&Recorded> for ServerMessage {
    fn from(recorded: &Recorded) -> Self {
        let Recorded { room, seq, at, from, event, deleted } = recorded.clone();
        match event {
            Event::Message { text, cid, reply_to, action } => Self::Message(Message {
                room,
                seq,
                from,
                text,
                at,
                cid,
                reply_to,
                action,
                edited_at: None,
                deleted,
                reactions: BTreeMap::new(),
            }),
            Event::Edited { target, text } => Self::Edited { room, seq, from, at, target, text, deleted },
            Event::Deleted { target } => Self::Deleted { room, seq, from, at, target },
            Event::Reacted { target, emoji, on } => Self::Reacted { room, seq, from, at, target, emoji, on },
            Event::Topic { text } => Self::Topic { room, seq, from, at, text },
        }
    }
}

/// What the server says, and the request that it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFrame {
    /// What is said.
    #[serde(flatten)]
    pub message: ServerMessage,
    /// The `ref` of the request that this answers.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl From<ServerMessage> for ServerFrame {
    fn from(message: ServerMessage) -> Self {
        Self { message, reference: None }
    }
}

/// Events of which a client leaves out those that it does not know: one new kind must not spoil a resume.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<ServerMessage>, D::Error> {
    let values = Vec::<Value>::deserialize(deserializer)?;
    let is_known = |value: &Value| value.get("type").and_then(Value::as_str).is_none_or(|kind| TYPES.contains(&kind));
    let events = values.into_iter().filter(is_known).map(|value| serde_json::from_value(value).map_err(serde::de::Error::custom));
    events.collect()
}

fn known_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<ServerMessage>>, D::Error> {
    known(deserializer).map(Some)
}

/// Why a client could not read a frame.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// A type that this version does not know: to be ignored.
    #[error("an unknown type")]
    UnknownType,
    /// Not what a server of this protocol says.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl ServerFrame {
    /// As the wire has it.
    #[must_use]
    pub fn encode(&self) -> String {
        match &self.reference {
            // Without a ref there is nothing to flatten, which is the quicker way.
            None => json::line(&self.message),
            Some(_) => json::line(self),
        }
    }

    /// Reads a frame, for clients.
    ///
    /// # Errors
    /// [`Unread::UnknownType`] is to be ignored.
    pub fn decode(frame: &str) -> Result<Self, Unread> {
        let value: Value = serde_json::from_str(frame)?;
        match value.get("type").and_then(Value::as_str) {
            Some(kind) if !TYPES.contains(&kind) => Err(Unread::UnknownType),
            _ => Ok(serde_json::from_value(value)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_before_is_written_alike() {
        let room = RoomName::parse("general").unwrap();
        let message = |seq: u64, text: &str| Message {
            room: room.clone(),
            seq: Seq(seq),
            from: UserName::parse("Zoë").unwrap(),
            text: text.into(),
            at: Timestamp(1),
            cid: None,
            reply_to: (seq > 1).then_some(Seq(1)),
            action: seq == 2,
            edited_at: None,
            deleted: false,
            reactions: BTreeMap::new(),
        };
        let messages = vec![message(1, "\u{202e}\u{9b}31m \"tea\" \u{7f}"), message(2, "waves")];
        let users: Vec<User> = vec![UserName::parse("alice").unwrap().into(), UserName::parse("Zoë").unwrap().into()];
        let written = messages.iter().map(|message| Written::new(message).unwrap()).collect();
        let first = FirstJoined {
            room: &room,
            seq: Seq(2),
            topic: "tea \u{200b}",
            users: &users,
            online: 300,
            read: Seq(0),
            recovered: false,
            more: true,
            messages: &written,
        };
        let joined = Joined {
            room: room.clone(),
            seq: Seq(2),
            topic: "tea \u{200b}".into(),
            users: users.clone(),
            online: Some(300),
            read: Seq(0),
            recovered: false,
            more: true,
            messages: Some(messages),
            events: None,
        };
        assert_eq!(first.encode(), ServerFrame::from(ServerMessage::Joined(joined)).encode());
    }
}
