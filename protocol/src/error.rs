//! What a request can be refused with: one code for programs, and words for people.

use serde::{Deserialize, Serialize};

/// Why a request was refused. The connection stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The frame begins like an object and is none.
    BadJson,
    /// An object of a type that this version does not know.
    UnknownType,
    /// A field is missing, of the wrong kind, or out of range.
    BadRequest,
    /// The text is longer than the limit.
    TooLong,
    /// Too many requests; `retry_ms` says when the next one is welcome.
    RateLimited,
    /// The connection is not in that room.
    NotJoined,
    /// There is no such room for this user.
    NoSuchRoom,
    /// Nobody of that name is there.
    NoSuchUser,
    /// There is no such message in the room.
    NoSuchMessage,
    /// Not a valid name.
    BadName,
    /// It is somebody else's.
    Forbidden,
    /// A moderator took this user's voice.
    Muted,
    /// The log could not keep it; nothing was sent; try again.
    Unavailable,
    /// A code of a later version: the words beside it say what is meant.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// Every code of this version, for documents and tests.
    pub const ALL: [Self; 13] = [
        Self::BadJson,
        Self::UnknownType,
        Self::BadRequest,
        Self::TooLong,
        Self::RateLimited,
        Self::NotJoined,
        Self::NoSuchRoom,
        Self::NoSuchUser,
        Self::NoSuchMessage,
        Self::BadName,
        Self::Forbidden,
        Self::Muted,
        Self::Unavailable,
    ];

    /// The code as the wire writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::UnknownType => "unknown_type",
            Self::BadRequest => "bad_request",
            Self::TooLong => "too_long",
            Self::RateLimited => "rate_limited",
            Self::NotJoined => "not_joined",
            Self::NoSuchRoom => "no_such_room",
            Self::NoSuchUser => "no_such_user",
            Self::NoSuchMessage => "no_such_message",
            Self::BadName => "bad_name",
            Self::Forbidden => "forbidden",
            Self::Muted => "muted",
            Self::Unavailable => "unavailable",
            Self::Unknown => "unknown",
        }
    }
}

/// A request refused: what the asker is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub text: String,
    /// When to try again, where that is known.
    pub retry_ms: Option<u64>,
}

impl Refusal {
    /// A refusal with its words.
    #[must_use]
    pub fn new(code: ErrorCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), retry_ms: None }
    }

    /// The same, with the time after which it may be tried again.
    #[must_use]
    pub fn retry(self, retry_ms: u64) -> Self {
        Self { retry_ms: Some(retry_ms), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_and_the_table_agree() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
