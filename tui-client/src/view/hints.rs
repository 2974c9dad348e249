//! What keys do, in a few words, from the live table: a hint never names a key that does something else.

use super::text::{Piece, row_width};
use crate::{
    keys::{Action, Context},
    model::{Model, Place, links},
    theme::Role,
};

/// `F1 help`; nothing, if the action has no key.
pub(super) fn hint(model: &Model, context: Context, action: Action, words: &'static str) -> Vec<Piece> {
    let theme = &model.settings.look.theme;
    let Some(key) = model.settings.keys.hint(context, action) else { return Vec::new() };
    vec![Piece::new(key, theme.style(Role::Key)), Piece::new(format!(" {words}"), theme.style(Role::Dim))]
}

/// Parts beside each other, with a dot between them: as many of the first ones as fit.
pub(super) fn joined(model: &Model, parts: Vec<Vec<Piece>>, space: usize) -> Vec<Piece> {
    let dot = Piece::new(" · ", model.settings.look.theme.style(Role::Dim));
    let mut row: Vec<Piece> = Vec::new();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        let between = if row.is_empty() { 0 } else { dot.width() };
        if row_width(&row) + between + row_width(&part) > space {
            continue;
        }
        if between > 0 {
            row.push(dot.clone());
        }
        row.extend(part);
    }
    row
}

/// What can be done with the selected message.
pub(super) fn selected(model: &Model, place: Place) -> Vec<Vec<Piece>> {
    use Action as A;
    let room = model.room();
    // By its number commands know it, and other people can be told.
    let number = Piece::new(format!("#{}", place.seq), model.settings.look.theme.style(Role::Dim));
    if !room.selecting {
        let points = hint(model, Context::Input, A::SelectMessage, "selects it");
        return vec![vec![number], points, hint(model, Context::Input, A::Escape, "newest")];
    }
    let hint = |action, words| hint(model, Context::Select, action, words);
    if place.seq == Place::pending(0).seq {
        return vec![hint(A::Resend, "send again"), hint(A::Drop, "drop"), hint(A::Copy, "copy"), hint(A::Deselect, "back")];
    }
    let Some(message) = room.shown().message(place.seq).filter(|_| place.behind == 0) else {
        return vec![hint(A::SelectUp, "up"), hint(A::SelectDown, "down"), hint(A::Deselect, "back")];
    };
    let mut hints = vec![vec![number], hint(A::Reply, "reply"), hint(A::React, "react")];
    if message.deleted {
        hints.truncate(1);
    } else {
        if message.from == model.user {
            hints.extend([hint(A::Edit, "edit"), hint(A::Delete, "delete")]);
        }
        hints.push(hint(A::Copy, "copy"));
        if links::links(&message.text).next().is_some() {
            hints.push(hint(A::OpenLink, "open link"));
        }
    }
    if message.reply_to.is_some() {
        hints.push(hint(A::GoToReplied, "what it answers"));
    }
    hints.push(hint(A::Deselect, "back"));
    hints
}
