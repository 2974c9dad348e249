//! What only the world can tell the model, apart from what happens in it: how late it is, and what drawing brought to light.

use std::time::Duration;

use chat_protocol::{Seq, Timestamp};

use super::Place;

/// How late it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Now {
    /// Since the start; never goes back.
    pub(crate) since: Duration,
    /// By the clock on the wall.
    pub(crate) wall: Timestamp,
}

/// What only drawing can tell: how the message pane was filled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Rows of the message pane.
    pub(crate) page: usize,
    /// The row at the foot of the pane: an entry, and the how-manieth row of it; nothing while the newest is there.
    pub(crate) bottom: Option<(Place, usize)>,
    /// There was nothing older to show.
    pub(crate) at_top: bool,
    /// The first and the last message that are wholly visible.
    pub(crate) first: Option<Seq>,
    pub(crate) last: Option<Seq>,
    /// What a click on a row of the screen means.
    pub(crate) spots: Vec<(Spot, Target)>,
}

/// A part of one row of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) row: u16,
    pub(crate) columns: (u16, u16),
}

/// What lies in a [`Spot`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The room of that place in the list.
    Room(usize),
    /// The user whose name it is, as it is shown.
    User(String),
    Message(Place),
    /// The line that says that there is more below.
    Newest,
}
