//! Boxes above the rest of the screen.

use ratatui::{
    buffer::{Buffer, CellWidth as _},
    layout::Rect,
};

use crate::{
    text::{clip, put},
    theme::{Role, Theme},
};

/// A part of the screen around its middle, no larger than the screen.
#[must_use]
pub fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height }
}

/// An empty box with a border. Answers what is inside of it, with a column free at either side.
pub fn boxed(theme: &Theme, buffer: &mut Buffer, area: Rect, title: &str) -> Rect {
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
