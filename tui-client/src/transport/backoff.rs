//! How long to wait before the next attempt: full jitter under a ceiling that doubles, so that a thousand clients whose server
//! restarts do not come back in the same moment. Pure: the roll of the dice is passed in.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
/// A connection that held for so long was a good one. A shorter one (let in, cut at once) counts as a failure, or
/// coming back would become a hammer.
const GOOD: Duration = Duration::from_secs(10);

/// How many attempts there have been in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    /// Since the last good connection.
    attempts: u32,
    /// Those of them for which nobody asked.
    own: u32,
    /// There was a good connection once: those who lose it together must not come back together.
    was_good: bool,
}

impl Backoff {
    /// How long to wait now, and the how-manieth attempt it is for. The very first goes at once.
    pub(super) fn next(&mut self, no_sooner: Duration, roll: u64) -> (Duration, u32) {
        let ceiling = match self.own.saturating_add(self.was_good.into()).checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST.saturating_mul(1 << doublings.min(6)).min(LONGEST),
        };
        self.attempts = self.attempts.saturating_add(1);
        self.own = self.own.saturating_add(1);
        let share = roll as f64 / u64::MAX as f64;
        (no_sooner.saturating_add(ceiling.mul_f64(share)), self.attempts)
    }

    /// The attempt that comes was asked for. The waits after it are as long as they would have been without it: who types while
    /// the server is away does not wait longer for that.
    pub(super) fn woken(&mut self) {
        self.own = self.own.saturating_sub(1);
    }

    /// The connection held for so long.
    pub(super) fn lived(&mut self, length: Duration) {
        if length >= GOOD {
            *self = Self { was_good: true, ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_from_half_a_second_to_thirty() {
        let mut backoff = Backoff::default();
        let most: Vec<_> = (0..9).map(|_| backoff.next(Duration::ZERO, u64::MAX)).collect();
        assert_eq!(
            most.iter().map(|(most, _)| most.as_millis()).collect::<Vec<_>>(),
            [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
        );
        assert_eq!(most.iter().map(|(_, attempt)| *attempt).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(backoff.next(Duration::ZERO, 0).0, Duration::ZERO, "full jitter goes down to nothing");
        assert_eq!(backoff.next(Duration::from_secs(2), u64::MAX / 2).0.as_secs(), 17, "what the server asks for comes first");
        (backoff.attempts, backoff.own) = (u32::MAX, u32::MAX);
        assert_eq!(backoff.next(Duration::ZERO, u64::MAX), (LONGEST, u32::MAX));
    }

    #[test]
    fn attempts_that_somebody_asked_for_lengthen_nothing() {
        let mut backoff = Backoff::default();
        let most = |backoff: &mut Backoff| backoff.next(Duration::ZERO, u64::MAX);
        assert_eq!([most(&mut backoff), most(&mut backoff)].map(|(most, _)| most.as_millis()), [0, 500]);
        for attempt in 3..20 {
            backoff.woken();
            assert_eq!(most(&mut backoff), (FIRST, attempt), "counted, and no longer than before");
        }
        assert_eq!(most(&mut backoff).0, FIRST * 2);
    }

    #[test]
    fn only_a_connection_that_held_starts_over() {
        let mut backoff = Backoff { attempts: 5, own: 5, was_good: false };
        backoff.lived(Duration::from_secs(1));
        assert_eq!(backoff.next(Duration::ZERO, u64::MAX), (Duration::from_secs(8), 6));
        backoff.lived(GOOD);
        assert_eq!(backoff.next(Duration::ZERO, u64::MAX), (FIRST, 1));
        assert_eq!(backoff.next(Duration::ZERO, u64::MAX), (FIRST * 2, 2));
    }
}
