//! How long the way to the server and back is: when to ask, and when the answer is worth a word. Pure: the time is passed in.
//! A lag that nobody would notice wakes nobody; only that it became bad, got worse, or is good again.

use std::time::Duration;

use tokio::time::Instant;

/// How often the way is measured.
const EVERY: Duration = Duration::from_secs(15);
/// A way of so long is bad.
const BAD: Duration = Duration::from_millis(400);
/// An answer that is out for so long is a lag already, and is looked at again so often.
const PATIENCE: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_secs(1);

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// Ask; the answer brings these bytes back.
    Ask([u8; 4]),
    /// Tell that it takes so long.
    Tell(Duration),
    Nothing,
}

/// The state of the measurement.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When the next thing is to be done.
    due: Instant,
    count: u32,
    /// When the question was asked that nobody has answered yet.
    asked: Option<Instant>,
    told: Duration,
}

impl Pulse {
    pub(super) fn new(now: Instant) -> Self {
        Self { due: now + EVERY, count: 0, asked: None, told: Duration::ZERO }
    }

    /// When [`Self::beat`] is to be called.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    pub(super) fn beat(&mut self, now: Instant) -> Beat {
        if let Some(asked) = self.asked {
            self.due = now + AGAIN;
            return self.worth(now.duration_since(asked)).map_or(Beat::Nothing, Beat::Tell);
        }
        self.count = self.count.wrapping_add(1);
        self.asked = Some(now);
        self.due = now + PATIENCE;
        Beat::Ask(self.count.to_be_bytes())
    }

    /// An answer came, with these bytes: the lag, if it is worth telling.
    pub(super) fn answered(&mut self, now: Instant, bytes: &[u8]) -> Option<Duration> {
        if bytes != self.count.to_be_bytes() {
            return None;
        }
        let asked = self.asked.take()?;
        self.due = asked + EVERY.max(now.duration_since(asked));
        self.worth(now.duration_since(asked))
    }

    /// A lag is told when it becomes bad or good, and while it is bad, when it is another by a quarter.
    fn worth(&mut self, lag: Duration) -> Option<Duration> {
        let turned = (lag >= BAD) != (self.told >= BAD);
        let moved = lag >= BAD && lag.abs_diff(self.told) > self.told / 4;
        (turned || moved).then(|| {
            self.told = lag;
            lag
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lag_that_somebody_would_notice_is_told() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start);
        let mut told = Vec::new();
        for lag in [20, 90, 399, 500, 600, 640, 380, 100] {
            let now = pulse.due();
            let Beat::Ask(bytes) = pulse.beat(now) else { panic!("it is time to ask") };
            assert_eq!(pulse.answered(now, b"else"), None, "an answer to another question");
            told.extend(pulse.answered(now + Duration::from_millis(lag), &bytes).map(|lag| lag.as_millis()));
            assert_eq!(pulse.answered(now, &bytes), None, "answered twice");
        }
        assert_eq!(told, [500, 640, 380]);
        assert_eq!(pulse.due(), start + EVERY * 9);
    }

    #[test]
    fn a_missing_answer_is_told_as_it_grows() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start);
        let asked = pulse.due();
        let Beat::Ask(bytes) = pulse.beat(asked) else { panic!("it is time to ask") };
        let mut told = Vec::new();
        while told.len() < 4 {
            let now = pulse.due();
            match pulse.beat(now) {
                Beat::Tell(lag) => told.push(lag.as_secs()),
                other => assert_eq!(other, Beat::Nothing, "one question at a time"),
            }
        }
        assert_eq!(told, [2, 3, 4, 6]);
        let late = asked + Duration::from_secs(20);
        assert_eq!(pulse.answered(late, &bytes), Some(Duration::from_secs(20)));
        assert_eq!(pulse.due(), late, "the next question is due by then");
    }
}
