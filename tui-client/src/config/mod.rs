//! What the user chose: defaults < file < environment < flags, parsed once. [`Settings`] is what the model and the view may know of
//! it; where the server is and who we are is for the one that starts everything.

mod colors;
mod example;
mod file;
mod invite;
mod start;

use clap::ValueEnum;
use serde::Deserialize;

pub(crate) use self::{
    colors::Colors,
    example::example,
    file::File,
    invite::Invite,
    start::{Mode, Start, TIMEOUT, load},
};
use crate::{keys::KeyMap, theme::Theme};

/// How the client looks and behaves. Plain data; `/reload` puts another in its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) keys: KeyMap,
    pub(crate) look: Look,
    pub(crate) alerts: Alerts,
    /// Whether others see that we type.
    pub(crate) send_typing: bool,
    /// Whether we see that others type.
    pub(crate) show_typing: bool,
    /// Entries of a room that are kept in memory.
    pub(crate) scrollback: usize,
    /// People whose words are not shown.
    pub(crate) ignore: Vec<String>,
    /// The mouse is ours, and not the terminal's.
    pub(crate) mouse: bool,
}

/// For which background the theme is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ThemeChoice {
    // As the terminal says. Not in the words of `--help`, which would become long by it.
    #[default]
    Auto,
    Dark,
    Light,
}

/// How the terminal is asked to call the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Notify {
    /// In the way that this terminal is known to understand, and the bell.
    #[default]
    Auto,
    Bell,
    Osc9,
    Osc777,
    Off,
}

/// What concerns the view alone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    pub(crate) theme: Theme,
    /// Of a message's time, as strftime has it.
    pub(crate) time: String,
    /// Of the line between two days.
    pub(crate) date: String,
    /// The most columns that the text of a message takes.
    pub(crate) text_width: u16,
    /// The most columns of a name beside its message.
    pub(crate) nick_width: u16,
    pub(crate) rooms_width: u16,
    pub(crate) users_width: u16,
    /// Links that the terminal can open (OSC 8).
    pub(crate) links: bool,
    /// Show who comes and goes.
    pub(crate) presence: bool,
}

/// When to call the user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Alerts {
    /// Words besides the own name that count as a mention.
    pub(crate) words: Vec<String>,
    /// Rooms that call only for a mention, and do not count otherwise.
    pub(crate) mute: Vec<String>,
    /// Whether what was said is in the notification, or only who said it.
    pub(crate) show_text: bool,
    pub(crate) notify: Notify,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keys: KeyMap::default(),
            look: Look {
                theme: Theme::default(),
                time: "%H:%M".into(),
                date: "%A, %-d %B %Y".into(),
                text_width: 100,
                nick_width: 14,
                rooms_width: 18,
                users_width: 18,
                links: true,
                presence: true,
            },
            alerts: Alerts { words: Vec::new(), mute: Vec::new(), show_text: false, notify: Notify::Auto },
            send_typing: true,
            show_typing: true,
            scrollback: 100_000,
            ignore: Vec::new(),
            mouse: false,
        }
    }
}
