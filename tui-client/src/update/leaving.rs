//! The wish to leave, and what is still to be sent by then.

use std::time::Duration;

use super::hint;
use crate::{
    effect::{Effect, Ending},
    model::{Link, Model, Overlay, Question},
};

/// How long what is on its way may take when the user leaves.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// For so long a second /quit means it.
const INSIST: Duration = Duration::from_secs(60);

/// Leaves: at once, or when what is on its way is sent, or after a question whether what is not sent may be lost.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    // Who cannot be asked was told, and says it again.
    let insists = model.is_headless() && model.leaving.is_some_and(|at| model.now.since < at + INSIST);
    if model.outbox.is_empty() || insists {
        return vec![Effect::Quit(ending(model))];
    }
    if model.link == Link::Online && model.quitting.is_none() {
        model.quitting = Some(model.now.since + LAST_WORDS);
        hint(model, "Sending the last words…");
        return Vec::new();
    }
    ask_to_quit(model)
}

/// How it ends if it ends now.
pub(super) fn ending(model: &Model) -> Ending {
    match model.outbox.len() {
        0 => Ending::Wished,
        unsent => Ending::Unsent(format!("{unsent} not sent")),
    }
}

/// What becomes of a wish to leave.
pub(super) fn quitting(model: &mut Model) -> Vec<Effect> {
    match model.quitting {
        Some(_) if model.outbox.is_empty() => vec![Effect::Quit(Ending::Wished)],
        Some(until) if model.now.since >= until => ask_to_quit(model),
        _ => Vec::new(),
    }
}

fn ask_to_quit(model: &mut Model) -> Vec<Effect> {
    model.quitting = None;
    let unsent = model.outbox.len();
    if model.is_headless() {
        model.leaving = Some(model.now.since);
        return super::fault(model, format!("{unsent} not sent yet; /quit again leaves all the same."));
    }
    model.dirty = true;
    model.overlay = Some(Overlay::Question(Question::Quit { unsent }));
    Vec::new()
}
