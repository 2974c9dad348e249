//! What becomes of what is written.

use std::sync::Arc;

use chat_protocol::{ClientId, ErrorCode, Event, Recorded, Seq, Timestamp, limits};
use chat_server::log::{Events, Filled, From, Messages, Outcome, Page, Reader, Write};

use crate::told::*;

pub(super) fn numbers_are_dense_in_each_room_and_time_never_goes_back(mut log: Told) {
    for (now, place, seq, at) in
        [(1000, "one", 1, 1000), (900, "one", 2, 1000), (1500, "two", 1, 1500), (1100, "one", 3, 1100), (1200, "two", 2, 1500)]
    {
        log.now = now;
        let kept = log.kept(say(place, "alice", "hi"));
        assert_eq!((kept.seq, kept.at), (Seq(seq), Timestamp(at)), "{now} {place}");
    }
    assert_eq!(log.events("one").iter().map(|event| event.seq.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(log.messages("two").iter().map(|message| message.at.0).collect::<Vec<_>>(), [1500, 1500]);
}

pub(super) fn a_room_keeps_the_spelling_of_its_first_event(mut log: Told) {
    assert_eq!(log.kept(say("Straße", "alice", "hi")).room.shown(), "Straße");
    let kept = log.kept(say("STRASSE", "Alice", "hi"));
    assert_eq!((kept.room.shown(), kept.from.shown(), kept.seq), ("Straße", "Alice", Seq(2)));
    let mut reader = log.reader();
    assert_eq!(reader.snapshot(&room("strasse"), None, None).unwrap().state.name.shown(), "Straße");
    assert_eq!(reader.rooms(None, 9).unwrap()[0].name.shown(), "Straße");
    let messages = log.messages("strasse");
    assert!(messages.iter().all(|message| message.room.shown() == "Straße"));
    assert_eq!(messages.iter().map(|message| message.from.shown()).collect::<Vec<_>>(), ["alice", "Alice"]);
    assert_eq!(log.duplicate(react("sTrasse", "bob", 1, "x", false)).room.shown(), "Straße");
}

pub(super) fn an_event_is_read_as_it_was_kept(mut log: Told) {
    let cid = ClientId::parse("c_1");
    let odd = "nul \0, quote ', \u{202e} 👩\u{200d}🚀\n";
    let writes = vec![
        draft("general", "Ann Lee", Event::Message { text: odd.into(), cid, reply_to: None, action: false }),
        reply("general", "bob", "waves", 1),
        topic("general", "bob", "a topic"),
        edit("general", "bob", 2, "nods"),
        react("general", "bob", 1, "👍🏽", true),
        react("general", "bob", 1, "👍🏽", false),
        delete("general", "bob", 2),
    ];
    let outcomes = log.apply(writes);
    let kept: Vec<Recorded> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Kept(recorded) => Arc::unwrap_or_clone(recorded),
            other => panic!("{other:?}"),
        })
        .collect();
    let mut read = log.events("general");
    // All but what the deletion emptied.
    for (place, empty) in [(1, kept[1].event.clone()), (3, kept[3].event.clone())] {
        assert!(read[place].deleted);
        (read[place].event, read[place].deleted) = (empty, false);
    }
    assert_eq!(read, kept);
    let first = log.message("general", 1);
    assert_eq!((first.text.as_str(), first.cid.as_ref().map(ClientId::as_str)), (odd, Some("c_1")));
    let second = log.message("general", 2);
    assert_eq!((second.reply_to, second.action, second.from), (Some(Seq(1)), true, user("bob")));
}

pub(super) fn a_message_sent_again_is_kept_once(mut log: Told) {
    let first = log.kept(say_once("general", "alice", "hi", "k1"));
    log.now += 500;
    log.kept(say("general", "bob", "between"));
    assert_eq!(log.duplicate(say_once("general", "alice", "hi", "k1")), first);
    // The same key is the same message, whatever is said with it and under whatever name.
    let mut other = say_once("GENERAL", "Alicia", "other words", "k1");
    if let Write::Event(draft) = &mut other {
        draft.author = author("alice");
    }
    assert_eq!(log.duplicate(other), first);
    // In one batch too.
    let twice = log.apply(vec![say_once("general", "bob", "yo", "k2"), say_once("general", "bob", "yo", "k2")]);
    assert!(matches!((&twice[0], &twice[1]), (Outcome::Kept(one), Outcome::Duplicate(other)) if one == other), "{twice:?}");
    // An edit does not change what was logged; a deletion empties it.
    log.kept(edit("general", "alice", 1, "hello"));
    assert_eq!(log.duplicate(say_once("general", "alice", "hi", "k1")), first);
    log.kept(delete("general", "alice", 1));
    let gone = log.duplicate(say_once("general", "alice", "hi", "k1"));
    assert!(gone.deleted && matches!(&gone.event, Event::Message { text, .. } if text.is_empty()), "{gone:?}");
    // No key, no memory.
    assert_eq!(log.kept(say("general", "bob", "between")).seq, Seq(6));
}

pub(super) fn a_cid_is_its_authors_and_its_rooms(mut log: Told) {
    log.kept(say_once("one", "alice", "hi", "k"));
    assert_eq!(log.kept(say_once("one", "bob", "hi", "k")).seq, Seq(2));
    assert_eq!(log.kept(say_once("two", "alice", "hi", "k")).seq, Seq(1));
    assert_eq!(log.kept(say_once("one", "alice", "hi", "K")).seq, Seq(3));
}

pub(super) fn what_is_refused_leaves_nothing(mut log: Told) {
    assert_eq!(log.refused(edit("nowhere", "alice", 1, "x")), ErrorCode::NoSuchMessage);
    assert_eq!(log.refused(reply("nowhere", "alice", "x", 1)), ErrorCode::NoSuchMessage);
    assert_eq!(log.refused(react("nowhere", "alice", 1, "x", false)), ErrorCode::NoSuchMessage);
    assert!(log.reader().rooms(None, 9).unwrap().is_empty());
    assert_eq!(log.one(mark("nowhere", "alice", 1)), Outcome::Noted);
    log.kept(say("general", "alice", "one"));
    log.refused(edit("general", "bob", 1, "x"));
    log.refused(delete("general", "bob", 9));
    log.duplicate(react("general", "bob", 1, "x", false));
    // A key that was refused may be used.
    let cid = ClientId::parse("k");
    let to = |seq| Event::Message { text: "two".into(), cid: cid.clone(), reply_to: Some(Seq(seq)), action: false };
    assert_eq!(log.refused(draft("general", "alice", to(7))), ErrorCode::NoSuchMessage);
    assert_eq!(log.kept(draft("general", "alice", to(1))).seq, Seq(2));
    // Sent again, the answer is the same, even if it names no message now.
    assert_eq!(log.duplicate(draft("general", "alice", to(7))).seq, Seq(2));
    assert_eq!(log.events("general").len(), 2);
}

pub(super) fn a_reply_names_a_message_of_the_room(mut log: Told) {
    log.kept(say("general", "alice", "one"));
    log.kept(edit("general", "alice", 1, "uno"));
    log.kept(say("other", "alice", "one"));
    log.kept(say("other", "alice", "two"));
    log.kept(say("other", "alice", "three"));
    for bad in [0, 2, 3, 4, limits::TEXT_BYTES as u64, (1 << 53) - 1] {
        assert_eq!(log.refused(reply("general", "bob", "x", bad)), ErrorCode::NoSuchMessage, "{bad}");
    }
    log.kept(delete("general", "alice", 1));
    // What was deleted still has its place.
    assert_eq!(log.kept(reply("general", "bob", "x", 1)).seq, Seq(4));
}

pub(super) fn an_edit_changes_the_message_and_not_what_was_logged(mut log: Told) {
    log.kept(say("general", "alice", "teh word"));
    log.now = 2000;
    log.kept(edit("general", "alice", 1, "the word"));
    log.now = 3000;
    let kept = log.kept(edit("general", "alice", 1, "the words"));
    assert_eq!(kept.event, Event::Edited { target: Seq(1), text: "the words".into() });
    let message = log.message("general", 1);
    assert_eq!((message.text.as_str(), message.edited_at, message.at), ("the words", Some(Timestamp(3000)), Timestamp(1000)));
    let logged: Vec<_> = log.events("general").into_iter().map(|recorded| recorded.event).collect();
    assert!(matches!(&logged[0], Event::Message { text, .. } if text == "teh word"));
    assert!(matches!(&logged[1], Event::Edited { text, .. } if text == "the word"));
    assert_eq!(log.found("words", None, None), ["the words"]);
    assert!(log.found("teh", None, None).is_empty() && log.found("word", None, None).is_empty());
}

pub(super) fn only_the_author_edits_and_deletes(mut log: Told) {
    log.kept(say("general", "alice", "mine"));
    // The name is not what counts.
    let mut taken_over = edit("general", "alice", 1, "x");
    if let Write::Event(draft) = &mut taken_over {
        draft.author = author("mallory");
    }
    assert_eq!(log.refused(taken_over), ErrorCode::Forbidden);
    assert_eq!(log.refused(delete("general", "bob", 1)), ErrorCode::Forbidden);
    log.kept(edit("general", "alice", 1, "mine!"));
    // An edit is not a message.
    assert_eq!(log.refused(edit("general", "alice", 2, "x")), ErrorCode::NoSuchMessage);
    assert_eq!(log.refused(delete("general", "alice", 2)), ErrorCode::NoSuchMessage);
    log.kept(delete("general", "alice", 1));
    assert_eq!(log.refused(delete("general", "bob", 1)), ErrorCode::Forbidden);
    assert_eq!(log.refused(edit("general", "bob", 1, "x")), ErrorCode::Forbidden);
    assert_eq!(log.refused(edit("general", "alice", 1, "x")), ErrorCode::NoSuchMessage);
}

pub(super) fn a_deletion_empties_the_text_everywhere(mut log: Told) {
    log.kept(say_once("general", "alice", "secret one", "k"));
    log.kept(say("general", "alice", "stays"));
    log.kept(edit("general", "alice", 1, "secret two"));
    log.kept(react("general", "bob", 1, "x", true));
    log.kept(edit("general", "alice", 2, "stays so"));
    let deleted = log.kept(delete("general", "alice", 1));
    assert_eq!(log.duplicate(delete("general", "alice", 1)), deleted);
    let gone: Vec<_> = log.events("general").into_iter().filter(|recorded| recorded.deleted).collect();
    assert_eq!(gone.iter().map(|recorded| recorded.seq.0).collect::<Vec<_>>(), [1, 3]);
    assert!(!format!("{:?}", log.events("general")).contains("secret"));
    let message = log.message("general", 1);
    assert!(message.deleted && message.text.is_empty() && message.reactions.is_empty() && message.edited_at.is_none());
    assert_eq!((message.cid, message.from), (ClientId::parse("k"), user("alice")));
    assert!(log.found("secret", None, None).is_empty());
    assert_eq!(log.found("stays", None, None), ["stays so"]);
    assert_eq!(log.refused(react("general", "bob", 1, "x", false)), ErrorCode::NoSuchMessage);
}

pub(super) fn reactions_are_on_or_off(mut log: Told) {
    let message = log.kept(say("general", "alice", "hi"));
    let on = log.kept(react("general", "bob", 1, "👍", true));
    assert_eq!(log.duplicate(react("general", "bob", 1, "👍", true)), on);
    log.kept(react("general", "alice", 1, "👍", true));
    log.kept(react("general", "bob", 1, "🎉", true));
    let names = |log: &Told| -> Vec<(String, Vec<String>)> {
        let reactions = log.message("general", 1).reactions;
        reactions.into_iter().map(|(emoji, names)| (emoji, names.iter().map(ToString::to_string).collect())).collect()
    };
    let both = |thumbs: &[&str], party: &[&str]| {
        let own = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        vec![("🎉".to_string(), own(party)), ("👍".to_string(), own(thumbs))]
    };
    assert_eq!(names(&log), both(&["bob", "alice"], &["bob"]));
    log.kept(react("general", "bob", 1, "👍", false));
    assert_eq!(log.duplicate(react("general", "bob", 1, "👍", false)), message);
    assert_eq!(log.duplicate(react("general", "carol", 1, "👍", false)), message);
    assert_eq!(names(&log), both(&["alice"], &["bob"]));
    // On again comes after those who stayed.
    log.kept(react("general", "bob", 1, "👍", true));
    assert_eq!(names(&log), both(&["alice", "bob"], &["bob"]));
    assert_eq!(log.events("general").len(), 6);
    assert_eq!(log.refused(react("general", "bob", 2, "👍", true)), ErrorCode::NoSuchMessage);
}

pub(super) fn reactions_are_limited(mut log: Told) {
    log.kept(say("general", "alice", "hi"));
    log.kept(say("general", "alice", "ho"));
    let most = limits::REACTIONS_PER_MESSAGE;
    let all = (0..most).map(|n| react("general", &format!("u{n}"), 1, "x", true)).collect();
    assert!(log.apply(all).iter().all(|outcome| matches!(outcome, Outcome::Kept(_))));
    assert_eq!(log.refused(react("general", "late", 1, "x", true)), ErrorCode::BadRequest);
    assert_eq!(log.duplicate(react("general", "u7", 1, "x", true)).seq, Seq(10));
    log.kept(react("general", "late", 2, "x", true));
    log.kept(react("general", "u7", 1, "x", false));
    log.kept(react("general", "late", 1, "x", true));
    assert_eq!(log.message("general", 1).reactions["x"].len(), most);
}

pub(super) fn a_batch_sees_its_own_effects(mut log: Told) {
    let outcomes = log.apply(vec![
        say("general", "alice", "one"),
        reply("general", "bob", "two", 1),
        edit("general", "alice", 1, "uno"),
        react("general", "bob", 1, "x", true),
        react("general", "bob", 1, "x", true),
        delete("general", "alice", 1),
        edit("general", "alice", 1, "eins"),
        mark("general", "bob", 99),
        Write::Session(session(1, 1000)),
        say("new", "alice", "one"),
        say("NEW", "alice", "two"),
    ]);
    let short: Vec<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Kept(recorded) => format!("k{}", recorded.seq),
            Outcome::Duplicate(recorded) => format!("d{}", recorded.seq),
            Outcome::Refused(refusal) => refusal.code.as_str().into(),
            Outcome::Marked(seq) => format!("m{seq}"),
            Outcome::Decreed(decreed) => format!("decreed {}", decreed.seq),
            Outcome::Pruned { .. } | Outcome::Imported { .. } | Outcome::Noted => "noted".into(),
        })
        .collect();
    assert_eq!(short, ["k1", "k2", "k3", "k4", "d4", "k5", "no_such_message", "m5", "noted", "k1", "k2"]);
    assert_eq!(log.reader().snapshot(&room("general"), Some(&who("bob", 0)), None).unwrap().read, Seq(5));
}

pub(super) fn a_topic_is_the_last_one(mut log: Told) {
    log.kept(topic("general", "alice", "first"));
    log.kept(topic("general", "bob", "second"));
    let state = log.reader().snapshot(&room("general"), None, None).unwrap().state;
    assert_eq!((state.topic.as_str(), state.seq), ("second", Seq(2)));
    log.kept(topic("general", "bob", ""));
    assert_eq!(log.reader().rooms(None, 1).unwrap()[0].topic, "");
    assert!(log.messages("general").is_empty());
    assert_eq!(log.events("general").len(), 3);
}

pub(super) fn rooms_are_listed_by_last_use(mut log: Told) {
    for place in ["one", "two", "three", "two", "@alice,bob"] {
        log.now += 10;
        log.kept(say(place, "alice", "hi"));
    }
    let rooms = log.reader().rooms(None, 9).unwrap();
    assert_eq!(rooms.iter().map(|room| room.name.shown()).collect::<Vec<_>>(), ["two", "three", "one"]);
    assert_eq!(rooms.iter().map(|room| room.seq.0).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(log.reader().rooms(None, 1).unwrap(), rooms[..1]);
}

pub(super) fn private_rooms_are_for_two(mut log: Told) {
    log.kept(say("general", "alice", "word in public"));
    for (place, from) in [("@alice,bob", "alice"), ("@alice,carol", "carol"), ("@alice,alice", "alice"), ("@bob,carol", "bob")] {
        log.now += 10;
        log.kept(say(place, from, &format!("word in {place}")));
    }
    log.one(mark("@alice,carol", "alice", 1));
    let mut reader = log.reader();
    let rooms = |reader: &mut Box<dyn Reader>, name: &str, limit| -> Vec<(String, u64, u64)> {
        let rooms = reader.private(&who(name, 0), limit).unwrap();
        rooms.into_iter().map(|(room, read)| (room.name.to_string(), room.seq.0, read.0)).collect()
    };
    let own = [("@alice,alice".to_string(), 1, 0), ("@alice,carol".into(), 1, 1), ("@alice,bob".into(), 1, 0)];
    assert_eq!(rooms(&mut reader, "Alice", 9), own);
    assert_eq!(rooms(&mut reader, "alice", 2), own[..2]);
    assert!(rooms(&mut reader, "dave", 9).is_empty());
    assert_eq!(log.found("word", None, None), ["word in public"]);
    assert_eq!(log.found("word", None, Some(&who("dave", 0))), ["word in public"]);
    assert_eq!(log.found("word", None, Some(&who("bob", 0))), ["word in @bob,carol", "word in @alice,bob", "word in public"]);
    assert_eq!(log.found("word", Some("@alice,bob"), Some(&who("bob", 0))), ["word in @alice,bob"]);
}

pub(super) fn a_guest_sees_of_a_private_room_only_its_own_time(mut log: Told) {
    let place = "@alice,bob";
    log.kept(topic(place, "alice", "old topic"));
    for n in 2..=40 {
        log.now = 1000 + n / 2 * 10;
        log.kept(say(place, "alice", &format!("word {n}")));
        log.kept(say("general", "alice", &format!("word {n}")));
    }
    // Numbers 20 and 21 were said at 1100.
    let bob = who("bob", 1100);
    let mut reader = log.reader();
    let everything = Page { from: From::End, limit: 100 };
    let messages = reader.messages(&room(place), Some(&bob), everything).unwrap();
    assert_eq!((messages.messages[0].seq, messages.messages.len(), messages.more), (Seq(20), 21, false));
    let page = reader.messages(&room(place), Some(&bob), Page { from: From::Before(Seq(22)), limit: 2 }).unwrap();
    assert_eq!((page.messages[0].seq, page.more), (Seq(20), false));
    let page = reader.messages(&room(place), Some(&bob), Page { from: From::After(Seq(3)), limit: 1 }).unwrap();
    assert_eq!((page.messages[0].seq, page.more), (Seq(20), true));
    assert_eq!(seqs(&reader.events(&room(place), Some(&bob), Seq(0), 2).unwrap()), [20, 21]);
    assert_eq!(log.found("word", Some(place), Some(&bob)).len(), 21);
    assert_eq!(log.found("word", None, Some(&bob)).len(), 21 + 39);
    assert_eq!(reader.messages(&room("general"), Some(&bob), everything).unwrap().messages.len(), 39);
    // A position before its time cannot be whole; one at its beginning can.
    for (after, whole) in [(18, false), (19, true), (40, true)] {
        let snapshot = reader.snapshot(&room(place), Some(&bob), Some(&log.position(after))).unwrap();
        assert_eq!(matches!(snapshot.filled, Filled::Events(_)), whole, "{after}");
        assert_eq!((snapshot.state.topic.as_str(), snapshot.state.seq), ("", Seq(40)));
    }
    assert_eq!(reader.private(&bob, 9).unwrap().len(), 1);
    let late = who("bob", 1201);
    assert!(reader.private(&late, 9).unwrap().is_empty());
    assert!(reader.messages(&room(place), Some(&late), everything).unwrap().messages.is_empty());
    let whole = reader.snapshot(&room(place), Some(&late), Some(&log.position(40))).unwrap();
    assert_eq!(whole.filled, Filled::Events(Events::default()));
    let empty = reader.snapshot(&room(place), Some(&late), None).unwrap();
    assert_eq!(empty.filled, Filled::Messages(Messages::default()));
    // Nobody in particular sees nothing, and who was always there sees all.
    assert!(reader.messages(&room(place), None, everything).unwrap().messages.is_empty());
    assert_eq!(reader.messages(&room(place), Some(&who("alice", 1000)), everything).unwrap().messages.len(), 39);
    let first = reader.snapshot(&room(place), Some(&who("alice", 1000)), Some(&log.position(0))).unwrap();
    assert_eq!((first.state.topic.as_str(), matches!(first.filled, Filled::Events(_))), ("old topic", true));
}
