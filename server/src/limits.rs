//! How much a peer may ask of the server: a token bucket for each connection, and how often it may run against it. Pure: time
//! comes in. The numbers of the wire are in [`chat_protocol::limits`].

use std::{
    str::FromStr,
    time::{Duration, Instant},
};

use chat_protocol::json;

/// A burst and what comes back each second: `100/10`, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub burst: u32,
    pub per_second: u32,
}

/// What `--rate-limit` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    Off,
    Limited(RateLimit),
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let parse = || {
            let (burst, per_second) = text.split_once('/')?;
            let (burst, per_second) = (burst.parse().ok()?, per_second.parse().ok()?);
            (burst > 0 && per_second > 0).then_some(RateLimit { burst, per_second })
        };
        parse().map(Self::Limited).ok_or_else(|| "BURST/PER_SECOND like 100/10, or off".into())
    }
}

impl Rate {
    /// The limit, if there is one.
    #[must_use]
    pub fn limit(self) -> Option<RateLimit> {
        match self {
            Self::Off => None,
            Self::Limited(limit) => Some(limit),
        }
    }
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

/// One connection's tokens.
#[derive(Debug)]
pub struct Bucket {
    limit: Option<RateLimit>,
    tokens: f32,
    filled: Instant,
    /// Nothing for those who keep to it.
    excess: Option<Box<Excess>>,
}

/// Frames beyond the limit, and since when they are counted.
#[derive(Debug)]
struct Excess {
    frames: u32,
    since: Instant,
}

impl Bucket {
    /// A full one.
    #[must_use]
    pub fn new(rate: Rate, now: Instant) -> Self {
        let limit = rate.limit();
        Self { limit, tokens: limit.map_or(0.0, |limit| limit.burst as f32), filled: now, excess: None }
    }

    /// Whether it stands as if it had never been used.
    #[must_use]
    pub fn is_full(&self, now: Instant) -> bool {
        let Some(limit) = self.limit else { return true };
        let gained = now.saturating_duration_since(self.filled).as_secs_f32() * limit.per_second as f32;
        self.tokens + gained >= limit.burst as f32
    }

    /// Takes tokens for one frame: one, or more for a heavy one ([`cost`]). What costs more than a burst holds takes all of it.
    pub fn take(&mut self, now: Instant, cost: f32) -> Verdict {
        let Some(limit) = self.limit else { return Verdict::Welcome };
        let gained = now.saturating_duration_since(self.filled).as_secs_f32() * limit.per_second as f32;
        self.tokens = (self.tokens + gained).min(limit.burst as f32);
        self.filled = now;
        let cost = cost.min(limit.burst as f32);
        if self.tokens >= cost {
            self.tokens -= cost;
            return Verdict::Welcome;
        }
        self.excess.take_if(|excess| now.saturating_duration_since(excess.since) >= WINDOW);
        let excess = self.excess.get_or_insert_with(|| Box::new(Excess { frames: 0, since: now }));
        excess.frames += 1;
        if excess.frames >= limit.burst.saturating_mul(PATIENCE) {
            return Verdict::Flooding;
        }
        Verdict::TooSoon(Duration::from_secs_f32((cost - self.tokens) / limit.per_second as f32))
    }
}

/// Bytes that a frame may pass on to everybody for one more token.
const BYTES_PER_TOKEN: usize = 4096;

/// What a frame costs: one token, and one more for each 4 KiB that it will weigh once it is passed on.
#[must_use]
pub fn cost(frame: &str) -> f32 {
    (1 + json::weight(frame) / BYTES_PER_TOKEN) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut bucket = Bucket::new("3/10".parse().unwrap(), start);
        let verdicts: Vec<_> = (0..4).map(|_| bucket.take(start, 1.0)).collect();
        assert_eq!(verdicts[..3], [Verdict::Welcome; 3]);
        assert!(matches!(verdicts[3], Verdict::TooSoon(wait) if wait.as_millis() == 100), "{verdicts:?}");
        assert_eq!(bucket.take(start + Duration::from_millis(110), 1.0), Verdict::Welcome);
        assert!(matches!(bucket.take(start + Duration::from_millis(120), 1.0), Verdict::TooSoon(_)));
        let later = start + Duration::from_secs(100);
        assert_eq!((0..4).filter(|_| bucket.take(later, 1.0) == Verdict::Welcome).count(), 3, "it never holds more than a burst");
    }

    #[test]
    fn who_goes_on_and_on_is_flooding_and_who_pauses_is_not() {
        let start = Instant::now();
        let mut bucket = Bucket::new("2/1".parse().unwrap(), start);
        let verdicts: Vec<_> = (0..10).map(|_| bucket.take(start, 1.0)).collect();
        assert_eq!(verdicts[9], Verdict::Flooding);
        assert_eq!(verdicts.iter().filter(|v| **v == Verdict::Flooding).count(), 1);
        let mut bucket = Bucket::new("2/1".parse().unwrap(), start);
        for minute in 0..5 {
            let now = start + Duration::from_secs(61 * minute);
            assert!((0..9).all(|_| bucket.take(now, 1.0) != Verdict::Flooding), "minute {minute}");
        }
        let mut bucket = Bucket::new(Rate::Off, start);
        assert!((0..10_000).all(|_| bucket.take(start, 1.0) == Verdict::Welcome));
    }

    #[test]
    fn a_heavy_frame_costs_more_and_never_more_than_there_can_be() {
        let start = Instant::now();
        assert_eq!((cost("hi"), cost(&"x".repeat(4096)), cost(&"\u{1}".repeat(4096))), (1.0, 2.0, 7.0));
        let mut bucket = Bucket::new("10/1".parse().unwrap(), start);
        assert_eq!(bucket.take(start, 8.0), Verdict::Welcome);
        assert!(matches!(bucket.take(start, 8.0), Verdict::TooSoon(wait) if wait.as_secs() == 6));
        assert_eq!(bucket.take(start + Duration::from_secs(20), 99.0), Verdict::Welcome);
    }

    #[test]
    fn rates_are_read() {
        assert_eq!("100/10".parse(), Ok(Rate::Limited(RateLimit { burst: 100, per_second: 10 })));
        assert_eq!("off".parse(), Ok(Rate::Off));
        for bad in ["", "0/1", "1/0", "5", "a/b", "1/2/3"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
