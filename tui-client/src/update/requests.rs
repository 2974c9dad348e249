//! Which answer belongs to which question. Each request carries a `ref` of its own; what it was for is kept until the answer comes.
//!
//! Joins go out a few at a time, and after a refusal for haste one at a time: a person in two hundred rooms who comes back is no
//! flood. What changes something and was not answered when the connection went is asked again, once its room is caught up with,
//! unless what was missed shows that it had been heard.

use std::time::Duration;

use chat_protocol::{ClientMessage, Request, ServerMessage};

use crate::{
    effect::Effect,
    model::{Asked, Link, Membership, Model, Progress, Why},
};

/// The `ref` of signals: nobody waits for an answer.
pub(super) const SIGNAL: &str = "-";
/// The least that a refusal for haste costs.
const QUIET: Duration = Duration::from_millis(250);
/// For so long after one, requests that wait go out one at a time, with this between them.
const SLOW: Duration = Duration::from_secs(10);
const APART: Duration = Duration::from_millis(200);
/// Joins without an answer at once.
const JOINS: usize = 8;
/// A server that says nothing for so long has forgotten.
const ANSWER: Duration = Duration::from_secs(30);

/// Asks, and remembers why.
pub(super) fn ask(model: &mut Model, why: Why, message: ClientMessage) -> Effect {
    let progress = Progress::Sent(model.now.since);
    let reference = remember(model, why, message.clone(), progress);
    Effect::Ask(Request { reference: Some(reference), message })
}

/// Asks when its turn comes.
pub(super) fn queue(model: &mut Model, why: Why, message: ClientMessage) {
    remember(model, why, message, Progress::Waiting);
}

fn remember(model: &mut Model, why: Why, message: ClientMessage, progress: Progress) -> String {
    model.asked_count += 1;
    let number = model.asked_count;
    let reference = format!("q{number}");
    model.asked.insert(reference.clone(), Asked { number, why, message, progress });
    reference
}

/// Asks for something that nobody waits for.
pub(super) fn signal(message: ClientMessage) -> Effect {
    Effect::Ask(Request { reference: Some(SIGNAL.into()), message })
}

/// Whether something of the kind is on its way.
pub(super) fn is_asked(model: &Model, same: impl Fn(&Why) -> bool) -> bool {
    model.asked.values().any(|asked| same(&asked.why))
}

/// What an answer is about; it is answered with that.
pub(super) fn answered(model: &mut Model, reference: Option<&str>) -> Option<Why> {
    Some(model.asked.remove(reference?)?.why)
}

/// Refused for haste: asked again later.
pub(super) fn hold(model: &mut Model, reference: &str, retry: Duration) -> bool {
    let until = model.now.since + retry.max(QUIET);
    let Some(asked) = model.asked.get_mut(reference) else { return false };
    asked.progress = Progress::Held(until);
    model.slow_until = until + SLOW;
    true
}

/// What is to be asked now.
pub(super) fn due(model: &mut Model) -> Vec<Effect> {
    if model.link != Link::Online || model.asked.is_empty() {
        return Vec::new();
    }
    let (now, here) = (model.now.since, model.room().name.clone());
    forget(model, now);
    let is_join = |asked: &Asked| matches!(asked.why, Why::Join { .. });
    let in_flight = model.asked.values().filter(|asked| is_join(asked) && matches!(asked.progress, Progress::Sent(_))).count();
    let mut joins = JOINS.saturating_sub(in_flight);
    let slow = now < model.slow_until;
    if slow && now < model.released + APART {
        return Vec::new();
    }
    // What was refused for now goes before what was asked after it.
    let behind = |later: &Asked| {
        let earlier = |asked: &&Asked| asked.number < later.number && asked.why == later.why;
        model.asked.values().filter(earlier).any(|asked| matches!(asked.progress, Progress::Held(until) if now < until))
    };
    let ready = |asked: &Asked| match &asked.why {
        Why::Change { .. } if behind(asked) => false,
        Why::Change { room } => model.rooms.find(room).is_none_or(|room| room.membership == Membership::Joined),
        _ => true,
    };
    let due = model.asked.iter().filter(|(_, asked)| asked.is_due(now) && ready(asked));
    // Where the user is comes first; else the order in which they were asked: an edit and the one after it must not change places.
    let mut due: Vec<_> = due.map(|(reference, asked)| (!asked.is_about(&here), asked.number, reference.clone())).collect();
    due.sort();
    let mut effects = Vec::new();
    for (_, _, reference) in due {
        let Some(asked) = model.asked.get_mut(&reference) else { continue };
        if is_join(asked) {
            let Some(left) = joins.checked_sub(1) else { continue };
            joins = left;
        }
        asked.progress = Progress::Sent(now);
        let message = asked.message.clone();
        effects.push(Effect::Ask(Request { reference: Some(reference), message }));
        model.released = now;
        if slow {
            break;
        }
    }
    effects
}

/// What was never answered: asked again, where something hangs on it.
fn forget(model: &mut Model, now: Duration) {
    model.asked.retain(|_, asked| match (&asked.progress, &asked.why) {
        (Progress::Sent(at), why) if now >= *at + ANSWER => {
            asked.progress = Progress::Waiting;
            matches!(why, Why::Join { .. } | Why::Leave { .. } | Why::Change { .. })
        }
        _ => true,
    });
}

/// The connection is gone. What changes something waits for the next; the rest is asked for anew where it is still wanted.
pub(super) fn lost(model: &mut Model) {
    model.asked.retain(|_, asked| matches!(asked.why, Why::Change { .. } | Why::Leave { .. } | Why::Join { then: Some(_), .. }));
    for asked in model.asked.values_mut() {
        asked.progress = Progress::Waiting;
    }
    model.slow_until = Duration::ZERO;
}

/// Another log has other messages under the same numbers: changes that were not confirmed mean nothing in it.
pub(super) fn forget_changes(model: &mut Model) -> bool {
    let before = model.asked.len();
    model.asked.retain(|_, asked| !matches!(asked.why, Why::Change { .. }));
    model.asked.len() < before
}

/// An event of our own: what it came of had been heard.
pub(super) fn heard(model: &mut Model, event: &ServerMessage) {
    use ClientMessage as Asks;
    use ServerMessage as Said;
    model.asked.retain(|_, asked| !match (&asked.message, event) {
        (Asks::Edit { seq, text: asks, .. }, Said::Edited { target, text, .. }) => seq == target && asks == text,
        (Asks::Delete { seq, .. }, Said::Deleted { target, .. }) => seq == target,
        (Asks::React { seq, emoji: asks, on: wants, .. }, Said::Reacted { target, emoji, on, .. }) => {
            seq == target && asks == emoji && wants == on
        }
        (Asks::Topic { text: asks, .. }, Said::Topic { text, .. }) => asks == text,
        _ => false,
    });
}
