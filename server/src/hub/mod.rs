//! Who is here: names in use, users in rooms, who types. One short lock, held for a few map operations and never across an
//! await; what everybody must hear of it goes out while it is held, so that nobody hears it in another order.
//!
//! Does not know connections, sockets, dialects or the log. Time comes in.

mod names;
mod presence;
mod typing;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use chat_protocol::{RoomName, Signal, Timestamp, UserName};
use tokio::sync::Notify;

use self::{names::Names, typing::Typing};
pub use self::{
    names::Taken,
    presence::{Listing, Manner},
};
use crate::log::Author;

/// The whole of what passes, without its lock: pure, `(state, input, now) → signals`.
#[derive(Default)]
struct Hub {
    names: Names,
    rooms: HashMap<Arc<str>, presence::Room>,
    typing: Typing,
    due: BTreeSet<(Instant, Due)>,
}

/// What has to be looked at when its time comes. An entry may be stale by then: the state itself says what is true.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A room's gathered comings and goings.
    Gathered(Arc<str>),
    /// A user without connections in a room.
    Gone(Arc<str>, UserName),
    /// Somebody stopped typing without saying so.
    Typing(Arc<str>, Arc<str>),
    /// A name held for its session.
    Name(Arc<str>),
}

/// The hub behind its lock, with its way out.
pub struct Presence {
    hub: Mutex<Hub>,
    /// Told when an earlier deadline came in.
    sooner: Notify,
    tell: Box<dyn Fn(Signal) + Send + Sync>,
}

impl Presence {
    /// An empty hub. `tell` must not block: it is called under the lock.
    pub fn new(tell: impl Fn(Signal) + Send + Sync + 'static) -> Self {
        Self { hub: Mutex::default(), sooner: Notify::new(), tell: Box::new(tell) }
    }

    fn lock(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Hub, &mut Vec<Signal>) -> T) -> T {
        let mut hub = self.lock();
        let first = hub.due.first().map(|(when, _)| *when);
        let mut signals = Vec::new();
        let changed = change(&mut hub, &mut signals);
        let sooner = hub.due.first().is_some_and(|(when, _)| first.is_none_or(|first| *when < first));
        for signal in signals {
            (self.tell)(signal);
        }
        drop(hub);
        if sooner {
            self.sooner.notify_one();
        }
        changed
    }

    /// A connection takes a name for its author. One more connection of the same author is welcome.
    ///
    /// # Errors
    /// The name, or one that looks like it, is somebody else's now.
    pub fn enter(&self, user: &UserName, author: &Author, now: Instant) -> Result<(), Taken> {
        self.lock().names.enter(user, author, now)
    }

    /// Whether this author could take the name now.
    ///
    /// # Errors
    /// As [`Presence::enter`].
    pub fn may_enter(&self, user: &UserName, author: &Author, now: Instant) -> Result<(), Taken> {
        self.lock().names.may_enter(user, author, now)
    }

    /// A connection lets go of its name; with `hold`, the name waits a minute for its author.
    pub fn depart(&self, user: &UserName, hold: bool, now: Instant) {
        self.change(|hub, _| {
            if let Some((when, due)) = hub.names.depart(user, hold, now) {
                hub.due.insert((when, due));
            }
        });
    }

    /// The name that an author has now, or that waits for it.
    pub fn name_of(&self, author: &Author, now: Instant) -> Option<UserName> {
        self.lock().names.of(author, now)
    }

    /// Keeps names for those who had them before the server was started anew.
    pub fn hold<'a>(&self, names: impl Iterator<Item = (&'a UserName, &'a Author)>, now: Instant) {
        self.change(|hub, _| {
            for (user, author) in names {
                hub.due.extend(hub.names.hold(user, author, now));
            }
        });
    }

    /// Who has a name now.
    pub fn author_of(&self, user: &UserName) -> Option<Author> {
        self.lock().names.author_of(user)
    }

    /// Whether any connection has this name.
    pub fn is_online(&self, user: &UserName) -> bool {
        self.lock().names.is_online(user)
    }

    /// A name as its holder writes it, if any connection has it.
    pub fn online_name(&self, folded: &str) -> Option<UserName> {
        let user = UserName::known(folded).ok()?;
        self.lock().names.online_name(&user)
    }

    /// How many names are in use.
    pub fn online(&self) -> usize {
        self.lock().names.online()
    }

    /// A connection of the user's is in the room now. Answers the room's name as those have it who are there: one name for
    /// many connections.
    pub fn join(&self, room: &RoomName, user: &UserName, manner: Manner, at: Timestamp, now: Instant) -> RoomName {
        self.change(|hub, signals| {
            let there = hub.rooms.entry(room.key()).or_insert_with(|| presence::Room::new(room.clone()));
            hub.due.extend(there.join(user, manner, at, now, signals));
            there.name().clone()
        })
    }

    /// A connection of the user's is no longer in the room. `reload` gives it a moment to come back unnoticed.
    pub fn leave(&self, room: &RoomName, user: &UserName, manner: Manner, reload: bool, at: Timestamp, now: Instant) {
        self.change(|hub, signals| {
            signals.extend(hub.typing.stop(room, user));
            if let Some(there) = hub.rooms.get_mut(room.folded()) {
                hub.due.extend(there.leave(user, manner, reload, at, now, signals));
            }
        });
    }

    /// Who is in a room, by name.
    pub fn users(&self, room: &RoomName) -> Vec<UserName> {
        self.lock().rooms.get(room.folded()).map(presence::Room::users).unwrap_or_default()
    }

    /// Whom a room lists, for a connection of this user's that will keep the list up to date by what it is told.
    pub fn list(&self, room: &RoomName, reader: &UserName) -> Listing {
        self.lock().rooms.get_mut(room.folded()).map(|room| room.list(reader)).unwrap_or_default()
    }

    /// Every room that somebody is in, and how many are.
    pub fn rooms(&self) -> Vec<(RoomName, usize)> {
        self.lock().rooms.values().map(|room| (room.name().clone(), room.online())).filter(|(_, users)| *users > 0).collect()
    }

    /// How many rooms somebody is in.
    pub fn rooms_in_use(&self) -> usize {
        self.lock().rooms.len()
    }

    /// The user types, or no longer does.
    pub fn typing(&self, room: &RoomName, user: &UserName, active: bool, now: Instant) {
        self.change(|hub, signals| {
            if active {
                let (signal, until) = hub.typing.go_on(room, user, now);
                signals.extend(signal);
                hub.due.extend(until);
            } else {
                signals.extend(hub.typing.stop(room, user));
            }
        });
    }

    /// Everything whose time has come.
    fn tick(&self, at: Timestamp, now: Instant) {
        self.change(|hub, signals| {
            while hub.due.first().is_some_and(|(when, _)| *when <= now) {
                let Some((when, due)) = hub.due.pop_first() else { break };
                // As of the moment that was due: a late tick makes nobody wait longer.
                hub.settle(&due, at, when, signals);
            }
        });
    }

    /// Keeps the hub's time, for ever.
    pub async fn keep_time(&self, at: impl Fn() -> Timestamp) {
        loop {
            let next = self.lock().due.first().map(|(when, _)| *when);
            match next {
                Some(when) => tokio::select! {
                    () = tokio::time::sleep_until(when.into()) => self.tick(at(), Instant::now()),
                    () = self.sooner.notified() => {}
                },
                None => self.sooner.notified().await,
            }
        }
    }
}

impl Hub {
    fn settle(&mut self, due: &Due, at: Timestamp, now: Instant, signals: &mut Vec<Signal>) {
        match due {
            Due::Gathered(room) => {
                if let Some(there) = self.rooms.get_mut(room) {
                    signals.extend(there.gathered());
                    if there.is_empty() {
                        self.rooms.remove(room);
                    }
                }
            }
            Due::Gone(room, user) => {
                if let Some(there) = self.rooms.get_mut(room) {
                    self.due.extend(there.gone(user, at, now, signals));
                }
            }
            Due::Typing(room, user) => {
                let (signal, again) = self.typing.due(room, user, now);
                signals.extend(signal);
                self.due.extend(again);
            }
            Due::Name(name) => self.names.release(name, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    fn user(name: &str) -> UserName {
        UserName::known(name).unwrap()
    }

    fn author(name: &str) -> Author {
        Author(name.into())
    }

    struct Stage {
        presence: Presence,
        heard: mpsc::Receiver<String>,
        start: Instant,
        room: RoomName,
    }

    impl Stage {
        fn new() -> Self {
            let (sender, heard) = mpsc::sync_channel(1000);
            let presence = Presence::new(move |signal| {
                let text = match signal {
                    Signal::Presence { joined, left, online, .. } => format!("presence +{joined:?} -{left:?} ={online}"),
                    Signal::Came { user, .. } => format!("came {user}"),
                    Signal::Went { user, .. } => format!("went {user}"),
                    Signal::Typing { user, active, .. } => format!("typing {user} {active}"),
                    Signal::Read { .. } | Signal::Notice { .. } => unreachable!(),
                };
                sender.send(text).unwrap();
            });
            Self { presence, heard, start: Instant::now(), room: RoomName::parse("general").unwrap() }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        fn join(&self, ms: u64, name: &str, manner: Manner) {
            self.presence.join(&self.room, &user(name), manner, Timestamp(0), self.at(ms));
        }

        fn leave(&self, ms: u64, name: &str, manner: Manner, reload: bool) {
            self.presence.leave(&self.room, &user(name), manner, reload, Timestamp(0), self.at(ms));
        }

        #[track_caller]
        fn tick(&self, ms: u64, expected: &[&str]) {
            self.presence.tick(Timestamp(0), self.at(ms));
            assert_eq!(self.heard.try_iter().collect::<Vec<_>>(), expected, "at {ms} ms");
        }
    }

    #[test]
    fn comings_and_goings_are_gathered() {
        let stage = Stage::new();
        stage.join(0, "alice", Manner::Gathered);
        stage.join(50, "bob", Manner::Gathered);
        stage.tick(90, &["came alice", "came bob"]);
        stage.tick(100, &["presence +[\"alice\", \"bob\"] -[] =2"]);
        stage.tick(5000, &[]);
    }

    #[test]
    fn a_reload_is_not_noticed_and_an_absence_is() {
        let stage = Stage::new();
        stage.join(0, "alice", Manner::Gathered);
        stage.tick(100, &["came alice", "presence +[\"alice\"] -[] =1"]);
        stage.leave(200, "alice", Manner::Gathered, true);
        stage.tick(900, &[]);
        stage.join(950, "alice", Manner::Gathered);
        stage.tick(3000, &[]);
        stage.leave(3000, "alice", Manner::Gathered, true);
        stage.tick(4000, &["went alice", "presence +[] -[\"alice\"] =0"]);
        assert!(stage.presence.rooms().is_empty());
    }

    #[test]
    fn leaving_on_purpose_and_the_tutorials_are_told_at_once() {
        let stage = Stage::new();
        stage.join(0, "alice", Manner::Gathered);
        stage.join(0, "#7", Manner::AtOnce);
        stage.tick(100, &["came alice", "came #7", "presence +[\"#7\", \"alice\"] -[] =2"]);
        stage.leave(200, "#7", Manner::AtOnce, true);
        stage.leave(200, "alice", Manner::Gathered, false);
        stage.tick(300, &["went #7", "went alice", "presence +[] -[\"#7\", \"alice\"] =0"]);
    }

    #[test]
    fn a_user_is_here_while_any_connection_is() {
        let stage = Stage::new();
        stage.join(0, "alice", Manner::Gathered);
        stage.join(0, "alice", Manner::Gathered);
        stage.tick(100, &["came alice", "presence +[\"alice\"] -[] =1"]);
        stage.leave(200, "alice", Manner::Gathered, false);
        stage.tick(2000, &[]);
        assert_eq!(stage.presence.users(&stage.room), [user("alice")]);
        // Two tabs of a tutorial with one id: each is announced, the user is one.
        stage.join(2000, "#7", Manner::AtOnce);
        stage.join(2000, "#7", Manner::AtOnce);
        stage.leave(2000, "#7", Manner::AtOnce, true);
        stage.tick(2100, &["came #7", "came #7", "went #7", "presence +[\"#7\"] -[] =2"]);
    }

    #[test]
    fn who_comes_and_goes_within_a_moment_is_not_gathered() {
        let stage = Stage::new();
        stage.join(0, "alice", Manner::Gathered);
        stage.tick(100, &["came alice", "presence +[\"alice\"] -[] =1"]);
        stage.join(200, "bob", Manner::Gathered);
        stage.leave(210, "bob", Manner::Gathered, false);
        stage.leave(210, "alice", Manner::Gathered, false);
        stage.join(220, "alice", Manner::Gathered);
        stage.tick(400, &["came bob", "went bob", "went alice", "came alice"]);
    }

    #[test]
    fn typing_ends_by_itself_on_leaving_and_when_told() {
        let stage = Stage::new();
        let (room, alice) = (stage.room.clone(), user("alice"));
        let typing = |ms, active| stage.presence.typing(&room, &alice, active, stage.at(ms));
        typing(0, true);
        typing(500, true);
        typing(1000, true);
        stage.tick(3900, &["typing alice true"]);
        stage.tick(4000, &["typing alice false"]);
        typing(5000, true);
        typing(7000, true);
        typing(7100, false);
        typing(7200, false);
        stage.tick(20_000, &["typing alice true", "typing alice true", "typing alice false"]);
        typing(21_000, true);
        stage.presence.leave(&room, &alice, Manner::Gathered, true, Timestamp(0), stage.at(21_100));
        stage.tick(30_000, &["typing alice true", "typing alice false"]);
    }

    #[test]
    fn a_name_belongs_to_its_author_and_is_held_for_a_minute() {
        let stage = Stage::new();
        let enter = |ms, name, who| stage.presence.enter(&user(name), &author(who), stage.at(ms)).is_ok();
        assert!(enter(0, "alice", "a") && enter(0, "Alice", "a"));
        assert!(!enter(0, "alice", "b") && !enter(0, "аlice", "a"), "another author; a look-alike");
        assert!(!enter(0, "aIice", "b"), "a capital I for an l");
        stage.presence.depart(&user("alice"), true, stage.at(0));
        assert!(stage.presence.is_online(&user("alice")));
        stage.presence.depart(&user("alice"), true, stage.at(1000));
        assert!(!stage.presence.is_online(&user("alice")));
        assert!(!enter(60_000, "alice", "b"));
        assert!(enter(60_500, "alice", "a"));
        stage.presence.depart(&user("alice"), true, stage.at(61_000));
        stage.tick(121_000, &[]);
        assert!(enter(121_000, "alice", "b"));
        stage.presence.depart(&user("alice"), false, stage.at(121_000));
        assert!(enter(121_000, "alice", "c"), "not held");
        assert!(enter(0, "Ian", "i") && !enter(0, "lan", "l"), "and the other way round");
        stage.presence.depart(&user("Ian"), false, stage.at(0));
        assert!(enter(0, "lan", "l"), "free again");
        assert!(enter(0, "#7", "x") && enter(0, "#7", "y"), "nobody owns a made name");
        stage.presence.depart(&user("#7"), true, stage.at(0));
        stage.presence.depart(&user("#7"), true, stage.at(0));
        assert!(!stage.presence.is_online(&user("#7")));
    }
}
