//! What the server counts of itself. Counting is a few atomics; nobody reads them to decide anything. What they come to, with all
//! else that is known of a running server, is [`Vitals`](crate::vitals::Vitals).

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// Why a connection or a delivery was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    TooSlow,
    Flooding,
    RateLimited,
    Silent,
    /// There was no place for it.
    Refused,
    /// Its address connects too often.
    Connects,
    /// It had not said who it is, and others came.
    Stranger,
    /// A message in too many pieces, or not whole in time.
    Piecemeal,
    /// A ping or pong beyond the limit: not answered.
    Control,
    /// An attempt to log in that was one too many.
    Login,
    Signal,
}

impl Reason {
    const ALL: [Self; 11] = [
        Self::TooSlow,
        Self::Flooding,
        Self::RateLimited,
        Self::Silent,
        Self::Refused,
        Self::Connects,
        Self::Stranger,
        Self::Piecemeal,
        Self::Control,
        Self::Login,
        Self::Signal,
    ];
}

/// It only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn inc(&self) {
        self.inc_by(1);
    }

    pub fn inc_by(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// It goes up and down.
#[derive(Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    pub fn add(&self, difference: i64) {
        self.0.fetch_add(difference, Ordering::Relaxed);
    }

    /// Parts that were added at different moments may be below nothing for one.
    pub fn level(&self) -> u64 {
        self.0.load(Ordering::Relaxed).max(0).unsigned_abs()
    }
}

/// Classes of a [`Histogram`], each twice as wide as the one before.
const CLASSES: usize = 16;

/// How something was distributed, without what it was.
pub struct Histogram {
    /// The upper bound of the first class.
    first: f64,
    classes: [Counter; CLASSES],
    beyond: Counter,
    /// In millionths.
    sum: Counter,
}

impl Histogram {
    fn new(first: f64) -> Self {
        Self { first, classes: Default::default(), beyond: Counter::default(), sum: Counter::default() }
    }

    fn observe(&self, value: f64) {
        let mut bound = self.first;
        let mut classes = self.classes.iter();
        let class = loop {
            match classes.next() {
                Some(class) if value <= bound => break class,
                Some(_) => bound *= 2.0,
                None => break &self.beyond,
            }
        };
        class.inc();
        self.sum.inc_by((value * 1e6) as u64);
    }

    fn distribution(&self) -> Distribution {
        let mut bound = self.first / 2.0;
        let classes = self.classes.iter().map(|class| {
            bound *= 2.0;
            (bound, class.count())
        });
        let classes: Vec<_> = classes.collect();
        Distribution { classes, beyond: self.beyond.count(), sum: self.sum.count() as f64 / 1e6 }
    }
}

/// What a [`Histogram`] has come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Upper bounds, and how many were within: each is counted once.
    pub classes: Vec<(f64, u64)>,
    pub beyond: u64,
    pub sum: f64,
}

impl Distribution {
    pub fn count(&self) -> u64 {
        self.classes.iter().map(|(_, count)| count).sum::<u64>() + self.beyond
    }

    /// What was observed since then.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let earlier = |place: usize| before.classes.get(place).map_or(0, |(_, count)| *count);
        let classes = self.classes.iter().enumerate();
        Self {
            classes: classes.map(|(place, (bound, count))| (*bound, count.saturating_sub(earlier(place)))).collect(),
            beyond: self.beyond.saturating_sub(before.beyond),
            sum: (self.sum - before.sum).max(0.0),
        }
    }

    /// The mean, if there was anything.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.sum / count as f64)
    }

    /// Below which bound this part of all was.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let (count, mut below) = (self.count(), 0);
        let last = self.classes.last()?.0;
        (count > 0).then(|| {
            let wanted = (count as f64 * part).ceil();
            let class = self.classes.iter().find(|(_, count)| {
                below += count;
                below as f64 >= wanted
            });
            class.map_or(last * 2.0, |(bound, _)| *bound)
        })
    }
}

/// All counters of one server.
pub struct Metrics {
    pub connections: Gauge,
    pub connects: Counter,
    pub messages: Counter,
    pub deliveries: Counter,
    pub tellings: Counter,
    pub sent_bytes: Counter,
    pub received_bytes: Counter,
    pub queue_bytes: Gauge,
    /// Connections with something waiting.
    pub slow: Gauge,
    commit_seconds: Histogram,
    commit_size: Histogram,
    drops: [Counter; Reason::ALL.len()],
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            connections: Gauge::default(),
            connects: Counter::default(),
            messages: Counter::default(),
            deliveries: Counter::default(),
            tellings: Counter::default(),
            sent_bytes: Counter::default(),
            received_bytes: Counter::default(),
            queue_bytes: Gauge::default(),
            slow: Gauge::default(),
            commit_seconds: Histogram::new(0.000_05),
            commit_size: Histogram::new(1.0),
            drops: Default::default(),
        }
    }
}

impl Metrics {
    /// One commit of so many writes.
    pub fn committed(&self, writes: usize, took: Duration) {
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_size.observe(writes as f64);
    }

    /// Something was dropped.
    pub fn dropped(&self, reason: Reason) {
        self.drops[reason as usize].inc();
    }

    /// How long commits took, in seconds, and how many writes they had.
    pub fn commits(&self) -> (Distribution, Distribution) {
        (self.commit_seconds.distribution(), self.commit_size.distribution())
    }

    /// What was dropped, by reason, where there was anything.
    pub fn drops(&self) -> BTreeMap<String, u64> {
        let counted = Reason::ALL.iter().map(|reason| (format!("{reason:?}"), self.drops[*reason as usize].count()));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_knows_its_mean_and_its_parts() {
        let histogram = Histogram::new(1.0);
        assert_eq!((histogram.distribution().mean(), histogram.distribution().quantile(0.5)), (None, None));
        (1..=100).for_each(|value| histogram.observe(f64::from(value)));
        let all = histogram.distribution();
        assert_eq!((all.count(), all.mean()), (100, Some(50.5)));
        for (part, bound) in [(0.0, 1.0), (0.01, 1.0), (0.02, 2.0), (0.5, 64.0), (0.99, 128.0)] {
            assert_eq!(all.quantile(part), Some(bound), "{part}");
        }
        (0..900).for_each(|_| histogram.observe(1.0));
        histogram.observe(1e9);
        let later = histogram.distribution().since(&all);
        assert_eq!((later.count(), later.quantile(0.5), later.quantile(1.0)), (901, Some(1.0), Some(65_536.0)));
    }

    #[test]
    fn every_reason_is_counted_for_itself() {
        let metrics = Metrics::default();
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
            metrics.dropped(reason);
        }
        assert_eq!(metrics.drops().len(), Reason::ALL.len());
        assert!(metrics.drops().values().all(|count| *count == 1));
    }
}
