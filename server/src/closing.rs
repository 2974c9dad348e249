//! How a connection ends from the server's side, as its peer is told.

use chat_protocol::CloseCode;

/// Why a connection is to end, as its peer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    pub code: CloseCode,
    pub reason: String,
    pub retry_ms: Option<u64>,
}

impl Closing {
    /// A close with particular words.
    pub fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), retry_ms: None }
    }
}

impl From<CloseCode> for Closing {
    fn from(code: CloseCode) -> Self {
        Self::new(code, code.reason())
    }
}
