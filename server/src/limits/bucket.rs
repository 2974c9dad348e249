//! Tokens: a burst of them at first, and so many that come back each second.

use std::time::{Duration, Instant};

use super::RateLimit;

/// Kept as the moment at which it is full again: nothing has to happen while nobody takes from it.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    full: Instant,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { full: now }
    }

    /// Whether it stands as if it had never been used.
    #[must_use]
    pub fn is_full(&self, now: Instant) -> bool {
        self.full <= now
    }

    /// How long until so many tokens are there: nothing, if they are. What costs more than a burst holds takes all of it.
    #[must_use]
    pub fn wait(&self, limit: RateLimit, now: Instant, cost: u32) -> Duration {
        let owed = self.full.saturating_duration_since(now);
        owed.saturating_sub(time(limit, limit.burst.get() - cost.min(limit.burst.get())))
    }

    /// Takes tokens that are there.
    pub fn spend(&mut self, limit: RateLimit, now: Instant, cost: u32) {
        self.full = self.full.max(now) + time(limit, cost.min(limit.burst.get()));
    }

    /// Takes them, or says how long until they are there.
    ///
    /// # Errors
    /// How long.
    pub fn take(&mut self, limit: RateLimit, now: Instant, cost: u32) -> Result<(), Duration> {
        let wait = self.wait(limit, now, cost);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.spend(limit, now, cost);
        Ok(())
    }

    /// Puts back what was taken for something that did not happen.
    pub fn give_back(&mut self, limit: RateLimit, cost: u32) {
        let back = time(limit, cost.min(limit.burst.get()));
        self.full = self.full.checked_sub(back).unwrap_or(self.full);
    }
}

/// How long it takes for so many to come back. Whole nanoseconds for one, so that a burst of single ones is exactly a burst.
fn time(limit: RateLimit, tokens: u32) -> Duration {
    Duration::from_nanos(1_000_000_000 / u64::from(limit.per_second.get()) * u64::from(tokens))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Rate;

    fn limit(burst: u32, per_second: u32) -> RateLimit {
        Rate::new(burst, per_second).limit().unwrap()
    }

    #[test]
    fn a_burst_passes_and_not_one_more_at_any_rate() {
        let start = Instant::now();
        for (burst, per_second) in [(1, 1), (3, 10), (7, 7), (100, 3), (49, 49), (6400, 641), (5, 1_000_000_000)] {
            let (limit, mut bucket) = (limit(burst, per_second), Bucket::new(start));
            let passed = (0..burst + 3).filter(|_| bucket.take(limit, start, 1).is_ok()).count();
            assert_eq!(passed, burst as usize, "{burst}/{per_second}");
            let wait = bucket.take(limit, start, 1).unwrap_err();
            assert!(bucket.take(limit, start + wait - Duration::from_nanos(1), 1).is_err(), "{burst}/{per_second}");
            assert!(bucket.take(limit, start + wait, 1).is_ok(), "{burst}/{per_second}: what was said is enough");
        }
    }

    #[test]
    fn it_never_holds_more_than_a_burst_and_heavy_things_take_more() {
        let (start, limit) = (Instant::now(), limit(10, 1));
        let mut bucket = Bucket::new(start);
        assert_eq!(bucket.take(limit, start, 8), Ok(()));
        assert_eq!(bucket.take(limit, start, 8), Err(Duration::from_secs(6)));
        assert!(!bucket.is_full(start + Duration::from_secs(7)) && bucket.is_full(start + Duration::from_secs(8)));
        let later = start + Duration::from_secs(1000);
        assert_eq!(bucket.take(limit, later, 99), Ok(()), "more than there can be takes all");
        assert_eq!(bucket.take(limit, later, 1), Err(Duration::from_secs(1)));
        bucket.give_back(limit, 99);
        assert_eq!((0..12).filter(|_| bucket.take(limit, later, 1).is_ok()).count(), 10);
    }
}
