//! The flags about how long messages are kept, and how a transcript is asked for.

use std::path::PathBuf;

use chat_protocol::task::ExportFormat;
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

/// They are part of the server's arguments.
#[derive(Debug, Args)]
pub struct Export {
    /// A room; a private conversation as in @ann,bob
    pub room: String,
    /// One message as in the protocol on each line, lines for people, or a page that stands alone
    #[arg(long, default_value = "jsonl", value_name = "FORM", value_parser = format)]
    pub format: ExportFormat,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

fn format(text: &str) -> Result<ExportFormat, String> {
    serde_json::from_value(text.into()).map_err(|_| "one of jsonl, text, html is wanted".into())
}
