//! What every log does, whatever it keeps it in: one suite, run against each implementation, and both held against each other.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use chat_protocol::{ClientId, Epoch, ErrorCode, Event, Recorded, RoomName, Seq, Timestamp, UserName, limits, server::Message};
use chat_server::log::{
    Asker, Author, Draft, Events, Filled, From, Log, Messages, Outcome, Page, Position, Reader, SESSION_LASTS_MS, Search,
    Session, Who, Write,
    memory::Memory,
    sqlite::{Durability, Sqlite},
};
use proptest::prelude::*;
use tempfile::TempDir;

/// A log under test, with a clock of its own and the short words in which the cases below are told.
struct Told {
    log: Box<dyn Log>,
    now: i64,
    _dir: Option<TempDir>,
}

impl Told {
    fn memory() -> Self {
        Self { log: Box::new(Memory::new().unwrap()), now: 1000, _dir: None }
    }

    fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = Sqlite::open(dir.path(), Durability::Normal).unwrap();
        Self { log: Box::new(log), now: 1000, _dir: Some(dir) }
    }

    fn apply(&mut self, writes: Vec<Write>) -> Vec<Outcome> {
        self.log.apply(&writes, Timestamp(self.now)).unwrap()
    }

    fn one(&mut self, write: Write) -> Outcome {
        let outcomes = self.apply(vec![write]);
        assert_eq!(outcomes.len(), 1);
        outcomes.into_iter().next().unwrap()
    }

    #[track_caller]
    fn kept(&mut self, write: Write) -> Arc<Recorded> {
        match self.one(write) {
            Outcome::Kept(recorded) => recorded,
            other => panic!("not kept: {other:?}"),
        }
    }

    #[track_caller]
    fn duplicate(&mut self, write: Write) -> Arc<Recorded> {
        match self.one(write) {
            Outcome::Duplicate(recorded) => recorded,
            other => panic!("not a duplicate: {other:?}"),
        }
    }

    #[track_caller]
    fn refused(&mut self, write: Write) -> ErrorCode {
        match self.one(write) {
            Outcome::Refused(refusal) => refusal.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.log.reader().unwrap()
    }

    fn events(&self, place: &str) -> Vec<Recorded> {
        self.reader().events(&room(place), None, Seq(0), 10_000).unwrap().events
    }

    fn messages(&self, place: &str) -> Vec<Message> {
        self.reader().messages(&room(place), None, Page { from: From::End, limit: 10_000 }).unwrap().messages
    }

    fn message(&self, place: &str, seq: u64) -> Message {
        self.messages(place).into_iter().find(|message| message.seq == Seq(seq)).unwrap()
    }

    fn found(&self, query: &str, place: Option<&str>, who: Option<&Who>) -> Vec<String> {
        let search = Search { query: query.into(), room: place.map(room), before: None, limit: 100 };
        texts(&self.reader().search(&search, who).unwrap())
    }

    fn position(&self, after: u64) -> Position {
        Position { epoch: self.log.epoch(), after: Seq(after) }
    }
}

fn texts(messages: &Messages) -> Vec<String> {
    messages.messages.iter().map(|message| message.text.clone()).collect()
}

fn seqs(events: &Events) -> Vec<u64> {
    events.events.iter().map(|event| event.seq.0).collect()
}

fn room(name: &str) -> RoomName {
    RoomName::known(name).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn author(name: &str) -> Author {
    Author(name.to_lowercase().into())
}

fn who(name: &str, since: i64) -> Who {
    Who { name: user(name), author: author(name), since: Timestamp(since) }
}

fn draft(place: &str, from: &str, event: Event) -> Write {
    Write::Event(Draft { room: room(place), from: user(from), author: author(from), event, asker: Asker::Nobody })
}

fn say(place: &str, from: &str, text: &str) -> Write {
    draft(place, from, Event::Message { text: text.into(), cid: None, reply_to: None, action: false })
}

fn say_once(place: &str, from: &str, text: &str, cid: &str) -> Write {
    let cid = ClientId::parse(cid);
    draft(place, from, Event::Message { text: text.into(), cid, reply_to: None, action: false })
}

fn reply(place: &str, from: &str, text: &str, to: u64) -> Write {
    draft(place, from, Event::Message { text: text.into(), cid: None, reply_to: Some(Seq(to)), action: true })
}

fn edit(place: &str, from: &str, target: u64, text: &str) -> Write {
    draft(place, from, Event::Edited { target: Seq(target), text: text.into() })
}

fn delete(place: &str, from: &str, target: u64) -> Write {
    draft(place, from, Event::Deleted { target: Seq(target) })
}

fn react(place: &str, from: &str, target: u64, emoji: &str, on: bool) -> Write {
    draft(place, from, Event::Reacted { target: Seq(target), emoji: emoji.into(), on })
}

fn topic(place: &str, from: &str, text: &str) -> Write {
    draft(place, from, Event::Topic { text: text.into() })
}

fn mark(place: &str, of: &str, seq: u64) -> Write {
    Write::Mark { author: author(of), room: room(place), seq: Seq(seq), asker: Asker::Nobody }
}

fn session(number: u8, used: i64) -> Session {
    let name = user("guest");
    Session { hash: [number; 32], author: author("guest"), name, made: Timestamp(used), used: Timestamp(used) }
}

macro_rules! for_each_log {
    ($($case:ident)*) => {
        mod memory { $(#[test] fn $case() { super::$case(super::Told::memory()); })* }
        mod sqlite { $(#[test] fn $case() { super::$case(super::Told::sqlite()); })* }
    };
}

for_each_log! {
    numbers_are_dense_in_each_room_and_time_never_goes_back
    a_room_keeps_the_spelling_of_its_first_event
    an_event_is_read_as_it_was_kept
    a_message_sent_again_is_kept_once
    a_cid_is_its_authors_and_its_rooms
    what_is_refused_leaves_nothing
    a_reply_names_a_message_of_the_room
    an_edit_changes_the_message_and_not_what_was_logged
    only_the_author_edits_and_deletes
    a_deletion_empties_the_text_everywhere
    reactions_are_on_or_off
    reactions_are_limited
    a_batch_sees_its_own_effects
    a_topic_is_the_last_one
    rooms_are_listed_by_last_use
    private_rooms_are_for_two
    a_guest_sees_of_a_private_room_only_its_own_time
    a_whole_gap_is_filled_with_events
    a_gap_that_cannot_be_whole_is_filled_with_messages
    a_long_gap_comes_in_parts
    pages_go_both_ways
    search_finds_words
    search_pages_within_a_room
    search_survives_anything
    marks_go_forward_only
    sessions_last_thirty_days
    a_reader_sees_whole_batches
    all_is_well
}

fn numbers_are_dense_in_each_room_and_time_never_goes_back(mut log: Told) {
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

fn a_room_keeps_the_spelling_of_its_first_event(mut log: Told) {
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

fn an_event_is_read_as_it_was_kept(mut log: Told) {
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

fn a_message_sent_again_is_kept_once(mut log: Told) {
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

fn a_cid_is_its_authors_and_its_rooms(mut log: Told) {
    log.kept(say_once("one", "alice", "hi", "k"));
    assert_eq!(log.kept(say_once("one", "bob", "hi", "k")).seq, Seq(2));
    assert_eq!(log.kept(say_once("two", "alice", "hi", "k")).seq, Seq(1));
    assert_eq!(log.kept(say_once("one", "alice", "hi", "K")).seq, Seq(3));
}

fn what_is_refused_leaves_nothing(mut log: Told) {
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

fn a_reply_names_a_message_of_the_room(mut log: Told) {
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

fn an_edit_changes_the_message_and_not_what_was_logged(mut log: Told) {
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

fn only_the_author_edits_and_deletes(mut log: Told) {
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

fn a_deletion_empties_the_text_everywhere(mut log: Told) {
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

fn reactions_are_on_or_off(mut log: Told) {
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

fn reactions_are_limited(mut log: Told) {
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

fn a_batch_sees_its_own_effects(mut log: Told) {
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
            Outcome::Noted => "noted".into(),
        })
        .collect();
    assert_eq!(short, ["k1", "k2", "k3", "k4", "d4", "k5", "no_such_message", "m5", "noted", "k1", "k2"]);
    assert_eq!(log.reader().snapshot(&room("general"), Some(&who("bob", 0)), None).unwrap().read, Seq(5));
}

fn a_topic_is_the_last_one(mut log: Told) {
    log.kept(topic("general", "alice", "first"));
    log.kept(topic("general", "bob", "second"));
    let state = log.reader().snapshot(&room("general"), None, None).unwrap().state;
    assert_eq!((state.topic.as_str(), state.seq), ("second", Seq(2)));
    log.kept(topic("general", "bob", ""));
    assert_eq!(log.reader().rooms(None, 1).unwrap()[0].topic, "");
    assert!(log.messages("general").is_empty());
    assert_eq!(log.events("general").len(), 3);
}

fn rooms_are_listed_by_last_use(mut log: Told) {
    for place in ["one", "two", "three", "two", "@alice,bob"] {
        log.now += 10;
        log.kept(say(place, "alice", "hi"));
    }
    let rooms = log.reader().rooms(None, 9).unwrap();
    assert_eq!(rooms.iter().map(|room| room.name.shown()).collect::<Vec<_>>(), ["two", "three", "one"]);
    assert_eq!(rooms.iter().map(|room| room.seq.0).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(log.reader().rooms(None, 1).unwrap(), rooms[..1]);
}

fn private_rooms_are_for_two(mut log: Told) {
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

fn a_guest_sees_of_a_private_room_only_its_own_time(mut log: Told) {
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
    // Nobody in particular (an export) sees all, and so does who was always there.
    assert_eq!(reader.messages(&room(place), None, everything).unwrap().messages.len(), 39);
    let first = reader.snapshot(&room(place), Some(&who("alice", 1000)), Some(&log.position(0))).unwrap();
    assert_eq!((first.state.topic.as_str(), matches!(first.filled, Filled::Events(_))), ("old topic", true));
}

fn a_whole_gap_is_filled_with_events(mut log: Told) {
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

fn a_gap_that_cannot_be_whole_is_filled_with_messages(mut log: Told) {
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

fn a_long_gap_comes_in_parts(mut log: Told) {
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

fn pages_go_both_ways(mut log: Told) {
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

fn search_finds_words(mut log: Told) {
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

fn search_pages_within_a_room(mut log: Told) {
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

fn search_survives_anything(mut log: Told) {
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

fn marks_go_forward_only(mut log: Told) {
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

fn sessions_last_thirty_days(mut log: Told) {
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

fn a_reader_sees_whole_batches(mut log: Told) {
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

fn all_is_well(mut log: Told) {
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

/// Anything that anybody may ask of a log, in few enough rooms and numbers that it often meets something.
fn any_write() -> impl Strategy<Value = Write> {
    let rooms = prop::sample::select(vec!["general", "General", "other", "@ann,bob", "@bob,bob"]);
    let names = prop::sample::select(vec!["ann", "bob", "Bob", "eve"]);
    let text = prop::sample::select(vec!["one", "two words", "Ünï code", "one, two", "?"]);
    let seq = 0_u64..12;
    let cid = prop::option::of(prop::sample::select(vec!["a", "b", "c"]));
    let to = prop::option::weighted(0.2, 0_u64..12);
    let emoji = prop::sample::select(vec!["x", "y"]);
    (0..12, rooms, names, text, seq, cid, to, (emoji, any::<bool>())).prop_map(
        |(kind, place, from, text, seq, cid, to, (emoji, on))| match kind {
            0..=4 => {
                let (cid, reply_to) = (cid.and_then(ClientId::parse), to.map(Seq));
                draft(place, from, Event::Message { text: text.into(), cid, reply_to, action: on })
            }
            5 | 6 => edit(place, from, seq, text),
            7 => delete(place, from, seq),
            8 | 9 => react(place, from, seq, emoji, on),
            10 => topic(place, from, text),
            _ => mark(place, from, seq),
        },
    )
}

/// Everything that can be read, by anybody.
fn everything(log: &Told, epoch: &Epoch) -> Vec<String> {
    let mut reader = log.reader();
    let mut all = vec![format!("{:?}", reader.rooms(None, 2).unwrap())];
    let readers = [None, Some(who("ann", 0)), Some(who("bob", 1010)), Some(who("eve", 0))];
    for who in readers.iter().map(Option::as_ref) {
        for place in ["general", "other", "@ann,bob", "@bob,bob", "never"].map(room) {
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
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn both_logs_agree(batches in prop::collection::vec((prop::collection::vec(any_write(), 1..12), -5..15_i64), 1..8)) {
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
    }
}
