//! One room's users: what everybody is told makes the same list of every one that was given.

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
