//! Which part of the screen looks how: [`Role`] → style, for dark and light, for 16 colours, 256 and all, and for none.
//!
//! The background of the panes is the terminal's own; only the bar, the selection and the boxes have one. Nothing is said by a
//! colour alone: without any, modifiers and glyphs still say it. Who the terminal is, and what it can do, is found out elsewhere.

mod change;
mod palette;
#[cfg(test)]
mod tests;

use ratatui::style::Style;

use self::palette::ROLES;

/// What a part of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Text,
    /// What matters less: times, hints.
    Dim,
    /// The lines between the panes.
    Border,
    /// The bar at the top.
    Bar,
    /// The name of the room that is shown.
    Title,
    /// Our own name.
    Own,
    /// A message that names us.
    Mention,
    /// Words of the server's or the client's own.
    Notice,
    Fault,
    Good,
    Warning,
    Link,
    /// The line before what is new.
    Marker,
    /// The selected message, the chosen row of a list.
    Selected,
    /// What a search found.
    Found,
    /// Counts of unread messages.
    Unread,
    /// A key in a hint.
    Key,
    Reaction,
    Code,
    /// A box above the rest.
    Popup,
}

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None are wanted (`NO_COLOR`): not one is set, since a colour set and filtered out later takes the modifiers with it.
    None,
    /// The sixteen that the user has chosen for the terminal.
    Ansi16,
    Ansi256,
    True,
}

/// Terminals with all colours that say so only by their name, because the other way is lost through ssh.
const ALL_COLORS: [&str; 6] = ["xterm-kitty", "xterm-ghostty", "alacritty", "foot", "foot-extra", "wezterm"];

impl Depth {
    /// As the environment tells of the terminal, unless no colours are wanted.
    pub fn of(env: &dyn Fn(&str) -> Option<String>) -> Self {
        let env = |name| env(name).unwrap_or_default();
        let term = env("TERM");
        if !env("NO_COLOR").is_empty() || term == "dumb" {
            Self::None
        } else if matches!(env("COLORTERM").as_str(), "truecolor" | "24bit")
            || term.ends_with("-direct")
            || ALL_COLORS.contains(&term.as_str())
        {
            Self::True
        } else if term.ends_with("-256color") {
            Self::Ansi256
        } else {
            Self::Ansi16
        }
    }
}

/// A table of styles.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// In the order of [`ROLES`].
    roles: Vec<Style>,
    nicks: Vec<Style>,
}

impl Theme {
    /// The built-in table for a background and so many colours, changed as the configuration says: a role or `nick`, and what
    /// it is to look like (`#7aa2f7 bold`, `black on yellow`, `default`). For `nick` all colours that names may have.
    ///
    /// # Errors
    /// In words for whoever wrote the configuration.
    pub fn build(dark: bool, depth: Depth, changes: &[(String, String)]) -> Result<Self, String> {
        let mut theme = palette::theme(dark, depth);
        for (name, words) in changes {
            if name == "nick" {
                theme.nicks = change::nicks(words, depth).map_err(|error| format!("nick: {error}"))?;
                continue;
            }
            let place = ROLES.iter().position(|(_, role)| role == name);
            let place = place.ok_or_else(|| format!("there is no «{name}» to give a colour to; there are: {}", names()))?;
            theme.roles[place] = change::style(words, depth).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(theme)
    }

    /// How a part looks.
    pub fn style(&self, role: Role) -> Style {
        self.roles.get(role as usize).copied().unwrap_or_default()
    }

    /// The style of a name; the same for the same name, always.
    pub fn nick(&self, folded: &str) -> Style {
        // FNV-1a: not the hash of the standard library, which may change with it and would give everybody new colours.
        let sum =
            folded.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        // The low bits alone are poor for short names.
        let place = (sum ^ (sum >> 32)) as usize % self.nicks.len().max(1);
        self.nicks.get(place).copied().unwrap_or_default()
    }
}

/// What can be changed, in words.
fn names() -> String {
    let names: Vec<_> = ROLES.iter().map(|(_, name)| *name).collect();
    format!("{}, nick", names.join(", "))
}

impl Default for Theme {
    fn default() -> Self {
        palette::theme(true, Depth::Ansi16)
    }
}
