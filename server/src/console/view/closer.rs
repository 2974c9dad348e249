//! One room, or one connection, looked at closer.

use chat_protocol::display;
use chat_terminal::{
    text::{Piece, off_top},
    theme::Role,
    wrap::wrap,
};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    super::model::{Closer, Model},
    lists::{Column, table},
    row, rows,
    words::{age, bytes},
};
use crate::roster::ConnectionLine;

const USERS: [Column; 1] = [Column("WHO IS THERE", 0, 0, false)];

/// Draws it. Answers how many rows of a list there is room for.
pub(super) fn draw(model: &Model, closer: &Closer, buffer: &mut Buffer, area: Rect) -> usize {
    let theme = &model.theme;
    let (text, dim, title) = (theme.style(Role::Text), theme.style(Role::Dim), theme.style(Role::Title));
    let (head, body) = off_top(area, 1);
    match closer {
        Closer::Room { name, about } => {
            row(buffer, head, head.y, vec![Piece::new(" Room ", dim), Piece::said(name.shown(), title)]);
            let wide = usize::from(area.width).saturating_sub(2);
            let words = display::text(about).into_owned();
            let about: Vec<_> = wrap(&[Piece::new(words, text)], wide, wide)
                .into_iter()
                .map(|line| std::iter::once(Piece::new(" ", text)).chain(line).collect::<Vec<_>>())
                .take(usize::from(body.height / 2))
                .collect();
            let (above, below) = off_top(body, chat_terminal::text::columns(about.len() + 1));
            rows(buffer, above, about);
            table(model, buffer, below, &USERS, "", &model.users, |place| {
                vec![display::line(&model.users.rows[place]).into_owned()]
            })
        }
        Closer::Connection { id, line } => {
            row(buffer, head, head.y, vec![Piece::new(format!(" Connection {id}"), title)]);
            if let Some(line) = line {
                rows(buffer, body, facts(model, line));
            }
            0
        }
    }
}

fn facts(model: &Model, line: &ConnectionLine) -> Vec<Vec<Piece>> {
    let theme = &model.theme;
    let (text, dim) = (theme.style(Role::Text), theme.style(Role::Dim));
    let fact = |name: &str, words: String| vec![Piece::new(format!(" {name:<10}"), dim), Piece::said(&words, text)];
    let user = line.user.clone().unwrap_or_else(|| "nobody yet".into());
    let kind = if line.account { " (an account)" } else { "" };
    let seconds = |ms: u64| i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    let mut facts = vec![
        Vec::new(),
        fact("who", format!("{user}{kind}")),
        fact("from", format!("{}{}", line.address, if line.encrypted { ", with TLS" } else { "" })),
        fact("speaks", line.dialect.clone()),
        fact("since", format!("{}, for {}", line.since, age((model.clock().0 - line.since.0) / 1000))),
        fact("silent", age(seconds(line.silent_ms))),
        fact("lag", line.lag_ms.map_or_else(|| "not asked for yet".into(), |lag| format!("{lag} ms"))),
        fact("queued", bytes(line.queued as f64)),
        fact("said", format!("{} messages", line.said)),
        fact("took", bytes(f64::from(line.took))),
    ];
    facts.push(fact("rooms", if line.rooms.is_empty() { "none".into() } else { line.rooms.join(", ") }));
    facts
}
