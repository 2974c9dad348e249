//! What is read of it.

use chat_protocol::{Epoch, Seq, Timestamp, limits};
use chat_server::log::{Events, Filled, From, Messages, Outcome, Page, Position, SESSION_LASTS_MS, Search, Session, Write};
use proptest::prelude::*;

use crate::told::*;

pub(super) fn a_whole_gap_is_filled_with_events(mut log: Told) {
    log.kept(say("general", "alice", "one"));
    log.kept(topic("general", "alice", "t"));
    log.kept(edit("general", "alice", 1, "uno"));
    let mut reader = log.reader();
    for (after, expected) in [(0, vec![1, 2, 3]), (1, vec![2, 3]), (3, vec![])] {
        let snapshot = reader.snapshot(&room("general"), None, Some(&log.position(after))).unwrap();
        match snapshot.filled {
            Filled::Events(events) => assert_eq!((seqs(&events), events.more), (expected, false)),
            Filled::Messages(_) => panic!("after {after}"),
        }
        assert_eq!((snapshot.state.seq, snapshot.read), (Seq(3), Seq(0)));
    }
    // A room never used holds nothing, and nothing is whole.
    let empty = reader.snapshot(&room("empty"), None, Some(&log.position(0))).unwrap();
    assert_eq!((empty.filled, empty.state.seq, empty.state.name.shown()), (Filled::Events(Events::default()), Seq(0), "empty"));
}

pub(super) fn a_gap_that_cannot_be_whole_is_filled_with_messages(mut log: Told) {
    for n in 1..=60 {
        log.kept(say("general", "alice", &format!("{n}")));
        log.kept(react("general", "alice", 1, &format!("{n}"), true));
    }
    let elsewhere = Position { epoch: Epoch("another".into()), after: Seq(1) };
    let mut reader = log.reader();
    for position in [None, Some(elsewhere), Some(log.position(121)), Some(log.position((1 << 53) - 1))] {
        let Filled::Messages(messages) = reader.snapshot(&room("general"), None, position.as_ref()).unwrap().filled else {
            panic!("{position:?}");
        };
        assert_eq!((messages.messages.len(), messages.more), (limits::HISTORY_DEFAULT, true));
        assert_eq!((messages.messages[0].text.as_str(), messages.messages[49].text.as_str()), ("11", "60"));
    }
    let nothing = reader.snapshot(&room("empty"), None, Some(&log.position(1))).unwrap();
    assert_eq!(nothing.filled, Filled::Messages(Messages::default()));
}

pub(super) fn a_long_gap_comes_in_parts(mut log: Told) {
    let all = limits::EVENTS_PER_FRAME as u64 + 10;
    log.apply((0..all).map(|n| say("general", "alice", &format!("{n}"))).collect());
    let mut reader = log.reader();
    for (after, more) in [(0, true), (9, true), (10, false)] {
        let Filled::Events(events) = reader.snapshot(&room("general"), None, Some(&log.position(after))).unwrap().filled else {
            panic!("after {after}");
        };
        assert_eq!((events.events.len(), events.events[0].seq.0, events.more), (limits::EVENTS_PER_FRAME, after + 1, more));
    }
    let rest = reader.events(&room("general"), None, Seq(limits::EVENTS_PER_FRAME as u64), 500).unwrap();
    assert_eq!((rest.events.len(), rest.more), (10, false));
    let part = reader.events(&room("general"), None, Seq(500), 4).unwrap();
    assert_eq!((seqs(&part), part.more), (vec![501, 502, 503, 504], true));
    assert_eq!(reader.events(&room("general"), None, Seq(all), 4).unwrap(), Events::default());
    assert_eq!(reader.events(&room("general"), None, Seq(all + 7), 4).unwrap(), Events::default());
    assert_eq!(reader.events(&room("empty"), None, Seq(0), 4).unwrap(), Events::default());
}

pub(super) fn pages_go_both_ways(mut log: Told) {
    // Messages have the odd numbers.
    for n in 0..10 {
        log.kept(say("general", "alice", &format!("{}", n * 2 + 1)));
        log.kept(topic("general", "alice", "between"));
    }
    let reader = std::cell::RefCell::new(log.reader());
    let check = |from, limit, expected: &[u64], more| {
        let page = reader.borrow_mut().messages(&room("general"), None, Page { from, limit }).unwrap();
        let found: Vec<_> = page.messages.iter().map(|message| message.seq.0).collect();
        assert_eq!((found.as_slice(), page.more), (expected, more), "{from:?} {limit}");
    };
    check(From::End, 3, &[15, 17, 19], true);
    check(From::End, 10, &[1, 3, 5, 7, 9, 11, 13, 15, 17, 19], false);
    check(From::Before(Seq(15)), 3, &[9, 11, 13], true);
    check(From::Before(Seq(16)), 2, &[13, 15], true);
    check(From::Before(Seq(5)), 2, &[1, 3], false);
    check(From::Before(Seq(1)), 2, &[], false);
    check(From::Before(Seq(0)), 2, &[], false);
    check(From::Before(Seq((1 << 53) - 1)), 1, &[19], true);
    check(From::After(Seq(0)), 2, &[1, 3], true);
    check(From::After(Seq(15)), 2, &[17, 19], false);
    check(From::After(Seq(14)), 1, &[15], true);
    check(From::After(Seq(19)), 2, &[], false);
    check(From::After(Seq((1 << 53) - 1)), 2, &[], false);
    check(From::End, 0, &[], true);
    let empty = reader.borrow_mut().messages(&room("empty"), None, Page { from: From::End, limit: 5 }).unwrap();
    assert_eq!(empty, Messages::default());
}

pub(super) fn search_finds_words(mut log: Told) {
    for text in ["Crème brûlée, don't you think?", "the DON says: you t-shirt", "plain creme", "日本語 text", "Straße 42"]
    {
        log.now += 10;
        log.kept(say("general", "alice", text));
    }
    let check = |query: &str, expected: &[usize]| {
        let all = log.messages("general");
        let expected: Vec<_> = expected.iter().map(|n| all[n - 1].text.clone()).collect();
        assert_eq!(log.found(query, None, None), expected, "{query:?}");
        assert_eq!(log.found(query, Some("general"), None), expected, "{query:?}");
    };
    check("creme", &[3, 1]);
    check("CRÈME", &[3, 1]);
    check("cre\u{300}me", &[3, 1]);
    check("p\u{331}lain", &[3]);
    check("creme brulee", &[1]);
    check("brulee creme", &[1]);
    check("crem", &[]);
    check("don't", &[1]);
    check("don t", &[2, 1]);
    check("don", &[2, 1]);
    check("you", &[2, 1]);
    check("you … don ?", &[2, 1]);
    check("brulee OR plain", &[]);
    check("日本語", &[4]);
    check("42", &[5]);
    check("says:", &[2]);
    check("\"don\"", &[2, 1]);
    check("", &[]);
    check(" … ** ", &[]);
    assert!(log.found("creme", Some("elsewhere"), None).is_empty());
}

pub(super) fn search_pages_within_a_room(mut log: Told) {
    for n in 1..=5 {
        log.now += 1;
        log.kept(say("general", "alice", &format!("word {n}")));
        log.now += 1;
        log.kept(say("other", "alice", &format!("word o{n}")));
    }
    log.kept(react("general", "bob", 5, "x", true));
    let mut reader = log.reader();
    let mut check = |place: Option<&str>, before, limit, expected: &[&str], more| {
        let search = Search { query: "word".into(), room: place.map(room), before, limit };
        let found = reader.search(&search, None).unwrap();
        assert_eq!((texts(&found), found.more), (expected.iter().map(ToString::to_string).collect(), more));
        found
    };
    let found = check(Some("general"), None, 2, &["word 5", "word 4"], true);
    assert_eq!(found.messages[0].reactions["x"], [user("bob")]);
    check(Some("general"), Some(Seq(4)), 2, &["word 3", "word 2"], true);
    check(Some("general"), Some(Seq(3)), 2, &["word 2", "word 1"], false);
    check(Some("general"), Some(Seq(1)), 2, &[], false);
    check(None, None, 3, &["word o5", "word 5", "word o4"], true);
}

pub(super) fn search_survives_anything(mut log: Told) {
    for text in ["a b c", "AND OR NOT NEAR", "\0", "\"", "*", "'; DROP TABLE words; --", "٣ ½ Ⓐ 𝔘 \u{301}"] {
        log.kept(say("general", "alice", text));
    }
    let reader = std::cell::RefCell::new(log.reader());
    let ask = |query: String| {
        let search = Search { query, room: None, before: None, limit: 10 };
        let found = reader.borrow_mut().search(&search, None).unwrap_or_else(|error| panic!("{:?}: {error}", search.query));
        assert!(found.messages.len() <= 10);
    };
    for query in ["NOT", "a AND", "NEAR(", "words:a", "a*", "^a", "{a b}", "-a", "a\0b", "\"", "\"\"", "a\"b", "+", "Ⓐ", "½"] {
        ask(query.into());
    }
    ask("a ".repeat(5_000));
    ask("a-".repeat(5_000));
    ask("x".repeat(100_000));
    proptest!(ProptestConfig::with_cases(500), |(query in "\\PC{0,40}|(?s).{0,20}|[a\"* ()\\-^{}:+\0]{0,20}")| ask(query));
}

pub(super) fn marks_go_forward_only(mut log: Told) {
    log.apply((0..10).map(|n| say("general", "alice", &format!("{n}"))).collect());
    for (seq, expected) in [(0, 0), (3, 3), (2, 3), (7, 7), (99, 10), (5, 10)] {
        let moved = if seq == 3 || seq > 5 { Outcome::Marked(Seq(expected)) } else { Outcome::Noted };
        assert_eq!(log.one(mark("General", "alice", seq)), moved, "{seq}");
        let snapshot = log.reader().snapshot(&room("general"), Some(&who("alice", 0)), None).unwrap();
        assert_eq!(snapshot.read, Seq(expected), "{seq}");
    }
    let mut reader = log.reader();
    assert_eq!(reader.snapshot(&room("general"), Some(&who("bob", 0)), None).unwrap().read, Seq(0));
    assert_eq!(reader.snapshot(&room("general"), None, None).unwrap().read, Seq(0));
}

pub(super) fn sessions_last_thirty_days(mut log: Told) {
    let first = session(1, 1000);
    assert_eq!(log.one(Write::Session(first.clone())), Outcome::Noted);
    let mut reader = log.reader();
    let end = 1000 + SESSION_LASTS_MS;
    assert_eq!(reader.session(&[1; 32], Timestamp(end)).unwrap(), Some(first.clone()));
    assert_eq!(reader.session(&[1; 32], Timestamp(end + 1)).unwrap(), None);
    assert_eq!(reader.session(&[2; 32], Timestamp(1000)).unwrap(), None);
    // Used again, it lasts longer, and is as old as it was.
    log.one(Write::Session(session(1, 5000)));
    let again = Session { used: Timestamp(5000), ..first };
    assert_eq!(reader.session(&[1; 32], Timestamp(end + 1)).unwrap(), Some(again));
    // Others come and it is forgotten, then even for somebody whose clock is late.
    log.now = end + 5000;
    for n in 0..100 {
        log.apply((2..40).map(|n| Write::Session(session(n, 1000))).collect());
        log.one(Write::Session(session(100 + n, end)));
    }
    assert_eq!(reader.session(&[199; 32], Timestamp(end)).unwrap().map(|session| session.used), Some(Timestamp(end)));
}

pub(super) fn a_reader_sees_whole_batches(mut log: Told) {
    let mut reader = log.reader();
    let batches = 50;
    let reading = std::thread::spawn(move || {
        let mut heads = Vec::new();
        while heads.last() != Some(&(batches * 10)) {
            let snapshot = reader.snapshot(&room("general"), None, None).unwrap();
            let Filled::Messages(messages) = snapshot.filled else { panic!("no position was given") };
            assert_eq!(messages.messages.last().map_or(0, |message| message.seq.0), snapshot.state.seq.0);
            heads.push(snapshot.state.seq.0);
        }
        heads
    });
    for batch in 1..=batches {
        log.apply((0..10).map(|n| say("general", "alice", &format!("{n}"))).collect());
        assert_eq!(log.reader().snapshot(&room("general"), None, None).unwrap().state.seq.0, batch * 10);
    }
    let heads = reading.join().unwrap();
    assert!(heads.is_sorted() && heads.iter().all(|head| head % 10 == 0), "{heads:?}");
}

pub(super) fn all_is_well(mut log: Told) {
    for n in 1..=20 {
        log.kept(say("general", "alice", "some words"));
        log.kept(say(&format!("r{n}"), "alice", "some words"));
        log.kept(edit("general", "alice", 2 * n - 1, "other words"));
        log.kept(delete(&format!("r{n}"), "alice", 1));
    }
    let mut told = Vec::new();
    let mut reader = log.reader();
    let found = reader.verify(&mut |percent| {
        told.push(percent);
        true
    });
    assert_eq!(found.unwrap(), Some(vec![]));
    assert!(told.is_sorted() && told.last() == Some(&100), "{told:?}");
    assert_eq!(reader.verify(&mut |_| false).unwrap(), None);
}
