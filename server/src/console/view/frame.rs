//! What stands around the rest: the bar with the badge, the tabs, the row below with what was done and what can be.

use chat_protocol::{display, rights::lasting};
use chat_terminal::{
    text::{Piece, clip_row, columns, put_row, row_width},
    theme::Role,
};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    super::{
        keys::{Key, shown},
        model::{Closer, Link, Model, Tab},
    },
    row,
    words::age,
};

/// What runs, for how long, and how we stand with it.
pub(super) fn bar(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    buffer.set_style(area, theme.style(Role::Bar));
    let bar = |text: String| Piece::new(text, theme.style(Role::Bar));
    let (badge, role) = match &model.link {
        Link::Here if model.is_own => ("● here", Role::Good),
        Link::Here => ("● attached", Role::Good),
        Link::Trying => ("◌ attaching", Role::Warning),
        Link::Lost(_) => ("○ lost", Role::Fault),
    };
    let badge = vec![Piece::new(format!(" {badge} "), theme.style(Role::Bar).patch(theme.style(role)))];
    let mut left = vec![bar(" ".into()), Piece::new("chat-server", theme.style(Role::Bar).patch(theme.style(Role::Title)))];
    if let Some(sight) = &model.sight {
        let vitals = &sight.vitals;
        left.push(bar(format!(" {}", display::line(&vitals.version))));
        left.push(bar(format!(" · up {}", age((vitals.at.0 - vitals.started.0) / 1000))));
        let state = match (sight.leaves_in, vitals.draining, vitals.log_writable) {
            (Some(left), ..) => Some((format!(" · goes down in {}", lasting(left.as_secs())), Role::Warning)),
            (None, true, _) => Some((" · going down".into(), Role::Warning)),
            (None, false, false) => Some((" · the log takes no writes".into(), Role::Fault)),
            _ => None,
        };
        if let Some((words, role)) = state {
            left.push(Piece::new(words, theme.style(Role::Bar).patch(theme.style(role))));
        }
        let durability = match vitals.durability.as_str() {
            "none" => " · keeps nothing".to_owned(),
            other => format!(" · {} durability", display::line(other)),
        };
        left.push(bar(durability));
    }
    left.push(bar(format!(" · {}", display::line(&model.place))));
    let wide = row_width(&badge);
    put_row(buffer, area, area.x, area.y, &clip_row(left, usize::from(area.width).saturating_sub(wide)), &mut Vec::new());
    put_row(buffer, area, area.right().saturating_sub(columns(wide)), area.y, &badge, &mut Vec::new());
}

pub(super) fn tabs(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    let mut all = Vec::new();
    for (number, tab) in Tab::ALL.into_iter().enumerate() {
        let role = if tab == model.tab { Role::Selected } else { Role::Dim };
        // Where there is little room, only the tab that is shown has its whole name.
        let word = if area.width < 50 && tab != model.tab { &tab.word()[..3] } else { tab.word() };
        all.push(Piece::new(format!(" {} {word} ", number + 1), theme.style(role)));
        all.push(Piece::new(" ", theme.style(Role::Text)));
    }
    row(buffer, area, area.y, all);
}

/// What the last order came to, or what can be done.
pub(super) fn foot(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = &model.theme;
    let said = match (&model.link, &model.said) {
        (Link::Lost(words), _) => Some((words, Role::Fault)),
        (_, Some(said)) => Some((&said.words, if said.is_fault { Role::Fault } else { Role::Good })),
        _ => None,
    };
    if let Some((words, role)) = said {
        return row(buffer, area, area.y, vec![Piece::new(" ", theme.style(role)), Piece::said(words, theme.style(role))]);
    }
    let mut all = vec![Piece::new(" ", theme.style(Role::Dim))];
    for (key, words) in hints(model) {
        let hint = [Piece::new(shown(key), theme.style(Role::Key)), Piece::new(format!(" {words}  "), theme.style(Role::Dim))];
        if row_width(&all) + row_width(&hint) > usize::from(area.width) {
            break;
        }
        all.extend(hint);
    }
    row(buffer, area, area.y, all);
}

fn hints(model: &Model) -> Vec<(Key, &'static str)> {
    let people = [(Key::Kick, "kick"), (Key::Mute, "mute"), (Key::Ban, "ban")];
    let mut hints = match (&model.closer, model.tab) {
        (Some(Closer::Room { .. }), _) => {
            let room = [(Key::Notice, "notice"), (Key::Slow, "slow"), (Key::Export, "export")];
            [(Key::Back, "back")].into_iter().chain(people).chain(room).collect()
        }
        (Some(Closer::Connection { .. }), _) => [(Key::Back, "back"), (Key::Close, "close")].into_iter().chain(people).collect(),
        (None, Tab::Rooms) => vec![
            (Key::Open, "look closer"),
            (Key::Filter, "filter"),
            (Key::Sort, "order"),
            (Key::Notice, "notice"),
            (Key::Slow, "slow"),
            (Key::Export, "export"),
        ],
        (None, Tab::Connections) => {
            let first = [(Key::Open, "look closer"), (Key::Filter, "filter"), (Key::Sort, "order"), (Key::Close, "close")];
            first.into_iter().chain(people).collect()
        }
        (None, Tab::Log) => {
            vec![(Key::Level, "level"), (Key::Filter, "filter"), (Key::Last, "follow"), (Key::LogFilter, "what is written")]
        }
        (None, Tab::Overview) => vec![
            (Key::NextTab, "more"),
            (Key::Notice, "notice"),
            (Key::Backup, "backup"),
            (Key::Verify, "verify"),
            (Key::Leave, "go down"),
            (Key::Reload, "reload"),
        ],
    };
    // The first is the one that leads to the others, where there is room for few.
    hints.insert(0, (Key::Help, "help"));
    hints.push((Key::Quit, "leave"));
    hints
}
