//! What becomes of a room whose oldest events are taken away.

use chat_protocol::{ErrorCode, Event, Seq, Timestamp};
use chat_server::log::{Filled, From, Outcome, Page, Position, retention::Retention};

use crate::told::*;

/// The events that one bite takes.
const BITE: u64 = 50;

fn pruned(log: &mut Told, place: &str, upto: u64) -> (u64, u64) {
    match log.one(prune(place, upto)) {
        Outcome::Pruned { messages, upto } => (messages, upto.0),
        other => panic!("{other:?}"),
    }
}

/// Six events: messages 1, 2, 4 and 6, a reaction 3 to the first, an edit 5 of the second.
fn talk(log: &mut Told) {
    log.apply(vec![
        say_once("tea", "ann", "one", "k1"),
        say_once("tea", "bob", "two", "k2"),
        react("tea", "bob", 1, "x", true),
        say("tea", "ann", "four"),
        edit("tea", "bob", 2, "second"),
        reply("tea", "ann", "six", 2),
    ]);
}

pub(super) fn the_oldest_go_and_numbers_go_on(mut log: Told) {
    talk(&mut log);
    assert_eq!(pruned(&mut log, "tea", 3), (2, 3));
    assert_eq!(log.events("tea").iter().map(|event| event.seq.0).collect::<Vec<_>>(), [4, 5, 6]);
    assert_eq!(log.messages("tea").iter().map(|message| message.text.clone()).collect::<Vec<_>>(), ["four", "six"]);
    assert_eq!(log.message("tea", 6).reply_to, Some(Seq(2)), "it says what it answered");
    // Not twice, not backwards, and nothing of rooms that nobody used.
    assert_eq!(pruned(&mut log, "tea", 3), (0, 3));
    assert_eq!(pruned(&mut log, "tea", 1), (0, 3));
    assert_eq!(pruned(&mut log, "never", 3), (0, 0));
    assert_eq!(pruned(&mut log, "tea", 99), (2, 6), "as far as there is something");
    assert!(log.events("tea").is_empty() && log.messages("tea").is_empty());
    let state = log.reader().snapshot(&room("tea"), None, None).unwrap().state;
    assert_eq!(state.seq, Seq(6));
    assert_eq!(log.kept(say("tea", "ann", "seven")).seq, Seq(7));
    for change in
        [edit("tea", "bob", 2, "x"), delete("tea", "bob", 2), react("tea", "bob", 2, "x", true), reply("tea", "bob", "x", 2)]
    {
        assert_eq!(log.refused(change), ErrorCode::NoSuchMessage);
    }
    assert_eq!(log.reader().verify(&mut |_| true).unwrap(), Some(vec![]));
}

pub(super) fn a_bite_is_not_more_than_that(mut log: Told) {
    log.apply((0..BITE + 10).map(|number| say("tea", "ann", &number.to_string())).collect());
    assert_eq!(pruned(&mut log, "tea", BITE + 5), (BITE, BITE));
    assert_eq!(pruned(&mut log, "tea", BITE + 5), (5, BITE + 5));
    assert_eq!(log.messages("tea").len(), 5);
}

pub(super) fn a_bite_of_long_texts_has_fewer(mut log: Told) {
    let long = "word ".repeat(2000);
    log.apply(vec![
        say("tea", "ann", "short"),
        say("tea", "ann", &long),
        say("tea", "bob", &long),
        say("tea", "ann", "short too"),
        edit("tea", "bob", 3, "short now"),
        say("tea", "ann", &long),
        say("tea", "ann", &long),
    ]);
    delete_of(&mut log, 6);
    // 10,000 bytes are not enough, and the edited and the deleted one have none to speak of.
    assert_eq!(pruned(&mut log, "tea", 99), (6, 7));
    log.apply(vec![say("tea", "ann", &long), say("tea", "ann", &long), say("tea", "ann", &long)]);
    let head = log.events("tea").last().map(|event| event.seq.0).unwrap();
    assert_eq!(pruned(&mut log, "tea", head), (2, head - 1));
    assert_eq!(pruned(&mut log, "tea", head), (1, head));
}

fn delete_of(log: &mut Told, seq: u64) {
    log.kept(delete("tea", "ann", seq));
}

pub(super) fn what_is_pruned_is_found_by_nobody(mut log: Told) {
    talk(&mut log);
    log.apply(vec![say("other", "ann", "one")]);
    pruned(&mut log, "tea", 4);
    assert_eq!(log.found("one", None, None), ["one"]);
    for query in ["one", "two", "second", "four"] {
        assert!(log.found(query, Some("tea"), None).is_empty(), "{query}");
    }
    assert_eq!(log.found("six", None, None), ["six"]);
    let mut reader = log.reader();
    for from in [From::Before(Seq(4)), From::Before(Seq(5)), From::After(Seq(6))] {
        let page = reader.messages(&room("tea"), None, Page { from, limit: 9 }).unwrap();
        assert!(page.messages.is_empty() && !page.more, "{from:?}");
    }
    let page = reader.messages(&room("tea"), None, Page { from: From::After(Seq(0)), limit: 9 }).unwrap();
    assert_eq!(texts(&page), ["six"]);
}

pub(super) fn an_edit_of_what_is_pruned_loses_its_words(mut log: Told) {
    talk(&mut log);
    pruned(&mut log, "tea", 2);
    let events = log.events("tea");
    assert_eq!(events.iter().map(|event| event.seq.0).collect::<Vec<_>>(), [3, 4, 5, 6], "the numbers are dense");
    assert_eq!((&events[2].event, events[2].deleted), (&Event::Edited { target: Seq(2), text: String::new() }, true));
}

pub(super) fn a_pruned_message_stays_sent(mut log: Told) {
    talk(&mut log);
    pruned(&mut log, "tea", 6);
    let there = log.duplicate(say_once("tea", "ann", "one", "k1"));
    assert_eq!((there.seq, there.deleted), (Seq(1), true));
    // Who sent it knows it by that, and nobody is told a time that never was.
    assert!(matches!(&there.event, Event::Message { cid: Some(cid), .. } if cid.as_str() == "k1"), "{there:?}");
    assert!(there.at > Timestamp(0));
    assert_eq!(log.duplicate(say_once("tea", "bob", "two", "k2")).seq, Seq(2));
    assert!(log.messages("tea").is_empty());
}

pub(super) fn a_gap_that_was_pruned_is_not_whole(mut log: Told) {
    talk(&mut log);
    pruned(&mut log, "tea", 3);
    let whole = |log: &Told, after| {
        let position = Position { epoch: log.log.epoch(), after: Seq(after) };
        matches!(log.reader().snapshot(&room("tea"), None, Some(&position)).unwrap().filled, Filled::Events(_))
    };
    assert_eq!((0..=7).map(|after| whole(&log, after)).collect::<Vec<_>>(), [false, false, false, true, true, true, true, false]);
    pruned(&mut log, "tea", 6);
    assert_eq!((4..=6).map(|after| whole(&log, after)).collect::<Vec<_>>(), [false, false, true]);
}

pub(super) fn what_is_gone_counts_as_read(mut log: Told) {
    log.apply(vec![say("@ann,bob", "bob", "one"), say("@ann,bob", "bob", "two"), mark("@ann,bob", "ann", 1)]);
    pruned(&mut log, "@ann,bob", 2);
    let read = |log: &Told, name: &str| {
        let (mut reader, who) = (log.reader(), who(name, 0));
        let listed = reader.private(&who, 9).unwrap()[0].1;
        (reader.snapshot(&room("@ann,bob"), Some(&who), None).unwrap().read, listed)
    };
    assert_eq!(read(&log, "ann"), (Seq(2), Seq(2)));
    assert_eq!(read(&log, "bob"), (Seq(0), Seq(0)), "who never said so has read nothing");
    log.apply(vec![say("@ann,bob", "bob", "three")]);
    assert_eq!(log.one(mark("@ann,bob", "ann", 9)), Outcome::Marked(Seq(3)));
    assert_eq!(read(&log, "ann"), (Seq(3), Seq(3)));
}

pub(super) fn a_topic_outlives_its_event(mut log: Told) {
    log.apply(vec![topic("tea", "ann", "leaves"), topic("@ann,bob", "ann", "between us"), say("tea", "ann", "one")]);
    pruned(&mut log, "tea", 2);
    pruned(&mut log, "@ann,bob", 1);
    let topic =
        |log: &Told, place: &str, since| log.reader().snapshot(&room(place), Some(&who("bob", since)), None).unwrap().state.topic;
    assert_eq!(topic(&log, "tea", 0), "leaves");
    assert_eq!(topic(&log, "@ann,bob", 1000), "between us");
    // Whoever has the name of bob since then only is not told.
    assert_eq!(topic(&log, "@ann,bob", 1001), "");
}

pub(super) fn what_is_overdue_is_known_by_time_and_by_number(mut log: Told) {
    for (now, place) in [(60_000, "tea"), (120_000, "tea"), (180_000, "tea"), (180_000, "old"), (240_000, "@ann,bob")] {
        log.now = now;
        log.apply(vec![say(place, "ann", "one"), react(place, "bob", 1, "x", now == 60_000)]);
    }
    // tea: 1 and 2 at one minute, 3 and 4 at two, 5 at three, where the reaction was off already.
    let check = |log: &Told, age: &[&str], count: &[&str], now: i64, expected: &[(&str, u64)]| {
        let (ages, counts) = (age.iter().map(|age| age.parse().unwrap()), count.iter().map(|count| count.parse().unwrap()));
        let keep = Retention::new(&ages.collect::<Vec<_>>(), &counts.collect::<Vec<_>>());
        let mut overdue = log.reader().overdue(&keep, Timestamp(now)).unwrap();
        overdue.sort();
        let overdue: Vec<_> = overdue.iter().map(|(room, upto)| (room.shown(), upto.0)).collect();
        assert_eq!(overdue, expected, "{age:?} {count:?} {now}");
    };
    let events: Vec<_> = log.events("tea").iter().map(|event| event.seq.0).collect();
    assert_eq!(events.len(), 5);
    check(&log, &[], &[], i64::MAX, &[]);
    check(&log, &["2m"], &[], 180_000, &[]);
    check(&log, &["2m"], &[], 180_001, &[("tea", 2)]);
    check(&log, &["2m"], &[], 240_001, &[("tea", 4)]);
    check(&log, &["2m"], &[], 500_000, &[("@ann,bob", 1), ("old", 1), ("tea", 5)]);
    check(&log, &["2m", "tea=forever"], &[], 500_000, &[("@ann,bob", 1), ("old", 1)]);
    check(&log, &["tea=2m"], &[], 500_000, &[("tea", 5)]);
    check(&log, &[], &["2"], 0, &[("tea", 2)]);
    check(&log, &[], &["1"], 0, &[("tea", 4)]);
    check(&log, &["2m"], &["1"], 240_001, &[("tea", 4)]);
    pruned(&mut log, "tea", 2);
    check(&log, &[], &["2"], 0, &[]);
    check(&log, &[], &["1"], 0, &[("tea", 4)]);
    check(&log, &["2m"], &[], 240_001, &[("tea", 4)]);
}
