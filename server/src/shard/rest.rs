//! A big room is told in goes, with one write for each reader instead of one for each message. What comes first waits for a
//! moment, so that whoever speaks at the same time is told with it. When the room was told something it rests for as long as
//! telling took: so those who answer at once to what they were told are told together too, wherever another shard is still
//! telling the same. Neither is so long that somebody would notice. A small room is told at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chat_protocol::Signal;

use crate::fanout::{RoomBatch, Said};

/// Fewer readers are told faster than anything could be gathered.
const BIG: usize = 200;
/// What comes first waits for at least so long. (The runtime's clock goes by the millisecond.)
const MOMENT: Duration = Duration::from_millis(1);
/// The longest rest, but for what comes just before its end.
const LONGEST: Duration = Duration::from_millis(3);
/// Signals that wait before those that are soon out of date anyway are dropped. Who came and who left is told once and never
/// again, so that it always waits.
const SIGNALS: usize = 64;

/// A room's rest, and what waits for its end.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) until: Instant,
    /// When the first of what waits came.
    came: Option<Instant>,
    /// In the order in which they came: first these, then the signals. A signal that came between two batches may be told
    /// after the second, never before the first.
    pub(super) batches: Vec<Arc<RoomBatch>>,
    pub(super) signals: Vec<Arc<Said>>,
}

impl Rest {
    /// What comes before telling so many readers something, where nothing was told lately.
    pub(super) fn before(readers: usize, now: Instant) -> Option<Self> {
        Self::till(now + MOMENT, readers)
    }

    /// What follows from having told so many readers something in that time.
    pub(super) fn after(readers: usize, began: Instant, ended: Instant) -> Option<Self> {
        let took = ended.saturating_duration_since(began);
        Self::till(ended + took.min(LONGEST), readers)
    }

    fn till(until: Instant, readers: usize) -> Option<Self> {
        (readers >= BIG).then(|| Self { until, came: None, batches: Vec::new(), signals: Vec::new() })
    }

    /// Something that waits for its end.
    pub(super) fn add(&mut self, batches: &[Arc<RoomBatch>], now: Instant) {
        self.came.get_or_insert(now);
        self.batches.extend(batches.iter().map(Arc::clone));
    }

    /// Its time is over. Whether it goes on a little, because what waits came only just.
    pub(super) fn goes_on(&mut self) -> bool {
        let over = self.until;
        self.until = self.came.map_or(over, |came| over.max(came + MOMENT));
        self.until > over
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
            [(BIG - 1, 50, None), (BIG, 0, Some(0)), (BIG, 2, Some(2)), (1000, 3, Some(3)), (20_000, 200, Some(3))]
        {
            let rest = Rest::after(readers, began, began + ms(took)).map(|rest| rest.until - began - ms(took));
            assert_eq!(rest, rests.map(ms), "{readers} readers in {took} ms");
        }
    }

    #[test]
    fn whatever_comes_first_waits_for_a_moment() {
        let (now, us) = (Instant::now(), Duration::from_micros);
        let batch = [Arc::new(RoomBatch::new(chat_protocol::RoomName::parse("fair").unwrap()))];
        // After a calm.
        assert!(Rest::before(BIG - 1, now).is_none());
        let mut rest = Rest::before(BIG, now).unwrap();
        rest.add(&batch, now);
        rest.add(&batch, now + us(900));
        assert!(!rest.goes_on() && rest.until == now + MOMENT && rest.batches.len() == 2);
        // While the room rests for 2 ms: in good time, shortly before its end, not at all.
        for (came, ends) in [(Some(us(100)), us(2000)), (Some(us(1900)), us(1900) + MOMENT), (None, us(2000))] {
            let mut rest = Rest::after(BIG, now - us(2000), now).unwrap();
            came.into_iter().for_each(|came| rest.add(&batch, now + came));
            assert_eq!((rest.goes_on(), rest.until), (ends > us(2000), now + ends));
            assert!(!rest.goes_on(), "it goes on once");
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
