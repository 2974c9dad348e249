//! The chat protocol itself: JSON objects both ways, and lines that a person typed.

use super::{Heard, typed};
use crate::{Event, Recorded, Request, ServerFrame, ServerMessage, Signal, json};

pub(super) fn parse(frame: &str) -> Heard {
    if frame.trim_start().starts_with('{') {
        return match Request::decode(frame) {
            Ok(request) => Heard::Request(request),
            Err(misread) => Heard::Misread(misread),
        };
    }
    typed(frame)
}

pub(super) fn recorded(recorded: &Recorded) -> String {
    json::line(&ServerMessage::from(recorded))
}

pub(super) fn kept(recorded: &Recorded, duplicate: bool, reference: Option<String>) -> String {
    let cid = match &recorded.event {
        Event::Message { cid, .. } => cid.clone(),
        _ => None,
    };
    let message = ServerMessage::Ack { room: recorded.room.clone(), seq: recorded.seq, at: recorded.at, cid, duplicate };
    ServerFrame { message, reference }.encode()
}

pub(super) fn signal(signal: &Signal) -> Option<String> {
    let message = match signal.clone() {
        Signal::Presence { room, joined, left, online } => {
            ServerMessage::Presence { room, joined: joined.into_iter().map(Into::into).collect(), left, online }
        }
        Signal::Typing { room, user, active } => ServerMessage::Typing { room, user, active },
        Signal::Read { room, seq } => ServerMessage::Read { room, seq },
        Signal::Notice { room, text } => ServerMessage::Notice { text, room: Some(room) },
        // The gathered form tells this.
        Signal::Came { .. } | Signal::Went { .. } => return None,
    };
    Some(json::line(&message))
}
