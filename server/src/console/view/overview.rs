//! The server at a glance: figures over the last minutes, what it is made of, what it does, what it said last.

use chat_protocol::{display, task::TaskStatus};
use chat_terminal::{
    text::{Piece, columns, count, off_top, row_width},
    theme::Role,
};
use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use super::{
    super::{history::Sample, model::Model, update::task_word},
    log, row, rows, spark,
    words::{bytes, millis, number, percent},
};

/// From so many columns on figures stand in two columns.
const TWO_FROM: u16 = 76;
/// From so many on there are facts beside them.
const BESIDE_FROM: u16 = 100;
/// What the facts take of it.
const FACTS: u16 = 36;
/// Rows that the log keeps at least, where there are enough.
const LOG: u16 = 5;

/// And wherever there are any.
const TAIL: u16 = 4;

/// One figure over time.
struct Figure {
    name: &'static str,
    value: String,
    of: fn(&Sample) -> Option<f64>,
    /// What is full at least: below it a figure is small, however it goes.
    least: f64,
    role: Role,
}

fn figures(model: &Model) -> Vec<Figure> {
    let last = model.history.last();
    let maybe = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), millis);
    let (commit, worst) = (model.history.latest(|sample| sample.commit), model.history.latest(|sample| sample.commit_worst));
    let batch = model.history.latest(|sample| sample.batch);
    let figure = |name, value, of, least, role| Figure { name, value, of, least, role };
    vec![
        figure("messages/s", number(last.messages), |sample| Some(sample.messages), 10.0, Role::Own),
        figure("deliveries/s", number(last.deliveries), |sample| Some(sample.deliveries), 10.0, Role::Own),
        figure("sent/s", bytes(last.sent), |sample| Some(sample.sent), 1024.0, Role::Link),
        figure("received/s", bytes(last.received), |sample| Some(sample.received), 1024.0, Role::Link),
        figure("commit", format!("{} p99 {}", maybe(commit), maybe(worst)), |sample| sample.commit, 1.0, Role::Notice),
        figure("batch", batch.map_or_else(|| "–".to_owned(), number), |sample| sample.batch, 4.0, Role::Notice),
        figure("connections", number(last.connections), |sample| Some(sample.connections), 10.0, Role::Good),
        figure("processor", percent(last.cpu), |sample| Some(sample.cpu), 0.2, Role::Warning),
        figure("queued", bytes(last.queue), |sample| Some(sample.queue), 4096.0, Role::Fault),
        figure("dropped/s", number(last.drops), |sample| Some(sample.drops), 10.0, Role::Fault),
    ]
}

/// Draws it. Answers how many rows a page has: there is nothing to page here.
pub(super) fn draw(model: &Model, buffer: &mut Buffer, area: Rect) -> usize {
    if model.sight.is_none() {
        let words = Piece::new(" Nothing is known of the server yet.", model.theme.style(Role::Dim));
        row(buffer, area, area.y, vec![words]);
        return 0;
    }
    let beside = if area.width >= BESIDE_FROM { FACTS } else { 0 };
    let wide = Rect { width: area.width - beside, ..area };
    let drawn = figures(model);
    let across = if wide.width >= TWO_FROM - 12 { 2 } else { 1 };
    let lines = columns(drawn.len().div_ceil(usize::from(across)));
    let spare = area.height.saturating_sub(LOG.max(area.height / 4) + 1);
    // As tall as there is room for, and never so tall that nothing else is left.
    let tall = if beside > 0 { (spare / lines).clamp(1, 6) } else { (spare.saturating_sub(6) / lines).clamp(1, 3) };
    let height = (lines * tall).min(area.height);
    for (place, figure) in drawn.iter().enumerate() {
        let (x, y) = (columns(place) % across, columns(place) / across * tall);
        let width = wide.width / across;
        let spot = Rect { x: wide.x + x * width, y: wide.y + y, width, height: tall };
        draw_figure(model, figure, buffer, spot.intersection(Rect { height, ..wide }));
    }
    let facts = facts(model);
    let (top, below) = off_top(area, height);
    let below = if beside > 0 {
        let right = Rect { x: wide.right() + 1, width: beside - 1, ..top };
        rows(buffer, right, facts);
        below
    } else {
        let (here, below) = off_top(below, columns(facts.len()).min(below.height.saturating_sub(TAIL)));
        rows(buffer, here, facts);
        below
    };
    if below.height >= 2 {
        let (line, tail) = off_top(below, 1);
        rule(model, buffer, line, "log");
        log::tail(model, buffer, tail);
    }
    0
}

/// A line across, with a word in it.
pub(super) fn rule(model: &Model, buffer: &mut Buffer, area: Rect, word: &str) {
    let border = model.theme.style(Role::Border);
    let rest = usize::from(area.width).saturating_sub(word.len() + 4);
    let pieces = vec![
        Piece::new("─ ", border),
        Piece::new(word.to_owned(), model.theme.style(Role::Dim)),
        Piece::new(format!(" {}", "─".repeat(rest + 1)), border),
    ];
    row(buffer, area, area.y, pieces);
}

/// A figure in one row, or its name above its bars.
fn draw_figure(model: &Model, figure: &Figure, buffer: &mut Buffer, area: Rect) {
    const NAME: usize = 15;
    const VALUE: usize = 10;
    const BACK: &str = "5 min";
    let theme = &model.theme;
    let values = |columns: u16| model.history.bars(figure.of, usize::from(columns)).into_iter();
    let name = Piece::new(format!(" {:<width$}", figure.name, width = NAME - 1), theme.style(Role::Dim));
    if area.height > 1 {
        let value = Piece::new(figure.value.clone(), theme.style(Role::Title));
        let mut head = vec![name, value];
        // How far back the bars go, where there is room to say it.
        let room = usize::from(area.width).saturating_sub(row_width(&head) + BACK.len() + 2);
        if room > 0 {
            head.push(Piece::new(format!("{}{BACK}", " ".repeat(room)), theme.style(Role::Dim)));
        }
        row(buffer, area, area.y, head);
        let (_, bars) = off_top(area, 1);
        let bars = Rect { x: bars.x + 1, width: bars.width.saturating_sub(2), ..bars };
        return spark::draw(buffer, bars, values(bars.width), figure.least, theme.style(figure.role));
    }
    // Of two values there is room for the first.
    let first = figure.value.split(" p99").next().unwrap_or_default();
    row(buffer, area, area.y, vec![name, Piece::new(format!("{first:<VALUE$}"), theme.style(Role::Title))]);
    let used = columns(NAME + VALUE).min(area.width);
    let bars = Rect { x: area.x + used, width: (area.width - used).saturating_sub(1), ..area };
    spark::draw(buffer, bars, values(bars.width), figure.least, theme.style(figure.role));
}

/// What is so, in a row each.
fn facts(model: &Model) -> Vec<Vec<Piece>> {
    let Some(sight) = &model.sight else { return Vec::new() };
    let (theme, vitals) = (&model.theme, &sight.vitals);
    let (dim, text, fault) = (theme.style(Role::Dim), theme.style(Role::Text), theme.style(Role::Fault));
    let fact = |name: &str, words: String, style: Style| vec![Piece::new(format!(" {name:<10}"), dim), Piece::new(words, style)];
    let mut facts = vec![
        fact(
            "people",
            format!("{} in {}", vitals.users, count(usize::try_from(vitals.rooms).unwrap_or(usize::MAX), "room", "rooms")),
            text,
        ),
        fact("accounts", number(vitals.accounts as f64), text),
        fact("readers", slow(vitals.slow_readers), if vitals.slow_readers > 0 { theme.style(Role::Warning) } else { text }),
    ];
    if let Some(store) = &vitals.store {
        let words = format!("{} · {} free", bytes(store.bytes as f64), bytes(store.free_bytes as f64));
        // With so little left the log will not take writes for long.
        facts.push(fact("store", words, if store.free_bytes < 1 << 30 { fault } else { text }));
    }
    if let Some(expires) = vitals.tls_expires {
        let days = (expires.0 - vitals.at.0) / 86_400_000;
        let style = match days {
            ..7 => fault,
            7..21 => theme.style(Role::Warning),
            _ => text,
        };
        facts.push(fact("TLS", format!("good for {}", count(usize::try_from(days).unwrap_or(0), "day", "days")), style));
    }
    let process = &vitals.process;
    facts.push(fact("memory", bytes(process.memory_bytes as f64), text));
    let files = format!("{} of {}", process.files, number(process.files_most as f64));
    let crowded = process.files * 10 > process.files_most * 9;
    facts.push(fact("files", files, if crowded { fault } else { text }));
    let threads = model.history.threads.iter().filter(|(name, _)| name.starts_with("shard-") || name == "log-write");
    for (name, part) in threads {
        let busy = if *part > 0.9 { theme.style(Role::Warning) } else { text };
        facts.push(fact(&name.replace('-', " "), percent(*part), busy));
    }
    for (place, (reason, count)) in vitals.drops.iter().enumerate() {
        let name = if place == 0 { "dropped" } else { "" };
        facts.push(fact(name, format!("{} {}", number(*count as f64), display::line(&spaced(reason))), text));
    }
    for task in sight.tasks.iter().rev().filter(|task| !task.status.is_over()).take(3) {
        let words = format!("{} {} %", task_word(task.task), task.progress);
        let style = if task.status == TaskStatus::Running { theme.style(Role::Notice) } else { dim };
        facts.push(fact("task", words, style));
    }
    facts
}

/// `TooSlow` as people write it.
fn spaced(reason: &str) -> String {
    reason.chars().fold(String::new(), |mut words, letter| {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
        words
    })
}

fn slow(readers: u64) -> String {
    match readers {
        0 => "none is slow".into(),
        1 => "1 is slow".into(),
        readers => format!("{readers} are slow"),
    }
}
