//! Names in use, and whose they are for now. Two names that look alike are one here.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chat_protocol::UserName;

use super::Due;
use crate::log::Author;

/// How long a name that dropped waits for its session.
const HELD: Duration = Duration::from_secs(60);

/// Somebody else has the name, or one that looks like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name is taken")]
pub struct Taken;

#[derive(Default)]
pub(super) struct Names {
    by_looks: HashMap<Arc<str>, Holder>,
    /// Other looks of a holder above.
    aliases: HashMap<Arc<str>, Arc<str>>,
    /// Which name each holder's author has above.
    by_author: HashMap<Author, UserName>,
    /// How many holders above have a connection.
    online: usize,
}

struct Holder {
    user: UserName,
    author: Author,
    kept: Kept,
}

/// What keeps a name for its holder.
enum Kept {
    /// So many connections.
    Here(u32),
    /// The last one dropped, and may come back until then.
    Until(Instant),
}

/// What a name looks like, and what it looks like to a reader who does not tell a capital I from an l. Names that the server
/// made cannot be mistaken for each other and belong to nobody.
struct Looks {
    name: Arc<str>,
    other: Arc<str>,
}

impl Looks {
    fn of(user: &UserName) -> Self {
        if user.is_made() {
            return Self { name: user.key(), other: user.key() };
        }
        let name = user.skeleton();
        // Many look like what they are.
        let name = if name == user.folded() { user.key() } else { name.into() };
        let other = user.shown_skeleton();
        Self { other: if *other == *name { Arc::clone(&name) } else { other.into() }, name }
    }
}

impl Holder {
    fn in_use(&self, now: Instant) -> bool {
        match self.kept {
            Kept::Here(_) => true,
            Kept::Until(until) => now < until,
        }
    }

    fn is_here(&self) -> bool {
        matches!(self.kept, Kept::Here(_))
    }

    fn admits(&self, user: &UserName, author: &Author, now: Instant) -> bool {
        // A name that only waits does not wait against the account that owns it.
        let owned = author.is_account() && !self.is_here();
        !self.in_use(now) || owned || user.is_made() || (self.user == *user && self.author == *author)
    }
}

impl Names {
    pub(super) fn may_enter(&self, user: &UserName, author: &Author, now: Instant) -> Result<(), Taken> {
        self.admit(&Looks::of(user), user, author, now)
    }

    fn admit(&self, looks: &Looks, user: &UserName, author: &Author, now: Instant) -> Result<(), Taken> {
        let held = |looks: &Arc<str>| [self.by_looks.get(looks), self.aliases.get(looks).and_then(|of| self.by_looks.get(of))];
        let mut holders = [&looks.name, &looks.other].into_iter().flat_map(held).flatten();
        if holders.all(|holder| holder.admits(user, author, now)) { Ok(()) } else { Err(Taken) }
    }

    pub(super) fn enter(&mut self, user: &UserName, author: &Author, now: Instant) -> Result<(), Taken> {
        let looks = Looks::of(user);
        self.admit(&looks, user, author, now)?;
        let Looks { name, other } = looks;
        if let Some(holder) = self.by_looks.get_mut(&name) {
            if let Kept::Here(connections) = &mut holder.kept {
                *connections += 1;
                return Ok(());
            }
            self.remove(&name);
        }
        if other != name {
            self.aliases.insert(other, Arc::clone(&name));
        }
        self.by_author.insert(author.clone(), user.clone());
        self.online += 1;
        self.by_looks.insert(name, Holder { user: user.clone(), author: author.clone(), kept: Kept::Here(1) });
        Ok(())
    }

    /// Who has exactly this name, and is here.
    pub(super) fn author_of(&self, user: &UserName) -> Option<Author> {
        let holder = self.by_looks.get(&Looks::of(user).name)?;
        (holder.is_here() && holder.user == *user).then(|| holder.author.clone())
    }

    pub(super) fn depart(&mut self, user: &UserName, hold: bool, now: Instant) -> Option<(Instant, Due)> {
        let name = Looks::of(user).name;
        let holder = self.by_looks.get_mut(&name)?;
        match &mut holder.kept {
            Kept::Here(1) => {}
            Kept::Here(connections) => {
                *connections -= 1;
                return None;
            }
            Kept::Until(_) => return None,
        }
        self.online -= 1;
        if hold && !user.is_made() {
            let until = now + HELD;
            holder.kept = Kept::Until(until);
            return Some((until, Due::Name(name)));
        }
        self.remove(&name);
        None
    }

    /// Keeps a name that nobody has for its author, as if its last connection had just gone.
    pub(super) fn hold(&mut self, user: &UserName, author: &Author, now: Instant) -> Option<(Instant, Due)> {
        let name = Looks::of(user).name;
        if user.is_made() || self.by_looks.contains_key(&name) {
            return None;
        }
        self.enter(user, author, now).ok()?;
        self.depart(user, true, now)
    }

    pub(super) fn release(&mut self, name: &str, now: Instant) {
        if self.by_looks.get(name).is_some_and(|holder| !holder.in_use(now)) {
            self.remove(name);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(holder) = self.by_looks.remove(name) {
            self.by_author.remove(&holder.author);
            let other = Looks::of(&holder.user).other;
            if self.aliases.get(&other).is_some_and(|of| **of == *name) {
                self.aliases.remove(&other);
            }
        }
    }

    pub(super) fn is_online(&self, user: &UserName) -> bool {
        self.by_looks.get(&Looks::of(user).name).is_some_and(|holder| holder.is_here() && holder.user == *user)
    }

    pub(super) fn online_name(&self, user: &UserName) -> Option<UserName> {
        let holder = self.by_looks.get(&Looks::of(user).name)?;
        (holder.is_here() && holder.user == *user).then(|| holder.user.clone())
    }

    /// The name that an author has now, or that waits for it.
    pub(super) fn of(&self, author: &Author, now: Instant) -> Option<UserName> {
        let holder = self.by_looks.get(&Looks::of(self.by_author.get(author)?).name)?;
        holder.in_use(now).then(|| holder.user.clone())
    }

    pub(super) fn online(&self) -> usize {
        self.online
    }
}
