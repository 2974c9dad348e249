//! One room, as far as we know it; a private conversation is one too.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chat_protocol::{Epoch, RoomName, Seq, UserName};

use super::{Composer, Place, Transcript};

/// Whether we are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// Not asked for yet on this connection.
    Absent,
    /// Asked for.
    Joining,
    /// In it, but what was missed is still coming.
    CatchingUp,
    Joined,
}

/// Which part of a transcript is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scroll {
    /// The newest, and whatever comes.
    Newest,
    /// At the foot of the pane is that row of that entry, counted from the entry's first; moved by so many rows, upwards
    /// positive, when it is drawn next.
    At { place: Place, row: usize, moved: isize },
    /// That entry is to be shown, this far down the pane in per cent.
    Show { place: Place, down: u16 },
}

/// What the text in the input line will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    New,
    Reply(Seq),
    Edit(Seq),
}

/// One room.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: RoomName,
    /// The other one of a private conversation.
    pub(crate) with: Option<UserName>,
    pub(crate) membership: Membership,
    pub(crate) topic: String,
    /// Who is here, as far as the server lists them: of a big room the first by name.
    pub(crate) users: BTreeSet<UserName>,
    /// How many more are here. While there are any, who is not in the list may be here all the same.
    pub(crate) unlisted: usize,
    /// Who was here before our connection broke and is not now. Until then they may come back as we did, which is no news;
    /// then they went.
    pub(crate) missing: (BTreeSet<UserName>, Duration),
    /// Who types, and when we let go of that by ourselves.
    pub(crate) typing: BTreeMap<UserName, Duration>,
    /// When the others were last told that we type.
    pub(crate) told_typing: Option<Duration>,
    /// What is live.
    pub(crate) live: Transcript,
    /// A part of the past that is not joined to what is live; shown while it is there.
    pub(crate) past: Option<Transcript>,
    pub(crate) scroll: Scroll,
    /// Entries that came in below while the user looked at older ones.
    pub(crate) news: usize,
    /// The last logged event that came by, of which log. An ack does not count: what was said before it may still be on its way.
    pub(crate) position: Option<(Epoch, Seq)>,
    /// The last message that was read, here or on another device.
    pub(crate) read: Seq,
    /// What the server was last told of that.
    pub(crate) told_read: Seq,
    /// The line «new» stands behind this one.
    pub(crate) marker: Option<Seq>,
    /// Messages of others that were not read, and those of them that name us. There may be older ones that were not loaded.
    pub(crate) unread: usize,
    pub(crate) mentions: usize,
    pub(crate) unread_more: bool,
    pub(crate) muted: bool,
    pub(crate) composer: Composer,
    pub(crate) purpose: Purpose,
    pub(crate) selected: Option<Place>,
    /// Keys act on the selected message; else it is only pointed at.
    pub(crate) selecting: bool,
}

impl Room {
    pub(crate) fn new(name: RoomName, with: Option<UserName>) -> Self {
        Self {
            name,
            with,
            membership: Membership::Absent,
            topic: String::new(),
            users: BTreeSet::new(),
            unlisted: 0,
            missing: (BTreeSet::new(), Duration::ZERO),
            typing: BTreeMap::new(),
            told_typing: None,
            live: Transcript::default(),
            past: None,
            scroll: Scroll::Newest,
            news: 0,
            position: None,
            read: Seq(0),
            told_read: Seq(0),
            marker: None,
            unread: 0,
            mentions: 0,
            unread_more: false,
            muted: false,
            composer: Composer::default(),
            purpose: Purpose::New,
            selected: None,
            selecting: false,
        }
    }

    /// How many users are here.
    pub(crate) fn online(&self) -> usize {
        self.users.len() + self.unlisted
    }

    /// Whether all who are here are listed.
    pub(crate) fn is_whole(&self) -> bool {
        self.unlisted == 0
    }

    /// The server said how many are here.
    pub(crate) fn counted(&mut self, online: usize) {
        self.unlisted = online.saturating_sub(self.users.len());
    }

    /// What is in the pane.
    pub(crate) fn shown(&self) -> &Transcript {
        self.past.as_ref().unwrap_or(&self.live)
    }

    /// As it is called on the screen. Names are not made safe here.
    pub(crate) fn title(&self) -> String {
        match &self.with {
            Some(user) => format!("@{}", user.shown()),
            None => self.name.shown().to_owned(),
        }
    }
}
