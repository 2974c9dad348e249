//! Who is in the room.

use ratatui::{buffer::Buffer, layout::Rect};

use super::text::{clip, columns, line, put, width};
use crate::{
    model::{Model, Spot, Target},
    theme::Role,
};

pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect, spots: &mut Vec<(Spot, Target)>) {
    if area.is_empty() {
        return;
    }
    let theme = &model.settings.look.theme;
    for y in area.top()..area.bottom() {
        put(buffer, area, area.x, y, "│", theme.style(Role::Border));
    }
    let inner = Rect { x: area.x + 2, width: area.width - 2, ..area };
    let room = model.room();
    let x = put(buffer, inner, inner.x, inner.y, "Users ", theme.style(Role::Dim));
    put(buffer, inner, x, inner.y, &room.online().to_string(), theme.style(Role::Title));
    let (height, count) = (usize::from(inner.height).saturating_sub(1), room.online());
    let shown = if count > height { height.saturating_sub(1) } else { count }.min(room.users.len());
    for (row, user) in room.users.iter().take(shown).enumerate() {
        let y = inner.y + 1 + columns(row);
        let is_own = *user == model.user;
        let types = model.settings.show_typing && !is_own && room.typing.contains_key(user);
        let note = match () {
            () if is_own => " (you)",
            () if types => " …",
            () => "",
        };
        let name = line(user.shown());
        let space = usize::from(inner.width);
        // The name matters more than what is said of it, except that it is short.
        let note = if width(&name) + width(note) > space && is_own { "" } else { note };
        let style = if is_own { theme.style(Role::Own) } else { theme.nick(user.folded()) };
        let x = put(buffer, inner, inner.x, y, &clip(&name, space.saturating_sub(width(note))), style);
        put(buffer, inner, x, y, note, theme.style(Role::Dim));
        spots.push((Spot { row: y, columns: (inner.left(), inner.right()) }, Target::User(user.shown().to_owned())));
    }
    if shown < count && inner.height > 1 {
        put(buffer, inner, inner.x, inner.bottom() - 1, &format!("and {} more", count - shown), theme.style(Role::Dim));
    }
}
