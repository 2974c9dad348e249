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
            cpu: self.threads.iter().map(|(_, part)| part).sum(),
            drops: rate(vitals.drops.values().sum(), before.drops.values().sum()),
        });
        while self.samples.len() > KEPT {
            self.samples.pop_front();
        }
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
