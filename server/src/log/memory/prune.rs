//! The oldest events of a room in memory are taken away. See `sqlite/prune.rs`.

use chat_protocol::{Event, RoomName, Seq};

use super::{State, empty};
use crate::log::{Outcome, rules};

impl State {
    pub(super) fn prune(&mut self, room: &RoomName, upto: Seq) -> Outcome {
        let Some(&place) = self.by_name.get(room.folded()) else { return Outcome::Pruned { messages: 0, upto: Seq(0) } };
        let room = &mut self.rooms[place];
        let upto = upto.min(room.head()).min(Seq(room.horizon.0 + rules::BITE));
        let (mut messages, mut bytes) = (0, 0);
        while room.horizon < upto
            && bytes < rules::BITE_BYTES
            && let Some(oldest) = room.events.pop_front()
        {
            room.horizon = room.horizon.next();
            let Some(said) = oldest.said else { continue };
            messages += 1;
            bytes += match (&said.deleted_by, &said.edited, &oldest.event) {
                (Some(_), ..) => 0,
                (None, Some((text, _)), _) | (None, None, Event::Message { text, .. }) => text.len(),
                _ => 0,
            };
            said.edits.into_iter().for_each(|seq| empty(room, seq));
        }
        Outcome::Pruned { messages, upto: room.horizon }
    }
}
