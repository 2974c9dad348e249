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

/// What the editor made of the text.
pub(super) fn edited(_model: &mut Model, _text: Result<String, String>) -> Vec<Effect> {
    Vec::new()
}

/// What becomes of several pasted lines.
pub(super) fn answer_paste(_model: &mut Model, _text: String, _letter: char) -> Vec<Effect> {
    Vec::new()
}

/// Ctrl-C: what is typed is put away.
pub(super) fn cleared(_model: &mut Model) -> Vec<Effect> {
    Vec::new()
}
