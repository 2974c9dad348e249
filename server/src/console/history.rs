//! What the vitals were over the last minutes: one sample for each look, as rates and means.

use std::collections::VecDeque;

use crate::vitals::Vitals;

/// Samples that are kept: five minutes of looks.
pub const KEPT: usize = 300;

/// What happened between two looks, in a second of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    pub users: f64,
    pub connections: f64,
    pub messages: f64,
    pub deliveries: f64,
    pub sent: f64,
    pub received: f64,
    /// In milliseconds; none without a commit.
    pub commit: Option<f64>,
    pub commit_worst: Option<f64>,
    pub batch: Option<f64>,
    pub queue: f64,
    pub slow: f64,
    pub memory: f64,
    /// Of all threads, in parts of one processor.
    pub cpu: f64,
    pub drops: f64,
}

/// The samples, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub samples: VecDeque<Sample>,
    /// How many there ever were.
    taken: usize,
    last: Option<Vitals>,
    /// Parts of one processor, by thread.
    pub threads: Vec<(String, f64)>,
}

impl History {
    /// One more look.
    pub fn add(&mut self, vitals: &Vitals) {
        // Another server has begun to count anew.
        let before = self.last.replace(vitals.clone()).filter(|before| before.started == vitals.started);
        let Some(before) = before else { return };
        let seconds = (vitals.at.0 - before.at.0) as f64 / 1000.0;
        if seconds <= 0.0 {
            return;
        }
        let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
        let (commits, sizes) =
            (vitals.commit_seconds.since(&before.commit_seconds), vitals.commit_sizes.since(&before.commit_sizes));
        let cpu = |name: &str, vitals: &Vitals| {
            let thread = vitals.process.threads.iter().find(|thread| thread.name == name);
            thread.map_or(0.0, |thread| thread.cpu_seconds)
        };
        let threads = vitals.process.threads.iter().map(|thread| {
            let part = (thread.cpu_seconds - cpu(&thread.name, &before)).max(0.0) / seconds;
            (thread.name.clone(), part)
        });
        self.threads = threads.collect();
        self.samples.push_back(Sample {
            users: vitals.users as f64,
            connections: vitals.connections as f64,
            messages: rate(vitals.messages, before.messages),
            deliveries: rate(vitals.deliveries, before.deliveries),
            sent: rate(vitals.sent_bytes, before.sent_bytes),
            received: rate(vitals.received_bytes, before.received_bytes),
            commit: commits.mean().map(|seconds| seconds * 1000.0),
            commit_worst: commits.quantile(0.99).map(|seconds| seconds * 1000.0),
            batch: sizes.mean(),
            queue: vitals.queue_bytes as f64,
            slow: vitals.slow_readers as f64,
            memory: vitals.process.memory_bytes as f64,
            cpu: (vitals.process.cpu_seconds - before.process.cpu_seconds).max(0.0) / seconds,
            drops: rate(vitals.drops.values().sum(), before.drops.values().sum()),
        });
        self.taken += 1;
        while self.samples.len() > KEPT {
            self.samples.pop_front();
        }
    }

    /// Something over all that is kept, in so many columns at most: the mean of each part, the newest last. Parts begin at the same
    /// samples whenever this is asked, so that nothing flickers.
    pub fn bars(&self, of: impl Fn(&Sample) -> Option<f64>, columns: usize) -> Vec<Option<f64>> {
        let part = KEPT.div_ceil(columns.max(1));
        let first = self.taken - self.samples.len();
        let mut bars: Vec<(usize, f64, f64)> = Vec::new();
        for (number, sample) in self.samples.iter().enumerate() {
            let place = (first + number) / part;
            if bars.last().is_none_or(|(last, ..)| *last != place) {
                bars.push((place, 0.0, 0.0));
            }
            if let (Some(value), Some((_, sum, count))) = (of(sample), bars.last_mut()) {
                (*sum, *count) = (*sum + value, *count + 1.0);
            }
        }
        bars.into_iter().map(|(_, sum, count)| (count > 0.0).then(|| sum / count)).collect()
    }

    /// The last sample.
    pub fn last(&self) -> Sample {
        self.samples.back().copied().unwrap_or_default()
    }

    /// The last value of something that is not always there.
    pub fn latest(&self, of: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        self.samples.iter().rev().find_map(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(values: &[f64], taken: usize) -> History {
        let samples = values.iter().map(|value| Sample { users: *value, ..Sample::default() }).collect();
        History { samples, taken, ..History::default() }
    }

    #[test]
    fn bars_are_means_of_parts_that_stay_where_they_begin() {
        let users = |sample: &Sample| Some(sample.users);
        assert_eq!(history(&[1.0, 2.0], 2).bars(users, KEPT), [Some(1.0), Some(2.0)]);
        // Three samples in a column.
        assert_eq!(history(&[1.0, 2.0, 3.0, 7.0], 4).bars(users, KEPT / 3), [Some(2.0), Some(7.0)]);
        assert_eq!(history(&[1.0, 2.0, 3.0, 7.0], 5).bars(users, KEPT / 3), [Some(1.5), Some(5.0)], "one more was there before");
        assert_eq!(history(&[1.0; KEPT], KEPT).bars(users, 30), [Some(1.0); 30]);
        assert_eq!(history(&[1.0], 1).bars(|_| None, 30), [None]);
        assert_eq!(history(&[], 0).bars(users, 0), []);
    }
}
