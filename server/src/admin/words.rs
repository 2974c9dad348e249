//! An answer in words for a terminal: lists are columns that a person and a script can read.

use std::fmt::Write as _;

use chat_protocol::{Timestamp, task::TaskUpdate};
use unicode_width::UnicodeWidthStr as _;

use super::{AccountLine, Answer, InvitationLine, TokenLine};

impl Answer {
    /// What is printed. A new secret stands alone on the first line, so that a script can take it from there.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Done { words } | Self::Refused { words } => format!("{words}\n"),
            Self::Token { token, .. } => format!("{}\n", token.tell()),
            Self::Invitation { link: Some(link), code, .. } => format!("{}\n{}\n", link.tell(), code.tell()),
            Self::Invitation { link: None, code, .. } => format!("{}\n", code.tell()),
            // What changes by the second is looked at, and not printed.
            Self::Sight(_) | Self::Connections { .. } | Self::Rooms { .. } | Self::Room { .. } => String::new(),
            Self::Accounts { accounts } if accounts.is_empty() => "There are no accounts.\n".into(),
            Self::Accounts { accounts } => {
                columns(&["NAME", "ROLE", "TOKENS", "MADE", "LAST USED", ""], accounts.iter().map(account))
            }
            Self::Tokens { tokens } if tokens.is_empty() => "There are no tokens.\n".into(),
            Self::Tokens { tokens } => {
                columns(&["TOKEN", "NAME", "MADE", "EXPIRES", "LAST USED", "LABEL"], tokens.iter().map(token))
            }
            Self::Invitations { invitations } if invitations.is_empty() => "There are no invitations.\n".into(),
            Self::Invitations { invitations } => columns(
                &["INVITATION", "USED", "MADE", "EXPIRES", "STATE", "LABEL", "WHO CAME BY IT"],
                invitations.iter().map(invitation),
            ),
            Self::Tasks { tasks } if tasks.is_empty() => "There is no work.\n".into(),
            Self::Tasks { tasks } => columns(&["TASK", "WORK", "ROOM", "STATE", "%", "WORDS"], tasks.iter().map(task)),
        }
    }
}

fn account(line: &AccountLine) -> Vec<String> {
    let AccountLine { name, role, disabled, tokens, made, used } = line;
    let disabled = if *disabled { "disabled" } else { "" };
    vec![name.to_string(), role.to_string(), tokens.to_string(), minute(Some(*made)), minute(*used), disabled.into()]
}

fn token(line: &TokenLine) -> Vec<String> {
    let TokenLine { id, name, label, made, expires, used } = line;
    let label = chat_protocol::display::line(label).into_owned();
    vec![id.to_string(), name.to_string(), minute(Some(*made)), minute(*expires), minute(*used), label]
}

fn invitation(line: &InvitationLine) -> Vec<String> {
    let InvitationLine { id, uses, used, made, expires, open, label, came } = line;
    let label = chat_protocol::display::line(label).into_owned();
    let state = if *open { "open" } else { "over" };
    let (made, expires) = (minute(Some(*made)), minute(Some(*expires)));
    vec![id.to_string(), format!("{used} of {uses}"), made, expires, state.into(), label, came.clone()]
}

fn task(update: &TaskUpdate) -> Vec<String> {
    let TaskUpdate { task_id, task, room, status, progress, message, .. } = update;
    let word = |value: serde_json::Result<serde_json::Value>| {
        value.ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
    };
    let (task, status) = (word(serde_json::to_value(task)), word(serde_json::to_value(status)));
    let room = room.as_ref().map(ToString::to_string).unwrap_or_default();
    vec![task_id.clone(), task, room, status, progress.to_string(), chat_protocol::display::line(message).into_owned()]
}

fn minute(at: Option<Timestamp>) -> String {
    let Some(at) = at else { return "never".into() };
    let (year, month, day, hour, minute, ..) = at.civil();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

fn columns(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let rows: Vec<_> = std::iter::once(heads.iter().map(|head| (*head).to_owned()).collect()).chain(rows).collect();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell}{}", " ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
