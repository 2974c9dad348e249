//! A big room rests for a moment after it was told something: what comes meanwhile is told together, in one write for each
//! reader instead of one for each message. A calm room is told at once, and so is every small one.
//!
//! The moment is as long as telling took: so those who answer at once to what they were told are told together too, wherever
//! another shard is still telling the same. It is never so long that somebody would notice.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chat_protocol::Signal;

use crate::fanout::{RoomBatch, Said};

/// Fewer readers are told faster than anything could be gathered.
const BIG: usize = 200;
/// The longest rest.
const LONGEST: Duration = Duration::from_millis(10);
/// Signals that wait before those that are soon out of date anyway are dropped. Who came and who left is told once and never
/// again, so that it always waits.
const SIGNALS: usize = 64;

/// A room's rest, and what waits for its end.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) until: Instant,
    /// In the order in which they came: first these, then the signals. A signal that came between two batches may be told
    /// after the second, never before the first.
    pub(super) batches: Vec<Arc<RoomBatch>>,
    pub(super) signals: Vec<Arc<Said>>,
}

impl Rest {
    /// What follows from having told so many readers something in that time.
    pub(super) fn after(readers: usize, began: Instant, ended: Instant) -> Option<Self> {
        let took = ended.saturating_duration_since(began);
        (readers >= BIG).then(|| Self { until: ended + took.min(LONGEST), batches: Vec::new(), signals: Vec::new() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.signals.is_empty()
    }

    /// A signal that has to wait behind what waits already. `false`: it is dropped.
    pub(super) fn signal(&mut self, said: &Arc<Said>) -> bool {
        let passing = matches!(said.signal, Signal::Typing { .. });
        let kept = !passing || self.signals.len() < SIGNALS;
        if kept {
            self.signals.push(Arc::clone(said));
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_big_rooms_rest_for_as_long_as_telling_took_and_not_for_long() {
        let began = Instant::now();
        let ms = Duration::from_millis;
        for (readers, took, rests) in
            [(BIG - 1, 50, None), (BIG, 0, Some(0)), (BIG, 3, Some(3)), (1000, 8, Some(8)), (20_000, 200, Some(10))]
        {
            let rest = Rest::after(readers, began, began + ms(took)).map(|rest| rest.until - began - ms(took));
            assert_eq!(rest, rests.map(ms), "{readers} readers in {took} ms");
        }
    }

    #[test]
    fn who_types_a_lot_does_not_hide_who_comes() {
        let room = chat_protocol::RoomName::parse("fair").unwrap();
        let user = chat_protocol::UserName::parse("ann").unwrap();
        let typing = Arc::new(Said::new(Signal::Typing { room: room.clone(), user: user.clone(), active: true }));
        let presence = Arc::new(Said::new(Signal::Presence { room, joined: vec![user], left: Vec::new(), online: 300 }));
        let began = Instant::now();
        let mut rest = Rest::after(BIG, began, began).unwrap();
        assert_eq!((0..100).filter(|_| rest.signal(&typing)).count(), SIGNALS);
        assert!(rest.signal(&presence) && Arc::ptr_eq(rest.signals.last().unwrap(), &presence));
    }
}
