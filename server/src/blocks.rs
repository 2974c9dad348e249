//! Of whom people want to hear nothing, at hand: the log keeps it, and whoever says something to one alone is looked up here.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chat_protocol::UserName;

use crate::log::Author;

type Names = BTreeMap<Arc<str>, UserName>;

/// See the module.
#[derive(Debug, Default)]
pub struct Blocks(Mutex<HashMap<Author, Names>>);

impl Blocks {
    /// As the log has them.
    pub fn of(kept: Vec<(Author, UserName)>) -> Self {
        let mut blocks: HashMap<Author, Names> = HashMap::new();
        for (author, name) in kept {
            blocks.entry(author).or_default().insert(name.key(), name);
        }
        Self(Mutex::new(blocks))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Author, Names>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The log has kept it.
    pub fn set(&self, author: &Author, name: &UserName, on: bool) {
        let mut blocks = self.lock();
        if on {
            blocks.entry(author.clone()).or_default().insert(name.key(), name.clone());
            return;
        }
        let Some(names) = blocks.get_mut(author) else { return };
        names.remove(name.folded());
        if names.is_empty() {
            blocks.remove(author);
        }
    }

    /// Of whom somebody wants to hear nothing, by name.
    pub fn list(&self, author: &Author) -> Vec<UserName> {
        self.lock().get(author).map(|names| names.values().cloned().collect()).unwrap_or_default()
    }

    /// Whether this is one of them.
    pub fn has(&self, author: &Author, name: &UserName) -> bool {
        self.lock().get(author).is_some_and(|names| names.contains_key(name.folded()))
    }
}
