//! What lies above the screen: boxes in its middle.

mod help;
mod list;
mod question;

use chat_terminal::boxes::{self, centred};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::text::put;
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

/// An empty box with a border. Answers what is inside of it, with a column free at either side.
pub(super) fn boxed(model: &Model, buffer: &mut Buffer, area: Rect, title: &str) -> Rect {
    boxes::boxed(&model.settings.look.theme, buffer, area, title)
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
