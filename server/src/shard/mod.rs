//! A shard: one thread's connections, and who of them is where. Inside it nothing is locked and no task wakes for a delivery:
//! what was committed is written to the sockets by the shard itself, in one go for all that came in meanwhile.
//!
//! Does not know sessions, HTTP or how a connection came to be.

mod connection;
mod life;
mod measure;
mod outbox;
mod recent;
mod rest;
mod rooms;
#[cfg(test)]
mod tests;
mod world;

use std::{
    cell::{Cell, RefCell, RefMut},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use bytes::Bytes;
use chat_protocol::{CloseCode, Dialect, RoomName, Seq, UserName, limits};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::sleep_until,
};

pub use self::{connection::Connection, recent::Recent};
use self::{
    rooms::{Progress, Room, Tally},
    world::{Listener, World},
};
pub use crate::closing::Closing;
use crate::{
    clock,
    fanout::{Mail, RoomBatch, frame},
    log::Who,
    metrics::{Metrics, Reason},
    realm::Realm,
};

/// Mail that waits for a shard before the log waits for it.
pub const MAIL: usize = 4096;
/// Mail taken in one go, so that a flood of it does not keep sockets from being read.
const GULP: usize = 256;

/// What is read at once from a connection that was idle. One buffer for all.
const LENT: usize = 16 * 1024;

/// Rooms whose last messages are kept at hand; with more, all are forgotten: simpler than knowing which was asked for last, and
/// rare.
const RECENT: usize = 1000;

/// A ping as a server writes it.
const PING: Bytes = Bytes::from_static(&[0x89, 0]);

/// What was committed in one gulp of mail, by room: each is told in one go.
#[derive(Default)]
struct Committed {
    order: Vec<Vec<Arc<RoomBatch>>>,
    places: HashMap<Arc<str>, usize>,
}

impl Committed {
    fn gather(&mut self, rooms: &[Arc<RoomBatch>]) {
        for batch in rooms {
            let place = *self.places.entry(batch.room.key()).or_insert_with(|| {
                self.order.push(Vec::new());
                self.order.len() - 1
            });
            self.order[place].push(Arc::clone(batch));
        }
    }

    fn deliver(&mut self, world: &mut World, tally: &mut Tally) {
        self.places.clear();
        for batches in self.order.drain(..) {
            world.deliver(&batches, tally);
        }
    }
}

/// One thread's world.
pub struct Shard {
    pub id: usize,
    world: RefCell<World>,
    metrics: Arc<Metrics>,
    /// Who may be where.
    realm: watch::Receiver<Arc<Realm>>,
    queued: Cell<i64>,
    slow: Cell<i64>,
    emptied: Notify,
    /// Told when something was noted that is to be handed to the log.
    pub noted: Notify,
    lent: RefCell<Box<[u8]>>,
}

impl Shard {
    pub fn new(id: usize, metrics: Arc<Metrics>, realm: watch::Receiver<Arc<Realm>>) -> Self {
        let lent = RefCell::new(vec![0; LENT].into());
        Self {
            id,
            world: RefCell::default(),
            metrics,
            realm,
            queued: Cell::new(0),
            slow: Cell::new(0),
            emptied: Notify::new(),
            noted: Notify::new(),
            lent,
        }
    }

    /// A buffer for as long as something is read into it and taken out again.
    pub fn lend(&self) -> RefMut<'_, [u8]> {
        RefMut::map(self.lent.borrow_mut(), |lent| &mut **lent)
    }

    /// Something of one of its connections was dropped.
    pub fn dropped(&self, reason: Reason) {
        self.metrics.dropped(reason);
    }

    /// A connection begins.
    pub fn admit(&self, connection: &Rc<Connection>) {
        self.world.borrow_mut().connections.insert(connection.id, Rc::clone(connection));
        self.metrics.connections.add(1);
        self.metrics.connects.inc();
    }

    /// A connection is over. It must have left its rooms.
    pub fn dismiss(&self, connection: &Connection) {
        let mut world = self.world.borrow_mut();
        if world.connections.remove(&connection.id).is_some() {
            self.metrics.connections.add(-1);
        }
        world.watchers.remove(&connection.id);
        world.others.remove(&connection.id);
        if world.connections.is_empty() {
            self.emptied.notify_waiters();
        }
    }

    /// A member from now on: either it has everything up to `live`, or it is held until [`Shard::go_live`].
    pub fn subscribe(&self, connection: &Rc<Connection>, dialect: Dialect, room: &RoomName, live: Option<Seq>) {
        let progress = live.map_or_else(Progress::held, Progress::Live);
        let mut tally = Tally::default();
        let mut world = self.world.borrow_mut();
        match room.pair() {
            None => {
                // Who is a member at once is told what comes from now on, not what waits.
                if live.is_some() {
                    world.wake(room.folded(), &mut tally);
                }
                world.rooms.entry(room.key()).or_default().put(connection, dialect, progress);
            }
            Some(_) => {
                if let Some(listener) = world.listener(connection.id, room) {
                    let rooms = listener.rooms.get_or_insert_default();
                    // Only what is on its way is remembered of so many: who was told all may be told a last event again.
                    if rooms.len() >= limits::ROOMS_PER_CONNECTION {
                        rooms.retain(|_, progress| matches!(progress, Progress::Held(_)));
                    }
                    rooms.insert(room.key(), progress);
                }
            }
        }
        drop(world);
        self.account(tally);
    }

    /// Into a room whose last messages are at hand: told `words` of them, and a member from there on. `false`: they have to be
    /// read.
    pub fn walk_in(
        &self,
        connection: &Rc<Connection>,
        dialect: Dialect,
        room: &RoomName,
        words: impl FnOnce(&Recent) -> String,
    ) -> bool {
        let mut world = self.world.borrow_mut();
        let Some(here) = world.rooms.get_mut(room.folded()) else { return false };
        let Some(recent) = here.recent() else { return false };
        let seq = recent.seq;
        connection.answer(frame(&words(recent)));
        here.put(connection, dialect, Progress::Live(seq));
        true
    }

    /// Whether the last messages of a room are at hand, as far as is known before anybody asks.
    pub fn has_recent(&self, room: &RoomName) -> bool {
        self.world.borrow().rooms.get(room.folded()).is_some_and(Room::has_recent)
    }

    /// The snapshot of a member that is held was this: who comes next need not read it.
    pub fn remember(&self, connection: &Connection, dialect: Dialect, room: &RoomName, recent: Recent) {
        let mut world = self.world.borrow_mut();
        if world.remembered == RECENT {
            world.rooms.values_mut().for_each(Room::forget);
            world.remembered = 0;
        }
        if let Some(here) = world.rooms.get_mut(room.folded()) {
            here.remember(connection.id, dialect, Box::new(recent));
            world.remembered += 1;
        }
    }

    /// No longer a member.
    pub fn unsubscribe(&self, connection: &Connection, dialect: Dialect, room: &RoomName) {
        let mut tally = Tally::default();
        let mut world = self.world.borrow_mut();
        if let Some(here) = world.rooms.get_mut(room.folded()) {
            here.remove(connection.id, dialect, &mut tally);
            if here.is_empty() {
                world.rooms.remove(room.folded());
            }
        }
        drop(world);
        self.account(tally);
    }

    /// The snapshot, which ends at `after`, was told. `false`: more was committed meanwhile than could be held; read on.
    pub fn go_live(&self, connection: &Rc<Connection>, dialect: Dialect, room: &RoomName, after: Seq) -> bool {
        // What it asked for is on its way before more is told, or it would look like somebody who does not read.
        connection.flush();
        let mut tally = Tally::default();
        let mut world = self.world.borrow_mut();
        let live = match room.pair() {
            None => world.rooms.get_mut(room.folded()).is_none_or(|here| here.go_live(connection.id, dialect, after, &mut tally)),
            Some(_) => world
                .listener(connection.id, room)
                .and_then(|listener| listener.rooms.as_mut()?.get_mut(room.folded()))
                .is_none_or(|progress| rooms::release(connection, dialect, None, progress, after, &mut tally)),
        };
        drop(world);
        self.account(tally);
        live
    }

    /// A connection hears its user's private conversations, held until it is greeted.
    pub fn listen(&self, connection: &Rc<Connection>, dialect: Dialect, user: &UserName) {
        let listener = Listener { connection: Rc::clone(connection), dialect, rooms: None, others: Progress::held() };
        let mut world = self.world.borrow_mut();
        let all = world.listeners.entry(user.key()).or_default();
        // Most have one connection, and there are many of them.
        all.reserve_exact(1);
        all.push(listener);
    }

    /// A connection is some user's, and hears no private conversations.
    pub fn is_by(&self, connection: &Connection, user: &UserName) {
        self.world.borrow_mut().others.insert(connection.id, user.key());
    }

    /// It was greeted with these places in its conversations: what it was not told yet follows.
    pub fn greeted(&self, connection: &Rc<Connection>, user: &UserName, places: &[(RoomName, Seq)]) {
        connection.flush();
        let mut tally = Tally::default();
        let mut world = self.world.borrow_mut();
        let Some(listener) =
            world.listeners.get_mut(user.folded()).and_then(|all| all.iter_mut().find(|one| one.connection.id == connection.id))
        else {
            return;
        };
        if !places.is_empty() {
            let rooms = listener.rooms.get_or_insert_default();
            rooms.extend(places.iter().map(|(room, seq)| (room.key(), Progress::Live(*seq))));
        }
        match std::mem::replace(&mut listener.others, Progress::Live(Seq(0))) {
            Progress::Held(held) if held.overrun => connection.close(CloseCode::TooSlow.into()),
            Progress::Held(held) => {
                for batch in held.batches {
                    let after = places.iter().find(|(room, _)| *room == batch.room).map_or(Seq(0), |(_, seq)| *seq);
                    rooms::tell_after(connection, listener.dialect, Some(user.folded()), &batch, after, &mut tally);
                }
            }
            Progress::Live(_) => {}
        }
        drop(world);
        self.account(tally);
    }

    /// It no longer hears private conversations.
    pub fn unlisten(&self, connection: &Connection, user: &UserName) {
        let mut world = self.world.borrow_mut();
        if let Some(all) = world.listeners.get_mut(user.folded()) {
            all.retain(|one| one.connection.id != connection.id);
            if all.is_empty() {
                world.listeners.remove(user.folded());
            }
        }
    }

    /// A connection hears of the server's own work.
    pub fn watch_tasks(&self, connection: &Rc<Connection>, who: Option<Who>) {
        self.world.borrow_mut().watchers.insert(connection.id, (Rc::clone(connection), who));
    }

    /// Waits until no connection is left.
    pub async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.world.borrow().connections.is_empty() {
                return;
            }
            emptied.await;
        }
    }

    /// Takes mail for ever, all that is there in one go.
    pub async fn take_mail(&self, mut inbox: mpsc::Receiver<Mail>) {
        let mut gulp = Vec::with_capacity(GULP);
        loop {
            let rested = self.world.borrow().resting.first().map(|(when, _)| *when);
            tokio::select! {
                taken = inbox.recv_many(&mut gulp, GULP) => {
                    if taken == 0 {
                        return;
                    }
                    self.handle(gulp.drain(..));
                }
                () = sleep_until(rested.unwrap_or_else(Instant::now).into()), if rested.is_some() => {}
            }
            self.wake_rested(Instant::now());
            // Sockets are read between two gulps even when mail never ends.
            tokio::task::yield_now().await;
        }
    }

    /// Tells big rooms whose rest is over what waited.
    fn wake_rested(&self, now: Instant) {
        let mut tally = Tally::default();
        let mut world = self.world.borrow_mut();
        while world.resting.first().is_some_and(|(when, _)| *when <= now) {
            let Some((until, room)) = world.resting.pop_first() else { break };
            world.rested(until, room, &mut tally);
        }
        drop(world);
        self.account(tally);
    }

    fn handle(&self, mail: impl Iterator<Item = Mail>) {
        let mut tally = Tally::default();
        let mut committed = Committed::default();
        let mut after = Vec::new();
        let mut world = self.world.borrow_mut();
        for mail in mail {
            match mail {
                Mail::Committed { rooms, answers } => {
                    for answer in answers {
                        world.answer(answer, &mut tally);
                    }
                    committed.gather(&rooms);
                }
                // What came before it goes first. Nothing of what comes behind it is for them.
                Mail::ShutOut => {
                    committed.deliver(&mut world, &mut tally);
                    world.shut_out(&self.realm.borrow(), clock::now(), &mut tally);
                }
                other => after.push(other),
            }
        }
        committed.deliver(&mut world, &mut tally);
        let mut dropped = 0;
        for mail in after {
            dropped += match mail {
                Mail::Signal(said) => world.signal(&said),
                Mail::ToUser { user, except, said } => world.signal_user(&user, except, &said),
                Mail::Task { update, audience } => world.task(&update, &audience, &self.realm.borrow(), clock::now()),
                Mail::LookAgain => world.look_again(),
                Mail::Outdated(room) => world.outdate(&room),
                Mail::Whereabouts { user, answer } => world.whereabouts(&user, &answer),
                Mail::Roster { asked, answer } => world.roster(&asked, answer, Instant::now()),
                Mail::Close { connection, closing } => world.close(connection, &closing),
                Mail::Notice(text) => world.notice(&text),
                Mail::Beat(passed) => {
                    // There is a place for each shard.
                    let _ = passed.try_send(());
                    0
                }
                Mail::CloseAll(code) => {
                    world.wake_all(&mut tally);
                    world.close_all(code)
                }
                Mail::Committed { .. } | Mail::ShutOut => 0,
            };
        }
        drop(world);
        tally.dropped_signals += dropped;
        self.account(tally);
    }

    fn account(&self, tally: Tally) {
        for connection in &tally.dirty {
            connection.flush();
        }
        self.metrics.deliveries.inc_by(tally.deliveries);
        self.metrics.tellings.inc_by(tally.tellings);
        for _ in 0..tally.too_slow {
            self.metrics.dropped(Reason::TooSlow);
        }
        for _ in 0..tally.dropped_signals {
            self.metrics.dropped(Reason::Signal);
        }
    }

    /// Looks for signs of life, asks those for one that were silent for a while, and closes those that stay silent.
    pub fn sweep(&self, now: Instant) {
        let all: Vec<_> = self.world.borrow().connections.values().cloned().collect();
        let (mut queued, mut slow) = (0, 0);
        for connection in all {
            let waits = i64::try_from(connection.queued()).unwrap_or(i64::MAX);
            (queued, slow) = (queued + waits, slow + i64::from(waits > 0));
            let silent = connection.life().silent(now);
            if silent >= limits::SILENCE {
                self.metrics.dropped(Reason::Silent);
                connection.close(CloseCode::Silent.into());
                continue;
            }
            if silent >= limits::PING_EVERY * (connection.life().asked() + 1) {
                connection.ask_for_life(PING, now);
            }
        }
        self.metrics.queue_bytes.add(queued - self.queued.replace(queued));
        self.metrics.slow.add(slow - self.slow.replace(slow));
        let passed = measure::passed();
        self.metrics.sent_bytes.inc_by(passed.sent);
        self.metrics.received_bytes.inc_by(passed.received);
    }
}
