//! Two who talk in a room and in private while strangers are about, and miss nothing.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::common::{TestClient, TestServer};

/// What a message may take, all strangers being about, on a slow machine.
const WITHIN: Duration = Duration::from_secs(10);

/// What they saw of each other.
pub(crate) struct Talk {
    pub(crate) messages: usize,
    /// How long each took until both had it, in order of length.
    pub(crate) took: Vec<Duration>,
}

impl Talk {
    pub(crate) fn percentile(&self, of_hundred: usize) -> Duration {
        self.took.get(self.took.len() * of_hundred / 100).copied().unwrap_or_default()
    }
}

struct Bystander {
    client: TestClient,
    /// The last seq of each room. Strangers may speak here too, and write to one in private.
    last: HashMap<String, u64>,
}

impl Bystander {
    /// Hears on until this message: everything before it is there, once, in order.
    async fn hears(&mut self, room: &str, text: &str) {
        loop {
            let value = self.client.hear().await.unwrap_or_else(|closed| panic!("a bystander is closed with {closed:?}"));
            let Some(seq) = value["seq"].as_u64().filter(|_| value["type"] != "ack" && value["type"] != "read") else { continue };
            let last = self.last.entry(value["room"].as_str().unwrap_or_default().to_owned()).or_default();
            assert_eq!(seq, *last + 1, "something is missing, or comes twice: {value}");
            *last = seq;
            if value["text"] == text && value["room"] == room {
                return;
            }
        }
    }

    async fn says(&mut self, request: Value) {
        self.client.send(request).await;
    }
}

/// Talks until it is told to stop.
pub(crate) async fn talk(server: &TestServer, stop: &AtomicBool) -> Talk {
    let mut two = Vec::new();
    for name in ["alice", "bob"] {
        let (client, joined) = server.join_with("general", name, "").await;
        let last = HashMap::from([("general".to_owned(), joined["seq"].as_u64().expect("a seq"))]);
        two.push(Bystander { client, last });
    }
    let mut talk = Talk { messages: 0, took: Vec::new() };
    while !stop.load(Ordering::Relaxed) {
        let (number, private) = (talk.messages, talk.messages % 3 == 2);
        let text = format!("message {number}");
        let speaker = number % 2;
        let (room, request) = if private {
            ("@alice,bob", json!({ "type": "private", "to": if speaker == 0 { "bob" } else { "alice" }, "text": text }))
        } else {
            ("general", json!({ "type": "send", "text": text, "cid": format!("m{number}") }))
        };
        let start = Instant::now();
        two[speaker].says(request).await;
        for one in &mut two {
            one.hears(room, &text).await;
        }
        let took = start.elapsed();
        assert!(took < WITHIN, "{text} took {took:?}");
        talk.took.push(took);
        talk.messages += 1;
        // As people do; and slower than the limit of rate.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    talk.took.sort_unstable();
    talk
}
