//! What is where: the panes fold by themselves when the screen gets narrow or low, unless the user wants them otherwise.

use ratatui::layout::Rect;

use super::{input, text::off_top};
use crate::model::Model;

/// From so many columns on there are three panes.
const ROOMS_FROM: u16 = 90;
/// From so many on there are users.
const USERS_FROM: u16 = 60;
/// What the messages keep, whatever the user wants beside them.
const LEAST: u16 = 24;

/// The parts of the screen; what is folded is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) bar: Rect,
    pub(super) rooms: Rect,
    pub(super) messages: Rect,
    pub(super) users: Rect,
    pub(super) status: Rect,
    /// What the text in the input line will be: a reply, an edit.
    pub(super) purpose: Rect,
    pub(super) input: Rect,
}

impl Areas {
    pub(super) fn of(model: &Model, area: Rect) -> Self {
        // The less height, the fewer rows around the messages; the input line is the last to go.
        let (bar, status) = (u16::from(area.height >= 4), u16::from(area.height >= 3));
        let purpose = u16::from(area.height >= 6 && input::purpose(model).is_some());
        let input = input::height(model, area.width).min((area.height / 3).max(1)).min(area.height);
        let (bar, rest) = off_top(area, bar);
        let (middle, rest) = off_top(rest, rest.height.saturating_sub(status + purpose + input));
        let (status, rest) = off_top(rest, status);
        let (purpose, input) = off_top(rest, purpose);

        let look = &model.settings.look;
        let (mut rooms, mut users) = (0, 0);
        if model.show_users.unwrap_or(area.width >= USERS_FROM) {
            users = look.users_width.min(area.width.saturating_sub(LEAST));
        }
        if model.show_rooms.unwrap_or(area.width >= ROOMS_FROM) {
            rooms = look.rooms_width.min(area.width.saturating_sub(LEAST + users));
        }
        // Narrower than a short name they say nothing.
        if users < 8 {
            users = 0;
        }
        if rooms < 8 {
            rooms = 0;
        }
        let messages = Rect { x: middle.x + rooms, width: middle.width - rooms - users, ..middle };
        Self {
            bar,
            rooms: Rect { width: rooms, ..middle },
            messages,
            users: Rect { x: messages.right(), width: users, ..middle },
            status,
            purpose,
            input,
        }
    }
}
