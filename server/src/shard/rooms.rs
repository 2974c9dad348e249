//! Who of this shard is where: for each room its members by dialect, so that one buffer goes to all of a kind.
//!
//! A member for whom something has to be read is *held* from the moment it is subscribed until its snapshot has been read: what is committed
//! meanwhile waits, and of it only what the snapshot did not have is told. So nothing falls between, and nothing comes twice.

use std::{collections::HashMap, rc::Rc, sync::Arc, time::Instant};

use bytes::{Bytes, BytesMut};
use chat_protocol::{Dialect, Seq};

use super::{
    connection::{Connection, Told},
    recent::Recent,
    rest::Rest,
};
use crate::fanout::{Entry, RoomBatch, Said};

/// Batches held for one member; with more it reads the log again instead.
const HELD: usize = 64;

/// How far a member is with a room.
pub(super) enum Progress {
    /// It has everything up to here.
    Live(Seq),
    /// Its snapshot is being read.
    Held(Box<Held>),
}

/// What was committed while a snapshot is being read.
#[derive(Default)]
pub(super) struct Held {
    pub(super) batches: Vec<Arc<RoomBatch>>,
    /// More than could be held.
    pub(super) overrun: bool,
    /// Since it is held, something went that its snapshot may have.
    outdated: bool,
}

impl Progress {
    pub(super) fn held() -> Self {
        Self::Held(Box::default())
    }
}

impl Held {
    pub(super) fn add(&mut self, batches: &[Arc<RoomBatch>]) {
        if self.overrun {
            return;
        }
        self.batches.extend(batches.iter().map(Arc::clone));
        if self.batches.len() > HELD {
            *self = Self { batches: Vec::new(), overrun: true, ..*self };
        }
    }
}

struct Member {
    connection: Rc<Connection>,
    progress: Progress,
}

/// Members of one dialect, found by connection and walked in any order.
#[derive(Default)]
struct Members {
    list: Vec<Member>,
    places: HashMap<u64, usize>,
}

impl Members {
    fn put(&mut self, connection: &Rc<Connection>, progress: Progress) {
        match self.places.get(&connection.id) {
            Some(place) => self.list[*place].progress = progress,
            None => {
                self.places.insert(connection.id, self.list.len());
                self.list.push(Member { connection: Rc::clone(connection), progress });
            }
        }
    }

    fn remove(&mut self, connection: u64) -> Option<Member> {
        let place = self.places.remove(&connection)?;
        let removed = self.list.swap_remove(place);
        if let Some(moved) = self.list.get(place) {
            self.places.insert(moved.connection.id, place);
        }
        Some(removed)
    }

    fn get_mut(&mut self, connection: u64) -> Option<&mut Member> {
        self.places.get(&connection).and_then(|place| self.list.get_mut(*place))
    }
}

/// One room, as far as this shard has members of it.
#[derive(Default)]
pub(super) struct Room {
    members: [Members; Dialect::ALL.len()],
    /// What who comes in is told, where somebody came in lately.
    recent: Option<Box<Recent>>,
    rest: Option<Box<Rest>>,
}

/// What delivering came to.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) deliveries: u64,
    /// In so many goes.
    pub(super) tellings: u64,
    pub(super) too_slow: u64,
    pub(super) dropped_signals: u64,
    /// Connections that have something queued which could go out at once.
    pub(super) dirty: Vec<Rc<Connection>>,
}

impl Tally {
    fn tell(&mut self, connection: &Rc<Connection>, frames: &Bytes, entries: u64) {
        if frames.is_empty() {
            return;
        }
        let waiting = connection.queued() > 0;
        match connection.tell(frames) {
            Told::Yes => {
                self.deliveries += entries;
                self.tellings += 1;
                if waiting {
                    self.dirty.push(Rc::clone(connection));
                }
            }
            Told::TooSlow => self.too_slow += 1,
            Told::No => {}
        }
    }
}

impl Room {
    pub(super) fn put(&mut self, connection: &Rc<Connection>, dialect: Dialect, progress: Progress) {
        self.members[dialect.index()].put(connection, progress);
    }

    /// Whether a connection is in it.
    pub(super) fn has(&self, connection: u64) -> bool {
        self.members.iter().any(|members| members.places.contains_key(&connection))
    }

    /// Lets a member go, who is told first what waits: it may have said that itself.
    pub(super) fn remove(&mut self, connection: u64, dialect: Dialect, tally: &mut Tally) {
        let Some(member) = self.members[dialect.index()].remove(connection) else { return };
        if let (Progress::Live(after), Some(rest)) = (member.progress, &self.rest) {
            for batch in &rest.batches {
                tell_after(&member.connection, dialect, None, batch, after, tally);
            }
        }
    }

    /// Keeps those members of whom that is true.
    pub(super) fn retain(&mut self, keep: impl Fn(&Connection) -> bool, tally: &mut Tally) {
        for dialect in Dialect::ALL {
            let all = self.members[dialect.index()].list.iter().map(|member| &member.connection);
            let gone: Vec<_> = all.filter(|one| !keep(one)).map(|one| one.id).collect();
            gone.into_iter().for_each(|connection| self.remove(connection, dialect, tally));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.iter().all(|members| members.list.is_empty())
    }

    /// Tells the members what is new, or keeps it for a moment if they are many. `batches` are consecutive. Answers when the room
    /// wants to be woken, if that is news.
    pub(super) fn take(&mut self, batches: &[Arc<RoomBatch>], tally: &mut Tally) -> Option<Instant> {
        self.recent.take_if(|recent| !recent.add(batches));
        let now = Instant::now();
        if let Some(rest) = &mut self.rest {
            rest.add(batches, now);
            return None;
        }
        let Some(mut rest) = Rest::before(self.readers(), now) else {
            self.deliver(batches, tally);
            return None;
        };
        rest.add(batches, now);
        self.rest = Some(Box::new(rest));
        self.rests_until()
    }

    /// A rest until then is over: it goes on, or what waited is told. Answers as [`Room::take`].
    pub(super) fn rested(&mut self, until: Instant, tally: &mut Tally) -> Option<Instant> {
        let rest = self.rest.as_mut().filter(|rest| rest.until == until)?;
        if rest.goes_on() { self.rests_until() } else { self.wake(tally) }
    }

    /// Ends the rest, if there is one, and tells what waited. Answers as [`Room::take`].
    pub(super) fn wake(&mut self, tally: &mut Tally) -> Option<Instant> {
        let rest = self.rest.take()?;
        if !rest.batches.is_empty() {
            let began = Instant::now();
            self.deliver(&rest.batches, tally);
            self.rest = Rest::after(self.readers(), began, Instant::now()).map(Box::new);
        }
        for said in &rest.signals {
            tally.dropped_signals += self.tell_signal(said);
        }
        self.rests_until()
    }

    /// When the rest is over, if the room rests.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        self.rest.as_ref().map(|rest| rest.until)
    }

    fn readers(&self) -> usize {
        self.members.iter().map(|members| members.list.len()).sum()
    }

    fn deliver(&mut self, batches: &[Arc<RoomBatch>], tally: &mut Tally) {
        let Some(first) = batches.first().map(|batch| batch.first()) else { return };
        let entries = batches.iter().map(|batch| batch.entries.len() as u64).sum();
        for dialect in Dialect::ALL {
            let members = &mut self.members[dialect.index()];
            if members.list.is_empty() {
                continue;
            }
            let all = together(batches, dialect);
            let hides = hides_sender(batches, dialect);
            for member in &mut members.list {
                match &mut member.progress {
                    Progress::Live(after) if *after < first && !(hides && said_some(batches, member.connection.id)) => {
                        tally.tell(&member.connection, &all, entries);
                    }
                    Progress::Live(after) => {
                        for batch in batches {
                            tell_after(&member.connection, dialect, None, batch, *after, tally);
                        }
                    }
                    Progress::Held(held) => held.add(batches),
                }
            }
        }
    }

    /// Tells the members something passing, behind what waits. Answers for how many it was dropped.
    pub(super) fn signal(&mut self, said: &Arc<Said>) -> u64 {
        match &mut self.rest {
            Some(rest) if !rest.is_empty() => u64::from(!rest.signal(said)),
            _ => self.tell_signal(said),
        }
    }

    /// Members whose snapshot is being read get it with that.
    fn tell_signal(&self, said: &Said) -> u64 {
        let mut dropped = 0;
        for dialect in Dialect::ALL {
            let members = &self.members[dialect.index()];
            if members.list.is_empty() {
                continue;
            }
            let Some(frame) = said.frame(dialect) else { continue };
            for member in &members.list {
                if matches!(member.progress, Progress::Live(_)) && !member.connection.signal(frame) {
                    dropped += 1;
                }
            }
        }
        dropped
    }

    /// A member is held, and its snapshot was read: with what was held, it is what the next one is told.
    pub(super) fn remember(&mut self, connection: u64, dialect: Dialect, mut recent: Box<Recent>) {
        let member = self.members[dialect.index()].get_mut(connection);
        if let Some(Member { progress: Progress::Held(held), .. }) = member
            && !held.overrun
            && !held.outdated
            && recent.add(&held.batches)
            && self.rest.as_ref().is_none_or(|rest| recent.add(&rest.batches))
        {
            self.recent = Some(recent);
        }
    }

    pub(super) fn has_recent(&self) -> bool {
        self.recent.is_some()
    }

    pub(super) fn forget(&mut self) {
        self.recent = None;
    }

    /// The room lost what was read of it, or is being read: nobody else is told that.
    pub(super) fn outdate(&mut self) {
        self.forget();
        for member in self.members.iter_mut().flat_map(|members| &mut members.list) {
            if let Progress::Held(held) = &mut member.progress {
                held.outdated = true;
            }
        }
    }

    /// The last messages up to what the members have or are about to be told, if they are at hand.
    pub(super) fn recent(&mut self) -> Option<&Recent> {
        self.recent.take_if(|recent| !recent.catch_up());
        self.recent.as_deref()
    }

    /// A member has its snapshot, which ends at `after`: it is told what came since. `false` if too much came to be held; then
    /// it is held anew and has to read on.
    pub(super) fn go_live(&mut self, connection: u64, dialect: Dialect, after: Seq, tally: &mut Tally) -> bool {
        let Some(member) = self.members[dialect.index()].get_mut(connection) else { return true };
        release(&member.connection, dialect, None, &mut member.progress, after, tally)
    }
}

/// Ends a hold. See [`Room::go_live`].
pub(super) fn release(
    connection: &Rc<Connection>,
    dialect: Dialect,
    user: Option<&str>,
    progress: &mut Progress,
    after: Seq,
    tally: &mut Tally,
) -> bool {
    match std::mem::replace(progress, Progress::Live(after)) {
        Progress::Held(held) if held.overrun => {
            *progress = Progress::held();
            false
        }
        Progress::Held(held) => {
            for batch in &held.batches {
                tell_after(connection, dialect, user, batch, after, tally);
            }
            true
        }
        Progress::Live(_) => true,
    }
}

/// Tells one member those entries of a batch that come after a place and are not its own where the dialect hides those. Of a
/// private conversation `user` is the one of the two whose connection it is: what that user said is told to its other
/// connections only where the dialect says so.
pub(super) fn tell_after(
    connection: &Rc<Connection>,
    dialect: Dialect,
    user: Option<&str>,
    batch: &RoomBatch,
    after: Seq,
    tally: &mut Tally,
) {
    let start = batch.entries.partition_point(|entry| entry.recorded.seq <= after);
    if start == batch.entries.len() {
        return;
    }
    let frames = batch.frames(dialect);
    let to_itself = batch.room.pair().is_some_and(|(one, other)| one == other);
    let own = |entry: &Entry| {
        let said_here = entry.by == Some(connection.id);
        let said_by_user = !to_itself && user == Some(entry.recorded.from.folded());
        (said_here || said_by_user) && !dialect.shows_sender(&entry.recorded)
    };
    if !batch.entries[start..].iter().any(own) {
        tally.tell(connection, &frames.from(start), (batch.entries.len() - start) as u64);
        return;
    }
    for (place, _) in batch.entries.iter().enumerate().skip(start).filter(|(_, entry)| !own(entry)) {
        tally.tell(connection, &frames.entry(place), 1);
    }
}

fn together(batches: &[Arc<RoomBatch>], dialect: Dialect) -> Bytes {
    if let [only] = batches {
        return only.frames(dialect).bytes.clone();
    }
    let parts = batches.iter().map(|batch| &batch.frames(dialect).bytes);
    let mut all = BytesMut::with_capacity(parts.clone().map(Bytes::len).sum());
    parts.for_each(|part| all.extend_from_slice(part));
    all.freeze()
}

fn hides_sender(batches: &[Arc<RoomBatch>], dialect: Dialect) -> bool {
    batches.iter().flat_map(|batch| &batch.entries).any(|entry| entry.by.is_some() && !dialect.shows_sender(&entry.recorded))
}

fn said_some(batches: &[Arc<RoomBatch>], connection: u64) -> bool {
    batches.iter().flat_map(|batch| &batch.entries).any(|entry| entry.by == Some(connection))
}

#[cfg(test)]
mod tests {
    use chat_protocol::RoomName;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::stream::Stream;

    /// Something is pruned while a snapshot is on its way: that snapshot is nobody else's.
    #[tokio::test]
    async fn what_was_read_before_something_went_is_not_remembered() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for outdated in [false, true] {
            let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let address = [127, 0, 0, 1].into();
            let connection = Rc::new(Connection::new(1, Some(Dialect::Chat), address, Stream::Plain(socket), Instant::now()));
            let mut room = Room::default();
            room.put(&connection, Dialect::Chat, Progress::held());
            if outdated {
                room.outdate();
            }
            let recent = Recent::new(RoomName::parse("tea").unwrap(), Seq(1), String::new(), &[], false).unwrap();
            room.remember(1, Dialect::Chat, Box::new(recent));
            assert_eq!(room.has_recent(), !outdated);
        }
    }
}
