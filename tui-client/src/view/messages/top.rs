//! The row above the first entry that is here: whether there are older ones. Its words change, but whether it is there does not,
//! as long as the room stays what it is: what stands below it is not moved by it.

use super::{
    super::text::{Piece, line, width},
    entry::{Columns, Row, beside},
};
use crate::{
    model::{Link, Membership, Model},
    theme::Role,
};

const LOADING: &str = "loading older messages…";

/// The row; none, as long as nothing is known of the log.
pub(super) fn row(model: &Model, columns: Columns) -> Option<Row> {
    let room = model.room();
    let words = if is_loading(model) {
        [LOADING.to_owned(), "loading…".to_owned()]
    } else if room.shown().more_before {
        ["older messages are not loaded".to_owned(), "not loaded".to_owned()]
    } else if room.position.is_some() {
        let title = room.title();
        let title = line(&title);
        let whole = match &room.with {
            Some(_) => format!("This is the beginning of your words with {}.", title.trim_start_matches('@')),
            None => format!("This is the beginning of {title}."),
        };
        [whole, "the beginning".to_owned()]
    } else {
        return None;
    };
    let [long, short] = words;
    let words = if width(&long) <= columns.text() { long } else { short };
    Some(beside(columns, None, vec![Piece::new(words, model.settings.look.theme.style(Role::Dim))]))
}

/// Whether older messages are on their way: where they can be asked for, drawing the first entry asks for them.
pub(super) fn is_loading(model: &Model) -> bool {
    let room = model.room();
    let is_open = matches!(room.membership, Membership::CatchingUp | Membership::Joined);
    room.shown().more_before && room.shown().first().is_some() && is_open && model.link == Link::Online
}

/// What is said when all that is here is hidden.
pub(super) fn all_hidden(model: &Model, at_top: bool) -> &'static str {
    if at_top && is_loading(model) { LOADING } else { "Nothing here but what you ignore." }
}
