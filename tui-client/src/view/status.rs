//! The row between the messages and what is typed: who types, and what is worth knowing just now.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    hints::{hint, joined, selected},
    rooms,
    text::{Piece, clip_row, columns, count, put_row, row_width},
};
use crate::{
    keys::{Action, Context},
    model::{Model, Scroll, Spot, Target},
    theme::Role,
};

pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect, rooms_folded: bool, spots: &mut Vec<(Spot, Target)>) {
    if area.is_empty() {
        return;
    }
    let theme = &model.settings.look.theme;
    let inner = Rect { x: area.x + 1.min(area.width - 1), width: area.width.saturating_sub(2).max(1), ..area };
    let space = usize::from(inner.width);
    let room = model.room();
    if let Some(place) = room.selected {
        let row = joined(model, selected(model, place), space);
        put_row(buffer, inner, inner.x, inner.y, &row, &mut Vec::new());
        return;
    }
    let left = match &model.hint {
        Some((words, _)) => vec![Piece::said(words, theme.style(Role::Warning))],
        None => typing(model),
    };
    // What was said last wins over what is always there.
    let kept = row_width(&left).min(space / 2);
    let below = below(model);
    let mut parts = vec![below.clone(), find(model)];
    if !model.outbox.is_empty() {
        parts.push(vec![Piece::new(format!("{} waiting", model.outbox.len()), theme.style(Role::Warning))]);
    }
    if rooms_folded {
        parts.push(rooms::activity(model));
    }
    parts.push(hint(model, Context::Everywhere, Action::Help, "help"));
    if room.composer.is_empty() {
        parts.push(hint(model, Context::Everywhere, Action::Switcher, "rooms"));
    }
    let right = joined(model, parts, space.saturating_sub(kept + if kept > 0 { 2 } else { 0 }));
    let x = inner.right().saturating_sub(columns(row_width(&right)));
    let left = clip_row(left, space.saturating_sub(row_width(&right) + 1));
    put_row(buffer, inner, inner.x, inner.y, &left, &mut Vec::new());
    put_row(buffer, inner, x, inner.y, &right, &mut Vec::new());
    if !below.is_empty() && right.starts_with(&below[..1]) {
        let end = x + columns(row_width(&below));
        spots.push((Spot { row: inner.y, columns: (x, end) }, Target::Newest));
    }
}

/// Who types.
fn typing(model: &Model) -> Vec<Piece> {
    if !model.settings.show_typing {
        return Vec::new();
    }
    let theme = &model.settings.look.theme;
    let dim = theme.style(Role::Dim);
    let users: Vec<_> = model.room().typing.keys().filter(|user| **user != model.user).collect();
    let name = |at: usize| Piece::said(users[at].shown(), theme.nick(users[at].folded()));
    match users.len() {
        0 => Vec::new(),
        1 => vec![name(0), Piece::new(" is typing…", dim)],
        2 => vec![name(0), Piece::new(" and ", dim), name(1), Piece::new(" are typing…", dim)],
        many => vec![Piece::new(format!("{many} people are typing…"), dim)],
    }
}

/// That there is more below, while older messages are looked at.
fn below(model: &Model) -> Vec<Piece> {
    let room = model.room();
    // The position is the one that was drawn last; the update moves it.
    if room.scroll == Scroll::Newest && room.past.is_none() {
        return Vec::new();
    }
    let theme = &model.settings.look.theme;
    let key = hint(model, Context::Everywhere, Action::Newest, "newest");
    if room.news == 0 {
        return key;
    }
    let mut row =
        vec![Piece::new(format!("↓ {} below", count(room.news, "new message", "new messages")), theme.style(Role::Marker))];
    if let Some(key) = key.into_iter().next() {
        row.extend([Piece::new(" · ", theme.style(Role::Dim)), key]);
    }
    row
}

/// What is looked for.
fn find(model: &Model) -> Vec<Piece> {
    let Some(find) = model.find.as_ref().filter(|find| !find.typing && !find.words.is_empty()) else { return Vec::new() };
    let theme = &model.settings.look.theme;
    let mut row = vec![
        Piece::new("find ", theme.style(Role::Dim)),
        Piece::new(chat_protocol::display::clip(&find.words, 20), theme.style(Role::Found)),
    ];
    for (action, words) in [(Action::FindPrevious, "before"), (Action::FindNext, "after")] {
        let key = hint(model, Context::Everywhere, action, words);
        if !key.is_empty() {
            row.push(Piece::new(" ", theme.style(Role::Dim)));
            row.extend(key);
        }
    }
    row
}
