//! How the model looks. Pure: from the [`Model`] to cells, and back only what drawing alone can tell ([`Seen`]) and where links
//! are. Whatever a person or a server wrote goes through `chat_protocol::display` before it comes near a cell.
//!
//! | to find | look in |
//! |---|---|
//! | what is where | [`area`] |
//! | text made safe, measured, cut, broken | [`text`], [`wrap`] |
//! | the bar with the badge | [`bar`] |
//! | the lists at the sides | [`rooms`], [`users`] |
//! | the messages, and scrolling them | [`messages`] |
//! | the row below them | [`status`] |
//! | what is being typed, and what Tab offers | [`input`], [`completion`] |
//! | what lies above it all | [`overlay`] |
//! | links for the terminal | [`links`] |

mod area;
mod bar;
mod completion;
mod hints;
mod input;
mod messages;
mod overlay;
mod rooms;
mod status;
#[cfg(test)]
mod tests;
mod users;

pub(crate) use chat_terminal::links;
use chat_terminal::{text, wrap};
use ratatui::Frame;

use self::{area::Areas, links::LinkSpot};
use crate::model::{Model, Seen};

/// Draws everything. The links are for [`links::apply`], once nothing more is drawn.
pub(crate) fn view(model: &Model, frame: &mut Frame<'_>) -> (Seen, Vec<LinkSpot>) {
    let area = frame.area();
    if area.is_empty() {
        return (Seen::default(), Vec::new());
    }
    let areas = Areas::of(model, area);
    let mut links = Vec::new();
    let buffer = frame.buffer_mut();
    let mut seen = messages::draw(model, buffer, areas.messages, &mut links);
    bar::draw(model, buffer, areas.bar);
    rooms::draw(model, buffer, areas.rooms, &mut seen.spots);
    users::draw(model, buffer, areas.users, &mut seen.spots);
    status::draw(model, buffer, areas.status, areas.rooms.is_empty(), &mut seen.spots);
    let cursor = input::draw(model, buffer, areas.purpose, areas.input);
    let popup = completion::draw(model, buffer, areas.messages, areas.purpose.union(areas.input));
    links.retain(|link| {
        let covered = link.row >= popup.top() && link.row < popup.bottom();
        !(covered && link.columns.0 < popup.right() && link.columns.1 > popup.left())
    });
    let cursor = match &model.overlay {
        Some(overlay) => {
            // What is above would be cut by the sequences of what is below.
            links.clear();
            seen.spots.clear();
            overlay::draw(model, overlay, buffer, area)
        }
        None => cursor,
    };
    if let Some(position) = cursor {
        frame.set_cursor_position(position);
    }
    if !model.settings.look.links {
        links.clear();
    }
    (seen, links)
}
