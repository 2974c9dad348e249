//! What one connection may say: lines and control frames, a bucket each, and how often it may run against them before it is
//! flooding.

use std::time::{Duration, Instant};

use super::{Bucket, Rate, RateLimit};

/// What holds for each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    pub lines: Rate,
    pub control: Rate,
}

/// What a peer may do with one more frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Welcome,
    /// Not now; the next one is welcome after this.
    TooSoon(Duration),
    /// It goes on and on.
    Flooding,
}

/// Frames beyond the limit are counted over so long.
const WINDOW: Duration = Duration::from_secs(60);
/// So many bursts beyond the limit within the window are a flood.
const PATIENCE: u32 = 4;

/// One connection's tokens. Its rates come in too: they are the same for all, and there are many connections.
#[derive(Debug)]
pub struct Allowance {
    lines: Bucket,
    control: Bucket,
    /// Nothing for those who keep to it.
    excess: Option<Box<Excess>>,
}

/// Frames beyond the limit, and since when they are counted.
#[derive(Debug)]
struct Excess {
    lines: u32,
    control: u32,
    since: Instant,
}

impl Allowance {
    /// All of it.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { lines: Bucket::new(now), control: Bucket::new(now), excess: None }
    }

    /// One more line of this cost. `others` takes it from what the connection shares with others, if that has it, and answers how
    /// long to wait otherwise: it is not asked for what the connection itself has no tokens for.
    pub fn line(&mut self, rates: Rates, now: Instant, cost: u32, others: impl FnOnce(u32) -> Duration) -> Verdict {
        let own = rates.lines.limit();
        let mut wait = own.map_or(Duration::ZERO, |limit| self.lines.wait(limit, now, cost));
        if wait.is_zero() {
            wait = others(cost);
        }
        if wait.is_zero() {
            if let Some(limit) = own {
                self.lines.spend(limit, now, cost);
            }
            return Verdict::Welcome;
        }
        let excess = excess(&mut self.excess, now);
        excess.lines += 1;
        // Whose own limit is off may still run against one that it shares.
        let burst = own.map_or(chat_protocol::limits::BURST, |limit| limit.burst.get());
        verdict(excess.lines, burst, wait)
    }

    /// One more ping or pong.
    pub fn control(&mut self, rates: Rates, now: Instant) -> Verdict {
        let Some(limit) = rates.control.limit() else { return Verdict::Welcome };
        let Err(wait) = self.control.take(limit, now, 1) else { return Verdict::Welcome };
        let excess = excess(&mut self.excess, now);
        excess.control += 1;
        verdict(excess.control, burst(limit), wait)
    }
}

fn burst(limit: RateLimit) -> u32 {
    limit.burst.get()
}

fn verdict(beyond: u32, burst: u32, wait: Duration) -> Verdict {
    if beyond >= burst.saturating_mul(PATIENCE) { Verdict::Flooding } else { Verdict::TooSoon(wait) }
}

/// What counts now, from the beginning if the last window is over.
fn excess(slot: &mut Option<Box<Excess>>, now: Instant) -> &mut Excess {
    slot.take_if(|excess| now.saturating_duration_since(excess.since) >= WINDOW);
    slot.get_or_insert_with(|| Box::new(Excess { lines: 0, control: 0, since: now }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(lines: &str, control: &str) -> Rates {
        Rates { lines: lines.parse().unwrap(), control: control.parse().unwrap() }
    }

    fn alone(_: u32) -> Duration {
        Duration::ZERO
    }

    #[test]
    fn who_goes_on_and_on_is_flooding_and_who_pauses_is_not() {
        let start = Instant::now();
        for (lines, control) in [("2/1", "off"), ("off", "2/1")] {
            let rates = rates(lines, control);
            let ask = |allowance: &mut Allowance, now| match lines {
                "off" => allowance.control(rates, now),
                _ => allowance.line(rates, now, 1, alone),
            };
            let mut one = Allowance::new(start);
            let verdicts: Vec<_> = (0..10).map(|_| ask(&mut one, start)).collect();
            assert_eq!(verdicts[..2], [Verdict::Welcome; 2]);
            assert!(verdicts[2..9].iter().all(|verdict| *verdict == Verdict::TooSoon(Duration::from_secs(1))), "{verdicts:?}");
            assert_eq!(verdicts[9], Verdict::Flooding);
            let mut other = Allowance::new(start);
            for minute in 0..5 {
                let now = start + Duration::from_secs(61 * minute);
                assert!((0..9).all(|_| ask(&mut other, now) != Verdict::Flooding), "minute {minute}");
            }
        }
    }

    #[test]
    fn lines_and_control_frames_take_nothing_from_each_other() {
        let (start, limited, off) = (Instant::now(), rates("2/1", "3/1"), rates("off", "off"));
        let mut one = Allowance::new(start);
        assert_eq!((0..5).filter(|_| one.control(limited, start) == Verdict::Welcome).count(), 3);
        assert_eq!((0..5).filter(|_| one.line(limited, start, 1, alone) == Verdict::Welcome).count(), 2);
        assert!((0..10_000).all(|_| one.control(off, start) == Verdict::Welcome));
        assert!((0..10_000).all(|_| one.line(off, start, 99, alone) == Verdict::Welcome));
    }

    #[test]
    fn what_is_shared_is_asked_only_for_what_the_connection_has_itself() {
        let (start, limited) = (Instant::now(), rates("2/1", "off"));
        let (mut one, mut asked) = (Allowance::new(start), 0);
        let mut count = |_| {
            asked += 1;
            Duration::ZERO
        };
        let verdicts: Vec<_> = (0..4).map(|_| one.line(limited, start, 1, &mut count)).collect();
        assert_eq!((asked, verdicts[3]), (2, Verdict::TooSoon(Duration::from_secs(1))));
        let (mut other, busy) = (Allowance::new(start), Duration::from_millis(300));
        assert_eq!(other.line(limited, start, 1, |_| busy), Verdict::TooSoon(busy));
        let passed = (0..5).filter(|_| other.line(limited, start, 1, alone) == Verdict::Welcome).count();
        assert_eq!(passed, 2, "nothing was taken for it");
        let (mut free, off) = (Allowance::new(start), rates("off", "off"));
        assert_eq!((0..1000).position(|_| free.line(off, start, 1, |_| busy) == Verdict::Flooding), Some(399));
    }
}
