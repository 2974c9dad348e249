//! Why a connection ended, and whether to come back: one table for server, clients and documents.

use serde::{Deserialize, Serialize};

/// A close code that the server uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "u16", from = "u16")]
pub enum CloseCode {
    /// The client asked for it.
    Normal,
    /// The server is going down for good.
    GoingAway,
    /// Not frames of a WebSocket.
    BadFrame,
    /// A binary frame.
    Binary,
    /// A text frame that is not UTF-8.
    NotUtf8,
    /// A bad name, a forbidden room.
    Policy,
    /// A frame over the limit.
    TooBig,
    /// A fault of the server's own.
    Internal,
    /// The server restarts.
    Restarting,
    /// The server has no room for it now.
    Overloaded,
    /// A credential is missing or wrong.
    InvalidToken,
    /// Kicked or banned.
    Kicked,
    /// It read too slowly and its queue filled.
    TooSlow,
    /// Somebody else has the name.
    NameTaken,
    /// No sign of life.
    Silent,
    /// It flooded on after being told.
    Flooding,
    /// A code of a later version, or of another program.
    Other(u16),
}

impl CloseCode {
    /// Every code of this version, for documents and tests.
    pub const ALL: [Self; 16] = [
        Self::Normal,
        Self::GoingAway,
        Self::BadFrame,
        Self::Binary,
        Self::NotUtf8,
        Self::Policy,
        Self::TooBig,
        Self::Internal,
        Self::Restarting,
        Self::Overloaded,
        Self::InvalidToken,
        Self::Kicked,
        Self::TooSlow,
        Self::NameTaken,
        Self::Silent,
        Self::Flooding,
    ];

    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::GoingAway => 1001,
            Self::BadFrame => 1002,
            Self::Binary => 1003,
            Self::NotUtf8 => 1007,
            Self::Policy => 1008,
            Self::TooBig => 1009,
            Self::Internal => 1011,
            Self::Restarting => 1012,
            Self::Overloaded => 1013,
            Self::InvalidToken => 4001,
            Self::Kicked => 4003,
            Self::TooSlow => 4008,
            Self::NameTaken => 4009,
            Self::Silent => 4010,
            Self::Flooding => 4029,
            Self::Other(number) => number,
        }
    }

    /// The code of a number.
    #[must_use]
    pub fn from_number(number: u16) -> Self {
        Self::ALL.into_iter().find(|code| code.number() == number).unwrap_or(Self::Other(number))
    }

    /// Whether the same client may try again by itself.
    #[must_use]
    pub fn reconnect(self) -> bool {
        matches!(self, Self::Internal | Self::Restarting | Self::Overloaded | Self::TooSlow | Self::Silent | Self::Flooding)
    }

    /// The reason when there is nothing more particular to say. Short enough for a close frame.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Normal => "Goodbye",
            Self::GoingAway => "The server is going down",
            Self::BadFrame => "Not a WebSocket frame",
            Self::Binary => "Binary frames are not spoken here",
            Self::NotUtf8 => "Text must be UTF-8",
            Self::Policy => "Not allowed",
            Self::TooBig => "Frame too big",
            Self::Internal => "Internal error",
            Self::Restarting => "The server is restarting",
            Self::Overloaded => "The server is overloaded",
            Self::InvalidToken => "Invalid token",
            Self::Kicked => "You were removed",
            Self::TooSlow => "Too slow: come back and resume",
            Self::NameTaken => "Name is taken",
            Self::Silent => "No sign of life",
            Self::Flooding => "Too many messages",
            Self::Other(_) => "Closed",
        }
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.number()
    }
}

impl From<u16> for CloseCode {
    fn from(number: u16) -> Self {
        Self::from_number(number)
    }
}
