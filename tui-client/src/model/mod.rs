//! What the client knows, as plain data. [`crate::update`] changes it, [`crate::view`] shows it.

mod input;
mod outbox;
mod transcript;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chat_protocol::{Epoch, RoomName, Seq, UserName, limits};

pub(crate) use self::{
    input::Input,
    outbox::Outbox,
    transcript::{Entry, Transcript},
};
use crate::msg::Seen;

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Connecting,
    Online,
    /// To be tried again at that time.
    Waiting {
        until: Duration,
        reason: String,
    },
    /// Not to be tried again.
    Ended {
        reason: String,
    },
}

/// Everything.
#[derive(Debug)]
pub(crate) struct Model {
    /// Since the start; only ticks move it.
    pub(crate) now: Duration,
    pub(crate) user: UserName,
    pub(crate) room: RoomName,
    pub(crate) link: Link,
    /// The server has let us in once.
    pub(crate) welcomed: bool,
    pub(crate) session: Option<String>,
    /// Of the connection; [`Self::position`] may still belong to the one before.
    pub(crate) epoch: Option<Epoch>,
    /// The last logged event that came by. An ack does not count: what was said before it may still be on its way.
    pub(crate) position: Option<(Epoch, Seq)>,
    pub(crate) text_bytes: usize,
    pub(crate) topic: String,
    pub(crate) users: BTreeSet<UserName>,
    /// Who types, and when we let go of that by ourselves.
    pub(crate) typing: BTreeMap<UserName, Duration>,
    /// When the server was last told that we type.
    pub(crate) told_typing: Option<Duration>,
    pub(crate) transcript: Transcript,
    pub(crate) outbox: Outbox,
    pub(crate) input: Input,
    /// Rows between the end of the transcript and the end of the pane, as of the last drawing.
    pub(crate) scroll: usize,
    /// Entries that came in below since then.
    pub(crate) below: usize,
    /// Entries that came in while scrolled up.
    pub(crate) news: usize,
    pub(crate) seen: Seen,
    /// The screen no longer shows this.
    pub(crate) dirty: bool,
}

impl Model {
    /// Before anything happened. The seed makes the keys of our messages ours alone.
    pub(crate) fn new(user: UserName, room: RoomName, seed: u64) -> Self {
        Self {
            now: Duration::ZERO,
            user,
            room,
            link: Link::Connecting,
            welcomed: false,
            session: None,
            epoch: None,
            position: None,
            text_bytes: limits::TEXT_BYTES,
            topic: String::new(),
            users: BTreeSet::new(),
            typing: BTreeMap::new(),
            told_typing: None,
            transcript: Transcript::default(),
            outbox: Outbox::new(seed),
            input: Input::default(),
            scroll: 0,
            below: 0,
            news: 0,
            seen: Seen::default(),
            dirty: true,
        }
    }

    /// Whether time alone will change something.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.typing.is_empty() || matches!(self.link, Link::Waiting { .. }) || self.outbox.is_held()
    }

    /// Words of the client's own, or the server's, in the message pane.
    pub(crate) fn notice(&mut self, text: impl Into<String>) {
        self.transcript.push(Entry::Notice(text.into()));
        self.arrived();
    }

    /// Something that went wrong.
    pub(crate) fn fault(&mut self, text: impl Into<String>) {
        self.transcript.push(Entry::Fault(text.into()));
        self.arrived();
    }

    /// One more entry at the end: who has scrolled up keeps their place.
    pub(crate) fn arrived(&mut self) {
        if self.scroll > 0 {
            self.below += 1;
            self.news += 1;
        }
    }

    /// Back to the newest.
    pub(crate) fn follow(&mut self) {
        (self.scroll, self.below, self.news) = (0, 0, 0);
    }
}
