//! The input line: editing, completion, history, pastes, and sending what was typed.

use crate::{
    effect::Effect,
    keys::{Action, Chord},
    model::Model,
};

/// A key in the input line, and what the key map says of it.
pub(super) fn key(_model: &mut Model, _chord: Chord, _action: Option<Action>) -> Vec<Effect> {
    Vec::new()
}

/// Text put in at once.
pub(super) fn pasted(_model: &mut Model, _text: &str) -> Vec<Effect> {
    Vec::new()
}
