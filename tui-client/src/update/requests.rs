//! Which answer belongs to which question. Each request carries a `ref` of its own; what it was for is kept until the answer comes.
//! What is refused for haste is asked again when the server says, and what a lost connection left unanswered is asked again on
//! the next one, where that does no harm.

use std::time::Duration;

use chat_protocol::{ClientMessage, Request};

use crate::{
    effect::Effect,
    model::{Asked, Link, Model, Why},
};

/// The `ref` of signals: nobody waits for an answer, or reads that one was refused.
pub(super) const SIGNAL: &str = "-";
/// The least that a refusal for haste costs.
const QUIET: Duration = Duration::from_millis(250);

/// Asks, and remembers why.
pub(super) fn ask(model: &mut Model, why: Why, message: ClientMessage) -> Effect {
    model.asked_count += 1;
    let reference = format!("q{}", model.asked_count);
    model.asked.insert(reference.clone(), Asked { why, message: message.clone(), held_until: None });
    Effect::Ask(Request { reference: Some(reference), message })
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
    let asked = model.asked.get_mut(reference);
    asked.map(|asked| asked.held_until = Some(until)).is_some()
}

/// What is to be asked again now.
pub(super) fn due(model: &mut Model) -> Vec<Effect> {
    if model.link != Link::Online {
        return Vec::new();
    }
    let now = model.now.since;
    let mut due: Vec<_> =
        model.asked.iter_mut().filter(|(_, asked)| asked.held_until.is_some_and(|until| until <= now)).collect();
    // In the order in which they were asked: an edit and the one after it must not change places.
    due.sort_by_key(|(reference, _)| (reference.len(), (*reference).clone()));
    let again = due.into_iter().map(|(reference, asked)| {
        asked.held_until = None;
        Effect::Ask(Request { reference: Some(reference.clone()), message: asked.message.clone() })
    });
    again.collect()
}

/// The connection is gone. What changes something is asked again on the next, which does no harm where it had been heard; the
/// rest is asked for anew where it is still wanted.
pub(super) fn lost(model: &mut Model) {
    let now = model.now.since;
    model.asked.retain(|_, asked| matches!(asked.why, Why::Change | Why::Leave { .. }));
    for asked in model.asked.values_mut() {
        asked.held_until = Some(now);
    }
}
