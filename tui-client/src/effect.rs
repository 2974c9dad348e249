//! Everything that the update may ask for; the app performs it.

use std::time::Duration;

use chat_protocol::{Epoch, Request, Seq};

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Connect, after at least so long.
    Connect { resume: Resume, no_sooner: Duration },
    /// Ask the server for something.
    Ask(Request),
    /// Send a line as it was typed: the server reads the commands.
    Raw(String),
    /// Leave; with a reason, it was not the user's wish.
    Quit(Option<String>),
}

/// Where an earlier connection stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resume {
    /// The proof that the name is ours.
    pub(crate) session: Option<String>,
    /// The last event that was seen.
    pub(crate) position: Option<(Epoch, Seq)>,
}
