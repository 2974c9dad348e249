//! What a message pane holds: entries in the order of their [`Place`]. What the log holds stands at its `seq`; what does not last
//! (who came and went, words of the client's own) stands behind the `seq` that was the last when it happened. So everything has
//! one order, and is found by halving.

use std::collections::VecDeque;

use chat_protocol::{Seq, ServerMessage, Timestamp, UserName, server::Message};

/// Where an entry stands: at a `seq`, or as the n-th behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) seq: Seq,
    pub(crate) behind: u32,
}

impl Place {
    /// Where a logged entry stands.
    pub(crate) const fn of(seq: Seq) -> Self {
        Self { seq, behind: 0 }
    }

    /// Where the n-th of our messages stands that the server does not have yet: behind everything.
    pub(crate) const fn pending(number: u32) -> Self {
        Self { seq: Seq(chat_protocol::names::HIGHEST), behind: number }
    }

    /// Which of our pending messages stands there.
    pub(crate) fn as_pending(self) -> Option<usize> {
        (self.seq.0 == chat_protocol::names::HIGHEST).then_some(self.behind as usize)
    }
}

/// One thing in the message pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Message(Box<Message>),
    Topic {
        from: UserName,
        text: String,
        at: Timestamp,
    },
    /// A run of comings and goings, folded: who is here that was not, who is not that was, and who was here only meanwhile.
    Presence {
        came: Vec<UserName>,
        went: Vec<UserName>,
        passed: Vec<UserName>,
        at: Timestamp,
    },
    /// Words of the server's or the client's own.
    Notice {
        text: String,
        at: Timestamp,
    },
    Fault {
        text: String,
        at: Timestamp,
    },
}

impl Entry {
    /// When it happened.
    pub(crate) fn at(&self) -> Timestamp {
        match self {
            Self::Message(message) => message.at,
            Self::Topic { at, .. } | Self::Presence { at, .. } | Self::Notice { at, .. } | Self::Fault { at, .. } => *at,
        }
    }
}

/// The entries, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transcript {
    entries: VecDeque<(Place, Entry)>,
    /// The server has older messages than these.
    pub(crate) more_before: bool,
    /// The server has newer messages than these; never so for what is live.
    pub(crate) more_after: bool,
    /// The last seq of the log that is known here, whether or not an entry stands for it.
    last: Seq,
}

impl Transcript {
    /// A piece of the past: newer messages than these exist, and perhaps older ones.
    pub(crate) fn piece(more_before: bool) -> Self {
        Self { more_before, more_after: true, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry of that index, counted from the oldest.
    pub(crate) fn entry(&self, index: usize) -> Option<(Place, &Entry)> {
        self.entries.get(index).map(|(place, entry)| (*place, entry))
    }

    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (Place, &Entry)> + ExactSizeIterator {
        self.entries.iter().map(|(place, entry)| (*place, entry))
    }

    /// All messages.
    pub(crate) fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.entries.iter().filter_map(|(_, entry)| match entry {
            Entry::Message(message) => Some(&**message),
            _ => None,
        })
    }

    /// The index of a place, or of the first entry after it.
    pub(crate) fn index(&self, place: Place) -> usize {
        self.entries.partition_point(|(other, _)| *other < place)
    }

    /// What stands there.
    pub(crate) fn at(&self, place: Place) -> Option<&Entry> {
        self.entries.get(self.index(place)).filter(|(other, _)| *other == place).map(|(_, entry)| entry)
    }

    /// The message of a seq.
    pub(crate) fn message(&self, seq: Seq) -> Option<&Message> {
        match self.at(Place::of(seq)) {
            Some(Entry::Message(message)) => Some(message),
            _ => None,
        }
    }

    /// The oldest and the newest logged entry.
    pub(crate) fn first(&self) -> Option<Seq> {
        self.entries.iter().find(|(place, _)| place.behind == 0).map(|(place, _)| place.seq)
    }

    pub(crate) fn last(&self) -> Option<Seq> {
        self.entries.iter().rev().find(|(place, _)| place.behind == 0).map(|(place, _)| place.seq)
    }

    /// Something logged in its place, once. Answers whether it is a new one.
    pub(crate) fn insert(&mut self, seq: Seq, entry: Entry) -> bool {
        self.reach(seq);
        let place = Place::of(seq);
        let index = self.index(place);
        match self.entries.get_mut(index) {
            Some((other, old)) if *other == place => {
                *old = entry;
                false
            }
            _ => {
                self.entries.insert(index, (place, entry));
                true
            }
        }
    }

    /// The log has come so far, and there is nothing to show for it (a reaction, an edit).
    pub(crate) fn reach(&mut self, seq: Seq) {
        self.last = self.last.max(seq);
    }

    /// Something that is not logged, at the end.
    pub(crate) fn push(&mut self, entry: Entry) -> Place {
        let place = match self.entries.back() {
            Some((place, _)) if place.seq >= self.last => Place { seq: place.seq, behind: place.behind + 1 },
            _ => Place { seq: self.last, behind: 1 },
        };
        self.entries.push_back((place, entry));
        place
    }

    /// The entry at the end, to go on with it.
    pub(crate) fn back_mut(&mut self) -> Option<&mut Entry> {
        self.entries.back_mut().map(|(_, entry)| entry)
    }

    /// Forgets the oldest, when there are more than so many. They can be fetched again.
    pub(crate) fn trim(&mut self, most: usize) {
        if self.entries.len() > most {
            let away = self.entries.len() - most + most / 10;
            self.entries.drain(..away.min(self.entries.len()));
            self.more_before = true;
        }
    }

    /// Everything of another transcript that is not here yet; both hold all between their ends, and they meet.
    pub(crate) fn absorb(&mut self, other: Self) {
        self.last = self.last.max(other.last);
        if other.first() < self.first() {
            self.more_before = other.more_before;
        }
        for (place, entry) in other.entries {
            let index = self.index(place);
            if self.entries.get(index).is_none_or(|(here, _)| *here != place) {
                self.entries.insert(index, (place, entry));
            }
        }
    }

    /// What an event does to the message that it is about, if that is here.
    pub(crate) fn change(&mut self, event: &ServerMessage) {
        let (ServerMessage::Edited { target, .. }
        | ServerMessage::Deleted { target, .. }
        | ServerMessage::Reacted { target, .. }) = event
        else {
            return;
        };
        let place = Place::of(*target);
        let index = self.index(place);
        let Some((_, Entry::Message(message))) = self.entries.get_mut(index).filter(|(other, _)| *other == place) else { return };
        match event {
            ServerMessage::Edited { text, at, deleted, .. } => {
                message.text.clone_from(text);
                message.edited_at = Some(*at);
                message.deleted |= *deleted;
            }
            ServerMessage::Deleted { .. } => {
                message.text.clear();
                message.deleted = true;
            }
            ServerMessage::Reacted { from, emoji, on, .. } => {
                let users = message.reactions.entry(emoji.clone()).or_default();
                users.retain(|user| user != from);
                if *on {
                    users.push(from.clone());
                }
                message.reactions.retain(|_, users| !users.is_empty());
            }
            _ => {}
        }
    }
}
