//! The one clock. Everything that needs to know the time is told; this is where it is read.

use std::time::{SystemTime, UNIX_EPOCH};

use chat_protocol::Timestamp;

/// This moment, as the log and the wire write it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
