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
mod tests {
    use std::collections::{BTreeSet, VecDeque};

    use proptest::prelude::*;

    use super::*;

    /// A room whose list has room for three.
    struct Stage {
        room: Room<3>,
        now: Instant,
    }

    fn user(name: &str) -> UserName {
        UserName::parse(name).unwrap()
    }

    fn words(users: &[UserName]) -> String {
        users.iter().map(UserName::shown).collect::<Vec<_>>().join(" ")
    }

    impl Stage {
        fn new() -> Self {
            Self { room: Room::new(RoomName::parse("general").unwrap()), now: Instant::now() }
        }

        fn come(&mut self, name: &str) {
            self.room.join(&user(name), Manner::Gathered, Timestamp(0), self.now, &mut Vec::new());
        }

        fn go(&mut self, name: &str, reload: bool) {
            self.room.leave(&user(name), Manner::Gathered, reload, Timestamp(0), self.now, &mut Vec::new());
        }

        fn list(&mut self, reader: &str) -> String {
            let Listing { users, online } = self.room.list(&user(reader));
            format!("{} of {online}", words(&users))
        }

        #[track_caller]
        fn tells(&mut self, expected: &str) {
            let told = match self.room.gathered() {
                Some(Signal::Presence { joined, left, online, .. }) => format!("+{} -{} ={online}", words(&joined), words(&left)),
                None => "nothing".into(),
                Some(other) => panic!("{other:?}"),
            };
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn a_bigger_room_gathers_for_longer() {
        for (online, ms) in [(0, 100), (1, 100), (50, 100), (51, 102), (200, 400), (1000, 2000), (usize::MAX, 2000)] {
            assert_eq!(gathering_takes(online), Duration::from_millis(ms), "{online}");
        }
    }

    #[test]
    fn the_list_moves_in_both_directions() {
        let mut stage = Stage::new();
        for name in ["d", "e", "f"] {
            stage.come(name);
        }
        stage.tells("+d e f - =3");
        stage.come("g");
        stage.tells("+ - =4");
        stage.come("b");
        stage.come("ea");
        stage.tells("+b -f =6");
        stage.come("a");
        stage.come("c");
        stage.tells("+a c -d e =8");
        stage.go("b", false);
        stage.tells("+d -b =7");
        stage.go("a", false);
        stage.go("c", false);
        stage.go("ea", false);
        stage.tells("+e f -a c =4");
        stage.go("e", false);
        stage.tells("+g -e =3");
        stage.go("g", false);
        stage.tells("+ -g =2");
    }

    #[test]
    fn what_happens_behind_the_list_only_counts() {
        let mut stage = Stage::new();
        for name in ["a", "b", "c", "d"] {
            stage.come(name);
        }
        stage.tells("+a b c - =4");
        stage.come("e");
        stage.go("d", false);
        stage.tells("nothing");
        stage.go("e", false);
        stage.tells("+ - =3");
        assert!(stage.room.gathering.is_none(), "and then it rests");
    }

    #[test]
    fn who_was_pushed_out_is_found_behind_any_number_of_new_ones() {
        let mut stage = Stage::new();
        for name in ["b", "d", "f"] {
            stage.come(name);
        }
        stage.tells("+b d f - =3");
        for name in ["a1", "a2", "a3", "a4", "c1", "c2", "e1", "e2"] {
            stage.come(name);
        }
        stage.tells("+a1 a2 a3 -b d f =11");
    }

    #[test]
    fn what_cancels_out_is_not_told() {
        let mut stage = Stage::new();
        for name in ["a", "b", "c", "d"] {
            stage.come(name);
        }
        stage.tells("+a b c - =4");
        // It pushed somebody out, who is back.
        stage.come("a1");
        stage.go("a1", false);
        stage.tells("nothing");
        stage.go("a", false);
        stage.come("a");
        stage.tells("nothing");
    }

    #[test]
    fn who_was_given_another_list_meanwhile_is_told_what_cancels_out() {
        let mut stage = Stage::new();
        for name in ["a", "b", "c", "d"] {
            stage.come(name);
        }
        stage.tells("+a b c - =4");
        stage.come("a1");
        assert_eq!(stage.list("d"), "a a1 b of 5");
        stage.go("a1", false);
        // The reader has a1, which nobody else ever heard of, and lacks c, whom everybody else has.
        stage.tells("+c -a1 =4");
        stage.go("a", false);
        assert_eq!(stage.list("d"), "b c d of 3");
        stage.come("a");
        stage.tells("+a -d =4");
        // Its own name is in its own list alone, and goes with it.
        stage.come("a1");
        assert_eq!(stage.list("a1"), "a a1 b of 5");
        stage.go("a1", false);
        stage.tells("+c - =4");
    }

    #[test]
    fn whoever_comes_is_in_the_list_that_it_is_given() {
        let mut stage = Stage::new();
        stage.come("b");
        assert_eq!(stage.list("b"), "b of 1");
        stage.come("a");
        assert_eq!(stage.list("a"), "a b of 2");
        stage.tells("+a b - =2");
        assert_eq!(stage.list("a"), "a b of 2");
        assert!(stage.room.gathering.is_none(), "to be given a list changes nothing");
    }

    #[derive(Clone, Debug)]
    enum Happening {
        /// A connection of this user's, which may have a list (chat) or none (a tutorial).
        Comes(usize, bool),
        /// One of this user's goes, for good or perhaps not.
        Goes(usize, bool),
        GracesEnd,
        Told,
        /// What was told reaches the readers, who were perhaps given a newer list before.
        Heard,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            4 => (0..NAMES.len(), any::<bool>()).prop_map(|(who, lists)| Happening::Comes(who, lists)),
            4 => (0..NAMES.len(), any::<bool>()).prop_map(|(who, reload)| Happening::Goes(who, reload)),
            1 => Just(Happening::GracesEnd),
            2 => Just(Happening::Told),
            2 => Just(Happening::Heard),
        ]
    }

    const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];

    /// What a client knows that does as docs/protocol.md says.
    #[derive(Debug, PartialEq, Eq)]
    struct Reader {
        user: usize,
        list: BTreeSet<UserName>,
        online: usize,
    }

    impl Reader {
        fn hears(&mut self, (joined, left, online): &(Vec<UserName>, Vec<UserName>, usize)) {
            self.list.extend(joined.iter().cloned());
            self.list.retain(|user| !left.contains(user));
            self.online = *online;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn every_reader_has_the_first_by_name_at_every_telling(happenings in proptest::collection::vec(happening(), 1..60)) {
            let mut stage = Stage::new();
            let mut readers: Vec<Reader> = Vec::new();
            let mut told_to_all: BTreeSet<UserName> = BTreeSet::new();
            let (mut mail, mut given) = (VecDeque::new(), false);
            let end = [Happening::GracesEnd, Happening::Told, Happening::Heard];
            for happening in happenings.into_iter().chain(end) {
                match happening {
                    Happening::Comes(who, lists) => {
                        stage.come(NAMES[who]);
                        if lists {
                            let Listing { users, online } = stage.room.list(&user(NAMES[who]));
                            readers.push(Reader { user: who, list: users.into_iter().collect(), online });
                            given = true;
                        }
                    }
                    Happening::Goes(who, reload) => {
                        stage.go(NAMES[who], reload);
                        if let Some(place) = readers.iter().position(|reader| reader.user == who) {
                            readers.swap_remove(place);
                        }
                        // Whoever has no connection left reads nothing.
                        let connected = stage.room.users.get(&user(NAMES[who])).is_some_and(|present| present.connections > 0);
                        readers.retain(|reader| connected || reader.user != who);
                    }
                    Happening::GracesEnd => {
                        stage.now += GRACE;
                        for name in NAMES {
                            stage.room.gone(&user(name), Timestamp(0), stage.now, &mut Vec::new());
                        }
                    }
                    Happening::Told => {
                        let first: BTreeSet<_> = stage.room.users().into_iter().take(3).collect();
                        if let Some(Signal::Presence { joined, left, online, .. }) = stage.room.gathered() {
                            prop_assert_eq!(online, stage.room.online());
                            if !given {
                                let difference = |one: &BTreeSet<_>, other| one.difference(other).cloned().collect::<BTreeSet<_>>();
                                prop_assert_eq!(joined.iter().cloned().collect::<BTreeSet<_>>(), difference(&first, &told_to_all));
                                prop_assert_eq!(left.iter().cloned().collect::<BTreeSet<_>>(), difference(&told_to_all, &first));
                            }
                            mail.push_back((joined, left, online));
                        } else {
                            prop_assert_eq!(&first, &told_to_all);
                        }
                        (told_to_all, given) = (first, false);
                    }
                    Happening::Heard => {
                        for told in mail.drain(..) {
                            readers.iter_mut().for_each(|reader| reader.hears(&told));
                        }
                    }
                }
                if mail.is_empty() && stage.room.gathering.is_none() {
                    for reader in &readers {
                        prop_assert_eq!((&reader.list, reader.online), (&told_to_all, stage.room.online()));
                    }
                }
            }
        }
    }
}
