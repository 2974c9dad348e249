//! The rooms: as a list at the left, or where that has no place, the numbers of those where something happened.

use ratatui::{buffer::Buffer, layout::Rect};

use super::text::{Piece, clip, columns, line, put, put_row, row_width, settle};
use crate::{
    model::{Model, Room, Spot, Target},
    theme::Role,
};

/// What draws the eye to a room, the stronger the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Quiet,
    Messages,
    Private,
    Mention,
}

fn level(room: &Room) -> Level {
    match () {
        () if room.mentions > 0 => Level::Mention,
        () if room.unread > 0 && room.with.is_some() => Level::Private,
        () if room.unread > 0 && !room.muted => Level::Messages,
        () => Level::Quiet,
    }
}

pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect, spots: &mut Vec<(Spot, Target)>) {
    if area.is_empty() {
        return;
    }
    let theme = &model.settings.look.theme;
    let edge = area.right() - 1;
    for y in area.top()..area.bottom() {
        put(buffer, area, edge, y, "│", theme.style(Role::Border));
    }
    let inner = Rect { width: area.width - 1, ..area };
    let (count, height, current) = (model.rooms.len(), usize::from(inner.height), model.rooms.number());
    // The current one is always to be seen, and a row says how many are not.
    let shown = if count > height { height.saturating_sub(1) } else { count };
    let first = (current + 1).saturating_sub(shown).min(count - shown);
    for (row, (number, room)) in model.rooms.iter().enumerate().skip(first).take(shown).enumerate() {
        let y = inner.y + columns(row);
        let is_current = number == current;
        let right = counts(model, room, is_current);
        let taken = columns(row_width(&right));
        let level = level(room);
        let style = match () {
            () if is_current => theme.style(Role::Title),
            () if room.muted => theme.style(Role::Dim),
            () if level > Level::Quiet => theme.style(Role::Unread),
            () => theme.style(Role::Text),
        };
        if is_current {
            buffer.set_style(Rect { y, height: 1, ..inner }, theme.style(Role::Selected));
            put(buffer, inner, inner.x, y, "▸", theme.style(Role::Key));
        }
        let x = put(buffer, inner, inner.x + 1, y, &format!("{:>2} ", number + 1), theme.style(Role::Dim));
        let space = Rect { width: inner.width.saturating_sub(taken + 2), ..inner };
        let title = room.title();
        let left = usize::from(space.right().saturating_sub(x)).saturating_sub(if room.with.is_some() { 2 } else { 0 });
        let x = put(buffer, space, x, y, &clip(&line(&title), left), style);
        match &room.with {
            Some(user) if room.users.contains(user) => _ = put(buffer, space, x + 1, y, "●", theme.style(Role::Good)),
            Some(_) => _ = put(buffer, space, x + 1, y, "○", theme.style(Role::Dim)),
            None => {}
        }
        put_row(buffer, inner, inner.right().saturating_sub(taken + 1), y, &right, &mut Vec::new());
        if is_current {
            settle(buffer, Rect { y, height: 1, ..inner });
        }
        spots.push((Spot { row: y, columns: (inner.left(), inner.right()) }, Target::Room(number)));
    }
    if shown < count {
        let more = format!("    {} more", count - shown);
        put(buffer, inner, inner.x, inner.bottom() - 1, &more, theme.style(Role::Dim));
    }
}

/// What stands at the right of a room: a draft, mentions, unread messages.
fn counts(model: &Model, room: &Room, is_current: bool) -> Vec<Piece> {
    let theme = &model.settings.look.theme;
    let mut row = Vec::new();
    if !is_current && !room.composer.is_empty() {
        row.push(Piece::new("✎", theme.style(Role::Warning)));
    }
    if room.mentions > 0 {
        row.push(Piece::new(format!(" !{}", few(room.mentions, false)), theme.style(Role::Mention)));
    }
    if room.unread > room.mentions || room.unread > 0 && room.mentions == 0 {
        let role = match level(room) {
            _ if room.muted => Role::Dim,
            Level::Private => Role::Mention,
            _ => Role::Unread,
        };
        row.push(Piece::new(format!(" {}", few(room.unread, room.unread_more)), theme.style(role)));
    }
    row
}

fn few(count: usize, more: bool) -> String {
    match count {
        100.. => "99+".into(),
        _ if more => format!("{count}+"),
        _ => count.to_string(),
    }
}

/// `[Act: !4,2]`: the numbers of the rooms where something happened, what matters most first; nothing, if nothing did.
pub(super) fn activity(model: &Model) -> Vec<Piece> {
    let theme = &model.settings.look.theme;
    let current = model.rooms.number();
    let rooms = model.rooms.iter().enumerate().filter(|(number, _)| *number != current);
    let mut busy: Vec<_> = rooms.map(|(number, room)| (level(room), number)).filter(|(level, _)| *level > Level::Quiet).collect();
    busy.sort_by_key(|(level, number)| (std::cmp::Reverse(*level), *number));
    if busy.is_empty() {
        return Vec::new();
    }
    let dim = theme.style(Role::Dim);
    let mut row = vec![Piece::new("[Act: ", dim)];
    for (place, (level, number)) in busy.into_iter().enumerate() {
        if place > 0 {
            row.push(Piece::new(",", dim));
        }
        let (mark, role) = match level {
            Level::Mention => ("!", Role::Mention),
            Level::Private => ("@", Role::Mention),
            _ => ("", Role::Unread),
        };
        row.push(Piece::new(format!("{mark}{}", number + 1), theme.style(role)));
    }
    row.push(Piece::new("]", dim));
    row
}
