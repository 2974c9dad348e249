//! A key → what it means where the user is.

use super::compose;
use crate::{
    effect::Effect,
    keys::{Chord, Context},
    model::Model,
};

pub(super) fn pressed(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let action = model.settings.keys.action(Context::Input, chord);
    compose::key(model, chord, action)
}
