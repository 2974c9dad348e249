//! A question, and a letter for each answer.

use chat_protocol::display;
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    super::{
        text::{Piece, clip_row, columns, count, ending, put_row, row_width},
        wrap::wrap,
    },
    boxed, centred,
};
use crate::{
    model::{Model, Question, links},
    theme::Role,
};

/// So many lines of what was pasted are shown.
const LINES: usize = 4;
const WIDEST: u16 = 64;

pub(super) fn draw(model: &Model, question: &Question, buffer: &mut Buffer, screen: Rect) {
    let wide = screen.width.saturating_sub(2).clamp(screen.width.min(28), WIDEST);
    let space = usize::from(wide.saturating_sub(4)).max(1);
    let (title, body) = words(model, question, space);
    let answers = answers(model, question, space);
    let area = centred(screen, wide, columns(body.len() + answers.len() + 3));
    let inner = boxed(model, buffer, area, title);
    // The answers stay when there is not enough height for all.
    let top = usize::from(inner.height).saturating_sub(answers.len());
    for (number, row) in body.iter().take(top).enumerate() {
        put_row(buffer, inner, inner.x, inner.y + columns(number), row, &mut Vec::new());
    }
    let foot = inner.bottom().saturating_sub(columns(answers.len())).max(inner.y);
    for (number, row) in answers.iter().enumerate() {
        put_row(buffer, inner, inner.x, foot + columns(number), row, &mut Vec::new());
    }
}

/// What is asked, and the rows that say what about.
fn words(model: &Model, question: &Question, space: usize) -> (&'static str, Vec<Vec<Piece>>) {
    let theme = &model.settings.look.theme;
    let (text, dim, strong) = (theme.style(Role::Text), theme.style(Role::Dim), theme.style(Role::Title));
    let mut rows = Vec::new();
    let say = |rows: &mut Vec<_>, words: String, style: Style| rows.extend(wrap(&[Piece::new(words, style)], space, space));
    let quote =
        |rows: &mut Vec<_>, words: &str| rows.push(clip_row(vec![Piece::new("│ ", dim), Piece::said(words, text)], space));
    let title = match question {
        Question::Paste { text: pasted } => {
            let safe = display::text(pasted);
            let lines: Vec<_> = safe.lines().collect();
            let what = if lines.len() == 1 { "this line".to_owned() } else { format!("these {} lines", lines.len()) };
            // What is in the input line goes with it.
            let fits = model.room().composer.text().len() + pasted.len() <= model.text_bytes;
            let how = if fits { "one message" } else { "several messages, since one cannot hold that much" };
            say(&mut rows, format!("Send {what} as {how}?"), text);
            for shown in lines.iter().take(LINES) {
                quote(&mut rows, &display::clip(shown, 200));
            }
            if lines.len() > LINES {
                say(&mut rows, format!("  and {}", count(lines.len() - LINES, "more line", "more lines")), dim);
            }
            "Paste"
        }
        Question::Open { url } => {
            let host = links::host(url);
            say(&mut rows, "This leads to:".into(), text);
            let (plain, shown) = (Style::new(), theme.style(Role::Link).patch(strong));
            // Whom a name belongs to is said at its end: of a very long one that is what is left.
            let name = display::line(host);
            let end = ending(&name, space * 2);
            let host_shown = if end.len() < name.len() { format!("…{end}") } else { end.to_owned() };
            for row in wrap(&[Piece::new(host_shown, shown)], space.saturating_sub(2), space.saturating_sub(2)) {
                rows.push(std::iter::once(Piece::new("  ", plain)).chain(row).collect());
            }
            if let Some(odd) = host.chars().find(|c| !c.is_ascii()) {
                let words =
                    format!("Look closely: {} is no plain letter (U+{:04X}).", display::name_of_char(odd), u32::from(odd));
                say(&mut rows, words, theme.style(Role::Warning));
            } else if host.split('.').any(|label| label.to_ascii_lowercase().starts_with("xn--")) {
                say(&mut rows, "This name is written in letters of another script (xn--).".into(), theme.style(Role::Warning));
            }
            if url
                .split_once("://")
                .is_some_and(|(_, rest)| rest.split(['/', '\\', '?', '#']).next().unwrap_or_default().contains('@'))
            {
                say(&mut rows, "What stands before the @ is not where it leads.".into(), theme.style(Role::Warning));
            }
            say(&mut rows, display::line(url).into_owned(), dim);
            "Open a link"
        }
        Question::Delete { room, seq } => {
            say(&mut rows, "Take this message away, for everybody?".into(), text);
            let said = model.rooms.find(room).and_then(|room| room.shown().message(*seq).or_else(|| room.live.message(*seq)));
            if let Some(message) = said {
                quote(&mut rows, &display::clip(&message.text, 200));
            }
            "Delete"
        }
        Question::Quit { unsent } => {
            let words = if *unsent == 1 { "is" } else { "are" };
            say(&mut rows, format!("{} {words} not sent yet.", count(*unsent, "message", "messages")), text);
            "Leave"
        }
        Question::Stale { count: old } => {
            let what = if *old == 1 { "One message is" } else { "Some messages are" };
            say(&mut rows, format!("{what} older than an hour ({old}). Send now what was meant for then?"), text);
            "Old messages"
        }
        Question::Drop { cid } => {
            say(&mut rows, "Drop this message? It was not sent.".into(), text);
            if let Some(pending) = model.outbox.iter().find(|pending| pending.cid == *cid) {
                quote(&mut rows, &display::clip(&pending.text, 200));
            }
            "Drop"
        }
    };
    (title, rows)
}

/// The answers, in as many rows as they need.
fn answers(model: &Model, question: &Question, space: usize) -> Vec<Vec<Piece>> {
    let theme = &model.settings.look.theme;
    let mut rows: Vec<Vec<Piece>> = vec![Vec::new()];
    for (letter, words) in question.answers() {
        let answer = [
            Piece::new(format!("[{letter}]"), theme.style(Role::Key)),
            Piece::new(format!(" {words}   "), theme.style(Role::Text)),
        ];
        let used = rows.last().map_or(0, |row| row_width(row));
        if used > 0 && used + row_width(&answer) > space + 3 {
            rows.push(Vec::new());
        }
        if let Some(row) = rows.last_mut() {
            row.extend(answer);
        }
    }
    rows
}
