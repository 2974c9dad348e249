//! The arguments, as they are typed. What they mean is checked where the parsed types are made.

use clap::Parser;

/// The chat in a terminal.
#[derive(Debug, Parser)]
#[command(version, after_help = "Ctrl-C or /quit leaves, PageUp and PageDown scroll, /help lists the commands.")]
pub(crate) struct Args {
    /// Your name in the chat
    #[arg(short, long, env = "CHAT_USER")]
    pub(crate) user: String,

    /// Room to talk in
    #[arg(short, long, env = "CHAT_ROOM", default_value = "general")]
    pub(crate) room: String,

    /// Where the server is
    #[arg(short, long, env = "CHAT_SERVER", value_name = "URL", default_value = "ws://127.0.0.1:8000")]
    pub(crate) server: String,
}
