//! Stories: what happens, in the words of the wire and of the keyboard → what is known and what is asked for.

mod connection;
mod crossing;
mod people;
mod reading;
mod saying;
mod unlucky;

use std::time::Duration;

use chat_protocol::{ClientMessage, RoomName, ServerFrame, Timestamp, UserName};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::update;
use crate::{
    config::Settings,
    effect::{Effect, Ending, Told},
    keys::Chord,
    model::{Entry, Link, Model, Now, Rooms, Seen},
    msg::{LinkEvent, Msg},
};

/// A client, the things that it asked for, and the time.
struct Story {
    model: Model,
    effects: Vec<Effect>,
}

impl Story {
    /// alice in general, before anything happened.
    fn new() -> Self {
        let user = UserName::parse("alice").unwrap();
        let rooms = Rooms::new(RoomName::parse("general").unwrap(), []);
        let model = Model::new(user, rooms, Settings::default(), TimeZone::UTC, 1);
        let mut story = Self { model, effects: Vec::new() };
        story.happens(Msg::Tick(Now { since: Duration::from_secs(10), wall: Timestamp(1_795_000_000_000) }));
        story.happens(Msg::Started);
        story
    }

    /// Welcomed, in general, which holds three messages that were read.
    fn online() -> Self {
        let mut story = Self::new();
        story.welcome();
        story.hears(joined(
            "general",
            3,
            &[said("general", 1, "bob", "one"), said("general", 2, "carol", "two"), said("general", 3, "bob", "three")],
        ));
        story.takes();
        story
    }

    fn welcome(&mut self) {
        self.happens(Msg::Link(LinkEvent::Trying { attempt: 1 }));
        self.hears(
            json!({"type":"welcome","protocol":1,"server":"s","user":"alice","guest":true,"session":"secret","epoch":"e1",
            "limits":{"text_bytes":100,"frame_bytes":65536,"history":200},"ping_seconds":20,"typing_seconds":3}),
        );
    }

    fn happens(&mut self, msg: Msg) {
        let effects = update(&mut self.model, msg);
        self.effects.extend(effects);
    }

    fn hears(&mut self, frame: Value) {
        let frame = ServerFrame::decode(&frame.to_string()).unwrap_or_else(|error| panic!("{frame}: {error}"));
        self.happens(Msg::Link(LinkEvent::Frame(Box::new(frame))));
    }

    /// An answer to what was asked last in this way.
    fn answers(&mut self, kind: &str, mut frame: Value) {
        let asked = self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Ask(request) if request.encode().contains(&format!("\"type\":\"{kind}\"")) => request.reference.clone(),
            _ => None,
        });
        frame["ref"] = json!(asked.unwrap_or_else(|| panic!("no {kind} was asked: {:?}", self.effects)));
        self.hears(frame);
    }

    fn lost(&mut self) {
        self.happens(Msg::Link(LinkEvent::Lost { reason: "broken".into(), come_back: Some(Duration::ZERO) }));
    }

    fn line(&mut self, text: &str) {
        self.happens(Msg::Line { text: text.into(), typed: true });
    }

    fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            self.happens(Msg::Key(Chord::parse(key).unwrap()));
        }
    }

    fn passes(&mut self, seconds: u64) {
        let Now { since, wall } = self.model.now;
        let wall = Timestamp(wall.0 + seconds as i64 * 1000);
        self.happens(Msg::Tick(Now { since: since + Duration::from_secs(seconds), wall }));
    }

    /// A frame was drawn that shows all of it, or everything from there.
    fn drawn(&mut self, seen: Seen) {
        self.happens(Msg::Drawn(seen));
    }

    /// What was asked for since this was asked last.
    fn takes(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The requests among it, as JSON without their refs.
    fn asked(&mut self) -> Vec<Value> {
        let requests = self.takes().into_iter().filter_map(|effect| match effect {
            Effect::Ask(request) => Some(request.message),
            _ => None,
        });
        requests.map(|message: ClientMessage| serde_json::to_value(message).unwrap()).collect()
    }

    /// What the pane holds, a line each.
    fn pane(&self) -> Vec<String> {
        let room = self.model.room();
        let line = |entry: &Entry| match entry {
            Entry::Message(message) if message.deleted => format!("{} (deleted)", message.from),
            Entry::Message(message) => format!("{}: {}", message.from, message.text),
            Entry::Topic { text, .. } => format!("topic {text}"),
            Entry::Presence { came, went, passed, .. } => format!("+{came:?} -{went:?} ~{passed:?}").replace('"', ""),
            Entry::Notice { text, .. } => format!(". {text}"),
            Entry::Fault { text, .. } => format!("! {text}"),
        };
        let held = room.shown().iter().map(|(_, entry)| line(entry));
        let waiting = self.model.outbox.of(&room.name).map(|pending| format!("{:?} {}", pending.state, pending.text));
        held.chain(waiting).collect()
    }

    fn counts(&self, room: &str) -> (usize, usize) {
        let room = self.model.rooms.find(&RoomName::known(room).unwrap()).unwrap();
        (room.unread, room.mentions)
    }
}

fn said(room: &str, seq: u64, from: &str, text: &str) -> Value {
    json!({"type":"message","room":room,"seq":seq,"from":from,"text":text,"at":"2026-11-20T09:30:00.000Z"})
}

fn joined(room: &str, seq: u64, messages: &[Value]) -> Value {
    json!({"type":"joined","room":room,"seq":seq,"topic":"","users":[{"name":"alice"},{"name":"bob"}],"read":seq,
        "recovered":false,"more":false,"messages":messages})
}

fn resumed(room: &str, seq: u64, events: &[Value]) -> Value {
    json!({"type":"joined","room":room,"seq":seq,"topic":"","users":[{"name":"alice"},{"name":"bob"}],"read":0,
        "recovered":true,"more":false,"events":events})
}

fn ack(room: &str, seq: u64, cid: &str) -> Value {
    json!({"type":"ack","room":room,"seq":seq,"at":"2026-11-20T09:31:00.000Z","cid":cid,"ref":cid})
}

fn told(effects: &[Effect]) -> Vec<&Told> {
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Tell(told) => Some(told),
        _ => None,
    });
    told.collect()
}
