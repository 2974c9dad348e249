//! One room's users: who is here, who just lost its last connection, and the differences gathered to be told together.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chat_protocol::{RoomName, Signal, Timestamp, UserName};

use super::Due;

/// Differences are gathered for so long.
const GATHER: Duration = Duration::from_millis(100);
/// A user without a connection is here for so long, so that a reload does not flicker. With [`GATHER`] at most a second.
const GRACE: Duration = Duration::from_millis(900);

/// How a connection's comings and goings are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// By user, gathered, and leaving after a grace.
    Gathered,
    /// The tutorials': each connection, at once.
    AtOnce,
}

pub(super) struct Room {
    name: RoomName,
    users: HashMap<Arc<str>, Present>,
    joined: Vec<UserName>,
    left: Vec<UserName>,
}

struct Present {
    user: UserName,
    connections: u32,
    leaving: Option<Instant>,
}

impl Room {
    pub(super) fn new(name: RoomName) -> Self {
        Self { name, users: HashMap::new(), joined: Vec::new(), left: Vec::new() }
    }

    pub(super) fn name(&self) -> &RoomName {
        &self.name
    }

    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.joined.is_empty() && self.left.is_empty()
    }

    pub(super) fn online(&self) -> usize {
        self.users.len()
    }

    pub(super) fn users(&self) -> Vec<UserName> {
        let mut users: Vec<_> = self.users.values().map(|present| present.user.clone()).collect();
        users.sort_unstable();
        users
    }

    pub(super) fn join(
        &mut self,
        user: &UserName,
        manner: Manner,
        at: Timestamp,
        now: Instant,
        signals: &mut Vec<Signal>,
    ) -> Option<(Instant, Due)> {
        let mut due = None;
        let known = self.users.get_mut(user.folded());
        let new_here = known.is_none();
        match known {
            Some(present) => {
                present.connections += 1;
                present.leaving = None;
            }
            None => {
                self.users.insert(user.key(), Present { user: user.clone(), connections: 1, leaving: None });
                due = self.gather(user, true, now);
            }
        }
        if new_here || manner == Manner::AtOnce {
            signals.push(Signal::Came { room: self.name.clone(), user: user.clone(), at });
        }
        due
    }

    pub(super) fn leave(
        &mut self,
        user: &UserName,
        manner: Manner,
        reload: bool,
        at: Timestamp,
        now: Instant,
        signals: &mut Vec<Signal>,
    ) -> Option<(Instant, Due)> {
        let present = self.users.get_mut(user.folded())?;
        present.connections = present.connections.saturating_sub(1);
        let last = present.connections == 0;
        if last && manner == Manner::Gathered && reload {
            let until = now + GRACE;
            present.leaving = Some(until);
            return Some((until, Due::Gone(self.name.key(), user.key())));
        }
        if last || manner == Manner::AtOnce {
            signals.push(Signal::Went { room: self.name.clone(), user: user.clone(), at });
        }
        if last {
            self.users.remove(user.folded());
            return self.gather(user, false, now);
        }
        None
    }

    /// The grace of a user is over, unless it came back.
    pub(super) fn gone(&mut self, user: &str, at: Timestamp, now: Instant, signals: &mut Vec<Signal>) -> Option<(Instant, Due)> {
        let present = self.users.get(user)?;
        if present.connections > 0 || present.leaving.is_none_or(|until| until > now) {
            return None;
        }
        let user = self.users.remove(user)?.user;
        signals.push(Signal::Went { room: self.name.clone(), user: user.clone(), at });
        self.gather(&user, false, now)
    }

    /// What was gathered, if it did not cancel out.
    pub(super) fn gathered(&mut self) -> Option<Signal> {
        if self.joined.is_empty() && self.left.is_empty() {
            return None;
        }
        Some(Signal::Presence {
            room: self.name.clone(),
            joined: std::mem::take(&mut self.joined),
            left: std::mem::take(&mut self.left),
            online: self.online(),
        })
    }

    /// Notes a difference; says when to tell, if this is the first of a gathering.
    fn gather(&mut self, user: &UserName, here: bool, now: Instant) -> Option<(Instant, Due)> {
        let first = self.joined.is_empty() && self.left.is_empty();
        let (same, opposite) = if here { (&mut self.joined, &mut self.left) } else { (&mut self.left, &mut self.joined) };
        match opposite.iter().position(|other| other == user) {
            Some(place) => {
                opposite.swap_remove(place);
            }
            None => same.push(user.clone()),
        }
        first.then(|| (now + GATHER, Due::Gathered(self.name.key())))
    }
}
