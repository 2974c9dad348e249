//! One room's users: who is here, who just lost its last connection, and the list of the first of them by name, which every
//! reader has and keeps up to date by the differences that are gathered here.
//!
//! Coming, going and being given the list cost the same in a room of any size: a look at the list, not at the room.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chat_protocol::{RoomName, Signal, Timestamp, UserName, limits};

use super::Due;

/// Differences are gathered for at least so long.
const GATHER: Duration = Duration::from_millis(100);
/// And for so long per user in the room: what coming and going costs in a second does not grow with who is there to be told of
/// it, or a crowd that comes at once would cost its square.
const GATHER_PER_USER: Duration = Duration::from_millis(2);
/// But for no longer than this.
const GATHER_AT_MOST: Duration = Duration::from_secs(2);
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

/// What who comes in is told of a room's users.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The first of them by name; all, where there are not more.
    pub users: Vec<UserName>,
    /// How many there are.
    pub online: usize,
}

/// `LISTED`: how many users its list has at most.
pub(super) struct Room<const LISTED: usize = { limits::USERS }> {
    name: RoomName,
    users: BTreeMap<UserName, Present>,
    /// What changed since everybody had the same list. Most rooms are quiet most of the time, and have none.
    gathering: Option<Box<Gathering>>,
}

struct Present {
    connections: u32,
    known: KnownTo,
    leaving: Option<Instant>,
}

/// In whose lists a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum KnownTo {
    Nobody,
    /// To its own connections alone: when it goes, nobody is left who has to be told.
    Itself,
    /// To some who were given the list since it was last told.
    Somebody,
    /// To all who were here when it was last told, and to those who came since unless [`Gathering::shortest`] says otherwise.
    Everybody,
}

/// Between two tellings the lists differ: who comes is given what is so now, while everybody else has what was told last. What
/// is told then has to make the same list of all of them, so it names everybody in whom any two of them may differ.
struct Gathering {
    /// How many users everybody was told of last; none once somebody was told another number.
    counted: Option<usize>,
    /// Lists given since.
    given: u32,
    /// Who went and is in somebody's list, and how many lists had been given by then.
    gone: BTreeMap<UserName, (KnownTo, u32)>,
    /// No list has a name behind this one.
    furthest: Option<UserName>,
    /// Where the shortest of the lists ends that were given and could not hold everybody: it lacks whoever is behind.
    shortest: Option<UserName>,
}

impl<const LISTED: usize> Room<LISTED> {
    pub(super) fn new(name: RoomName) -> Self {
        Self { name, users: BTreeMap::new(), gathering: None }
    }

    pub(super) fn name(&self) -> &RoomName {
        &self.name
    }

    pub(super) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.gathering.is_none()
    }

    pub(super) fn online(&self) -> usize {
        self.users.len()
    }

    /// Everybody, by name.
    pub(super) fn users(&self) -> Vec<UserName> {
        self.users.keys().cloned().collect()
    }

    /// The list as it is now, for somebody who will have it from now on.
    pub(super) fn list(&mut self, reader: &UserName) -> Listing {
        let online = self.online();
        let users: Vec<_> = self.users.keys().take(LISTED).cloned().collect();
        if let Some(gathering) = &mut self.gathering {
            for (user, present) in self.users.iter_mut().take(LISTED) {
                present.known = present.known.max(if user == reader { KnownTo::Itself } else { KnownTo::Somebody });
            }
            gathering.given(&users, online);
        }
        Listing { users, online }
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
        let known = self.users.get_mut(user);
        let new_here = known.is_none();
        match known {
            Some(present) => {
                present.connections += 1;
                present.leaving = None;
            }
            None => {
                due = self.gather(now);
                let known = self.gathering.as_mut().map_or(KnownTo::Nobody, |gathering| gathering.back(user));
                self.users.insert(user.clone(), Present { connections: 1, known, leaving: None });
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
        let present = self.users.get_mut(user)?;
        present.connections = present.connections.saturating_sub(1);
        let last = present.connections == 0;
        if last && manner == Manner::Gathered && reload {
            let until = now + GRACE;
            present.leaving = Some(until);
            return Some((until, Due::Gone(self.name.key(), user.clone())));
        }
        if last || manner == Manner::AtOnce {
            signals.push(Signal::Went { room: self.name.clone(), user: user.clone(), at });
        }
        if last { self.remove(user, now) } else { None }
    }

    /// The grace of a user is over, unless it came back.
    pub(super) fn gone(
        &mut self,
        user: &UserName,
        at: Timestamp,
        now: Instant,
        signals: &mut Vec<Signal>,
    ) -> Option<(Instant, Due)> {
        let present = self.users.get(user)?;
        if present.connections > 0 || present.leaving.is_none_or(|until| until > now) {
            return None;
        }
        signals.push(Signal::Went { room: self.name.clone(), user: user.clone(), at });
        self.remove(user, now)
    }

    /// What was gathered, if it did not cancel out. Everybody has the same list then.
    pub(super) fn gathered(&mut self) -> Option<Signal> {
        let Gathering { counted, given: _, gone, furthest, shortest } = *self.gathering.take()?;
        let online = self.online();
        let (mut joined, mut left) = (Vec::new(), gone.into_keys().collect::<Vec<_>>());
        for (place, (user, present)) in self.users.iter_mut().enumerate() {
            if place < LISTED {
                if present.known < KnownTo::Everybody || shortest.as_ref().is_some_and(|end| user > end) {
                    joined.push(user.clone());
                }
                present.known = KnownTo::Everybody;
            } else if furthest.as_ref().is_some_and(|end| user <= end) {
                // New ones came before it. They stand between those whom they pushed out, so that all of these are looked at.
                if present.known > KnownTo::Nobody {
                    left.push(user.clone());
                }
                present.known = KnownTo::Nobody;
            } else {
                break;
            }
        }
        let told = !joined.is_empty() || !left.is_empty() || counted != Some(online);
        told.then(|| Signal::Presence { room: self.name.clone(), joined, left, online })
    }

    /// Something is about to change; says when to tell, if this is the first of a gathering.
    fn gather(&mut self, now: Instant) -> Option<(Instant, Due)> {
        if self.gathering.is_some() {
            return None;
        }
        let listed = if self.online() > LISTED { self.users.keys().nth(LISTED - 1) } else { self.users.keys().next_back() };
        self.gathering = Some(Box::new(Gathering {
            counted: Some(self.online()),
            given: 0,
            gone: BTreeMap::new(),
            furthest: listed.cloned(),
            shortest: None,
        }));
        Some((now + gathering_takes(self.online()), Due::Gathered(self.name.key())))
    }

    fn remove(&mut self, user: &UserName, now: Instant) -> Option<(Instant, Due)> {
        let due = self.gather(now);
        if let (Some((user, present)), Some(gathering)) = (self.users.remove_entry(user), &mut self.gathering)
            && present.known > KnownTo::Itself
        {
            gathering.gone.insert(user, (present.known, gathering.given));
        }
        due
    }
}

/// How long the differences of a room with so many users are gathered.
fn gathering_takes(online: usize) -> Duration {
    let online = u32::try_from(online).unwrap_or(u32::MAX);
    GATHER_PER_USER.saturating_mul(online).clamp(GATHER, GATHER_AT_MOST)
}

impl Gathering {
    /// Somebody was given this list and this number.
    fn given(&mut self, users: &[UserName], online: usize) {
        self.given += 1;
        self.counted = self.counted.filter(|counted| *counted == online);
        let Some(last) = users.last() else { return };
        if self.furthest.as_ref().is_none_or(|end| end < last) {
            self.furthest = Some(last.clone());
        }
        if users.len() < online && self.shortest.as_ref().is_none_or(|end| last < end) {
            self.shortest = Some(last.clone());
        }
    }

    /// Somebody is here; in whose lists it is already, because it only was away for a moment.
    fn back(&mut self, user: &UserName) -> KnownTo {
        match self.gone.remove(user) {
            // Who was given a list meanwhile does not have it.
            Some((KnownTo::Everybody, given)) if given < self.given => KnownTo::Somebody,
            Some((known, _)) => known,
            None => KnownTo::Nobody,
        }
    }
}

#[cfg(test)]
mod tests;
