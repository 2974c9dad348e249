//! The clock and the randomness of the whole program: everything else has both passed in.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use chat_protocol::Timestamp;
use tokio::time::Instant;

use crate::model::{Model, Now};

/// How often what passes with time is looked at, while there is something of the kind.
const TICK: Duration = Duration::from_millis(250);
const MINUTE: u64 = 60_000;

/// Time since the start.
pub(crate) struct Clock(Instant);

impl Default for Clock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock {
    pub(crate) fn now(&self) -> Now {
        Now { since: self.0.elapsed(), wall: Timestamp(jiff::Timestamp::now().as_millisecond()) }
    }

    /// How long nothing will change by time alone: a moment while something waits, else until the minute is full, so that a day
    /// ends on time.
    pub(crate) fn next_tick(&self, model: &Model) -> Duration {
        if model.is_waiting() {
            return TICK;
        }
        Duration::from_millis(MINUTE - self.now().wall.0.rem_euclid(MINUTE as i64).unsigned_abs())
    }
}

/// Good enough to tell two clients apart; nothing secret hangs on it.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0)
}
