//! A rate that may be chosen anew while others look at it. Both its numbers are one word, so that nobody sees half of the old one
//! and half of the new one, and looking takes no lock.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Rate;

/// See the module.
#[derive(Debug)]
pub struct Dial(AtomicU64);

impl Dial {
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self(AtomicU64::new(word(rate)))
    }

    /// What holds now.
    #[must_use]
    pub fn rate(&self) -> Rate {
        let [a, b, c, d, e, f, g, h] = self.0.load(Ordering::Relaxed).to_be_bytes();
        Rate::new(u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
    }

    /// From now on it is this.
    pub fn turn(&self, rate: Rate) {
        self.0.store(word(rate), Ordering::Relaxed);
    }
}

fn word(rate: Rate) -> u64 {
    rate.limit().map_or(0, |limit| (u64::from(limit.burst.get()) << 32) | u64::from(limit.per_second.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_what_it_was_turned_to() {
        let dial = Dial::new(Rate::Off);
        assert_eq!(dial.rate(), Rate::Off);
        for rate in [Rate::new(100, 10), Rate::new(1, u32::MAX), Rate::new(u32::MAX, 1), Rate::Off] {
            dial.turn(rate);
            assert_eq!(dial.rate(), rate);
        }
    }
}
