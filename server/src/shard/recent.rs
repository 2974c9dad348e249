//! The last messages of a room as whoever comes in is told them, already written: in a room where people come and go, coming
//! in reads nothing.
//!
//! It belongs to the shard: it holds everything that the shard was handed for this room and nothing more, so that who is told
//! this is a member from its end on, with nothing between and nothing twice. What is new is kept as it came until somebody
//! asks; where nobody does, all is forgotten after a while. Does not know what changes of messages do to them: those make it
//! forget.

use std::{collections::VecDeque, sync::Arc};

use chat_protocol::{
    Event, Recorded, RoomName, Seq, ServerMessage, limits,
    server::{Message, Written},
};

use crate::fanout::RoomBatch;

/// So many messages after somebody asked, nobody does.
const UNASKED: usize = 1000;
/// A room with more to tell is read anew each time.
const BYTES: usize = 64 * 1024;

/// See the module.
pub struct Recent {
    pub room: RoomName,
    pub seq: Seq,
    pub topic: String,
    /// There are older messages.
    pub more: bool,
    pub messages: VecDeque<Written>,
    /// Of those that are written.
    bytes: usize,
    /// What came since, the last of it.
    since: VecDeque<Arc<Recorded>>,
    /// Of their texts.
    since_bytes: usize,
    /// How much came since.
    unasked: usize,
}

impl Recent {
    /// As it was read, at that place.
    pub fn new(room: RoomName, seq: Seq, topic: String, messages: &[Message], more: bool) -> Option<Self> {
        let mut recent = Self {
            room,
            seq,
            topic,
            more,
            messages: VecDeque::new(),
            bytes: 0,
            since: VecDeque::new(),
            since_bytes: 0,
            unasked: 0,
        };
        messages.iter().all(|message| recent.push(message)).then_some(recent)
    }

    /// These came. `false`: it is to be forgotten.
    pub(super) fn add(&mut self, batches: &[Arc<RoomBatch>]) -> bool {
        let entries = batches.iter().flat_map(|batch| &batch.entries);
        for recorded in entries.map(|entry| &entry.recorded) {
            if recorded.seq <= self.seq {
                continue;
            }
            let Event::Message { text, .. } = &recorded.event else { return false };
            self.seq = recorded.seq;
            self.unasked += 1;
            self.since_bytes += text.len();
            self.since.push_back(Arc::clone(recorded));
            if self.since.len() > limits::HISTORY_DEFAULT {
                self.drop_oldest();
            }
        }
        self.unasked <= UNASKED && self.since_bytes <= BYTES
    }

    fn drop_oldest(&mut self) {
        if let Some(Event::Message { text, .. }) = self.since.pop_front().as_deref().map(|oldest| &oldest.event) {
            self.since_bytes -= text.len();
        }
        self.more = true;
    }

    /// Writes what came. `false`: it is to be forgotten.
    pub(super) fn catch_up(&mut self) -> bool {
        (self.since_bytes, self.unasked) = (0, 0);
        std::mem::take(&mut self.since).iter().all(|recorded| {
            self.room = recorded.room.clone();
            matches!(ServerMessage::from(&**recorded), ServerMessage::Message(message) if self.push(&message))
        })
    }

    fn push(&mut self, message: &Message) -> bool {
        let Some(written) = Written::new(message) else { return false };
        self.bytes += written.len();
        self.messages.push_back(written);
        if self.messages.len() > limits::HISTORY_DEFAULT
            && let Some(oldest) = self.messages.pop_front()
        {
            self.bytes -= oldest.len();
            self.more = true;
        }
        self.bytes <= BYTES
    }
}

#[cfg(test)]
mod tests {
    use chat_protocol::{Timestamp, UserName};

    use super::*;
    use crate::fanout::Entry;

    fn said(text: &str) -> Event {
        Event::Message { text: text.into(), cid: None, reply_to: None, action: false }
    }

    /// Hands over events from a place on, each in a batch of its own. Answers whether all were taken.
    fn hand(recent: &mut Recent, from: u64, events: impl IntoIterator<Item = Event>) -> bool {
        let room = RoomName::parse("tea").unwrap();
        (from..).zip(events).all(|(seq, event)| {
            let (room, from) = (room.clone(), UserName::parse("ann").unwrap());
            let recorded = Recorded { room: room.clone(), seq: Seq(seq), at: Timestamp(0), from, event, deleted: false };
            let mut batch = RoomBatch::new(room);
            batch.entries.push(Entry { recorded: Arc::new(recorded), by: None });
            recent.add(&[Arc::new(batch)])
        })
    }

    fn empty(seq: u64) -> Recent {
        Recent::new(RoomName::parse("tea").unwrap(), Seq(seq), String::new(), &[], false).unwrap()
    }

    #[test]
    fn the_last_are_kept_and_what_was_there_already_is_not_added() {
        let mut recent = empty(2);
        assert!(hand(&mut recent, 1, ["a", "b", "c"].map(said)) && recent.catch_up());
        assert_eq!((recent.seq, recent.messages.len(), recent.more), (Seq(3), 1, false));
        assert!(hand(&mut recent, 4, (0..200).map(|number| said(&number.to_string()))) && recent.catch_up());
        assert_eq!((recent.seq, recent.messages.len(), recent.more), (Seq(203), limits::HISTORY_DEFAULT, true));
        let last = serde_json::to_string(&recent.messages).unwrap();
        assert!(last.starts_with(r#"[{"room":"tea","seq":154,"#) && last.contains(r#""seq":203,"#), "{last}");
    }

    #[test]
    fn a_change_much_text_and_nobody_who_asks_make_it_forget() {
        for change in [Event::Edited { target: Seq(1), text: "b".into() }, Event::Topic { text: "t".into() }] {
            assert!(!hand(&mut empty(0), 1, [said("a"), change]));
        }
        assert!(!hand(&mut empty(0), 1, vec![said(&"x".repeat(16 * 1024)); 5]));
        assert!(hand(&mut empty(0), 1, vec![said("a"); UNASKED]));
        assert!(!hand(&mut empty(0), 1, vec![said("a"); UNASKED + 1]));
    }
}
