//! A list to choose from, with what it is filtered by.

use chat_protocol::display;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{
    super::{
        hints::{hint, joined},
        text::{Piece, clip, clip_row, columns, ending, line, put, put_row, settle, width},
    },
    boxed, centred, foot,
};
use crate::{
    keys::{Action, Context},
    model::{Item, List, ListKind, Model, Row},
    theme::Role,
};

/// From so many rows on, what was found has two of them each.
const TWO_FROM: u16 = 14;

pub(super) fn draw(model: &Model, list: &List, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
    let theme = &model.settings.look.theme;
    let is_found = matches!(list.kind, ListKind::Found { .. });
    let each = if is_found && screen.height >= TWO_FROM { 2 } else { 1 };
    let wanted = columns(list.rows.len().max(1) * each + 3);
    let width_wanted = if is_found { 100 } else { 64 };
    let area = centred(
        screen,
        screen.width.saturating_sub(4).clamp(screen.width.min(28), width_wanted),
        wanted.clamp(screen.height.min(8), (screen.height * 4 / 5).max(8)),
    );
    let title = line(&list.title);
    let inner = boxed(model, buffer, area, &title);
    if inner.is_empty() {
        return None;
    }
    let x = put(buffer, inner, inner.x, inner.y, "› ", theme.style(Role::Key));
    let filter = line(&list.filter);
    let space = usize::from(inner.right().saturating_sub(x + 1));
    let end = put(buffer, inner, x, inner.y, ending(&filter, space), theme.style(Role::Text));
    if filter.is_empty() {
        put(buffer, inner, x, inner.y, &clip("type to filter", space), theme.style(Role::Dim));
    }
    let rest = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    let fits = usize::from(rest.height) / each;
    let chosen = list.chosen.min(list.rows.len().saturating_sub(1));
    let first = (chosen + 1).saturating_sub(fits).min(list.rows.len().saturating_sub(fits));
    for (place, row) in list.rows.iter().enumerate().skip(first).take(fits) {
        let y = rest.y + columns((place - first) * each);
        let spot = Rect { y, height: columns(each), ..rest };
        draw_row(model, row, place == chosen, buffer, spot);
    }
    if list.rows.is_empty() {
        put(buffer, rest, rest.x + 2, rest.y, "nothing", theme.style(Role::Dim));
    }
    let mut keys =
        vec![hint(model, Context::List, Action::Choose, "choose"), hint(model, Context::List, Action::Cancel, "close")];
    if list.rows.len() > fits || list.more {
        let more = if list.more { "+" } else { "" };
        let place = format!("{} of {}{more}", chosen + 1, list.rows.len());
        keys.insert(0, vec![Piece::new(place, theme.style(Role::Dim))]);
    }
    let keys = joined(model, keys, usize::from(inner.width));
    foot(model, buffer, area, &keys);
    Some(Position::new(end.min(inner.right().saturating_sub(1)), inner.y))
}

fn draw_row(model: &Model, row: &Row, is_chosen: bool, buffer: &mut Buffer, area: Rect) {
    let theme = &model.settings.look.theme;
    let dim = theme.style(Role::Dim);
    if is_chosen {
        buffer.set_style(area, theme.style(Role::Selected));
        put(buffer, area, area.x, area.y, "▸", theme.style(Role::Key));
    }
    let inner = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(2), ..area };
    let space = usize::from(inner.width);
    let note = clip(&line(&row.note), space / 2).into_owned();
    let text = if is_chosen { theme.style(Role::Unread) } else { theme.style(Role::Text) };
    let (head, below) = match &row.item {
        Item::Message(message) => {
            let name = Piece::said(message.from.shown(), theme.nick(message.from.folded()));
            let said = Piece::new(display::clip(&message.text, 400), text);
            if area.height > 1 { (vec![name], Some(said)) } else { (vec![name, Piece::new(": ", dim), said], None) }
        }
        _ => (vec![Piece::said(&row.text, text)], None),
    };
    let right = inner.right().saturating_sub(columns(width(&note)));
    let left = space.saturating_sub(if note.is_empty() { 0 } else { width(&note) + 1 });
    let head = clip_row(head, left);
    put_row(buffer, inner, inner.x, inner.y, &head, &mut Vec::new());
    put(buffer, inner, right, inner.y, &note, dim);
    if let Some(said) = below {
        put_row(buffer, inner, inner.x, inner.y + 1, &clip_row(vec![said], space), &mut Vec::new());
    }
    if is_chosen {
        settle(buffer, area);
    }
}
