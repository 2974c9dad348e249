//! How the console looks. Pure: from the [`Model`] to cells, and back only how many rows of a list there is room for. Whatever a
//! person wrote goes through `chat_protocol::display` before it comes near a cell.
//!
//! | to find | look in |
//! |---|---|
//! | the bar, the tabs, the row below | [`frame`] |
//! | figures over time | [`overview`], [`spark`] |
//! | rooms, connections, and one of them | [`lists`], [`closer`] |
//! | log lines | [`log`] |
//! | what lies above it all | [`overlay`] |
//! | numbers in words | [`words`] |

mod closer;
mod frame;
mod lists;
mod log;
mod overlay;
mod overview;
mod spark;
#[cfg(test)]
mod tests;
mod words;

use chat_terminal::text::{Piece, clip_row, columns, off_top, put_row, settle};
use ratatui::{buffer::Buffer, layout::Rect};

use super::model::{Model, Tab};

/// Draws everything. Answers how many rows a page has.
pub fn view(model: &Model, buffer: &mut Buffer, area: Rect) -> usize {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return 0;
    }
    buffer.set_style(area, model.theme.style(chat_terminal::theme::Role::Text));
    let (bar, rest) = off_top(area, u16::from(area.height >= 4));
    let (tabs, rest) = off_top(rest, u16::from(area.height >= 5));
    let (middle, foot) = off_top(rest, rest.height.saturating_sub(u16::from(area.height >= 3)));
    frame::bar(model, buffer, bar);
    frame::tabs(model, buffer, tabs);
    let page = match (&model.closer, model.tab) {
        (Some(closer), _) => closer::draw(model, closer, buffer, middle),
        (None, Tab::Overview) => overview::draw(model, buffer, middle),
        (None, Tab::Rooms) => lists::rooms(model, buffer, middle),
        (None, Tab::Connections) => lists::connections(model, buffer, middle),
        (None, Tab::Log) => log::draw(model, buffer, middle),
    };
    frame::foot(model, buffer, foot);
    if let Some(overlay) = &model.overlay {
        overlay::draw(model, overlay, buffer, area);
    }
    settle(buffer, area);
    page
}

/// Puts a row into cells, cut where the area ends.
fn row(buffer: &mut Buffer, area: Rect, y: u16, pieces: Vec<Piece>) {
    if y < area.bottom() {
        put_row(buffer, area, area.x, y, &clip_row(pieces, usize::from(area.width)), &mut Vec::new());
    }
}

/// Puts rows into cells from the top, as many as there is room for.
fn rows(buffer: &mut Buffer, area: Rect, all: Vec<Vec<Piece>>) {
    for (number, pieces) in all.into_iter().enumerate().take(usize::from(area.height)) {
        row(buffer, area, area.y + columns(number), pieces);
    }
}
