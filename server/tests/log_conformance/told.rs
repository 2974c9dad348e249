//! A log under test, and the short words in which the cases are told.

use std::sync::Arc;

use chat_protocol::{ClientId, ErrorCode, Event, Recorded, RoomName, Seq, Timestamp, UserName, server::Message};
use chat_server::log::{
    Asker, Author, Draft, Events, From, Import, Log, Messages, Outcome, Page, Position, Reader, Search, Session, Who, Write,
    memory::Memory,
    sqlite::{Durability, Sqlite},
};
use tempfile::TempDir;

/// A log under test, with a clock of its own and the short words in which the cases below are told.
pub(super) struct Told {
    pub(super) log: Box<dyn Log>,
    pub(super) now: i64,
    _dir: Option<TempDir>,
}

impl Told {
    pub(super) fn memory() -> Self {
        Self { log: Box::new(Memory::new().unwrap()), now: 1000, _dir: None }
    }

    pub(super) fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = Sqlite::open(dir.path(), Durability::Normal).unwrap();
        Self { log: Box::new(log), now: 1000, _dir: Some(dir) }
    }

    pub(super) fn apply(&mut self, writes: Vec<Write>) -> Vec<Outcome> {
        self.log.apply(&writes, Timestamp(self.now)).unwrap()
    }

    pub(super) fn one(&mut self, write: Write) -> Outcome {
        let outcomes = self.apply(vec![write]);
        assert_eq!(outcomes.len(), 1);
        outcomes.into_iter().next().unwrap()
    }

    #[track_caller]
    pub(super) fn kept(&mut self, write: Write) -> Arc<Recorded> {
        match self.one(write) {
            Outcome::Kept(recorded) => recorded,
            other => panic!("not kept: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn duplicate(&mut self, write: Write) -> Arc<Recorded> {
        match self.one(write) {
            Outcome::Duplicate(recorded) => recorded,
            other => panic!("not a duplicate: {other:?}"),
        }
    }

    #[track_caller]
    pub(super) fn refused(&mut self, write: Write) -> ErrorCode {
        match self.one(write) {
            Outcome::Refused(refusal) => refusal.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(super) fn reader(&self) -> Box<dyn Reader> {
        self.log.reader().unwrap()
    }

    pub(super) fn events(&self, place: &str) -> Vec<Recorded> {
        self.reader().events(&room(place), None, Seq(0), 10_000).unwrap().events
    }

    pub(super) fn messages(&self, place: &str) -> Vec<Message> {
        self.reader().messages(&room(place), None, Page { from: From::End, limit: 10_000 }).unwrap().messages
    }

    pub(super) fn message(&self, place: &str, seq: u64) -> Message {
        self.messages(place).into_iter().find(|message| message.seq == Seq(seq)).unwrap()
    }

    pub(super) fn found(&self, query: &str, place: Option<&str>, who: Option<&Who>) -> Vec<String> {
        let search = Search { query: query.into(), room: place.map(room), before: None, limit: 100 };
        texts(&self.reader().search(&search, who).unwrap())
    }

    pub(super) fn position(&self, after: u64) -> Position {
        Position { epoch: self.log.epoch(), after: Seq(after) }
    }
}

pub(super) fn texts(messages: &Messages) -> Vec<String> {
    messages.messages.iter().map(|message| message.text.clone()).collect()
}

pub(super) fn seqs(events: &Events) -> Vec<u64> {
    events.events.iter().map(|event| event.seq.0).collect()
}

pub(super) fn room(name: &str) -> RoomName {
    RoomName::known(name).unwrap()
}

pub(super) fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

pub(super) fn author(name: &str) -> Author {
    Author(name.to_lowercase().into())
}

pub(super) fn who(name: &str, since: i64) -> Who {
    Who { name: user(name), author: author(name), since: Timestamp(since) }
}

pub(super) fn draft(place: &str, from: &str, event: Event) -> Write {
    Write::Event(Draft { room: room(place), from: user(from), author: author(from), event, asker: Asker::Nobody })
}

pub(super) fn say(place: &str, from: &str, text: &str) -> Write {
    draft(place, from, Event::Message { text: text.into(), cid: None, reply_to: None, action: false })
}

pub(super) fn say_once(place: &str, from: &str, text: &str, cid: &str) -> Write {
    let cid = ClientId::parse(cid);
    draft(place, from, Event::Message { text: text.into(), cid, reply_to: None, action: false })
}

pub(super) fn reply(place: &str, from: &str, text: &str, to: u64) -> Write {
    draft(place, from, Event::Message { text: text.into(), cid: None, reply_to: Some(Seq(to)), action: true })
}

pub(super) fn edit(place: &str, from: &str, target: u64, text: &str) -> Write {
    draft(place, from, Event::Edited { target: Seq(target), text: text.into() })
}

pub(super) fn delete(place: &str, from: &str, target: u64) -> Write {
    draft(place, from, Event::Deleted { target: Seq(target) })
}

pub(super) fn react(place: &str, from: &str, target: u64, emoji: &str, on: bool) -> Write {
    draft(place, from, Event::Reacted { target: Seq(target), emoji: emoji.into(), on })
}

pub(super) fn topic(place: &str, from: &str, text: &str) -> Write {
    draft(place, from, Event::Topic { text: text.into() })
}

pub(super) fn mark(place: &str, of: &str, seq: u64) -> Write {
    Write::Mark { author: author(of), room: room(place), seq: Seq(seq), asker: Asker::Nobody }
}

pub(super) fn import(place: &str, source: &str, messages: Vec<Message>) -> Write {
    Write::Import(Import { room: room(place), source: Author(source.into()), messages, asker: Asker::Nobody })
}

pub(super) fn prune(place: &str, upto: u64) -> Write {
    Write::Prune { room: room(place), upto: Seq(upto), asker: Asker::Nobody }
}

pub(super) fn session(number: u8, used: i64) -> Session {
    let name = user("guest");
    Session { hash: [number; 32], author: author("guest"), name, made: Timestamp(used), used: Timestamp(used) }
}
