//! Log lines.

use chat_protocol::display;
use chat_terminal::{
    text::{Piece, columns, off_top},
    theme::Role,
};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{super::model::Model, row};
use crate::journal::{Level, Line};

/// Draws the lines that are wanted, and what is wanted. Answers how many there is room for.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) -> usize {
    let (head, body) = off_top(area, u16::from(area.height > 2));
    let theme = &model.theme;
    let (dim, text) = (theme.style(Role::Dim), theme.style(Role::Text));
    let mut words = vec![Piece::new(format!(" {} and above", model.log.level.word()), text)];
    if !model.log.filter.is_empty() {
        words.push(Piece::new(" · with ", dim));
        words.push(Piece::said(&model.log.filter, theme.style(Role::Found)));
    }
    if let Some(filter) = model.sight.as_ref().and_then(|sight| sight.log_filter.as_ref()) {
        words.push(Piece::new(" · written: ", dim));
        words.push(Piece::said(filter, dim));
    }
    match model.log.above {
        0 => words.push(Piece::new(" · following", theme.style(Role::Good))),
        above => words.push(Piece::new(format!(" · {above} below"), theme.style(Role::Warning))),
    }
    row(buffer, head, head.y, words);
    put(model, buffer, body, model.log.wanted().rev().skip(model.log.above));
    usize::from(body.height)
}

/// The last lines, whatever is wanted of them elsewhere.
pub(super) fn tail(model: &Model, buffer: &mut Buffer, area: Rect) {
    put(model, buffer, area, model.log.lines.iter().rev().filter(|line| line.level <= Level::Info));
}

/// Lines, the newest first, from the bottom up.
fn put<'a>(model: &Model, buffer: &mut Buffer, area: Rect, newest: impl Iterator<Item = &'a Line>) {
    let shown: Vec<_> = newest.take(usize::from(area.height)).collect();
    if shown.is_empty() {
        row(buffer, area, area.y, vec![Piece::new(" Nothing was logged.", model.theme.style(Role::Dim))]);
    }
    for (number, line) in shown.iter().rev().enumerate() {
        row(buffer, area, area.y + columns(number), pieces(model, line, area.width));
    }
}

fn pieces(model: &Model, line: &Line, width: u16) -> Vec<Piece> {
    let theme = &model.theme;
    let (.., hour, minute, second, _) = line.at.civil();
    let (dim, text) = (theme.style(Role::Dim), theme.style(Role::Text));
    let (role, words) = match line.level {
        Level::Error => (Role::Fault, "error"),
        Level::Warn => (Role::Warning, "warn "),
        Level::Info => (Role::Notice, "info "),
        Level::Debug => (Role::Dim, "debug"),
        Level::Trace => (Role::Dim, "trace"),
    };
    let mut all = vec![
        Piece::new(format!(" {hour:02}:{minute:02}:{second:02} "), dim),
        Piece::new(format!("{words} "), theme.style(role)),
        Piece::said(&line.text, if line.level <= Level::Info { text } else { dim }),
    ];
    if width >= 100 {
        let part = display::line(line.part.trim_start_matches("chat_server::")).into_owned();
        all.insert(2, Piece::new(format!("{part:<10} "), dim));
    }
    all
}
