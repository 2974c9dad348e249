//! What a client may ask in the chat protocol, and how a frame is read. Every dialect ends up here: there is one set of
//! requests behind all endpoints.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Action, ClientId, ErrorCode, Refusal, Role, Rules, Seq, display, json, limits};

/// One request. Names are as the client wrote them: the session parses them and answers `bad_name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are the wire's own words, described in docs/protocol.md")]
pub enum ClientMessage {
    /// A credential, where the server asks for one, and who is asking.
    Hello {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
    /// Something to say in a room.
    Send {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cid: Option<ClientId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        action: bool,
    },
    /// Something to say to one user.
    Private {
        to: String,
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cid: Option<ClientId>,
    },
    /// Other words for an own message.
    Edit {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        seq: Seq,
        text: String,
    },
    /// An own message away.
    Delete {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        seq: Seq,
    },
    /// A reaction put on or taken back.
    React {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        seq: Seq,
        emoji: String,
        on: bool,
    },
    /// The user types, or no longer does.
    Typing {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        active: bool,
    },
    /// The user has read up to here.
    Read {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        seq: Seq,
    },
    /// Into a room; with a position, from there on.
    Join {
        room: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        epoch: Option<String>,
    },
    /// Out of a room.
    Leave {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
    },
    /// Messages before or after a position.
    History {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<i64>,
    },
    /// Messages that hold every word.
    Search {
        query: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<i64>,
    },
    /// Which rooms there are.
    Rooms {},
    /// Who is in a room.
    Users {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
    },
    /// Another topic for a room.
    Topic {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        text: String,
    },
    /// A room of one's own.
    Create {
        room: String,
        #[serde(flatten)]
        rules: Rules,
    },
    /// What is to be otherwise in a room; without any of it, how the room is.
    Rules {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        #[serde(flatten)]
        rules: Rules,
    },
    /// What an account is in a room; without a role, nothing any more.
    Rank {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        user: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    /// Something done to somebody, or no longer: in a room or everywhere, by name or by where they come from.
    Moderate {
        action: Action,
        user: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        address: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        everywhere: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// What was done by moderators, the last first.
    Deeds {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        everywhere: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<i64>,
    },
    /// Nothing more of somebody is wanted, or again.
    Block { user: String, on: bool },
    /// Is anybody there?
    Ping {},
}

/// The types that [`ClientMessage`] knows, as the wire writes them.
pub const TYPES: [&str; 22] = [
    "hello", "send", "private", "edit", "delete", "react", "typing", "read", "join", "leave", "history", "search", "rooms",
    "users", "topic", "create", "rules", "rank", "moderate", "deeds", "block", "ping",
];

/// A request and the name by which its sender knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The `ref` that the answer carries too.
    pub reference: Option<String>,
    /// What is asked.
    pub message: ClientMessage,
}

impl From<ClientMessage> for Request {
    fn from(message: ClientMessage) -> Self {
        Self { reference: None, message }
    }
}

/// A frame that was meant as an object and could not be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misread {
    /// The `ref`, where it could be read.
    pub reference: Option<String>,
    /// Why.
    pub refusal: Refusal,
}

impl Misread {
    fn new(reference: Option<String>, code: ErrorCode, text: impl Into<String>) -> Self {
        Self { reference, refusal: Refusal::new(code, text) }
    }
}

impl Request {
    /// As the wire has it, for clients.
    #[must_use]
    pub fn encode(&self) -> String {
        #[derive(Serialize)]
        struct Frame<'a> {
            #[serde(flatten)]
            message: &'a ClientMessage,
            #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
            reference: Option<&'a str>,
        }
        json::line(&Frame { message: &self.message, reference: self.reference.as_deref() })
    }

    /// Reads a frame that begins with `{`.
    ///
    /// # Errors
    /// `bad_json`, `unknown_type` or `bad_request`, with the `ref` if there was a usable one.
    pub fn decode(frame: &str) -> Result<Self, Misread> {
        // Read whole before anything is believed: skipping a field would let a lone surrogate in it pass.
        let value = json::value(frame).map_err(|refusal| Misread { reference: None, refusal })?;
        let reference = match value.get("ref") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.len() <= limits::REF_BYTES => Some(text.clone()),
            Some(_) => {
                let text = format!("A ref is a string of at most {} bytes", limits::REF_BYTES);
                return Err(Misread::new(None, ErrorCode::BadRequest, text));
            }
        };
        let Some(kind) = value.get("type").and_then(Value::as_str) else {
            return Err(Misread::new(reference, ErrorCode::BadRequest, "An object needs a type"));
        };
        if !TYPES.contains(&kind) {
            let text = format!("There is no type «{}»", display::clip(kind, 64));
            return Err(Misread::new(reference, ErrorCode::UnknownType, text));
        }
        match ClientMessage::deserialize(&value) {
            Ok(message) => Ok(Self { reference, message }),
            Err(error) => Err(Misread::new(reference, ErrorCode::BadRequest, display::clip(&error.to_string(), 200))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(frame: &str, reference: Option<&str>, expected: Result<ClientMessage, ErrorCode>) {
        let (found_reference, found) = match Request::decode(frame) {
            Ok(request) => (request.reference, Ok(request.message)),
            Err(misread) => (misread.reference, Err(misread.refusal.code)),
        };
        assert_eq!(found, expected, "{frame}");
        assert_eq!(found_reference.as_deref(), reference, "{frame}");
    }

    #[test]
    fn frames_are_read_or_refused_with_their_ref() {
        check(r#"{"type":"ping","ref":"a","new":1}"#, Some("a"), Ok(ClientMessage::Ping {}));
        check(r#"{"type":"dance","ref":"a"}"#, Some("a"), Err(ErrorCode::UnknownType));
        check(r#"{"ref":"a"}"#, Some("a"), Err(ErrorCode::BadRequest));
        check(r#"{"type":7}"#, None, Err(ErrorCode::BadRequest));
        check(r#"{"type":"send","ref":"a"}"#, Some("a"), Err(ErrorCode::BadRequest));
        check(&format!(r#"{{"type":"ping","ref":"{}"}}"#, "x".repeat(65)), None, Err(ErrorCode::BadRequest));
        check(r#"{"type":"ping","ref":1}"#, None, Err(ErrorCode::BadRequest));
        check(r#"{"type":"read","seq":9007199254740992}"#, None, Err(ErrorCode::BadRequest));
        check(
            r#"{"type":"read","seq":9007199254740991}"#,
            None,
            Ok(ClientMessage::Read { room: None, seq: Seq(9_007_199_254_740_991) }),
        );
        check(r#"{"type":"read","seq":-1}"#, None, Err(ErrorCode::BadRequest));
        check(r#"{"type":"send","text":"x","cid":"no spaces"}"#, None, Err(ErrorCode::BadRequest));
        check("{", None, Err(ErrorCode::BadJson));
        check(r#"{"type":"ping","x":"\ud800"}"#, None, Err(ErrorCode::BadJson));
        check(r#"{"type":"ping"} x"#, None, Err(ErrorCode::BadJson));
        check(&"{\"a\":".repeat(500), None, Err(ErrorCode::BadJson));
    }
}
