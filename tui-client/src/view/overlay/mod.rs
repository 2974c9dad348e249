//! What lies above the screen: boxes in its middle.

mod help;
mod list;
mod question;

use ratatui::{
    buffer::{Buffer, CellWidth as _},
    layout::{Position, Rect},
};

use super::text::{clip, put};
use crate::{
    model::{Model, Overlay},
    theme::Role,
};

/// Draws one. Answers where the cursor is, if something can be typed.
pub(super) fn draw(model: &Model, overlay: &Overlay, buffer: &mut Buffer, screen: Rect) -> Option<Position> {
    match overlay {
        Overlay::Help { scroll } => {
            help::draw(model, *scroll, buffer, screen);
            None
        }
        Overlay::List(list) => list::draw(model, list, buffer, screen),
        Overlay::Question(question) => {
            question::draw(model, question, buffer, screen);
            None
        }
    }
}

/// A part of the screen around its middle, no larger than the screen.
fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height }
}

/// An empty box with a border. Answers what is inside of it, with a column free at either side.
pub(super) fn boxed(model: &Model, buffer: &mut Buffer, area: Rect, title: &str) -> Rect {
    let theme = &model.settings.look.theme;
    let area = area.intersection(buffer.area);
    let popup = theme.style(Role::Popup);
    for y in area.top()..area.bottom() {
        // Half of a wide character would stick out, and take the border with it.
        if area.x > buffer.area.x && buffer[(area.x - 1, y)].cell_width() > 1 {
            buffer[(area.x - 1, y)].set_symbol(" ");
        }
        for x in area.left()..area.right() {
            buffer[(x, y)].reset();
        }
    }
    buffer.set_style(area, popup);
    if area.width < 4 || area.height < 3 {
        return area;
    }
    let border = theme.style(Role::Border);
    let across = "─".repeat(usize::from(area.width) - 2);
    put(buffer, area, area.x, area.y, &format!("╭{across}╮"), border);
    put(buffer, area, area.x, area.bottom() - 1, &format!("╰{across}╯"), border);
    for y in area.top() + 1..area.bottom() - 1 {
        put(buffer, area, area.x, y, "│", border);
        put(buffer, area, area.right() - 1, y, "│", border);
    }
    if !title.is_empty() && area.width > 6 {
        let title = format!(" {} ", clip(title, usize::from(area.width) - 6));
        put(buffer, area, area.x + 2, area.y, &title, theme.style(Role::Title));
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// Words in the lower border of a box.
fn foot(model: &Model, buffer: &mut Buffer, area: Rect, row: &[super::text::Piece]) {
    let wide = super::text::columns(super::text::row_width(row));
    if area.height < 3 || wide + 6 > area.width || wide == 0 {
        return;
    }
    let (x, y) = (area.right() - wide - 4, area.bottom() - 1);
    let dim = model.settings.look.theme.style(Role::Dim);
    put(buffer, area, x, y, " ", dim);
    let end = super::text::put_row(buffer, area, x + 1, y, row, &mut Vec::new());
    put(buffer, area, end, y, " ", dim);
}
