//! What kind of terminal this is: what it can take, and whether its background is dark or light.

use std::{env, time::Duration};

use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

/// How long the terminal may take to say its colours. All but a few answer at once; an answer that comes after this, over a very
/// slow line, would be taken for keys.
const PATIENCE: Duration = Duration::from_millis(500);

/// Dark or light.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    Dark,
    Light,
}

/// What the terminal says of itself in the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    /// `TERM`.
    pub term: String,
    /// It is a window of tmux, which takes what is for the terminal behind it only in an envelope.
    pub tmux: bool,
    /// `COLORFGBG`, where the terminal sets it.
    pub colors: Option<String>,
}

impl Kind {
    pub fn of_environment() -> Self {
        Self {
            term: env::var("TERM").unwrap_or_default(),
            tmux: env::var_os("TMUX").is_some_and(|value| !value.is_empty()),
            colors: env::var("COLORFGBG").ok(),
        }
    }

    /// It can move no cursor: only the linear mode is of use.
    pub fn is_dumb(&self) -> bool {
        matches!(self.term.as_str(), "dumb" | "")
    }

    /// It knows the sequences that are for windows: links, titles, notifications.
    pub fn is_window(&self) -> bool {
        !self.is_dumb() && self.term != "linux"
    }

    /// Dark or light, as `COLORFGBG` has it: the last number is the background's of the 16 colours.
    pub fn background(&self) -> Option<Background> {
        let number: u8 = self.colors.as_deref()?.rsplit(';').next()?.parse().ok()?;
        match number {
            7 | 9..=15 => Some(Background::Light),
            0..=6 | 8 => Some(Background::Dark),
            _ => None,
        }
    }
}

/// Asks the terminal for its colours. Blocks for up to [`PATIENCE`], and reads what is typed: only while nobody else does.
pub fn background() -> Option<Background> {
    let mut options = QueryOptions::default();
    options.timeout = PATIENCE;
    theme_mode(options).ok().map(|mode| match mode {
        ThemeMode::Dark => Background::Dark,
        ThemeMode::Light => Background::Light,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_dark_or_light() {
        for (colors, expected) in [
            ("15;0", Some(Background::Dark)),
            ("0;15", Some(Background::Light)),
            ("0;default;15", Some(Background::Light)),
            ("12;8", Some(Background::Dark)),
            ("0;7", Some(Background::Light)),
            ("0;default", None),
            ("", None),
            ("0;300", None),
            ("0;16", None),
        ] {
            let kind = Kind { colors: Some(colors.into()), ..Kind::default() };
            assert_eq!(kind.background(), expected, "{colors}");
        }
        assert_eq!(Kind::default().background(), None);
    }

    #[test]
    fn a_terminal_without_windows_takes_no_links() {
        for (term, dumb, window) in
            [("xterm-256color", false, true), ("linux", false, false), ("dumb", true, false), ("", true, false)]
        {
            let kind = Kind { term: term.into(), ..Kind::default() };
            assert_eq!((kind.is_dumb(), kind.is_window()), (dumb, window), "{term}");
        }
    }
}
