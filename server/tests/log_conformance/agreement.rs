//! Both logs held against each other: whatever is asked of them, in whatever order.

use chat_protocol::{Access, ClientId, Epoch, Event, Role, Rules, Seq, Timestamp, UserName, Voice};
use chat_server::{
    log::{Asker, Author, Draft, From, Motion, Page, Position, Search, Who, Write, retention::Retention},
    realm::{AccountId, Decree, Decreed, Penalty, Realm, Sentence, Whom},
};
use proptest::{prelude::*, test_runner::TestCaseError};

use crate::told::*;

/// Anything that anybody may ask of a log, in few enough rooms and numbers that it often meets something.
fn any_write() -> impl Strategy<Value = Write> {
    let rooms = prop::sample::select(vec!["general", "General", "other", "@ann,bob", "@bob,bob"]);
    let names = prop::sample::select(vec!["ann", "bob", "Bob", "eve"]);
    let text = prop::sample::select(vec!["one", "two words", "Ünï code", "one, two", "?"]);
    let seq = 0_u64..12;
    let cid = prop::option::of(prop::sample::select(vec!["a", "b", "c"]));
    let to = prop::option::weighted(0.2, 0_u64..12);
    let emoji = prop::sample::select(vec!["x", "y"]);
    (0..13, rooms, names, text, seq, cid, to, (emoji, any::<bool>())).prop_map(
        |(kind, place, from, text, seq, cid, to, (emoji, on))| match kind {
            0..=4 => {
                let (cid, reply_to) = (cid.and_then(ClientId::parse), to.map(Seq));
                draft(place, from, Event::Message { text: text.into(), cid, reply_to, action: on })
            }
            5 | 6 => edit(place, from, seq, text),
            7 => delete(place, from, seq),
            8 | 9 => react(place, from, seq, emoji, on),
            10 => topic(place, from, text),
            11 => prune(place, seq),
            _ => mark(place, from, seq),
        },
    )
}

/// Four accounts, the first one of which owns the server and the second of which keeps order on it.
const ACCOUNTS: [(&str, Role); 4] =
    [("olga", Role::Owner), ("mona", Role::Moderator), ("alice", Role::Member), ("dan", Role::Member)];

fn accounts() -> Vec<Write> {
    let account = |(name, role)| Decree::Account { name: user(name), role };
    ACCOUNTS.into_iter().map(account).map(|decree| decree_of(None, decree)).collect()
}

fn decree_of(of: Option<u64>, decree: Decree) -> Write {
    Write::Decree(Motion { by: "somebody".into(), of: of.map(AccountId), decree, asker: Asker::Nobody })
}

/// Something decreed of rooms and people, by anybody: most of it may not be, and some of it may.
fn any_decree() -> impl Strategy<Value = Write> {
    let place = || prop::sample::select(vec!["general", "ops", "@ann,bob"]).prop_map(room);
    let somewhere = prop::option::weighted(0.8, place());
    let whom = prop_oneof![
        (1_u64..6).prop_map(|id| Whom::Account(AccountId(id))),
        prop::sample::select(vec!["ann", "bob"]).prop_map(|name| Whom::Guest(user(name))),
        Just(Whom::Address([192, 0, 2, 7].into())),
    ];
    let (voice, access) =
        (|| prop::option::of(prop::sample::select(Voice::ALL)), prop::option::of(prop::sample::select(Access::ALL)));
    let rules = (access, voice(), voice(), prop::option::of(prop::sample::select(vec![0, 1, 30_000])))
        .prop_map(|(access, speak, topic, slow)| Rules { access, speak, topic, slow });
    let penalty = prop::sample::select(vec![Penalty::Mute, Penalty::Ban]);
    let until = prop::option::of((900_i64..1200).prop_map(Timestamp));
    let role = prop::option::of(prop::sample::select(Role::ALL));
    (prop::option::weighted(0.9, 1_u64..5), 0..6, place(), somewhere, whom, rules, penalty, (until, role, 1_u64..6)).prop_map(
        |(of, kind, room, somewhere, whom, rules, penalty, (until, role, account))| {
            let decree = match kind {
                0 => Decree::Founded { room, rules, owner: of.map(AccountId) },
                1 => Decree::Rules { room, rules },
                2 => Decree::Rank { room, account: AccountId(account), role },
                3 => Decree::Sentenced(Sentence { penalty, whom, room: somewhere, until, reason: "why".into(), by: None }),
                4 => Decree::Lifted { penalty, whom, room: somewhere },
                _ => Decree::Kicked { whom, room: somewhere, reason: String::new() },
            };
            decree_of(of, decree)
        },
    )
}

/// What an account, or a guest, may ask where such things are decreed.
fn any_claim() -> impl Strategy<Value = Write> {
    let by_account =
        (any_write(), prop::sample::select((1..5).collect::<Vec<u64>>()), any::<bool>()).prop_map(|(write, id, there)| {
            let Write::Event(draft) = write else { return write };
            let place = if there { room("ops") } else { draft.room };
            let from = user(ACCOUNTS[id as usize - 1].0);
            Write::Event(Draft { room: place, from, author: Author::account(AccountId(id)), ..draft })
        });
    let block = (prop::sample::select(vec!["ann", "eve"]), prop::sample::select(vec!["bob", "Bob"]), any::<bool>())
        .prop_map(|(of, name, on)| Write::Block { author: author(of), name: user(name), on, asker: Asker::Nobody });
    prop_oneof![3 => by_account, 2 => any_write(), 4 => any_decree(), 1 => block]
}

/// Everything that can be read, by anybody.
fn everything(log: &Told, epoch: &Epoch) -> Vec<String> {
    let mut reader = log.reader();
    let mut all = vec![format!("{:?}", reader.rooms(None, 2).unwrap())];
    let account = |(id, (name, _))| Who { name: user(name), author: Author::account(AccountId(id)), since: Timestamp(0) };
    let guests = [None, Some(who("ann", 0)), Some(who("bob", 1010)), Some(who("eve", 0))];
    let readers: Vec<_> = guests.into_iter().chain((1..).zip(ACCOUNTS).map(account).map(Some)).collect();
    for who in readers.iter().map(Option::as_ref) {
        all.push(format!("{:?}", reader.rooms(who, 9).unwrap()));
        for place in ["general", "other", "ops", "@ann,bob", "@bob,bob", "never"].map(room) {
            for after in 0..8 {
                let position = Position { epoch: epoch.clone(), after: Seq(after) };
                all.push(format!("{:?}", reader.snapshot(&place, who, Some(&position)).unwrap()));
                all.push(format!("{:?}", reader.events(&place, who, Seq(after), 3).unwrap()));
                for from in [From::Before(Seq(after)), From::After(Seq(after)), From::End] {
                    all.push(format!("{:?}", reader.messages(&place, who, Page { from, limit: 2 }).unwrap()));
                }
            }
            let search = Search { query: "one".into(), room: Some(place), before: Some(Seq(6)), limit: 2 };
            all.push(format!("{:?}", reader.search(&search, who).unwrap()));
        }
        for query in ["one", "UNI", "one two"] {
            let search = Search { query: query.into(), room: None, before: None, limit: 3 };
            all.push(format!("{:?}", reader.search(&search, who).unwrap()));
        }
        all.extend(who.map(|who| format!("{:?}", reader.private(who, 9).unwrap())));
    }
    for (age, count) in [("30m", "2"), ("1m", "general=3"), ("other=1m", "forever")] {
        let keep = Retention::new(&[age.parse().unwrap()], &[count.parse().unwrap()]);
        let (mut overdue, now) = (reader.overdue(&keep, Timestamp(log.now + 60_000)).unwrap(), log.now);
        overdue.sort();
        all.push(format!("{now} {overdue:?}"));
    }
    all
}

/// The same asked of both, batch by batch, and then everything that can be read of it.
fn hold_together(batches: Vec<(Vec<Write>, i64)>) -> Result<(Told, Told), TestCaseError> {
    let (mut one, mut other) = (Told::memory(), Told::sqlite());
    for (writes, passed) in batches {
        one.now += passed;
        other.now = one.now;
        let outcomes = one.log.apply(&writes, Timestamp(one.now)).unwrap();
        prop_assert_eq!(&outcomes, &other.log.apply(&writes, Timestamp(one.now)).unwrap());
    }
    let (mine, theirs) = (everything(&one, &one.log.epoch()), everything(&other, &other.log.epoch()));
    for (mine, theirs) in mine.iter().zip(&theirs) {
        prop_assert_eq!(mine, theirs);
    }
    prop_assert_eq!(other.reader().verify(&mut |_| true).unwrap(), Some(vec![]));
    Ok((one, other))
}

/// Who may do what, as each has it and as its decrees make it.
fn order(told: &Told) -> (Realm, Vec<Decreed>, Vec<(Author, UserName)>) {
    let mut reader = told.reader();
    let mut made = Realm::default();
    let decrees = reader.decrees().unwrap();
    decrees.iter().for_each(|decreed| made.apply(decreed));
    assert_eq!(made, **told.log.realm().borrow(), "the decrees make the realm");
    let mut last = reader.deeds(3, &mut |decreed| decreed.seq.0 % 2 == 0).unwrap();
    last.reverse();
    let even: Vec<_> = decrees.iter().filter(|decreed| decreed.seq.0 % 2 == 0).cloned().collect();
    assert_eq!(last, even[even.len().saturating_sub(3)..]);
    let mut blocks = reader.blocks().unwrap();
    blocks.sort();
    (made, decrees, blocks)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn both_logs_agree(batches in prop::collection::vec((prop::collection::vec(any_write(), 1..12), -5..15_i64), 1..8)) {
        hold_together(batches)?;
    }

    #[test]
    fn both_logs_agree_on_who_may_do_what(
        batches in prop::collection::vec((prop::collection::vec(any_claim(), 1..14), -5..40_i64), 1..10),
    ) {
        let (one, other) = hold_together([(accounts(), 0)].into_iter().chain(batches).collect())?;
        prop_assert_eq!(order(&one), order(&other));
    }
}
