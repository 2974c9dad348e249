//! The rooms, in the order of their numbers; there is always one, and one is always the current one.

use chat_protocol::{RoomName, UserName};

use super::Room;

/// The rooms that we are in.
#[derive(Debug)]
pub(crate) struct Rooms {
    rooms: Vec<Room>,
    current: usize,
    /// Where the user was before.
    last: Option<RoomName>,
}

impl Rooms {
    /// The first is the current one.
    pub(crate) fn new(first: RoomName, others: impl IntoIterator<Item = RoomName>) -> Self {
        let mut rooms = Self { rooms: vec![Room::new(first, None)], current: 0, last: None };
        for other in others {
            rooms.add(other, None);
        }
        rooms
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Room> {
        self.rooms.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Room> {
        self.rooms.iter_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.rooms.len()
    }

    pub(crate) fn current(&self) -> &Room {
        &self.rooms[self.current]
    }

    pub(crate) fn current_mut(&mut self) -> &mut Room {
        &mut self.rooms[self.current]
    }

    /// The place of the current one in the list.
    pub(crate) fn number(&self) -> usize {
        self.current
    }

    pub(crate) fn index(&self, name: &RoomName) -> Option<usize> {
        self.rooms.iter().position(|room| room.name == *name)
    }

    pub(crate) fn find(&self, name: &RoomName) -> Option<&Room> {
        self.rooms.iter().find(|room| room.name == *name)
    }

    pub(crate) fn find_mut(&mut self, name: &RoomName) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| room.name == *name)
    }

    /// One more, at the end, unless it is there.
    pub(crate) fn add(&mut self, name: RoomName, with: Option<UserName>) -> &mut Room {
        let index = self.index(&name).unwrap_or_else(|| {
            self.rooms.push(Room::new(name, with));
            self.rooms.len() - 1
        });
        &mut self.rooms[index]
    }

    /// Takes one away; the last one stays.
    pub(crate) fn remove(&mut self, name: &RoomName) -> Option<Room> {
        let index = self.index(name).filter(|_| self.rooms.len() > 1)?;
        let room = self.rooms.remove(index);
        if self.current > index || self.current == self.rooms.len() {
            self.current -= 1;
        }
        Some(room)
    }

    /// Goes to another. Answers whether that is one.
    pub(crate) fn go(&mut self, index: usize) -> bool {
        if index >= self.rooms.len() || index == self.current {
            return false;
        }
        self.last = Some(self.current().name.clone());
        self.current = index;
        true
    }

    /// The place of the room where the user was before.
    pub(crate) fn last(&self) -> Option<usize> {
        self.last.as_ref().and_then(|name| self.index(name))
    }
}
