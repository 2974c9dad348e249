//! What came of all cases, by kind: so that it can be asked whether the strangers got anywhere.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counted by all who visit.
#[derive(Default)]
pub(crate) struct Tally {
    cases: AtomicU64,
    kinds: Mutex<BTreeMap<String, u64>>,
    wrong: Mutex<Vec<String>>,
}

impl Tally {
    /// One more case, and what came of it.
    pub(crate) fn case(&self, kind: impl Into<String>) {
        self.cases.fetch_add(1, Ordering::Relaxed);
        self.saw(kind);
    }

    /// Something that was seen besides.
    pub(crate) fn saw(&self, kind: impl Into<String>) {
        *self.kinds.lock().expect("nobody panics here").entry(kind.into()).or_default() += 1;
    }

    /// Something was not as it must be.
    pub(crate) fn wrong(&self, what: String) {
        self.wrong.lock().expect("nobody panics here").push(what);
    }

    /// All that was wrong.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.wrong.lock().expect("nobody panics here").clone()
    }

    pub(crate) fn cases(&self) -> u64 {
        self.cases.load(Ordering::Relaxed)
    }

    pub(crate) fn of(&self, kind: &str) -> u64 {
        self.kinds.lock().expect("nobody panics here").get(kind).copied().unwrap_or(0)
    }

    /// Those that never occurred.
    pub(crate) fn missing<'a>(&self, kinds: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        kinds.into_iter().filter(|kind| self.of(kind) == 0).collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cases", self.cases())?;
        for (kind, count) in &*self.kinds.lock().expect("nobody panics here") {
            write!(f, "\n{count:>9}  {kind}")?;
        }
        Ok(())
    }
}
