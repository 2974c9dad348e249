//! How the model looks. Pure: from the [`Model`] to cells, and back only what drawing alone can tell ([`Seen`]). Whatever a
//! person or a server wrote goes through [`safe`] before it comes near a cell.

mod messages;
#[cfg(test)]
mod tests;
mod wrap;

use std::borrow::Cow;

use chat_protocol::display;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Position, Rect},
    style::{Color, Style, Stylize as _},
    text::{Line, Span},
    widgets::{Block, Borders, Paragraph},
};

use crate::{
    model::{Link, Model},
    msg::Seen,
};

/// Narrower than this there is no room for a list of users.
const SIDEBAR_FROM: u16 = 60;
const SIDEBAR: u16 = 20;
const PROMPT: &str = "> ";

/// Draws everything.
pub(crate) fn view(model: &Model, frame: &mut Frame<'_>) -> Seen {
    let area = frame.area();
    // The less height, the fewer rows around the messages; the input line is the last to go.
    let (head, foot) = (u16::from(area.height >= 4), u16::from(area.height >= 3));
    let rows = [Constraint::Length(head), Constraint::Min(0), Constraint::Length(foot), Constraint::Length(1)];
    let [head, middle, foot, input] = Layout::vertical(rows).areas(area);
    let sidebar = if area.width >= SIDEBAR_FROM { SIDEBAR } else { 0 };
    let [pane, sidebar] = Layout::horizontal([Constraint::Min(0), Constraint::Length(sidebar)]).areas(middle);

    draw_head(model, frame, head);
    let seen = messages::draw(model, frame, pane);
    draw_users(model, frame, sidebar);
    draw_foot(model, frame, foot);
    draw_input(model, frame, input);
    seen
}

/// Text of others on one line, harmless.
fn safe(text: &str) -> Cow<'_, str> {
    display::line(text)
}

/// How many columns a text takes.
fn width(text: &str) -> usize {
    Span::raw(text).width()
}

fn draw_head(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let (badge, color) = match &model.link {
        Link::Online => (format!("● {} online", model.users.len()), Color::Green),
        Link::Connecting => ("◌ connecting".to_owned(), Color::Yellow),
        Link::Waiting { until, reason } => {
            let seconds = until.saturating_sub(model.now).as_secs_f32().ceil();
            (format!("○ retry in {seconds} s: {}", safe(reason)), Color::Yellow)
        }
        Link::Ended { reason } => (format!("✕ closed: {}", safe(reason)), Color::Red),
    };
    let mut title = format!(" {}", safe(model.room.shown()));
    if !model.topic.is_empty() {
        title.push_str(&format!(" · {}", safe(&model.topic)));
    }
    // At least a third stays for the title, so that one always sees where one is.
    let most = area.width - area.width / 3;
    let taken = u16::try_from(width(&badge) + 2).unwrap_or(u16::MAX).min(most);
    let [left, right] = Layout::horizontal([Constraint::Min(0), Constraint::Length(taken)]).areas(area);
    let bar = Style::new().bg(Color::DarkGray).fg(Color::White);
    frame.render_widget(Paragraph::new(title.bold()).style(bar), left);
    frame.render_widget(Paragraph::new(format!(" {badge} ").fg(color)).style(bar), right);
}

fn draw_users(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let block = Block::new().borders(Borders::LEFT).border_style(Style::new().fg(Color::DarkGray));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (height, count) = (usize::from(inner.height), model.users.len());
    let shown = if count > height { height.saturating_sub(1) } else { count };
    let mut lines: Vec<_> = model.users.iter().take(shown).map(|user| Line::from(name(model, user.shown()))).collect();
    if count > shown {
        lines.push(format!("and {} more", count - shown).dim().into());
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn draw_foot(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    let typing: Vec<_> = model.typing.keys().map(|user| safe(user.shown())).collect();
    let typing = match &typing[..] {
        [] => String::new(),
        [one] => format!("{one} is typing…"),
        [one, two] => format!("{one} and {two} are typing…"),
        more => format!("{} people are typing…", more.len()),
    };
    let line = match (model.scroll, model.news) {
        (0, _) => Line::from(typing.dim()),
        (_, 0) => Line::from(vec!["↓ PageDown  ".fg(Color::Yellow), typing.dim()]),
        (_, news) => Line::from(vec![format!("↓ {news} new, PageDown  ").fg(Color::Yellow), typing.dim()]),
    };
    frame.render_widget(Paragraph::new(line), area);
}

fn draw_input(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let prompt = if area.width > 10 { PROMPT } else { "" };
    let column = width(prompt) + width(&safe(model.input.before()));
    // The text slides left under a cursor that would leave the line.
    let slide = (column + 1).saturating_sub(usize::from(area.width));
    let text = format!("{prompt}{}", safe(model.input.text()));
    frame.render_widget(Paragraph::new(wrap::from_column(&text, slide)), area);
    let x = area.x + u16::try_from(column - slide).unwrap_or(0).min(area.width - 1);
    frame.set_cursor_position(Position::new(x, area.y));
}

/// A name in a color of its own.
fn name(model: &Model, shown: &str) -> Span<'static> {
    const COLORS: [Color; 6] = [Color::Cyan, Color::Green, Color::Magenta, Color::Yellow, Color::Blue, Color::LightRed];
    let sum = shown.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let span = Span::raw(safe(shown).into_owned()).fg(COLORS[sum % COLORS.len()]);
    if shown == model.user.shown() { span.bold() } else { span }
}
