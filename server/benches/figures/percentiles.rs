//! Waits, as the few numbers that say how they were spread.

use std::time::Duration;

/// Three of them, in milliseconds; none of anything that did not happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

impl Percentiles {
    pub(crate) fn of(waits: &mut [Duration]) -> Self {
        waits.sort_unstable();
        let at = |thousandths: usize| {
            let place = waits.len() * thousandths / 1000;
            waits.get(place).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1000.0)
        };
        Self { p50: at(500), p99: at(990), p999: at(999) }
    }
}
