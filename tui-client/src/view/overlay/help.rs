//! The help: every key from the live table, every command from the shared one.

use chat_protocol::command::COMMANDS;
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    super::{
        hints::{hint, joined},
        text::{Piece, clip_row, columns, put_row, row_width},
        wrap::wrap,
    },
    boxed, centred, foot,
};
use crate::{
    keys::{ACTIONS, Action, Context},
    model::Model,
    theme::Role,
    update::LOCAL_COMMANDS,
};

/// From so many columns on there are two columns.
const TWO_FROM: u16 = 110;
const BETWEEN: usize = 3;
/// Of the keys, or the commands.
const WIDEST: usize = 24;

pub(super) fn draw(model: &Model, scroll: usize, buffer: &mut Buffer, screen: Rect) {
    let two = screen.width >= TWO_FROM;
    let most = if two { 150 } else { 84 };
    let area = centred(
        screen,
        screen.width.saturating_sub(4).clamp(screen.width.min(30), most),
        screen.height.saturating_sub(2).max(screen.height.min(8)),
    );
    let inner = boxed(model, buffer, area, "Help");
    let wide = usize::from(inner.width);
    let rows = if two {
        let half = wide.saturating_sub(BETWEEN) / 2;
        let [left, right] = halves(model);
        let (left, right) = (laid(model, &left, half), laid(model, &right, half));
        let empty = Vec::new();
        let beside = |at: usize| {
            let mut row = left.get(at).unwrap_or(&empty).clone();
            let gap = half + BETWEEN - row_width(&row);
            row.push(Piece::new(" ".repeat(gap), ratatui::style::Style::new()));
            row.extend(right.get(at).unwrap_or(&empty).clone());
            row
        };
        (0..left.len().max(right.len())).map(beside).collect()
    } else {
        laid(model, &halves(model).concat(), wide)
    };
    let height = usize::from(inner.height);
    let first = scroll.min(rows.len().saturating_sub(height));
    for (number, row) in rows.iter().skip(first).take(height).enumerate() {
        put_row(buffer, inner, inner.x, inner.y + columns(number), row, &mut Vec::new());
    }
    let mut keys = Vec::new();
    if rows.len() > height {
        keys.push(hint(model, Context::List, Action::ListDown, "more"));
    }
    keys.push(hint(model, Context::List, Action::Cancel, "close"));
    let keys = joined(model, keys, wide);
    foot(model, buffer, area, &keys);
}

/// A heading, and what is below it: a key or a command, and what it does.
type Section = (&'static str, Vec<(String, String)>);

fn halves(model: &Model) -> [Vec<Section>; 2] {
    let keys = |heading, context| (heading, keys(model, context));
    let mut commands: Vec<_> = COMMANDS.iter().map(|command| (command.synopsis(), command.help.to_owned())).collect();
    commands.extend(
        LOCAL_COMMANDS
            .iter()
            .map(|local| (format!("/{} {}", local.name, local.usage).trim_end().to_owned(), local.help.to_owned())),
    );
    [
        vec![keys("Everywhere", Context::Everywhere), keys("A selected message", Context::Select)],
        vec![keys("What you type", Context::Input), ("Commands; //x says «/x»", commands), keys("A list", Context::List)],
    ]
}

fn keys(model: &Model, context: Context) -> Vec<(String, String)> {
    let chords = |action| model.settings.keys.chords(context, action);
    let mut rows: Vec<(String, String)> = Vec::new();
    let about = ACTIONS.iter().filter(|about| about.context == context && !chords(about.action).is_empty());
    for about in about {
        // Nine rows of the same say less than one.
        if let Action::Room(number) = about.action {
            let key = chords(about.action)[0].to_string();
            match rows.last_mut().filter(|_| number > 1) {
                Some((keys, help)) if help == "go to a room by its number" => {
                    let first = keys.split(" … ").next().unwrap_or_default().to_owned();
                    *keys = format!("{first} … {key}");
                }
                _ => rows.push((key, "go to a room by its number".into())),
            }
            continue;
        }
        let mut keys = String::new();
        for chord in chords(about.action) {
            let more = if keys.is_empty() { chord.to_string() } else { format!("{keys}  {chord}") };
            // Half a key is none; the first is always there.
            if keys.is_empty() || more.chars().count() <= WIDEST {
                keys = more;
            }
        }
        rows.push((keys, about.help.to_owned()));
    }
    rows
}

fn laid(model: &Model, sections: &[Section], wide: usize) -> Vec<Vec<Piece>> {
    let theme = &model.settings.look.theme;
    let (title, key, text) = (theme.style(Role::Title), theme.style(Role::Key), theme.style(Role::Text));
    let widest = sections.iter().flat_map(|(_, rows)| rows).map(|(keys, _)| keys.chars().count()).max().unwrap_or(0);
    let column = widest.min(WIDEST).min(wide * 2 / 5);
    let mut laid = Vec::new();
    for (number, (heading, rows)) in sections.iter().enumerate() {
        if number > 0 {
            laid.push(Vec::new());
        }
        laid.push(clip_row(vec![Piece::new(*heading, title)], wide));
        for (keys, help) in rows {
            let mut left = clip_row(vec![Piece::new(keys.clone(), key)], column);
            for row in wrap(&[Piece::new(help.clone(), text)], wide.saturating_sub(column + 4), wide.saturating_sub(column + 4)) {
                let gap = column + 2 - row_width(&left);
                let mut whole = vec![Piece::new("  ", text)];
                whole.append(&mut left);
                whole.push(Piece::new(" ".repeat(gap), text));
                whole.extend(row);
                laid.push(clip_row(whole, wide));
            }
        }
    }
    laid
}
