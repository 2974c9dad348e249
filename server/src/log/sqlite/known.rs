//! What the writer remembers of rooms and authors, so that a message need not ask for them.
//!
//! It belongs to the transaction: after a rollback all of it is forgotten. Rooms are written back once per batch, not once
//! per event. Does not know events.

use std::{collections::HashMap, sync::Arc};

use chat_protocol::{RoomName, Seq, Timestamp};

use crate::log::Author;

/// Beyond so many, all are forgotten before a batch: simpler than knowing which one was used last, and rare.
const MOST: usize = 20_000;

#[derive(Default)]
pub(super) struct Known {
    rooms: HashMap<Arc<str>, Room>,
    authors: HashMap<Author, i64>,
    /// The rooms that this batch wrote to.
    touched: Vec<Arc<str>>,
}

/// A room as the writer needs it.
#[derive(Clone)]
pub(super) struct Room {
    pub(super) id: i64,
    pub(super) name: RoomName,
    pub(super) seq: Seq,
    pub(super) at: Timestamp,
    /// Everything up to here was pruned.
    pub(super) horizon: Seq,
    /// Those that are left.
    pub(super) messages: u64,
    /// The row does not say this yet.
    touched: bool,
}

impl Room {
    /// One that has nothing yet.
    pub(super) fn new(id: i64, name: RoomName, at: Timestamp) -> Self {
        Self { id, name, seq: Seq(0), at, horizon: Seq(0), messages: 0, touched: false }
    }

    /// The id of one of its events.
    pub(super) fn event(&self, seq: Seq) -> i64 {
        super::id(self.id, seq)
    }
}

impl Known {
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Keeps the memory bounded. Only between batches: what was touched must not be lost.
    pub(super) fn trim(&mut self) {
        if self.rooms.len() > MOST || self.authors.len() > MOST {
            self.forget();
        }
    }

    pub(super) fn room(&self, name: &RoomName) -> Option<&Room> {
        self.rooms.get(name.folded())
    }

    pub(super) fn learn_room(&mut self, room: Room) {
        self.rooms.insert(room.name.key(), room);
    }

    /// The room has one more event, at this moment, which is so many messages.
    pub(super) fn advance(&mut self, name: &RoomName, seq: Seq, at: Timestamp, messages: u64) {
        self.touch(name, |room| (room.seq, room.at, room.messages) = (seq, at, room.messages + messages));
    }

    /// The room has so many messages fewer, and nothing up to here.
    pub(super) fn prune(&mut self, name: &RoomName, horizon: Seq, messages: u64) {
        self.touch(name, |room| (room.horizon, room.messages) = (horizon, room.messages.saturating_sub(messages)));
    }

    fn touch(&mut self, name: &RoomName, change: impl FnOnce(&mut Room)) {
        if let Some(room) = self.rooms.get_mut(name.folded()) {
            change(room);
            if !std::mem::replace(&mut room.touched, true) {
                self.touched.push(room.name.key());
            }
        }
    }

    /// Takes the rooms that must be written back.
    pub(super) fn take_touched(&mut self) -> Vec<Room> {
        let touched = std::mem::take(&mut self.touched);
        let rooms = touched.iter().filter_map(|key| {
            let room = self.rooms.get_mut(key)?;
            room.touched = false;
            Some(room.clone())
        });
        rooms.collect()
    }

    pub(super) fn author(&self, author: &Author) -> Option<i64> {
        self.authors.get(author).copied()
    }

    pub(super) fn learn_author(&mut self, author: Author, id: i64) {
        self.authors.insert(author, id);
    }
}
