//! What a connection's socket would not take yet: a bounded queue of shared slices, of which only what has begun must go out.
//!
//! Does not know the socket.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::{Buf, Bytes};

/// What may wait for a reader that takes nothing before it is too slow. What one turn of the shard tells may come on top: that
/// is shared by all readers.
const QUEUE: usize = 256 * 1024;
/// What may wait for a reader that goes on taking.
const QUEUE_MOVING: usize = 1024 * 1024;
/// A reader that took nothing for so long takes nothing.
const STANDSTILL: Duration = Duration::from_secs(2);

pub(super) struct Slice {
    pub(super) bytes: Bytes,
    /// Told to everybody, not asked for: this is what makes a reader too slow.
    told: bool,
}

/// What waits for one connection, in the order in which it goes out.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) queue: VecDeque<Slice>,
    pub(super) bytes: usize,
    told: usize,
    /// The first slice has been written in part: it must be finished, or the frame boundary is lost.
    pub(super) begun: bool,
    /// When something began to wait, or some of it went.
    pub(super) moved: Option<Instant>,
}

impl Outbox {
    /// Whether more waits than may.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let stands = || self.moved.is_none_or(|moved| now.saturating_duration_since(moved) >= STANDSTILL);
        self.told > QUEUE_MOVING || (self.told > QUEUE && stands())
    }

    pub(super) fn push(&mut self, bytes: Bytes, told: bool) {
        if bytes.is_empty() {
            return;
        }
        if self.queue.is_empty() {
            self.moved = Some(Instant::now());
        }
        self.bytes += bytes.len();
        self.told += if told { bytes.len() } else { 0 };
        self.queue.push_back(Slice { bytes, told });
    }

    pub(super) fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(first) = self.queue.front_mut() {
            let step = written.min(first.bytes.len());
            written -= step;
            self.told -= if first.told { step } else { 0 };
            if step < first.bytes.len() {
                first.bytes.advance(step);
                self.begun |= step > 0;
                return;
            }
            self.queue.pop_front();
            self.begun = false;
        }
    }

    /// Forgets all that is not begun.
    pub(super) fn clear(&mut self) {
        self.queue.truncate(usize::from(self.begun));
        self.bytes = self.queue.iter().map(|slice| slice.bytes.len()).sum();
        self.told = self.queue.iter().filter(|slice| slice.told).map(|slice| slice.bytes.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleared_queue_keeps_what_was_begun() {
        let mut outbox = Outbox::default();
        for (bytes, told) in [("abcd", true), ("ef", false), ("gh", true)] {
            outbox.push(Bytes::from_static(bytes.as_bytes()), told);
        }
        assert_eq!((outbox.bytes, outbox.told), (8, 6));
        outbox.advance(2);
        assert_eq!((outbox.bytes, outbox.told, outbox.begun), (6, 4, true));
        outbox.clear();
        assert_eq!((outbox.bytes, outbox.told, outbox.queue.len()), (2, 2, 1));
        outbox.advance(2);
        assert_eq!((outbox.bytes, outbox.told, outbox.begun), (0, 0, false));
        outbox.push(Bytes::from_static(b"ij"), true);
        outbox.clear();
        assert!(outbox.queue.is_empty() && outbox.bytes == 0 && outbox.told == 0);
    }
}
