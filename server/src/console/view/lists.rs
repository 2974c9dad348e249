//! Rooms and connections, a row each.

use chat_protocol::display;
use chat_terminal::{
    text::{Piece, clip, columns, off_top, width},
    theme::{Role, Theme},
};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    super::model::{List, Model},
    row,
    words::{age, bytes, number},
};
use crate::{admin::RoomSorting, roster::Sorting};

/// A column: its head, how wide it is (0: what is left), from which width of the screen on it is there, and whether numbers stand
/// in it.
#[derive(Clone, Copy)]
pub(super) struct Column(pub(super) &'static str, pub(super) u16, pub(super) u16, pub(super) bool);

const ROOMS: [Column; 6] = [
    Column("ROOM", 24, 0, false),
    Column("ONLINE", 7, 0, true),
    Column("EVENTS", 9, 0, true),
    Column("/s", 6, 56, true),
    Column("IS", 14, 70, false),
    Column("TOPIC", 0, 84, false),
];

const CONNECTIONS: [Column; 9] = [
    Column("USER", 20, 0, false),
    Column("FROM", 18, 0, false),
    Column("SINCE", 8, 0, true),
    Column("LAG", 8, 70, true),
    Column("QUEUED", 10, 56, true),
    Column("SAYS/s", 7, 84, true),
    Column("TAKES/s", 10, 84, true),
    Column("SILENT", 7, 96, true),
    Column("HOW", 0, 70, false),
];

/// Draws rooms. Answers how many there is room for.
pub(super) fn rooms(model: &Model, buffer: &mut Buffer, area: Rect) -> usize {
    let sorting = match model.room_sorting {
        RoomSorting::Online => "ONLINE",
        RoomSorting::Name => "ROOM",
        RoomSorting::Messages => "EVENTS",
    };
    let cells = |place: usize| {
        let room = &model.rooms.rows[place];
        let rate = model.room_rates.get(&room.name).map_or_else(String::new, |rate| number(*rate));
        let mut is = Vec::new();
        if room.private {
            is.push("private".to_owned());
        }
        if room.slow > 0 {
            is.push(format!("slow {} s", room.slow));
        }
        let seq = room.seq.map_or_else(|| "–".to_owned(), |seq| seq.to_string());
        let name = display::line(room.name.shown()).into_owned();
        vec![name, room.online.to_string(), seq, rate, is.join(", "), display::line(&room.topic).into_owned()]
    };
    table(model, buffer, area, &ROOMS, sorting, &model.rooms, cells)
}

/// Draws connections. Answers how many there is room for.
pub(super) fn connections(model: &Model, buffer: &mut Buffer, area: Rect) -> usize {
    let sorting = match model.sorting {
        Sorting::Since => "SINCE",
        Sorting::Name => "USER",
        Sorting::Address => "FROM",
        Sorting::Queued => "QUEUED",
        Sorting::Lag => "LAG",
        Sorting::Silent => "SILENT",
        Sorting::Said => "SAYS/s",
        Sorting::Took => "TAKES/s",
    };
    let clock = model.clock();
    let cells = |place: usize| {
        let talker = &model.connections.rows[place];
        let line = &talker.line;
        let user = line.user.as_ref().map_or_else(|| "–".to_owned(), |user| display::line(user).into_owned());
        let rate = |of: fn((f64, f64)) -> String| talker.rates.map_or_else(String::new, of);
        let how = [Some(line.dialect.as_str()), line.encrypted.then_some("tls"), line.account.then_some("account")];
        let how: Vec<_> = how.into_iter().flatten().collect();
        vec![
            user,
            line.address.to_string(),
            age((clock.0 - line.since.0) / 1000),
            line.lag_ms.map_or_else(|| "–".to_owned(), |lag| format!("{lag} ms")),
            if line.queued == 0 { "–".to_owned() } else { bytes(line.queued as f64) },
            rate(|(said, _)| number(said)),
            rate(|(_, took)| bytes(took)),
            age(i64::try_from(line.silent_ms / 1000).unwrap_or(i64::MAX)),
            display::line(&how.join(" ")).into_owned(),
        ]
    };
    table(model, buffer, area, &CONNECTIONS, sorting, &model.connections, cells)
}

/// A table of rows of which one is chosen. Answers how many there is room for.
pub(super) fn table<T>(
    model: &Model,
    buffer: &mut Buffer,
    area: Rect,
    all: &[Column],
    sorting: &str,
    list: &List<T>,
    cells: impl Fn(usize) -> Vec<String>,
) -> usize {
    let theme = &model.theme;
    let (head, rest) = off_top(area, 1);
    let (body, tail) = off_top(rest, rest.height.saturating_sub(1));
    let shown: Vec<_> = (0..all.len()).filter(|place| all[*place].2 <= area.width).collect();
    let heads = all.iter().map(|column| {
        let mark = if column.0 == sorting { "▾" } else { "" };
        format!("{}{mark}", column.0)
    });
    let heads: Vec<_> = heads.collect();
    row(buffer, head, head.y, laid(theme, Role::Dim, all, &shown, area.width, &heads));
    let height = usize::from(body.height);
    // The chosen row is on the screen, as far up as it was.
    let first = list.chosen.saturating_sub(height.saturating_sub(1));
    for (number, place) in (first..list.rows.len()).take(height).enumerate() {
        let y = body.y + columns(number);
        let role = if place == list.chosen { Role::Selected } else { Role::Text };
        if place == list.chosen {
            buffer.set_style(Rect { y, height: 1, ..body }, theme.style(Role::Selected));
        }
        row(buffer, body, y, laid(theme, role, all, &shown, area.width, &cells(place)));
    }
    if list.rows.is_empty() {
        row(buffer, body, body.y, vec![Piece::new(" Nothing of the kind.", theme.style(Role::Dim))]);
    }
    let place = if list.rows.is_empty() { 0 } else { list.chosen + 1 };
    let mut words = vec![Piece::new(format!(" {place} of {}", list.rows.len()), theme.style(Role::Dim))];
    if !list.filter.is_empty() {
        words.push(Piece::new(" · with ", theme.style(Role::Dim)));
        words.push(Piece::said(&list.filter, theme.style(Role::Found)));
    }
    row(buffer, tail, tail.y, words);
    height
}

fn laid(theme: &Theme, role: Role, all: &[Column], shown: &[usize], wide: u16, cells: &[String]) -> Vec<Piece> {
    let fixed: u16 = shown.iter().map(|place| all[*place].1 + 1).sum();
    let left = usize::from(wide.saturating_sub(fixed + 1));
    let mut pieces = vec![Piece::new(" ", theme.style(role))];
    for place in shown {
        let (column, empty) = (all[*place], String::new());
        let room = if column.1 == 0 { left } else { usize::from(column.1) };
        let text = clip(cells.get(*place).unwrap_or(&empty), room).into_owned();
        let gap = " ".repeat(room - width(&text));
        let text = if column.3 { format!("{gap}{text} ") } else { format!("{text}{gap} ") };
        pieces.push(Piece::new(text, theme.style(role)));
    }
    pieces
}
