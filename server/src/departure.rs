//! Going down by an operator's word: after a while, of which everybody hears, and until which it can be called off.
//!
//! Does not know what going down takes.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::fanout::Fanout;

/// At so many seconds before it everybody is told, and at the beginning.
const TOLD_AT: [u64; 9] = [3600, 1800, 600, 300, 60, 30, 10, 5, 2];

/// When it is to be, if it is.
#[derive(Default)]
pub struct Departure {
    when: Mutex<Option<Instant>>,
    changed: Notify,
}

impl Departure {
    fn when(&self) -> Option<Instant> {
        *self.when.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long until then.
    pub fn left(&self, now: Instant) -> Option<Duration> {
        self.when().map(|when| when.saturating_duration_since(now))
    }

    /// It is to be then, or not at all. Whether it was to be before.
    pub fn set(&self, when: Option<Instant>) -> bool {
        let before = std::mem::replace(&mut *self.when.lock().unwrap_or_else(PoisonError::into_inner), when);
        self.changed.notify_one();
        before.is_some()
    }

    /// Waits until it is time, and tells everybody meanwhile.
    pub async fn comes(&self, fanout: &Fanout) {
        loop {
            let changed = self.changed.notified();
            let Some(when) = self.when() else {
                changed.await;
                continue;
            };
            let now = Instant::now();
            let left = when.saturating_duration_since(now);
            if left.is_zero() {
                return;
            }
            let next = next(left);
            tokio::select! {
                () = sleep_until(when - next) => if !next.is_zero() {
                    fanout.notice(&words(next)).await;
                },
                () = changed => {}
            }
        }
    }
}

/// So long before it something is to be said next; nothing at the end.
fn next(left: Duration) -> Duration {
    TOLD_AT.into_iter().map(Duration::from_secs).find(|told| *told < left).unwrap_or_default()
}

/// As it is announced.
pub fn words(left: Duration) -> String {
    format!("The server goes down in {}.", chat_protocol::rights::lasting(left.as_secs_f64().round() as u64))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;

    use super::*;
    use crate::{fanout::Mail, metrics::Metrics};

    #[test]
    fn it_is_told_ever_more_often() {
        for (left, expected) in [(4000, 3600), (3600, 1800), (11, 10), (10, 5), (3, 2), (2, 0), (1, 0)] {
            assert_eq!(next(Duration::from_secs(left)), Duration::from_secs(expected), "{left}");
        }
        assert_eq!(words(Duration::from_millis(9990)), "The server goes down in 10 s.");
    }

    #[tokio::test(start_paused = true)]
    async fn it_comes_when_it_is_set_and_not_when_it_is_called_off() {
        let (shard, mut mail) = mpsc::channel(16);
        let fanout = Fanout::new(vec![shard], Arc::new(Metrics::default()));
        let departure = Departure::default();
        let soon = |seconds| Some(Instant::now() + Duration::from_secs(seconds));
        let set = async {
            assert!(!departure.set(soon(12)));
            tokio::time::sleep(Duration::from_millis(2500)).await;
            assert!(departure.set(None));
            tokio::time::sleep(Duration::from_secs(100)).await;
            assert!(!departure.set(soon(6)));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = departure.comes(&fanout) => {}
            () = set => {}
        }
        let told: Vec<_> = std::iter::from_fn(|| mail.try_recv().ok()).collect();
        let told: Vec<_> = told
            .iter()
            .map(|mail| match mail {
                Mail::Notice(text) => text.to_string(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(told, ["The server goes down in 10 s.", "The server goes down in 5 s.", "The server goes down in 2 s."]);
    }
}
