//! What Tab offers.

use crate::{keys::Action, model::Model};

pub(super) fn key(_model: &mut Model, _action: Option<Action>) -> bool {
    false
}

pub(super) fn explain(_model: &mut Model) {}
