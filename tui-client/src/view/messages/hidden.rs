//! What of a room is not shown: words of people whom the user ignores, and who came and went, if that is not wished for. Names
//! are folded once for a whole draw, since an entry is only compared then.

use std::collections::HashSet;

use chat_protocol::{UserName, names};

use super::entry::Item;
use crate::{config::Settings, model::Entry};

/// What the settings hide.
#[derive(Debug)]
pub(super) struct Hidden {
    ignored: HashSet<String>,
    presence: bool,
}

impl Hidden {
    pub(super) fn by(settings: &Settings) -> Self {
        Self { ignored: settings.ignore.iter().map(|name| names::fold(name)).collect(), presence: !settings.look.presence }
    }

    /// Whether an item is not shown.
    pub(super) fn has(&self, item: Item<'_>) -> bool {
        let is_ignored = |user: &UserName| !self.ignored.is_empty() && self.ignored.contains(user.folded());
        match item {
            Item::Entry(Entry::Message(message)) => is_ignored(&message.from),
            Item::Entry(Entry::Topic { from, .. }) => is_ignored(from),
            // Those who left again at once may leave nothing to tell.
            Item::Entry(Entry::Presence { came, went, passed, .. }) => {
                self.presence || (came.is_empty() && went.is_empty() && passed.is_empty())
            }
            Item::Entry(Entry::Notice { .. } | Entry::Fault { .. }) | Item::Pending(_) => false,
        }
    }
}
