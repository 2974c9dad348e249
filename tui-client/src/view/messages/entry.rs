//! One entry as rows: what is to its left (time, name), what somebody said, and what belongs to it. It looks at the entry before,
//! and at no other.

use chat_protocol::{Timestamp, UserName, server::Message};
use ratatui::style::{Modifier, Style};

use super::{
    super::{
        hints::hint,
        text::{Piece, clip, clip_row, line, row_width, width},
        wrap::wrap,
    },
    body,
    moment::{date, day, minute, time},
};
use crate::{
    keys::{Action, Context},
    model::{Entry, Model, Pending, Place, State, mentions},
    theme::Role,
};

/// Narrower than this a name stands before its text, and no longer in a column of its own.
const COLUMNS_FROM: usize = 50;
/// What a text is set in by, there, behind the column at the edge.
const INDENT: usize = 3;
/// So many people are named before the others are counted.
const NAMED: usize = 8;
const SAMPLE: Timestamp = Timestamp(0);

/// What is drawn: something of the transcript, or something that is not sent yet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    Entry(&'a Entry),
    Pending(&'a Pending),
}

/// A row of the pane.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) pieces: Vec<Piece>,
    /// From which column to which the name stands, and whose it is.
    pub(super) name: Option<(usize, usize, String)>,
    /// A row of the entry itself, not one of the lines between it and the one before.
    pub(super) is_own: bool,
}

/// How wide everything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// Of the time, if it has a column of its own.
    time: usize,
    /// Of the name, if it has.
    name: usize,
    /// Where the text begins, and how much of it stands in a row.
    at: usize,
    text: usize,
    /// Whether names have a column.
    aligned: bool,
}

impl Columns {
    /// For a pane, and names so long at most.
    pub(super) fn new(model: &Model, pane: usize, longest: usize) -> Self {
        let look = &model.settings.look;
        if pane < COLUMNS_FROM {
            // On the very narrowest, no column is left free.
            let margin = usize::from(pane >= 36);
            let text = pane.saturating_sub(INDENT + margin).clamp(1, usize::from(look.text_width).max(1));
            return Self { time: 0, name: 0, at: INDENT.min(pane.saturating_sub(1)), text, aligned: false };
        }
        let time = width(&time(model, SAMPLE)).min(pane / 4);
        let name = longest.clamp(4, usize::from(look.nick_width).max(4)).min(pane / 4);
        let at = 1 + time + 2 + name + 2;
        let text = pane.saturating_sub(at + 1).clamp(1, usize::from(look.text_width).max(1));
        Self { time, name, at, text, aligned: true }
    }

    fn whole(self) -> usize {
        self.at + self.text
    }

    /// How much of a text stands in a row.
    pub(super) fn text(self) -> usize {
        self.text
    }
}

/// The name of who said what begins above the pane, and from which column it stands; nothing where names have no column.
pub(super) fn said_above(model: &Model, columns: Columns, message: &Message) -> Option<(usize, Piece)> {
    let theme = &model.settings.look.theme;
    let style = if message.from == model.user { theme.style(Role::Own) } else { theme.nick(message.from.folded()) };
    let name = clip(&line(message.from.shown()), columns.name).into_owned();
    let from = 1 + columns.time + 2 + columns.name - width(&name);
    columns.aligned.then(|| (from, Piece::new(name, style)))
}

/// The name that stands beside an item, if one does.
pub(super) fn name_of<'a>(model: &'a Model, item: Item<'a>) -> Option<&'a UserName> {
    match item {
        Item::Entry(Entry::Message(message)) if !message.action => Some(&message.from),
        Item::Pending(pending) if !pending.action => Some(&model.user),
        _ => None,
    }
}

fn at(item: Item<'_>) -> Timestamp {
    match item {
        Item::Entry(entry) => entry.at(),
        Item::Pending(pending) => pending.at,
    }
}

/// The rows of an item that is shown, below the one before it that is.
pub(super) fn rows(model: &Model, columns: Columns, before: Option<Item<'_>>, item: Item<'_>, is_marked: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let is_new_day = before.is_none_or(|before| day(model, at(before)) != day(model, at(item)));
    if is_new_day && matches!(item, Item::Entry(_)) {
        rows.push(rule(model, columns, &date(model, at(item)), Role::Dim));
    }
    if is_marked {
        rows.push(rule(model, columns, "new", Role::Marker));
    }
    // Below a line the name is said again.
    let before = before.filter(|_| rows.is_empty());
    let first = rows.len();
    match item {
        Item::Entry(Entry::Message(message)) => said(model, columns, before, message, &mut rows),
        Item::Entry(entry) => told(model, columns, before, entry, &mut rows),
        Item::Pending(pending) => waiting(model, columns, pending, &mut rows),
    }
    for row in &mut rows[first..] {
        row.is_own = true;
    }
    rows
}

/// Beside the first row of a message whose name stands above.
const BEGINS: &str = "›";

/// What stands to the left of an entry's first row, and along all of them.
#[derive(Default)]
struct Left<'a> {
    /// At the very edge, along all rows.
    edge: Option<Piece>,
    time: Option<Piece>,
    name: Option<(Piece, Option<&'a UserName>)>,
}

/// The rows of a text with what is to its left.
fn lay(columns: Columns, left: Left<'_>, body: &[Piece], rows: &mut Vec<Row>) {
    let plain = Style::new();
    if columns.aligned {
        let (mut time, mut name) = (left.time, left.name);
        for text in wrap(body, columns.text, columns.text) {
            let edge = left.edge.clone().unwrap_or(Piece::new(" ", plain));
            let mut row = vec![edge];
            let mut spot = None;
            pad(&mut row, 1);
            if let Some(time) = time.take() {
                let wide = time.width().min(columns.time);
                pad(&mut row, 1 + columns.time - wide);
                row.extend(clip_row(vec![time], wide));
            }
            if let Some((piece, user)) = name.take() {
                let piece = Piece { text: clip(&piece.text, columns.name).into_owned().into(), ..piece };
                let from = 1 + columns.time + 2 + columns.name - piece.width();
                pad(&mut row, from);
                spot = user.map(|user| (from, from + piece.width(), user.shown().to_owned()));
                row.push(piece);
            }
            pad(&mut row, columns.at);
            row.extend(text);
            rows.push(Row { pieces: row, name: spot, is_own: false });
        }
        return;
    }
    let edge = left.edge.unwrap_or(Piece::new(" ", plain));
    let mut head = Vec::new();
    let mut spot = None;
    if let Some(time) = left.time {
        head.extend([edge.clone(), time, Piece::new(" ", plain)]);
    }
    if let Some((piece, user)) = left.name {
        if head.is_empty() {
            head.push(edge.clone());
        }
        let from = row_width(&head);
        let most = columns.whole() / 2;
        let piece = Piece { text: clip(&piece.text, most).into_owned().into(), ..piece };
        spot = user.map(|user| (from, from + piece.width(), user.shown().to_owned()));
        head.push(piece);
        head.push(Piece::new(if spot.is_some() { ": " } else { " " }, plain));
    }
    let begun = row_width(&head);
    let first = if begun == 0 { columns.text } else { columns.whole().saturating_sub(begun) };
    for (number, text) in wrap(body, first, columns.text).into_iter().enumerate() {
        let mut row = if number == 0 { std::mem::take(&mut head) } else { Vec::new() };
        if row.is_empty() {
            row.push(edge.clone());
            pad(&mut row, columns.at);
        }
        row.extend(text);
        rows.push(Row { pieces: row, name: spot.take(), is_own: false });
    }
}

fn pad(row: &mut Vec<Piece>, to: usize) {
    let used = row_width(row);
    if used < to {
        row.push(Piece::new(" ".repeat(to - used), Style::new()));
    }
}

/// A row beside which nothing stands.
pub(super) fn beside(columns: Columns, edge: Option<Piece>, text: Vec<Piece>) -> Row {
    let mut row: Vec<_> = edge.into_iter().collect();
    pad(&mut row, columns.at);
    row.extend(clip_row(text, columns.text));
    Row { pieces: row, name: None, is_own: false }
}

/// A message.
fn said(model: &Model, columns: Columns, before: Option<Item<'_>>, message: &Message, rows: &mut Vec<Row>) {
    let theme = &model.settings.look.theme;
    let dim = theme.style(Role::Dim);
    let is_own = message.from == model.user;
    let names_us = !is_own && !message.deleted && mentions(&model.settings, &model.user, &message.text);
    let edge = names_us.then(|| Piece::new("▌", theme.style(Role::Mention)));
    let same_minute = before.is_some_and(|before| minute(at(before)) == minute(message.at));
    let same_sender = matches!(before, Some(Item::Entry(Entry::Message(other))) if other.from == message.from && !other.action);
    // A reply begins anew: what it answers would stand between it and the name.
    let is_selected = model.room().selected == Some(Place::of(message.seq));
    let goes_on = same_minute && same_sender && !message.action && message.reply_to.is_none() && !is_selected;

    if let Some(seq) = message.reply_to {
        let mut quote = Vec::new();
        match model.room().shown().message(seq) {
            Some(other) => {
                quote.push(Piece::new("╭ ", dim));
                quote.push(Piece::said(other.from.shown(), dim));
                let text =
                    if other.deleted { "(deleted)".into() } else { chat_protocol::display::clip(&other.text, columns.text) };
                quote.push(Piece::new(format!(": {text}"), dim));
            }
            None => quote.push(Piece::new(format!("↳ {seq}"), dim)),
        }
        rows.push(beside(columns, edge.clone(), quote));
    }

    let nick = if is_own { theme.style(Role::Own) } else { theme.nick(message.from.folded()) };
    let name = line(message.from.shown()).into_owned();
    let mut left = Left { edge, ..Left::default() };
    let mut text = Vec::new();
    if !goes_on {
        left.time = Some(Piece::new(time(model, message.at), dim));
    }
    if message.action {
        left.name = Some((Piece::new("*", nick), None));
        text.extend([Piece::new(name, nick), Piece::new(" ", Style::new())]);
    } else if goes_on {
        // Where a message begins is seen, or one of several lines could pass for several, and a line for somebody else's.
        left.name = Some((Piece::new(BEGINS, dim), None));
    } else {
        left.name = Some((Piece::new(name, nick), Some(&message.from)));
    }
    if message.deleted {
        text.push(Piece::new("(deleted)", dim.add_modifier(Modifier::ITALIC)));
    } else {
        let base = if message.action { Style::new().add_modifier(Modifier::ITALIC) } else { theme.style(Role::Text) };
        text.extend(body::pieces(model, &message.text, base, names_us));
        if message.edited_at.is_some() {
            text.push(Piece::new(" (edited)", dim));
        }
    }
    let edge = left.edge.clone();
    lay(columns, left, &text, rows);

    if !message.reactions.is_empty() && !message.deleted {
        let mut reactions = Vec::new();
        for (emoji, users) in &message.reactions {
            let is_ours = users.contains(&model.user);
            let style = theme.style(Role::Reaction);
            let style = if is_ours { style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED) } else { style };
            if !reactions.is_empty() {
                reactions.push(Piece::new("  ", Style::new()));
            }
            let emoji = chat_protocol::display::clip(emoji, 16);
            reactions.push(Piece::new(format!("{emoji} {}", users.len()), style));
        }
        for row in wrap(&reactions, columns.text, columns.text) {
            rows.push(beside(columns, edge.clone(), row));
        }
    }
}

/// What nobody said: who came and went, a topic, words of the client's own.
fn told(model: &Model, columns: Columns, before: Option<Item<'_>>, entry: &Entry, rows: &mut Vec<Row>) {
    let theme = &model.settings.look.theme;
    let notice = theme.style(Role::Notice);
    let (sign, style, text) = match entry {
        Entry::Presence { came, went, passed, .. } => {
            let parts = [(came, "came"), (went, "went"), (passed, "came and went")];
            let parts: Vec<_> = parts
                .iter()
                .filter(|(users, _)| !users.is_empty())
                .map(|(users, did)| format!("{} {did}", people(users)))
                .collect();
            ("→", theme.style(Role::Dim), parts.join(" · "))
        }
        Entry::Topic { from, text, .. } if text.is_empty() => ("·", notice, format!("{} cleared the topic", line(from.shown()))),
        Entry::Topic { from, text, .. } => ("·", notice, format!("{} set the topic: {}", line(from.shown()), line(text))),
        Entry::Notice { text, .. } => ("·", notice, chat_protocol::display::text(text).into_owned()),
        Entry::Fault { text, .. } => ("!", theme.style(Role::Fault), chat_protocol::display::text(text).into_owned()),
        Entry::Message(_) => return,
    };
    let same_minute = before.is_some_and(|before| minute(at(before)) == minute(entry.at()));
    let time = (!same_minute).then(|| Piece::new(time(model, entry.at()), theme.style(Role::Dim)));
    let left = Left { edge: None, time, name: Some((Piece::new(sign, style), None)) };
    lay(columns, left, &[Piece::new(text, style)], rows);
}

fn people(users: &[UserName]) -> String {
    let mut words: Vec<_> = users.iter().take(NAMED).map(|user| line(user.shown()).into_owned()).collect();
    if users.len() > NAMED {
        words.push(format!("{} more", users.len() - NAMED));
    }
    words.join(", ")
}

/// What the server does not have yet.
fn waiting(model: &Model, columns: Columns, pending: &Pending, rows: &mut Vec<Row>) {
    let theme = &model.settings.look.theme;
    let dim = theme.style(Role::Dim);
    let (sign, role) = match pending.state {
        State::Queued => ("…", Role::Dim),
        State::Sending => ("↑", Role::Dim),
        State::Failed(_) => ("✗", Role::Fault),
        State::Stale => ("?", Role::Warning),
    };
    let own = theme.style(Role::Own);
    let name = line(model.user.shown()).into_owned();
    let mut text = Vec::new();
    let name = if pending.action {
        text.push(Piece::new(format!("{name} "), own));
        (Piece::new("*", own), None)
    } else {
        (Piece::new(name, own), Some(&model.user))
    };
    text.push(Piece::new(chat_protocol::display::text(&pending.text).into_owned(), dim));
    lay(columns, Left { edge: None, time: Some(Piece::new(sign, theme.style(role))), name: Some(name) }, &text, rows);
    let note = match &pending.state {
        State::Failed(reason) => vec![
            Piece::new("✗ not sent: ", theme.style(Role::Fault)),
            Piece::new(chat_protocol::display::clip(reason, 200), theme.style(Role::Fault)),
        ],
        State::Stale => vec![Piece::new("? old, and not sent", theme.style(Role::Warning))],
        State::Queued | State::Sending => return,
    };
    let ways = [(["sends again", "drops it"], false), (["again", "drop"], false), (["again", "drop"], true)];
    let mut ways = ways.map(|(does, is_short)| ways_out(model, does, is_short));
    let fits = ways.iter().position(|ways| row_width(ways) <= columns.text).unwrap_or(ways.len() - 1);
    let ways = std::mem::take(&mut ways[fits]);
    // Beside each other if they fit, below each other if not: a key is not torn from its words.
    let mut parts = vec![note, ways];
    parts.retain(|part| !part.is_empty());
    let joined = parts.join(&Piece::new(" · ", dim));
    if row_width(&joined) <= columns.text {
        parts = vec![joined];
    }
    for part in &parts {
        for row in wrap(part, columns.text, columns.text) {
            rows.push(beside(columns, None, row));
        }
    }
}

/// What can be done about a message that was not sent. The keys for that are letters: they mean it only once it is selected.
fn ways_out(model: &Model, [again, away]: [&'static str; 2], is_short: bool) -> Vec<Piece> {
    let dim = model.settings.look.theme.style(Role::Dim);
    let keys = [(Action::Resend, again), (Action::Drop, away)];
    let keys = keys.map(|(action, words)| hint(model, Context::Select, action, words));
    let keys: Vec<_> = keys.into_iter().filter(|key| !key.is_empty()).collect();
    if keys.is_empty() {
        return Vec::new();
    }
    // Without a key for it there is still the mouse.
    let mut row = match hint(model, Context::Input, Action::SelectMessage, "").into_iter().next() {
        Some(key) if is_short => vec![key, Piece::new(": ", dim)],
        Some(key) => vec![Piece::new("select it (", dim), key, Piece::new("): ", dim)],
        None => vec![Piece::new("select it: ", dim)],
    };
    row.extend(keys.join(&Piece::new(", ", dim)));
    row
}

/// A line across, with words in its middle.
fn rule(model: &Model, columns: Columns, words: &str, role: Role) -> Row {
    let style = model.settings.look.theme.style(role);
    let line = if role == Role::Dim { model.settings.look.theme.style(Role::Border) } else { style };
    let whole = columns.whole();
    let words = clip(words, whole.saturating_sub(4)).into_owned();
    let left = whole.saturating_sub(width(&words) + 2);
    let (before, after) = (left / 2, left - left / 2);
    let edge = usize::from(columns.aligned).min(before);
    let pieces = vec![
        Piece::new(" ".repeat(edge), Style::new()),
        Piece::new("─".repeat(before - edge), line),
        Piece::new(format!(" {words} "), style),
        Piece::new("─".repeat(after), line),
    ];
    Row { pieces, name: None, is_own: false }
}
