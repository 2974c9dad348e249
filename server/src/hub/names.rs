//! Names in use, and whose they are for now. Two names that look alike are one here.

use std::{
    collections::HashMap,
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
    by_looks: HashMap<String, Holder>,
    /// Other looks of a holder above.
    aliases: HashMap<String, String>,
    /// Where each holder's author is found above.
    by_author: HashMap<Author, String>,
    /// How many holders above have a connection.
    online: usize,
}

struct Holder {
    user: UserName,
    author: Author,
    connections: u32,
    held_until: Option<Instant>,
}

/// Names that the server made cannot be mistaken for each other and belong to nobody.
fn looks(user: &UserName) -> String {
    if user.is_made() { user.folded().to_owned() } else { user.skeleton() }
}

/// What it looks like to a reader who does not tell a capital I from an l.
fn other_looks(user: &UserName) -> String {
    if user.is_made() { user.folded().to_owned() } else { user.shown_skeleton() }
}

impl Holder {
    fn in_use(&self, now: Instant) -> bool {
        self.connections > 0 || self.held_until.is_some_and(|until| now < until)
    }

    fn admits(&self, user: &UserName, author: &Author, now: Instant) -> bool {
        !self.in_use(now) || user.is_made() || (self.user == *user && self.author == *author)
    }
}

impl Names {
    pub(super) fn may_enter(&self, user: &UserName, author: &Author, now: Instant) -> Result<(), Taken> {
        let held = |looks: &String| [self.by_looks.get(looks), self.aliases.get(looks).and_then(|of| self.by_looks.get(of))];
        let holders = [looks(user), other_looks(user)].iter().flat_map(held).flatten().collect::<Vec<_>>();
        if holders.iter().all(|holder| holder.admits(user, author, now)) { Ok(()) } else { Err(Taken) }
    }

    pub(super) fn enter(&mut self, user: &UserName, author: &Author, now: Instant) -> Result<(), Taken> {
        self.may_enter(user, author, now)?;
        let name = looks(user);
        if let Some(holder) = self.by_looks.get_mut(&name) {
            if holder.connections > 0 {
                holder.connections += 1;
                return Ok(());
            }
            self.remove(&name);
        }
        let other = other_looks(user);
        if other != name {
            self.aliases.insert(other, name.clone());
        }
        self.by_author.insert(author.clone(), name.clone());
        self.online += 1;
        self.by_looks.insert(name, Holder { user: user.clone(), author: author.clone(), connections: 1, held_until: None });
        Ok(())
    }

    pub(super) fn depart(&mut self, user: &UserName, hold: bool, now: Instant) -> Option<(Instant, Due)> {
        let name = looks(user);
        let holder = self.by_looks.get_mut(&name)?;
        if holder.connections != 1 {
            holder.connections = holder.connections.saturating_sub(1);
            return None;
        }
        holder.connections = 0;
        self.online -= 1;
        if hold && !user.is_made() {
            let until = now + HELD;
            holder.held_until = Some(until);
            return Some((until, Due::Name(name)));
        }
        self.remove(&name);
        None
    }

    /// Keeps a name that nobody has for its author, as if its last connection had just gone.
    pub(super) fn hold(&mut self, user: &UserName, author: &Author, now: Instant) -> Option<(Instant, Due)> {
        let name = looks(user);
        if user.is_made() || self.by_looks.contains_key(&name) {
            return None;
        }
        self.enter(user, author, now).ok()?;
        self.depart(user, true, now)
    }

    pub(super) fn release(&mut self, name: &str, now: Instant) {
        let over = |holder: &Holder| holder.connections == 0 && holder.held_until.is_none_or(|until| until <= now);
        if self.by_looks.get(name).is_some_and(over) {
            self.remove(name);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(holder) = self.by_looks.remove(name) {
            self.by_author.remove(&holder.author);
            let other = other_looks(&holder.user);
            if self.aliases.get(&other).is_some_and(|of| of == name) {
                self.aliases.remove(&other);
            }
        }
    }

    pub(super) fn is_online(&self, user: &UserName) -> bool {
        self.by_looks.get(&looks(user)).is_some_and(|holder| holder.connections > 0 && holder.user == *user)
    }

    pub(super) fn online_name(&self, user: &UserName) -> Option<UserName> {
        let holder = self.by_looks.get(&looks(user))?;
        (holder.connections > 0 && holder.user == *user).then(|| holder.user.clone())
    }

    /// The name that an author has now, or that waits for it.
    pub(super) fn of(&self, author: &Author, now: Instant) -> Option<UserName> {
        let holder = self.by_looks.get(self.by_author.get(author)?)?;
        holder.in_use(now).then(|| holder.user.clone())
    }

    pub(super) fn online(&self) -> usize {
        self.online
    }
}
