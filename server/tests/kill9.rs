//! Ack means kept: the process is killed again and again while people talk, and everything acknowledged is there, once, in its
//! place. `KILL_ROUNDS` says how often; twenty unless told otherwise.

mod common;

use std::{cell::Cell, collections::HashMap};

use common::{
    TestClient,
    program::Program,
    sight::{Sight, seq},
};
use futures::future::join_all;
use serde_json::{Value, json};

const TALKERS: usize = 4;
/// Messages that a talker has in flight.
const WINDOW: usize = 8;

fn random(below: u64) -> u64 {
    getrandom::u64().expect("randomness") % below
}

/// Somebody who sends until it is acknowledged, whatever happens to the server.
struct Talker {
    name: String,
    session: Option<String>,
    said: usize,
    /// Sent, and not yet known to be kept; in order.
    pending: Vec<String>,
    acked: Vec<(u64, String)>,
}

impl Talker {
    async fn connect(&mut self, program: &Program) -> Option<TestClient> {
        let session = self.session.as_ref().map(|session| format!("session={session}")).unwrap_or_default();
        let path = format!("/ws/chat/tea/{}?{session}", self.name);
        let mut client = program.try_open(&path, &[]).await.ok()?;
        let welcome = client.hear().await.ok()?;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        self.session = Some(welcome["session"].as_str().expect("a session").to_owned());
        Some(client)
    }

    async fn send(client: &mut TestClient, cid: &str) -> bool {
        client.try_send(&json!({ "type": "send", "text": cid, "cid": cid })).await
    }

    fn hear(&mut self, frame: &Value) -> bool {
        if frame["type"] != "ack" {
            return false;
        }
        let cid = frame["cid"].as_str().expect("a cid");
        let place = self.pending.iter().position(|pending| pending == cid).expect("it was pending");
        assert_eq!(place, 0, "answers come in the order of the questions");
        self.acked.push((seq(frame), self.pending.remove(place)));
        true
    }

    /// Talks until the server is gone. `budget` is what all may still be told; who uses it up has the server killed.
    async fn talk(&mut self, program: &Program, budget: &Cell<u64>, spent: &tokio::sync::Notify) {
        let Some(mut client) = self.connect(program).await else { return };
        for cid in self.pending.clone() {
            if !Self::send(&mut client, &cid).await {
                return;
            }
        }
        loop {
            while self.pending.len() < WINDOW {
                let cid = format!("{}-{}", self.name, self.said);
                self.said += 1;
                self.pending.push(cid.clone());
                if !Self::send(&mut client, &cid).await {
                    return;
                }
            }
            let Ok(frame) = client.hear().await else { return };
            if self.hear(&frame) {
                budget.set(budget.get().saturating_sub(1));
                if budget.get() == 0 {
                    spent.notify_one();
                }
            }
        }
    }

    /// Sends what is left, and stops.
    async fn finish(&mut self, program: &Program) {
        let mut client = self.connect(program).await.expect("it is there again");
        for cid in self.pending.clone() {
            assert!(Self::send(&mut client, &cid).await);
        }
        while !self.pending.is_empty() {
            let frame = client.hear().await.expect("nobody kills it now");
            self.hear(&frame);
        }
        client.close().await;
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_being_killed_and_is_there_once() {
    let rounds: usize = std::env::var("KILL_ROUNDS").ok().map_or(20, |rounds| rounds.parse().expect("a number"));
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["--data-dir", dir.path().to_str().expect("a plain path")];
    let talker =
        |number| Talker { name: format!("talker{number}"), session: None, said: 0, pending: Vec::new(), acked: Vec::new() };
    let mut talkers: Vec<_> = (0..TALKERS).map(talker).collect();
    for _ in 0..rounds {
        let program = Program::start(&arguments).await;
        // At any moment: before anybody is in, in the middle of the first batch, after hundreds.
        let (budget, spent) = (Cell::new([0, 1, random(20), random(400)][random(4) as usize]), tokio::sync::Notify::new());
        if budget.get() == 0 {
            spent.notify_one();
        }
        let killer = async {
            spent.notified().await;
            program.signal(rustix::process::Signal::KILL);
        };
        let talking = join_all(talkers.iter_mut().map(|talker| talker.talk(&program, &budget, &spent)));
        futures::future::join(killer, talking).await;
        assert_eq!(program.ended().await.status.code(), None, "it was killed");
    }
    let program = Program::start(&arguments).await;
    for talker in &mut talkers {
        talker.finish(&program).await;
    }
    let probe = program.join("tea", "probe").await;
    let (mut reader, joined) = program.join_with("tea", "reader", &format!("after=0&epoch={}", probe.epoch())).await;
    let mut sight = Sight::joined(&joined, 0);
    while sight.last() < seq(&joined) {
        sight.hear(&reader.hear().await.expect("open"));
    }
    let mut places = HashMap::new();
    for (seq, cid) in &sight.seen {
        assert_eq!(places.insert(cid.clone(), *seq), None, "{cid} is there twice");
    }
    for talker in &talkers {
        assert_eq!(talker.acked.len(), talker.said);
        for (number, (seq, cid)) in talker.acked.iter().enumerate() {
            assert_eq!(*cid, format!("{}-{number}", talker.name), "in the order in which it was said");
            assert_eq!(places.get(cid), Some(seq), "{cid} was acknowledged with another place");
        }
        assert!(talker.acked.is_sorted(), "what one says keeps its order over any number of ends");
    }
    let said: usize = talkers.iter().map(|talker| talker.said).sum();
    assert_eq!(sight.seen.len(), said, "nothing is there that nobody said");
    drop((probe, reader));
    assert_eq!(program.terminate().await.status.code(), Some(0));
}
