//! The last messages of a room as whoever comes in is told them, already written: in a room where people come and go, coming
//! in reads nothing.
//!
//! It belongs to the shard, whose members have been told everything up to here and nothing more: who is told this is a member
//! from its end on, with nothing between and nothing twice. What is new is kept as it came until somebody asks; in a room
//! where nobody does, all is forgotten after a while. Does not know what changes of messages do to them: those make it forget.

use std::{collections::VecDeque, sync::Arc};

use chat_protocol::{
    RoomName, Seq, ServerMessage, limits,
    server::{Message, Written},
};

use crate::fanout::RoomBatch;

/// Batches that wait for somebody to ask.
const SINCE: usize = 64;
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
    bytes: usize,
    since: Vec<Arc<RoomBatch>>,
}

impl Recent {
    /// As it was read, at that place.
    pub fn new(room: RoomName, seq: Seq, topic: String, messages: &[Message], more: bool) -> Option<Self> {
        let mut recent = Self { room, seq, topic, more, messages: VecDeque::new(), bytes: 0, since: Vec::new() };
        messages.iter().all(|message| recent.push(message)).then_some(recent)
    }

    /// These came. `false`: it is to be forgotten.
    pub(super) fn add(&mut self, batches: &[Arc<RoomBatch>]) -> bool {
        self.since.extend(batches.iter().map(Arc::clone));
        self.since.len() <= SINCE
    }

    /// Brings it up to what came. `false`: it is to be forgotten.
    pub(super) fn catch_up(&mut self) -> bool {
        for batch in std::mem::take(&mut self.since) {
            let seq = self.seq;
            for entry in batch.entries.iter().filter(|entry| entry.recorded.seq > seq) {
                let ServerMessage::Message(message) = ServerMessage::from(&*entry.recorded) else { return false };
                if !self.push(&message) {
                    return false;
                }
            }
            self.seq = self.seq.max(batch.last());
        }
        true
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
