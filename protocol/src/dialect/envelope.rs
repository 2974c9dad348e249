//! `/ws/{name}`: the tutorials' JSON envelope, four fields and three types.

use serde::Serialize;

use super::words;
use crate::{Event, Recorded, ServerMessage, Signal, Timestamp, json};

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'a str,
    client_id: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<Timestamp>,
}

fn envelope(kind: &str, client_id: &str, message: &str, timestamp: Option<Timestamp>) -> String {
    json::line(&Envelope { r#type: kind, client_id, message, timestamp })
}

pub(super) fn recorded(recorded: &Recorded) -> Option<String> {
    match &recorded.event {
        Event::Message { text, .. } => Some(envelope("message", recorded.from.shown(), text, Some(recorded.at))),
        _ => None,
    }
}

pub(super) fn signal(signal: &Signal) -> Option<String> {
    match signal {
        Signal::Came { user, at, .. } => {
            Some(envelope("connection", user.shown(), &format!("{user} joined the chat"), Some(*at)))
        }
        Signal::Went { user, at, .. } => {
            Some(envelope("disconnection", user.shown(), &format!("{user} left the chat"), Some(*at)))
        }
        _ => None,
    }
}

/// Words from the server come in the same fields, from nobody and without a time.
pub(super) fn answer(message: &ServerMessage) -> Option<String> {
    words(message)
        .map(|text| envelope(if matches!(message, ServerMessage::Error { .. }) { "error" } else { "notice" }, "", text, None))
}
