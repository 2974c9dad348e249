//! Who may make an account of their own: what the operator chose, and how a person who asks is told. It does not know how an
//! account is made.

use std::{fmt, str::FromStr};

/// What `--registration` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Who has an invitation.
    Invite,
    /// Nobody: the operator makes accounts.
    #[default]
    Closed,
}

impl Registration {
    const ALL: [Self; 3] = [Self::Open, Self::Invite, Self::Closed];

    /// The one word for it, everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invite => "invite",
            Self::Closed => "closed",
        }
    }

    /// What somebody is told who types `/register`. Never to type a password there: a slip of the finger would say it to all.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => {
                "An account is made at the door, never here: open this server's page and choose «Create an account», or run chat-tui --register. Type no password into a chat."
            }
            Self::Invite => {
                "An account is made at the door, with an invitation: open its link, or run chat-tui --register --invite LINK. Type no password into a chat."
            }
            Self::Closed => "Accounts are made by whoever runs this server: ask them for one. Type no password into a chat.",
        }
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Registration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|choice| choice.word() == text).ok_or_else(|| "open, invite or closed".into())
    }
}
