//! The buckets that several connections share, by whose they are: an account's, an address's. There are no more of them than
//! [`MOST`], however many take: what is full again is forgotten, and who comes when there is no room shares one with all others
//! of whom that is so.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{Bucket, Dial, Rate};

/// Buckets of one kind, some 64 bytes each.
const MOST: usize = 65_536;
/// Fewer are not worth looking through.
const FEW: usize = 1024;
/// When nothing could be forgotten, it is not tried again for so long.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub struct Shared<K> {
    rate: Dial,
    most: usize,
    buckets: Mutex<Buckets<K>>,
}

#[derive(Debug)]
struct Buckets<K> {
    of: HashMap<K, Bucket>,
    /// Of all for whom there is no room.
    others: Option<Bucket>,
    /// With so many, those that are full are looked for.
    sweep_at: usize,
    swept: Option<Instant>,
}

impl<K: Eq + Hash> Shared<K> {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self::with(rate, MOST)
    }

    fn with(rate: Rate, most: usize) -> Self {
        let buckets = Buckets { of: HashMap::new(), others: None, sweep_at: FEW.min(most), swept: None };
        Self { rate: Dial::new(rate), most, buckets: Mutex::new(buckets) }
    }

    /// Takes so much of somebody's, or answers how long to wait.
    pub fn take(&self, whose: K, now: Instant, cost: u32) -> Duration {
        let Some(limit) = self.rate.rate().limit() else { return Duration::ZERO };
        self.with_bucket(whose, now, |bucket| bucket.take(limit, now, cost)).err().unwrap_or_default()
    }

    /// Puts back what was taken just now.
    pub fn give_back(&self, whose: K, now: Instant, cost: u32) {
        if let Some(limit) = self.rate.rate().limit() {
            self.with_bucket(whose, now, |bucket| bucket.give_back(limit, cost));
        }
    }

    /// What holds for each from now on. What somebody took is taken.
    pub fn allow(&self, rate: Rate) {
        self.rate.turn(rate);
    }

    fn with_bucket<T>(&self, whose: K, now: Instant, work: impl FnOnce(&mut Bucket) -> T) -> T {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.of.len() >= buckets.sweep_at && !buckets.of.contains_key(&whose) {
            buckets.sweep(now, self.most);
        }
        let room = buckets.of.len() < self.most || buckets.of.contains_key(&whose);
        work(match room {
            true => buckets.of.entry(whose).or_insert_with(|| Bucket::new(now)),
            false => buckets.others.get_or_insert_with(|| Bucket::new(now)),
        })
    }
}

impl<K: Eq + Hash> Buckets<K> {
    fn sweep(&mut self, now: Instant, most: usize) {
        if self.swept.is_some_and(|swept| now.saturating_duration_since(swept) < SWEEP_EVERY) && self.of.len() >= most {
            return;
        }
        self.of.retain(|_, bucket| !bucket.is_full(now));
        self.swept = Some(now);
        self.sweep_at = (2 * self.of.len()).clamp(FEW.min(most), most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn len<K>(shared: &Shared<K>) -> usize {
        shared.buckets.lock().unwrap().of.len()
    }

    #[test]
    fn everybody_has_a_bucket_and_a_burst_is_exactly_one() {
        let (shared, now) = (Shared::new("3/1".parse().unwrap()), Instant::now());
        for whose in ["alice", "bob"] {
            let passed = (0..5).filter(|_| shared.take(whose, now, 1).is_zero()).count();
            assert_eq!((passed, shared.take(whose, now, 1)), (3, Duration::from_secs(1)), "{whose}");
        }
        shared.give_back("bob", now, 1);
        assert!(shared.take("bob", now, 1).is_zero() && !shared.take("bob", now, 1).is_zero());
        let off = Shared::new(Rate::Off);
        assert!((0..1000).all(|_| off.take("alice", now, 1).is_zero()) && len(&off) == 0);
    }

    #[test]
    fn there_are_never_more_than_there_may_be_and_the_full_ones_are_forgotten() {
        let (shared, start) = (Shared::with("2/1".parse().unwrap(), 100), Instant::now());
        for whose in 0..100 {
            assert!(shared.take(whose, start, 2).is_zero());
        }
        // No room: two of those who come then share one burst, and who has a bucket still has it.
        let passed = (100..200).filter(|whose| shared.take(*whose, start, 1).is_zero()).count();
        assert_eq!((passed, len(&shared)), (2, 100));
        assert!(!shared.take(7, start, 1).is_zero() && shared.take(7, start + Duration::from_secs(1), 1).is_zero());
        let later = start + Duration::from_secs(2);
        assert!(shared.take(200, later, 2).is_zero());
        assert_eq!(len(&shared), 2, "it, and the one that is not full yet");
    }

    #[test]
    fn a_crowd_that_passes_by_is_not_kept() {
        let (shared, start) = (Shared::new("2/1".parse().unwrap()), Instant::now());
        for number in 0..100_000_u32 {
            shared.take(number, start + Duration::from_millis(number.into()), 1);
        }
        assert!(len(&shared) <= 4 * FEW, "{}", len(&shared));
    }
}
