//! The realm as a log keeps it: what everybody sees, and beside it what the batch under way would make of it. That becomes true
//! for all at once, when the batch is kept; or never.

use std::sync::Arc;

use chat_protocol::{Refusal, Timestamp};
use tokio::sync::watch;

use super::{AccountId, Decree, Decreed, Realm};

/// See the module.
#[derive(Debug)]
pub struct Book {
    seen: watch::Sender<Arc<Realm>>,
    /// With the decrees of this batch.
    next: Option<Realm>,
}

impl Default for Book {
    fn default() -> Self {
        Self::of(std::iter::empty())
    }
}

impl Book {
    /// Of what was decreed so far.
    pub fn of(decrees: impl Iterator<Item = Decreed>) -> Self {
        let mut realm = Realm::default();
        decrees.for_each(|decreed| realm.apply(&decreed));
        Self { seen: watch::Sender::new(Arc::new(realm)), next: None }
    }

    /// The realm as it is, and word of each change.
    pub fn seen(&self) -> watch::Receiver<Arc<Realm>> {
        self.seen.subscribe()
    }

    /// Looks at the realm with the decrees of this batch.
    pub fn look<T>(&self, look: impl FnOnce(&Realm) -> T) -> T {
        match &self.next {
            Some(next) => look(next),
            None => look(&self.seen.borrow()),
        }
    }

    /// Judges a decree against all before it, and gives it its place. `of`: the account that wants it, `None` for whoever runs
    /// the server.
    ///
    /// # Errors
    /// As [`Realm::judge`].
    pub fn decree(&mut self, by: &str, of: Option<AccountId>, decree: &Decree, now: Timestamp) -> Result<Decreed, Refusal> {
        let realm = match &mut self.next {
            Some(next) => next,
            // Nothing is copied for what cannot be.
            None => {
                let seen = self.seen.borrow();
                seen.judge(of, decree, now)?;
                let next = Realm::clone(&seen);
                drop(seen);
                self.next.insert(next)
            }
        };
        realm.judge(of, decree, now)?;
        let mut decree = decree.clone();
        // Whoever decrees a penalty answers for it, whatever they say.
        if let Decree::Sentenced(sentence) = &mut decree {
            sentence.by = of;
        }
        let decreed = Decreed { seq: realm.seq().next(), at: now, by: by.into(), decree };
        realm.apply(&decreed);
        Ok(decreed)
    }

    /// The batch is kept.
    pub fn keep(&mut self) {
        if let Some(next) = self.next.take() {
            self.seen.send_replace(Arc::new(next));
        }
    }

    /// The batch never was.
    pub fn forget(&mut self) {
        self.next = None;
    }
}
