//! Whether somebody is still there: when a connection was heard, how often it was asked since, and how long it took to answer.
//! Small, because there are many.

use std::{
    cell::Cell,
    num::NonZero,
    time::{Duration, Instant},
};

use super::measure::Moment;

pub(super) struct Life {
    heard: Cell<Moment>,
    /// So many milliseconds after it was heard, it was asked for a sign of life.
    asked_after: Cell<u16>,
    /// How long the sign took to come, in milliseconds.
    lag: Cell<Option<NonZero<u16>>>,
    /// Asked so often since it was heard.
    asked: Cell<u16>,
}

impl Life {
    pub(super) fn new(now: Instant) -> Self {
        Self { heard: Cell::new(Moment::of(now)), asked_after: Cell::new(0), lag: Cell::new(None), asked: Cell::new(0) }
    }

    /// It is asked for a sign.
    pub(super) fn ask(&self, now: Instant) {
        self.asked.set(self.asked.get() + 1);
        let after = self.silent(now).as_millis();
        self.asked_after.set(u16::try_from(after).unwrap_or(u16::MAX));
    }

    /// It gave one.
    pub(super) fn hear(&self, now: Instant) {
        if self.asked.get() > 0 {
            let since = self.silent(now).as_millis();
            let lag = u16::try_from(since).unwrap_or(u16::MAX).saturating_sub(self.asked_after.get());
            self.lag.set(NonZero::new(lag.max(1)));
        }
        self.heard.set(Moment::of(now));
        self.asked.set(0);
    }

    /// How long nothing was heard.
    pub(super) fn silent(&self, now: Instant) -> Duration {
        self.heard.get().until(now)
    }

    /// How often it was asked for a sign since it was heard.
    pub(super) fn asked(&self) -> u32 {
        self.asked.get().into()
    }

    /// How long the last sign took to come, where one was asked for.
    pub(super) fn lag_ms(&self) -> Option<u32> {
        self.lag.get().map(|lag| lag.get().into())
    }
}
