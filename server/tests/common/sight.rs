//! What one reader saw of one room: every event once, in order, none missing, or the test fails where it was told otherwise.

use serde_json::Value;

/// Types that have a seq of their own.
const LASTING: [&str; 5] = ["message", "edited", "deleted", "reacted", "topic"];

/// A reader's record of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    room: String,
    /// What was seen, in order: (seq, text or type).
    pub seen: Vec<(u64, String)>,
    /// The seq that must come next.
    pub next: u64,
}

pub fn seq(value: &Value) -> u64 {
    value["seq"].as_u64().unwrap_or_else(|| panic!("it has no seq: {value}"))
}

pub fn is_lasting(value: &Value) -> bool {
    value["type"].as_str().is_some_and(|kind| LASTING.contains(&kind))
}

impl Sight {
    /// Of somebody who has everything up to a place.
    pub fn after(room: &str, seq: u64) -> Self {
        Self { room: room.to_owned(), seen: Vec::new(), next: seq + 1 }
    }

    /// Of somebody who came into a room of messages only, with everything up to `after`.
    #[track_caller]
    pub fn joined(joined: &Value, after: u64) -> Self {
        assert_eq!(joined["type"], "joined", "{joined}");
        let room = joined["room"].as_str().expect("a room");
        if joined["recovered"] == true {
            let mut sight = Self::after(room, after);
            joined["events"].as_array().expect("events").iter().for_each(|event| sight.take(event));
            let whole = sight.next == seq(joined) + 1;
            assert!(whole || joined["more"] == true, "a resume that ends at {} of {}", sight.next - 1, joined["seq"]);
            return sight;
        }
        let messages = joined["messages"].as_array().expect("messages");
        let mut sight = Self::after(room, seq(joined) - messages.len() as u64);
        messages.iter().for_each(|message| sight.take(message));
        sight
    }

    #[track_caller]
    fn take(&mut self, event: &Value) {
        assert_eq!(seq(event), self.next, "a gap or a repeat in {}: {event}", self.room);
        let text = event["text"].as_str().or(event["type"].as_str()).unwrap_or_default();
        self.seen.push((self.next, text.to_owned()));
        self.next += 1;
    }

    /// Takes a frame, whatever it is; says whether it was about this room's log.
    #[track_caller]
    pub fn hear(&mut self, frame: &Value) -> bool {
        let here = frame["room"] == self.room.as_str();
        if here && is_lasting(frame) {
            self.take(frame);
        } else if here && frame["type"] == "events" {
            frame["events"].as_array().expect("events").iter().for_each(|event| self.take(event));
        } else {
            return false;
        }
        true
    }

    /// The last seq that was seen.
    pub fn last(&self) -> u64 {
        self.next - 1
    }
}
