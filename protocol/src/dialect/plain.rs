//! The tutorials' plain text. It is read by pages and by terminals, so everything in it is made safe to show, and a line end
//! inside a message cannot begin a line in somebody else's name.

use super::{Heard, said, words};
use crate::{ClientMessage, ErrorCode, Event, Recorded, Refusal, ServerMessage, Signal, UserName, client::Misread, display};

/// `{to}:{text}` is private; anything else is said to all.
pub(super) fn parse(frame: &str) -> Heard {
    let Some((to, text)) = frame.split_once(':').filter(|(to, _)| !to.is_empty() && to.bytes().all(|b| b.is_ascii_digit()))
    else {
        return said(frame);
    };
    match to.parse::<u64>() {
        Ok(id) => {
            let to = UserName::client(id).to_string();
            Heard::Request(ClientMessage::Private { to, text: text.to_owned(), cid: None }.into())
        }
        // It was meant for one reader, so it is not said to all.
        Err(_) => Heard::Misread(Misread {
            reference: None,
            refusal: Refusal::new(ErrorCode::NoSuchUser, format!("There is no client #{}", display::clip(to, 24))),
        }),
    }
}

pub(super) fn recorded(recorded: &Recorded) -> Option<String> {
    let from = speaker(&recorded.from);
    let private = if recorded.room.is_private() { " (private)" } else { "" };
    match &recorded.event {
        Event::Message { text, action: false, .. } => Some(format!("{from}{private}: {}", display::indented(text))),
        Event::Message { text, action: true, .. } => Some(format!("* {from}{private} {}", display::indented(text))),
        Event::Edited { text, .. } => Some(format!("{from}{private} (edited): {}", display::indented(text))),
        Event::Topic { text } => Some(format!("{from} set the topic: {}", display::line(text))),
        Event::Deleted { .. } | Event::Reacted { .. } => None,
    }
}

/// Only a private line needs to be confirmed: a public one comes back as everybody gets it.
pub(super) fn kept(recorded: &Recorded) -> Option<String> {
    let to = recorded.room.other_than(&recorded.from)?;
    match &recorded.event {
        Event::Message { text, .. } => Some(format!("To {} (private): {}", speaker(&to), display::indented(text))),
        _ => None,
    }
}

pub(super) fn signal(signal: &Signal) -> Option<String> {
    match signal {
        Signal::Came { user, .. } => Some(format!("{} has entered the chat", speaker(user))),
        Signal::Went { user, .. } => Some(format!("{} has left the chat", speaker(user))),
        Signal::Notice { text, .. } => Some(text.clone()),
        Signal::Presence { .. } | Signal::Typing { .. } | Signal::Read { .. } => None,
    }
}

pub(super) fn answer(message: &ServerMessage) -> Option<String> {
    words(message).map(|text| display::indented(text).into_owned())
}

fn speaker(user: &UserName) -> String {
    match user.client_id() {
        Some(id) => format!("Client #{id}"),
        None => user.to_string(),
    }
}
