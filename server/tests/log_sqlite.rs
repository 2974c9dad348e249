//! What only the log on disk does: it outlives the process, keeps others out, and survives a full disk.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use chat_protocol::{ClientId, Event, RoomName, Seq, Timestamp, UserName};
use chat_server::log::{
    Asker, Author, Draft, From, Log, LogError, Messages, Outcome, Page, Search, Session, Who, Write,
    sqlite::{Durability, OpenError, Sqlite},
};
use rusqlite::Connection;

const NOW: Timestamp = Timestamp(1_000_000);

fn open(dir: &Path) -> Sqlite {
    Sqlite::open(dir, Durability::Full).unwrap()
}

fn room(name: &str) -> RoomName {
    RoomName::known(name).unwrap()
}

fn alice() -> (UserName, Author) {
    (UserName::parse("alice").unwrap(), Author("alice".into()))
}

fn write(place: &str, event: Event) -> Write {
    let (from, author) = alice();
    Write::Event(Draft { room: room(place), from, author, event, asker: Asker::Nobody })
}

fn say(place: &str, text: &str, cid: Option<&str>) -> Write {
    let cid = cid.and_then(ClientId::parse);
    write(place, Event::Message { text: text.into(), cid, reply_to: None, action: false })
}

fn apply(log: &mut Sqlite, writes: Vec<Write>) -> Vec<Outcome> {
    log.apply(&writes, NOW).unwrap()
}

fn messages(log: &Sqlite, place: &str) -> Messages {
    log.reader().unwrap().messages(&room(place), None, Page { from: From::End, limit: 100_000 }).unwrap()
}

fn kept(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::Kept(recorded) => Some(recorded.seq.0),
        _ => None,
    }
}

/// Changes a closed store behind its back.
fn tamper(dir: &Path, sql: &str) {
    Connection::open(dir.join("chat.db")).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_restart_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let (name, author) = alice();
    let who = Who { name: name.clone(), author: author.clone(), since: Timestamp(0) };
    let session = Session { hash: [7; 32], author: author.clone(), name, made: NOW, used: NOW };
    let told = |log: &Sqlite| {
        let mut reader = log.reader().unwrap();
        let search = Search { query: "words".into(), room: None, before: None, limit: 9 };
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            log.epoch(),
            reader.snapshot(&room("general"), Some(&who), None).unwrap(),
            reader.events(&room("general"), None, Seq(0), 99).unwrap(),
            reader.search(&search, Some(&who)).unwrap(),
            reader.private(&who, 9).unwrap(),
            reader.session(&[7; 32], NOW).unwrap(),
        )
    };
    let before = {
        let mut log = open(dir.path());
        let target = Seq(1);
        let writes = vec![
            say("general", "some words", Some("k")),
            write("general", Event::Edited { target, text: "other words".into() }),
            write("general", Event::Reacted { target, emoji: "x".into(), on: true }),
            write("general", Event::Topic { text: "topic".into() }),
            say("@alice,bob", "words for two", None),
            Write::Mark { author, room: room("general"), seq: Seq(2), asker: Asker::Nobody },
            Write::Session(session),
        ];
        apply(&mut log, writes);
        let before = told(&log);
        assert!(before.contains("other words") && before.contains("words for two"), "{before}");
        log.close();
        before
    };
    let mut log = open(dir.path());
    assert_eq!(told(&log), before);
    assert!(
        matches!(&apply(&mut log, vec![say("General", "again", Some("k"))])[0], Outcome::Duplicate(there) if there.seq == Seq(1))
    );
    assert_eq!(kept(&apply(&mut log, vec![say("General", "more", None)])[0]), Some(5));
    let other = tempfile::tempdir().unwrap();
    assert_ne!(open(other.path()).epoch(), log.epoch());
    assert_eq!(log.epoch().0.len(), 16);
}

#[test]
fn a_store_has_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    let refused = Sqlite::open(dir.path(), Durability::Full).err().unwrap();
    assert!(matches!(&refused, OpenError::InUse(path) if path == dir.path()));
    assert!(refused.to_string().contains(&dir.path().display().to_string()), "{refused}");
    drop(first);
    open(dir.path());
}

#[test]
fn only_its_owner_may_read_a_store() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("made/for/it");
    let mut log = open(&dir);
    apply(&mut log, vec![say("general", "hi", None)]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for file in ["chat.db", "chat.db-wal", "chat.db-shm", "chat.lock"] {
        assert_eq!(mode(&dir.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_newer_servers_store_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    tamper(dir.path(), "PRAGMA user_version = 99");
    let before = fs::read(dir.path().join("chat.db")).unwrap();
    let refused = Sqlite::open(dir.path(), Durability::Full).err().unwrap();
    assert!(matches!(refused, OpenError::TooNew { found: 99, .. }), "{refused}");
    assert_eq!(fs::read(dir.path().join("chat.db")).unwrap(), before);
}

#[test]
fn what_is_not_a_chat_servers_file_is_left_alone() {
    let check = |make: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        make(dir.path());
        let before = fs::read(dir.path().join("chat.db")).unwrap();
        let refused = Sqlite::open(dir.path(), Durability::Full).err().unwrap();
        assert!(matches!(refused, OpenError::Unreadable { .. }), "{refused}");
        assert_eq!(fs::read(dir.path().join("chat.db")).unwrap(), before);
    };
    check(&|dir| fs::write(dir.join("chat.db"), "not a database at all, but long enough ".repeat(200)).unwrap());
    check(&|dir| tamper(dir, "CREATE TABLE somebody_elses (x)"));
    check(&|dir| tamper(dir, "PRAGMA application_id = 7; PRAGMA user_version = 1"));
    check(&|dir| {
        drop(open(dir));
        let mut bytes = fs::read(dir.join("chat.db")).unwrap();
        bytes[0] = b'X';
        fs::write(dir.join("chat.db"), bytes).unwrap();
    });
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("chat.db")).unwrap();
    Sqlite::open(dir.path(), Durability::Full).err().unwrap();
    let file = dir.path().join("chat.db/file");
    fs::write(&file, "").unwrap();
    assert!(matches!(Sqlite::open(&file, Durability::Full).err().unwrap(), OpenError::Directory { .. }));
}

#[test]
fn an_unfinished_first_start_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("chat.db"), "").unwrap();
    let log = open(dir.path());
    let epoch = log.epoch();
    drop(log);
    assert_eq!(open(dir.path()).epoch(), epoch);
    // The first thing written is the journal's mode: a start that ended there left a file without tables.
    let dir = tempfile::tempdir().unwrap();
    tamper(dir.path(), "PRAGMA journal_mode = WAL");
    assert!(fs::metadata(dir.path().join("chat.db")).unwrap().len() > 0);
    open(dir.path());
}

#[test]
fn the_settings_are_those_of_the_promise() {
    let dir = tempfile::tempdir().unwrap();
    for (durability, synchronous) in [(Durability::Full, 2), (Durability::Normal, 1)] {
        let log = Sqlite::open(dir.path(), durability).unwrap();
        let settings = log.settings().unwrap();
        assert_eq!(settings, format!("wal synchronous={synchronous} secure_delete=1"));
    }
}

#[test]
fn a_full_disk_takes_nothing_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    apply(&mut log, vec![say("general", "before", Some("k0"))]);
    log.limit_pages(1).unwrap();
    let big = "x ".repeat(8000);
    let batch = |n: u64| {
        vec![
            say("new", "in a new room", None),
            say("general", &format!("{n} {big}"), Some(&format!("b{n}"))),
            write("general", Event::Topic { text: format!("{n}") }),
        ]
    };
    let mut batches = 0;
    let error = loop {
        // Pages that are there already may still take a few.
        match log.apply(&batch(batches), NOW) {
            Ok(_) => batches += 1,
            Err(error) => break error,
        }
        assert!(batches < 100);
    };
    assert!(matches!(&error, LogError::Unavailable(words) if words.contains("full")), "{error}");
    // Nothing of it is there, and reads go on.
    assert_eq!(messages(&log, "new").messages.len() as u64, batches);
    assert_eq!(messages(&log, "general").messages.len() as u64, batches + 1);
    for _ in 0..3 {
        assert!(matches!(log.apply(&batch(batches), NOW), Err(LogError::Unavailable(_))));
    }
    // What was remembered of the batch that never was is forgotten: with room again, the numbers go on where they were.
    log.limit_pages(1_000_000).unwrap();
    let outcomes = apply(&mut log, batch(batches));
    assert_eq!(outcomes.iter().map(kept).collect::<Vec<_>>(), [Some(batches + 1), Some(2 * batches + 2), Some(2 * batches + 3)]);
    assert_eq!(messages(&log, "new").messages.len() as u64, batches + 1);
    assert_eq!(log.reader().unwrap().verify(&mut |_| true).unwrap(), Some(vec![]));
}

#[test]
fn a_rollback_forgets_new_rooms_and_authors() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    apply(&mut log, vec![say("general", "before", None)]);
    log.limit_pages(1).unwrap();
    let (from, _) = alice();
    let by = |author: &str, text: &str| {
        let event = Event::Message { text: text.into(), cid: ClientId::parse("k"), reply_to: None, action: false };
        let (room, author) = (room("new"), Author(author.into()));
        Write::Event(Draft { room, from: from.clone(), author, event, asker: Asker::Nobody })
    };
    log.apply(&[by("first", "one"), by("second", &"x".repeat(1_000_000))], NOW).unwrap_err();
    log.limit_pages(1_000_000).unwrap();
    // In the other order, so that a number remembered from the first time would be somebody else's now.
    let outcomes =
        apply(&mut log, vec![say("another", "hi", None), by("second", "two"), by("first", "one"), by("second", "two")]);
    assert_eq!(outcomes.iter().map(kept).collect::<Vec<_>>(), [Some(1), Some(1), Some(2), None]);
    let rooms = log.reader().unwrap().rooms(None, 9).unwrap();
    assert_eq!(
        rooms.iter().map(|room| (room.name.shown(), room.seq.0)).collect::<Vec<_>>(),
        [("new", 2), ("another", 1), ("general", 1)]
    );
    drop(log);
    let mut log = open(dir.path());
    assert!(matches!(apply(&mut log, vec![by("first", "one")])[0], Outcome::Duplicate(_)));
}

#[test]
fn deleted_words_are_gone_from_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    for n in 0..200 {
        apply(&mut log, vec![say("general", &format!("filler number{n}"), None)]);
    }
    let target = Seq(201);
    // Long enough for pages of its own, which a deletion gives back.
    apply(&mut log, vec![say("general", &"xylophone ".repeat(1_000), None)]);
    apply(&mut log, vec![write("general", Event::Edited { target, text: "zanzibar".into() })]);
    for n in 0..200 {
        apply(&mut log, vec![say("general", &format!("filler number{n}"), None)]);
    }
    apply(&mut log, vec![write("general", Event::Deleted { target })]);
    log.close();
    drop(log);
    let file = fs::read(dir.path().join("chat.db")).unwrap();
    // Parts of words too, because the index leaves out what a word shares with the one before it.
    for word in ["xylophone", "zanzibar", "ylopho", "anziba"] {
        assert!(!file.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}

#[test]
fn a_pruned_text_is_in_the_file_no_more_and_the_file_does_not_grow_for_what_comes() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    apply(&mut log, vec![say("general", "xylophone", None), say("general", "plain", None)]);
    apply(&mut log, vec![write("general", Event::Edited { target: Seq(2), text: "zanzibar".into() })]);
    for n in 0..400 {
        apply(&mut log, vec![say("general", &format!("filler number{n} {}", "x".repeat(400)), None)]);
    }
    apply(&mut log, vec![write("general", Event::Edited { target: Seq(1), text: "quagmire".into() })]);
    let bytes = |log: &mut Sqlite| {
        log.close();
        fs::read(dir.path().join("chat.db")).unwrap()
    };
    let before = bytes(&mut log).len();
    for _ in 0..20 {
        apply(&mut log, vec![Write::Prune { room: room("general"), upto: Seq(403), asker: Asker::Nobody }]);
    }
    let file = bytes(&mut log);
    for word in ["xylophone", "zanzibar", "quagmire", "ylopho", "anziba", "uagmir", "filler"] {
        assert!(!file.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
    for n in 0..300 {
        apply(&mut log, vec![say("general", &format!("another number{n} {}", "x".repeat(400)), None)]);
    }
    assert!(bytes(&mut log).len() <= before, "its room is used again");
    assert_eq!(log.reader().unwrap().verify(&mut |_| true).unwrap(), Some(vec![]));
}

#[test]
fn damage_is_found_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    apply(&mut log, (0..50).map(|n| say("general", &format!("{n}"), None)).collect());
    drop(log);
    let found = |sql: &str| {
        tamper(dir.path(), sql);
        open(dir.path()).reader().unwrap().verify(&mut |_| true).unwrap().unwrap()
    };
    // Pruned is no damage, and the numbers go on; what is missing is, at the beginning too, and what was left behind.
    let pruned = "DELETE FROM messages WHERE id & 0xffff < 5; UPDATE rooms SET horizon = 4, messages = messages - 4";
    assert_eq!(found(pruned), Vec::<String>::new());
    for (sql, expected) in [
        ("UPDATE rooms SET messages = 45", "there are 46 messages, and it counts 45"),
        ("UPDATE rooms SET horizon = 5, messages = 46", "up to 5, which were pruned, there are 1"),
        ("UPDATE rooms SET horizon = 4; DELETE FROM messages WHERE id & 0xffff = 20", "events 5 to 50 there are 45"),
    ] {
        let words = found(sql).join("; ");
        assert!(words.contains("general") && words.contains(expected), "{words:?}");
    }
}

#[test]
fn a_pruned_message_stays_sent_and_a_pruned_gap_is_not_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    apply(&mut log, (1..=9).map(|n| say("general", &format!("{n}"), Some(&format!("k{n}")))).collect());
    apply(&mut log, vec![Write::Prune { room: room("general"), upto: Seq(3), asker: Asker::Nobody }]);
    drop(log);
    let mut log = open(dir.path());
    assert!(
        matches!(&apply(&mut log, vec![say("general", "2", Some("k2"))])[0], Outcome::Duplicate(there) if there.seq == Seq(2))
    );
    let mut reader = log.reader().unwrap();
    for (after, whole) in [(0, false), (2, false), (3, true), (9, true)] {
        let position = chat_server::log::Position { epoch: log.epoch(), after: Seq(after) };
        let snapshot = reader.snapshot(&room("general"), None, Some(&position)).unwrap();
        assert_eq!(matches!(snapshot.filled, chat_server::log::Filled::Events(_)), whole, "{after}");
    }
}

#[test]
fn a_common_word_finds_the_newest_of_all_rooms() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Sqlite::open(dir.path(), Durability::Normal).unwrap();
    // More than are ever sorted together, so that the rooms are gone through one by one.
    let mut now = 0;
    for (place, many) in [("old", 3000), ("busy", 3000), ("@bob,eve", 10), ("quiet", 1), ("old", 1), ("@alice,bob", 1)] {
        for _ in 0..many {
            now += 1;
            log.apply(&[say(place, &format!("common {now}"), None)], Timestamp(now)).unwrap();
        }
    }
    let (name, author) = alice();
    let who = Who { name, author, since: Timestamp(0) };
    let search = Search { query: "common".into(), room: None, before: None, limit: 5 };
    let found = log.reader().unwrap().search(&search, Some(&who)).unwrap();
    let texts: Vec<_> = found.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(
        (texts.as_slice(), found.more),
        (["common 6013", "common 6012", "common 6011", "common 6000", "common 5999"].as_slice(), true)
    );
}
