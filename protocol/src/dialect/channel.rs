//! `/ws/json`: channels for programs. A channel is a room.

use serde::Serialize;
use serde_json::Value;

use super::Heard;
use crate::{
    ClientMessage, ErrorCode, Event, Recorded, Refusal, RoomName, Seq, ServerMessage, Timestamp, UserName, client::Misread,
    display, json,
};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said<'a> {
    Subscribed {
        channel: &'a RoomName,
    },
    Unsubscribed {
        channel: &'a RoomName,
    },
    Message {
        channel: &'a RoomName,
        message: &'a str,
        from: &'a UserName,
        seq: Seq,
        at: Timestamp,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        action: bool,
    },
    Response {
        data: &'a Value,
    },
    Notice {
        message: &'a str,
    },
    Error {
        code: ErrorCode,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
    },
}

pub(super) fn parse(frame: &str) -> Heard {
    let value = match json::value(frame) {
        Ok(value) => value,
        Err(refusal) => return Heard::Misread(Misread { reference: None, refusal }),
    };
    let field = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let missing = |name: &str| misread(ErrorCode::BadRequest, format!("That action needs «{name}», a string"));
    let message = match value.get("action").and_then(Value::as_str) {
        Some("subscribe") => match field("channel") {
            Some(room) => ClientMessage::Join { room, after: None, epoch: None },
            None => return missing("channel"),
        },
        Some("unsubscribe") => match field("channel") {
            Some(room) => ClientMessage::Leave { room: Some(room) },
            None => return missing("channel"),
        },
        Some("send") => match (field("channel"), field("message")) {
            (Some(room), Some(text)) => ClientMessage::Send { room: Some(room), text, cid: None, reply_to: None, action: false },
            (None, _) => return missing("channel"),
            (_, None) => return missing("message"),
        },
        _ => return Heard::Value(value),
    };
    Heard::Request(message.into())
}

pub(super) fn recorded(recorded: &Recorded) -> Option<String> {
    let Recorded { room, seq, at, from, .. } = recorded;
    match &recorded.event {
        Event::Message { text, action, .. } => {
            Some(json::line(&Said::Message { channel: room, message: text, from, seq: *seq, at: *at, action: *action }))
        }
        _ => None,
    }
}

pub(super) fn answer(message: &ServerMessage) -> Option<String> {
    let said = match message {
        ServerMessage::Joined(joined) => Said::Subscribed { channel: &joined.room },
        ServerMessage::Left { room } => Said::Unsubscribed { channel: room },
        ServerMessage::Notice { text, .. } => Said::Notice { message: text },
        ServerMessage::Error { code, text, retry_ms } => Said::Error { code: *code, message: text, retry_ms: *retry_ms },
        _ => return None,
    };
    Some(json::line(&said))
}

pub(super) fn value(value: &Value) -> String {
    json::line(&Said::Response { data: value })
}

fn misread(code: ErrorCode, text: String) -> Heard {
    Heard::Misread(Misread { reference: None, refusal: Refusal::new(code, display::clip(&text, 200)) })
}
