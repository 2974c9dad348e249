//! What is measured of connections, small: bytes by thread, and moments in four bytes, because there are many of both.

use std::{
    cell::Cell,
    sync::LazyLock,
    time::{Duration, Instant},
};

thread_local! {
    /// Bytes that this thread's sockets took, and that its peers said, since it was asked last: one number for all of a shard's
    /// connections, so that counting costs next to nothing.
    static PASSED: Cell<Passed> = const { Cell::new(Passed { sent: 0, received: 0 }) };
}

/// Bytes that went through the sockets of a thread.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passed {
    pub(super) sent: u64,
    pub(super) received: u64,
}

/// A socket took so much.
pub(super) fn sent(bytes: usize) {
    let passed = PASSED.get();
    PASSED.set(Passed { sent: passed.sent + bytes as u64, ..passed });
}

/// A peer said so much.
pub(super) fn received(bytes: usize) {
    let passed = PASSED.get();
    PASSED.set(Passed { received: passed.received + bytes as u64, ..passed });
}

/// What passed since this was asked last.
pub(super) fn passed() -> Passed {
    PASSED.take()
}

/// A moment in four bytes, because there are many: milliseconds since the first, which begin anew after 49 days. Good for what is
/// told apart by minutes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(u32);

impl Moment {
    pub(super) fn of(now: Instant) -> Self {
        static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
        // What is earlier than the first was noted just before it.
        Self(now.saturating_duration_since(*FIRST).as_millis() as u32)
    }

    pub(super) fn until(self, now: Instant) -> Duration {
        let since = Self::of(now).0.wrapping_sub(self.0);
        // A moment that was noted a little later than now is no long time ago.
        if since > u32::MAX / 2 { Duration::ZERO } else { Duration::from_millis(since.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_as_long_ago_as_it_is() {
        let now = Instant::now();
        let moment = Moment::of(now);
        for ms in [0, 1, 60_000, 86_400_000] {
            let later = moment.until(now + Duration::from_millis(ms));
            assert!(later.abs_diff(Duration::from_millis(ms)) <= Duration::from_millis(1), "{ms}: {later:?}");
        }
        assert_eq!(Moment(Moment::of(now).0.wrapping_add(5)).until(now), Duration::ZERO, "noted a little later");
        assert!(Moment(u32::MAX).until(now) <= Duration::from_secs(3600), "over the end of the count");
    }
}
