//! The message pane: from the newest entry upwards, as many as the pane and the scrolling need and no more.

use chat_protocol::{display, server::Message};
use ratatui::{
    Frame,
    layout::Rect,
    style::{Color, Stylize as _},
    text::{Line, Span, Text},
};

use super::{name, safe, wrap::wrap};
use crate::{
    model::{Entry, Model},
    msg::Seen,
};

/// From this width on there is room for the numbers that `/reply`, `/edit` and the like take.
const NUMBERS_FROM: u16 = 50;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) -> Seen {
    let (page, columns) = (usize::from(area.height), usize::from(area.width));
    let pending = model.outbox.messages.iter().rev().map(|pending| waiting(model, &pending.text));
    let settled = model.transcript.entries.iter().rev().map(|entry| spans(model, entry, area.width));
    // What came in below since the last drawing pushes the pane no further down.
    let late = model.outbox.messages.len()..model.outbox.messages.len() + model.below;
    let mut offset = model.scroll;
    let mut rows: Vec<Line<'static>> = Vec::new();
    let mut at_top = true;
    for (index, spans) in pending.chain(settled).enumerate() {
        if rows.len() >= offset.saturating_add(page) {
            at_top = false;
            break;
        }
        let wrapped = wrap(spans, columns);
        if late.contains(&index) {
            offset = offset.saturating_add(wrapped.len());
        }
        rows.extend(wrapped.into_iter().rev());
    }
    let offset = offset.min(rows.len().saturating_sub(page));
    let shown: Vec<_> = rows.into_iter().skip(offset).take(page).collect();
    let top = area.height - u16::try_from(shown.len()).unwrap_or(area.height);
    let text: Text<'_> = shown.into_iter().rev().collect();
    frame.render_widget(text, Rect { y: area.y + top, height: area.height - top, ..area });
    Seen { page, offset, at_top }
}

fn spans(model: &Model, entry: &Entry, columns: u16) -> Vec<Span<'static>> {
    match entry {
        Entry::Said(message) => said(model, message, columns),
        Entry::Notice(text) => vec!["  ".into(), display::text(text).into_owned().fg(Color::Gray).italic()],
        Entry::Fault(text) => vec!["! ".fg(Color::Red), display::text(text).into_owned().fg(Color::Red)],
    }
}

/// Our own words while they are on their way.
fn waiting(model: &Model, text: &str) -> Vec<Span<'static>> {
    vec![" …… ".dim(), name(model, model.user.shown()).dim(), ": ".dim(), display::text(text).into_owned().dim()]
}

fn said(model: &Model, message: &Message, columns: u16) -> Vec<Span<'static>> {
    let (_, _, _, hour, minute, ..) = message.at.civil();
    let mut spans = vec![format!("{hour:02}:{minute:02} ").dim()];
    if columns >= NUMBERS_FROM {
        spans.push(format!("{} ", message.seq).dim());
    }
    let from = name(model, message.from.shown());
    if message.action {
        spans.extend(["* ".into(), from, " ".into()]);
    } else {
        spans.extend([from, ": ".into()]);
    }
    if let Some(seq) = message.reply_to {
        spans.push(format!("↳{seq} ").dim());
    }
    if message.deleted {
        spans.push("(deleted)".dim().italic());
        return spans;
    }
    spans.push(Span::raw(display::text(&message.text).into_owned()));
    if message.edited_at.is_some() {
        spans.push(" (edited)".dim());
    }
    let reactions = message.reactions.iter().map(|(emoji, users)| format!(" {}{}", safe(emoji), users.len()).fg(Color::Yellow));
    spans.into_iter().chain(reactions).collect()
}
