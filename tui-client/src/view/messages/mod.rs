//! The message pane. Entries are laid out one by one from where the user looks, up and down, and only those that are seen:
//! a hundred thousand of them cost nothing.

mod body;
mod entry;
mod hidden;
mod moment;
mod pane;
mod top;

use ratatui::{buffer::Buffer, layout::Rect};

use self::pane::Pane;
use super::{
    links::LinkSpot,
    text::{clip, columns, line, put, put_row, settle, width},
};
use crate::{
    model::{Entry, Link, Model, Place, Seen, Spot, Target},
    theme::Role,
};

/// Draws the pane. Answers how it was filled.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect, links: &mut Vec<LinkSpot>) -> Seen {
    let page = usize::from(area.height);
    if area.is_empty() {
        return Seen { page, ..Seen::default() };
    }
    let mut pane = Pane::new(model, usize::from(area.width));
    let filled = pane.fill(page);
    let mut seen =
        Seen { page, bottom: filled.bottom, at_top: filled.at_top, first: filled.first, last: filled.last, spots: Vec::new() };
    if filled.rows.is_empty() {
        empty(model, buffer, area, seen.at_top);
        return seen;
    }
    // What does not fill the pane hangs at its foot, above what is typed.
    let top = area.y + columns(page - filled.rows.len());
    let theme = &model.settings.look.theme;
    // Whoever said what is at the top is named there, also when it began above.
    let said = |place: Place| match model.room().shown().at(place) {
        Some(Entry::Message(message)) if !message.action => Some(&**message),
        _ => None,
    };
    let above = filled.rows.iter().position(|(place, _)| place.is_some());
    let above = above.filter(|at| filled.rows[*at].1.is_own && filled.rows[*at].1.name.is_none());
    for (number, (place, row)) in filled.rows.iter().enumerate() {
        let y = top + columns(number);
        let across = Rect { y, height: 1, ..area };
        let own = place.filter(|_| row.is_own);
        let is_selected = own.is_some() && model.room().selected == own;
        if is_selected {
            buffer.set_style(across, theme.style(Role::Selected));
        }
        put_row(buffer, area, area.x, y, &row.pieces, links);
        let name = place.filter(|_| above == Some(number)).and_then(said);
        if let Some((from, name)) = name.and_then(|message| entry::said_above(model, pane.columns(), message)) {
            put(buffer, area, area.x + columns(from), y, &name.text, name.style);
        }
        if is_selected {
            settle(buffer, across);
        }
        if let Some((from, to, user)) = &row.name {
            let columns = (area.x + columns(*from), (area.x + columns(*to)).min(area.right()));
            seen.spots.push((Spot { row: y, columns }, Target::User(user.clone())));
        }
        if let Some(place) = own {
            seen.spots.push((Spot { row: y, columns: (area.left(), area.right()) }, Target::Message(place)));
        }
    }
    seen
}

/// How many entries are laid out to draw a pane of that size, and how often one is looked at.
#[cfg(test)]
pub(super) fn cost(model: &Model, width: usize, page: usize) -> (usize, usize) {
    let mut pane = Pane::new(model, width);
    pane.fill(page);
    pane.cost()
}

/// What is said while there is nothing to show.
fn empty(model: &Model, buffer: &mut Buffer, area: Rect, at_top: bool) {
    let theme = &model.settings.look.theme;
    let room = model.room();
    let title = room.title();
    let words = match (&model.link, &room.with) {
        (Link::Connecting { .. }, _) => "Connecting…".to_owned(),
        (Link::Waiting { .. }, _) => "Not connected. What you type is kept, and sent later.".to_owned(),
        (Link::Refused { .. }, _) => "Not connected.".to_owned(),
        (Link::Online, _) if room.shown().first().is_some() => top::all_hidden(model, at_top).to_owned(),
        (Link::Online, Some(_)) => format!("Nothing said between you and {} yet.", line(title.trim_start_matches('@'))),
        (Link::Online, None) => format!("Nothing said in {} yet.", line(&title)),
    };
    let words = clip(&words, usize::from(area.width));
    let x = area.x + (area.width - columns(width(&words)).min(area.width)) / 2;
    put(buffer, area, x, area.y + area.height / 2, &words, theme.style(Role::Dim));
}
