//! The flags about how long messages are kept.

use clap::Args;

use crate::log::retention::{Age, Count, Kept, Retention};

/// They are part of the server's arguments.
#[derive(Debug, Args)]
pub(super) struct KeepingFlags {
    /// How long messages are kept: 90d, 12h or 30m; for one room alone as in general=7d, or news=forever (repeatable) [default: for
    /// ever]
    #[arg(long, env = "CHAT_RETAIN", value_delimiter = ',', value_name = "[ROOM=]TIME", help_heading = "Keeping")]
    retain: Vec<Kept<Age>>,
    /// How many messages of a room are kept, the last ones; for one room alone as in news=1000, or news=forever (repeatable)
    /// [default: all]
    #[arg(long, env = "CHAT_RETAIN_MESSAGES", value_delimiter = ',', value_name = "[ROOM=]COUNT", help_heading = "Keeping")]
    retain_messages: Vec<Kept<Count>>,
}

impl KeepingFlags {
    /// What they mean.
    pub(super) fn choice(&self) -> Retention {
        Retention::new(&self.retain, &self.retain_messages)
    }
}
