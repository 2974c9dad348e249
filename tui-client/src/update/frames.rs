//! What the server says.

use std::{collections::BTreeMap, time::Duration};

use chat_protocol::{
    ErrorCode, Seq, ServerFrame, ServerMessage,
    server::{Joined, Message, User},
};

use super::{TYPING, flush};
use crate::{
    effect::Effect,
    model::{Link, Model},
};

/// How long somebody is shown as typing when the server does not say that it ended.
const TYPING_AT_MOST: Duration = Duration::from_secs(6);

pub(super) fn heard(model: &mut Model, frame: ServerFrame) -> Vec<Effect> {
    use ServerMessage as Said;
    match frame.message {
        Said::Welcome(welcome) => {
            model.welcomed = true;
            model.session = Some(welcome.session);
            model.epoch = Some(welcome.epoch);
            model.user = welcome.user;
            model.text_bytes = welcome.limits.text_bytes;
        }
        Said::Joined(snapshot) if snapshot.room == model.room => joined(model, snapshot),
        Said::Joined(snapshot) => {
            let room = snapshot.room;
            model.notice(format!("You are in {room} too. What is said there is shown here, with the room's name."));
        }
        Said::Left { room } => model.notice(format!("You left {room}.")),
        Said::Message(message) => said(model, message),
        Said::Events { room, events, .. } if room == model.room => events.into_iter().for_each(|event| logged(model, event)),
        event @ (Said::Edited { .. } | Said::Deleted { .. } | Said::Reacted { .. } | Said::Topic { .. }) => logged(model, event),
        Said::Presence { room, joined, left, .. } if room == model.room => {
            model.users.extend(names(joined));
            for user in left {
                model.users.remove(&user);
                model.typing.remove(&user);
            }
        }
        Said::Typing { room, user, active } if room == model.room && user != model.user => {
            if active {
                model.typing.insert(user, model.now + TYPING_AT_MOST);
            } else {
                model.typing.remove(&user);
            }
        }
        Said::Ack { room, seq, at, cid, .. } => {
            if let Some(pending) = cid.and_then(|cid| model.outbox.settle(&cid)) {
                let (from, text, cid) = (model.user.clone(), pending.text, Some(pending.cid));
                let message = Message {
                    room,
                    seq,
                    from,
                    text,
                    at,
                    cid,
                    reply_to: None,
                    action: false,
                    edited_at: None,
                    deleted: false,
                    reactions: BTreeMap::new(),
                };
                place(model, message);
            }
        }
        Said::History { room, messages, more } if room == model.room => {
            // An answer that reaches further back than anything here says whether there is more behind it.
            let oldest = messages.first().map_or(Seq(0), |message| message.seq);
            if model.transcript.first().is_none_or(|first| oldest <= first) {
                model.transcript.more = more;
            }
            model.transcript.asked = false;
            for message in messages {
                model.transcript.insert(message);
            }
        }
        Said::History { messages, .. } => messages.iter().for_each(|message| model.notice(elsewhere(message))),
        Said::Found { messages, .. } => {
            model.notice(format!("Found: {}", messages.len()));
            messages.iter().rev().for_each(|message| model.notice(elsewhere(message)));
        }
        Said::Rooms { rooms } => {
            for room in rooms {
                model.notice(format!("{} ({} online) {}", room.name, room.users, room.topic));
            }
        }
        Said::Users { room, users } => {
            let users: Vec<_> = users.iter().map(|user| user.name.shown()).collect();
            model.notice(format!("In {room}: {}", users.join(", ")));
        }
        Said::Notice { text, .. } => model.notice(text),
        Said::Error { .. } if frame.reference.as_deref() == Some(TYPING) => {}
        Said::Error { code, text, retry_ms } => refused(model, frame.reference.as_deref(), code, &text, retry_ms),
        Said::Pong {} => model.notice("The server is there."),
        // What is about a room that has no pane yet; and what the transport has looked at already.
        Said::Events { .. } | Said::Presence { .. } | Said::Typing { .. } | Said::Read { .. } | Said::Closing { .. } => {}
    }
    flush(model)
}

fn joined(model: &mut Model, snapshot: Joined) {
    let again = model.position.is_some();
    let same_log = model.position.as_ref().map(|(epoch, _)| epoch) == model.epoch.as_ref();
    model.link = Link::Online;
    model.topic = snapshot.topic;
    model.users = names(snapshot.users).collect();
    if snapshot.recovered {
        for event in snapshot.events.unwrap_or_default() {
            logged(model, event);
        }
        // While there is more to come, only what has come counts.
        if !snapshot.more {
            seen(model, snapshot.seq);
        }
        return;
    }
    model.transcript = Default::default();
    model.transcript.more = snapshot.more;
    model.follow();
    for message in snapshot.messages.unwrap_or_default() {
        settle(model, &message);
        model.transcript.insert(message);
    }
    if again && !same_log {
        model.notice("The server has begun a new log: what was said before is not in it.");
    }
    model.position = model.epoch.clone().map(|epoch| (epoch, snapshot.seq));
}

/// An event of the log, live or caught up with.
fn logged(model: &mut Model, event: ServerMessage) {
    match event {
        ServerMessage::Message(message) => said(model, message),
        ServerMessage::Topic { room, seq, from, text, .. } if room == model.room => {
            model.notice(if text.is_empty() {
                format!("{from} cleared the topic")
            } else {
                format!("{from} set the topic: {text}")
            });
            model.topic = text;
            seen(model, seq);
        }
        ServerMessage::Edited { ref room, seq, .. }
        | ServerMessage::Deleted { ref room, seq, .. }
        | ServerMessage::Reacted { ref room, seq, .. }
            if *room == model.room =>
        {
            model.transcript.change(&event);
            seen(model, seq);
        }
        _ => {}
    }
}

fn said(model: &mut Model, message: Message) {
    if message.room != model.room {
        return model.notice(elsewhere(&message));
    }
    settle(model, &message);
    model.typing.remove(&message.from);
    seen(model, message.seq);
    place(model, message);
}

/// Our own message came back: it needs no more sending. Somebody else's key may look like ours, and means nothing.
fn settle(model: &mut Model, message: &Message) {
    if let Some(cid) = &message.cid
        && message.from == model.user
    {
        model.outbox.settle(cid);
    }
}

fn place(model: &mut Model, message: Message) {
    if model.transcript.insert(message) {
        model.arrived();
    }
}

fn seen(model: &mut Model, seq: Seq) {
    if let Some((_, position)) = &mut model.position {
        *position = seq.max(*position);
    }
}

fn refused(model: &mut Model, reference: Option<&str>, code: ErrorCode, text: &str, retry_ms: Option<u64>) {
    let cid = reference.and_then(chat_protocol::ClientId::parse);
    match cid {
        Some(cid) if matches!(code, ErrorCode::RateLimited | ErrorCode::Unavailable) => {
            model.outbox.hold(&cid, model.now, Duration::from_millis(retry_ms.unwrap_or(0)));
        }
        Some(cid) => match model.outbox.settle(&cid) {
            // The words are given back, where that does not disturb others.
            Some(pending) if model.input.text().is_empty() => {
                model.input.insert(&pending.text);
                model.fault(format!("Not sent: {text}"));
            }
            Some(pending) => model.fault(format!("Not sent: {text} ({})", pending.text)),
            None => model.fault(text),
        },
        None => model.fault(text),
    }
}

/// What was said in a room that has no pane of its own.
fn elsewhere(message: &Message) -> String {
    let Message { room, from, text, .. } = message;
    format!("[{room}] {from}: {text}")
}

fn names(users: Vec<User>) -> impl Iterator<Item = chat_protocol::UserName> {
    users.into_iter().map(|user| user.name)
}
