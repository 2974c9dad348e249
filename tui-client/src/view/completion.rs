//! What Tab offers, in a box above the input line.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    overlay::boxed,
    text::{clip, columns, line, put, settle, width},
};
use crate::{model::Model, theme::Role};

const MOST: usize = 8;

/// Draws it. Answers what it covers.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, pane: Rect, input: Rect) -> Rect {
    let Some(completion) = model.completion.as_ref().filter(|completion| !completion.candidates.is_empty()) else {
        return Rect::default();
    };
    let theme = &model.settings.look.theme;
    let above = Rect { x: input.x, y: pane.y, width: input.width, height: input.y.saturating_sub(pane.y) };
    if above.height < 3 || above.width < 8 {
        return Rect::default();
    }
    let count = completion.candidates.len();
    let rows = count.min(MOST).min(usize::from(above.height) - 2);
    let chosen = completion.chosen.unwrap_or(0).min(count - 1);
    let first = (chosen + 1).saturating_sub(rows).min(count - rows);
    let shown: Vec<_> =
        completion.candidates.iter().skip(first).take(rows).map(|one| (line(&one.label), line(&one.note))).collect();
    let labels = shown.iter().map(|(label, _)| width(label)).max().unwrap_or(0);
    let notes = shown.iter().map(|(_, note)| width(note)).max().unwrap_or(0);
    let wide = columns(labels + notes + if notes > 0 { 8 } else { 6 }).clamp(8, above.width.min(76));
    let height = columns(rows) + 2;
    let area = Rect { x: above.x, y: input.y - height, width: wide, height };
    let title = if count > rows { format!("{} of {count}", chosen + 1) } else { String::new() };
    let inner = boxed(model, buffer, area, &title);
    for (row, (label, note)) in shown.iter().enumerate() {
        let y = inner.y + columns(row);
        let is_chosen = completion.chosen == Some(first + row);
        let line = Rect { y, height: 1, ..inner };
        if is_chosen {
            buffer.set_style(line, theme.style(Role::Selected));
            put(buffer, line, line.x, y, "›", theme.style(Role::Key));
        }
        let space = usize::from(inner.width).saturating_sub(2);
        let style = if is_chosen { theme.style(Role::Unread) } else { theme.style(Role::Text) };
        put(buffer, line, line.x + 2, y, &clip(label, space), style);
        let at = line.x + 2 + columns(labels) + 2;
        if at < line.right() {
            put(buffer, line, at, y, &clip(note, usize::from(line.right() - at)), theme.style(Role::Dim));
        }
        if is_chosen {
            settle(buffer, line);
        }
    }
    area
}
