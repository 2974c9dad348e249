//! What happens → what is known, and what is to be done about it. Pure: no clock, no socket, no terminal.

mod frames;
mod keys;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chat_protocol::{ClientMessage, Request, limits};

use crate::{
    effect::{Effect, Resume},
    model::{Link, Model},
    msg::{LinkEvent, Msg, Seen},
};

/// The `ref` of signals: nobody needs to read that one was refused.
const TYPING: &str = "typing";

/// Takes one thing that happened.
pub(crate) fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Tick(now) => return tick(model, now),
        Msg::Drawn(seen) => return drawn(model, seen),
        _ => model.dirty = true,
    }
    match msg {
        Msg::Started => vec![connect(model, Duration::ZERO)],
        Msg::Key(key) => keys::pressed(model, key),
        Msg::Paste(text) => keys::pasted(model, &text),
        Msg::Link(event) => heard(model, event),
        Msg::Unsent(line) => {
            model.fault(format!("Not sent: {line}"));
            Vec::new()
        }
        Msg::Resized | Msg::Tick(_) | Msg::Drawn(_) => Vec::new(),
    }
}

fn tick(model: &mut Model, now: Duration) -> Vec<Effect> {
    let typing = model.typing.len();
    model.typing.retain(|_, until| *until > now);
    // The badge counts seconds.
    let counted = matches!(model.link, Link::Waiting { .. }) && now.as_secs() != model.now.as_secs();
    model.dirty |= counted || typing != model.typing.len();
    model.now = now;
    flush(model)
}

fn heard(model: &mut Model, event: LinkEvent) -> Vec<Effect> {
    match event {
        LinkEvent::Frame(frame) => return frames::heard(model, *frame),
        LinkEvent::Trying => model.link = Link::Connecting,
        LinkEvent::Waiting(delay) => {
            let reason = match &model.link {
                Link::Waiting { reason, .. } => reason.clone(),
                _ => String::new(),
            };
            model.link = Link::Waiting { until: model.now + delay, reason };
        }
        LinkEvent::Lost { reason, come_back } => return lost(model, reason, come_back),
    }
    Vec::new()
}

fn lost(model: &mut Model, reason: String, come_back: Option<Duration>) -> Vec<Effect> {
    model.outbox.lost();
    model.typing.clear();
    model.told_typing = None;
    model.transcript.asked = false;
    match come_back {
        Some(no_sooner) => {
            model.link = Link::Waiting { until: model.now + no_sooner, reason };
            vec![connect(model, no_sooner)]
        }
        // There is nothing yet to stay for: a name that is taken is said where the command was typed.
        None if !model.welcomed => vec![Effect::Quit(Some(reason))],
        None => {
            model.fault(format!("{reason}. This is the end of the connection; Ctrl-C leaves."));
            model.link = Link::Ended { reason };
            Vec::new()
        }
    }
}

fn drawn(model: &mut Model, seen: Seen) -> Vec<Effect> {
    let wants_older = model.scroll > 0 && seen.at_top && model.transcript.more && !model.transcript.asked;
    model.seen = seen;
    if model.scroll > 0 {
        (model.scroll, model.below) = (seen.offset, 0);
    }
    if model.scroll == 0 {
        model.news = 0;
    }
    if !wants_older || model.link != Link::Online {
        return Vec::new();
    }
    model.transcript.asked = true;
    let (before, limit) = (model.transcript.first(), Some(limits::HISTORY_DEFAULT as i64));
    vec![ask(ClientMessage::History { room: Some(model.room.shown().into()), before, after: None, limit })]
}

/// What of the outbox is to go out now.
fn flush(model: &mut Model) -> Vec<Effect> {
    if model.link != Link::Online {
        return Vec::new();
    }
    let Some(pending) = model.outbox.due(model.now) else { return Vec::new() };
    let reference = Some(pending.cid.as_str().to_owned());
    let (room, cid) = (Some(model.room.shown().to_owned()), Some(pending.cid));
    let message = ClientMessage::Send { room, text: pending.text, cid, reply_to: None, action: false };
    vec![Effect::Ask(Request { reference, message })]
}

fn connect(model: &Model, no_sooner: Duration) -> Effect {
    Effect::Connect { resume: Resume { session: model.session.clone(), position: model.position.clone() }, no_sooner }
}

fn ask(message: ClientMessage) -> Effect {
    Effect::Ask(message.into())
}
