//! How often the log speaks of the same thing: a flood of refusals is no flood of lines.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::{Bucket, Rate};

/// Ten lines at once, and one a second after that.
const LINES: Rate = Rate::new(10, 1);

/// One thing that is spoken of.
#[derive(Debug, Default)]
pub struct Seldom(Mutex<Spoken>);

#[derive(Debug, Default)]
struct Spoken {
    bucket: Option<Bucket>,
    unsaid: u64,
}

impl Seldom {
    /// It happened again. How often it was not spoken of since it last was, if it is to be now.
    pub fn again(&self, now: Instant) -> Option<u64> {
        let mut spoken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = LINES.limit()?;
        if spoken.bucket.get_or_insert_with(|| Bucket::new(now)).take(limit, now, 1).is_ok() {
            return Some(std::mem::take(&mut spoken.unsaid));
        }
        spoken.unsaid += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_flood_is_a_few_lines_and_a_number() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        let said: Vec<_> = (0..1000).filter_map(|_| seldom.again(start)).collect();
        assert_eq!(said, [0; 10]);
        assert_eq!(seldom.again(start + Duration::from_millis(999)), None);
        assert_eq!(seldom.again(start + Duration::from_secs(1)), Some(991));
        assert_eq!(seldom.again(start + Duration::from_secs(2)), Some(0));
    }
}
