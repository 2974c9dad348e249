//! The log cannot write: whoever says something is told so, nobody sees what was not kept, reading goes on, and writing resumes
//! by itself.
//!
//! Two stages: the real binary whose files may not grow, and the keeper with a log that fails when it is told to.

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chat_protocol::{Epoch, ErrorCode, Event, RoomName, Timestamp, UserName};
use chat_server::{
    log::{Asker, Author, Draft, Keeper, Log, LogError, Outcome, Reader, Write, memory::Memory},
    metrics::Metrics,
    realm::Realm,
};
use common::{PATIENCE, program::Program, sight::Sight};
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, watch},
    time::{Duration, Instant, sleep, timeout},
};

/// Waits until `/readyz` says so.
async fn ready(program: &Program, status: u16) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let reply = program.get("/readyz").await;
        if reply.status == status {
            return reply.body;
        }
        assert!(Instant::now() < deadline, "it stays {reply:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn cake(cid: &str) -> Value {
    json!({ "type": "send", "text": "is there cake?", "cid": cid })
}

#[tokio::test]
async fn while_the_disk_is_full_nothing_is_lost_shown_or_pretended_and_then_it_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(&["--data-dir", dir.path().to_str().unwrap()]).await;
    let mut alice = program.join("tea", "alice").await;
    let mut bob = program.join("tea", "bob").await;
    alice.ask(cake("before")).await;
    let mut sight = Sight::after("tea", 0);
    assert!(sight.hear(&bob.expect("message").await));

    program.disk_is_full(true);
    for kind in [
        cake("during"),
        json!({ "type": "edit", "seq": 1, "text": "no cake" }),
        json!({ "type": "react", "seq": 1, "emoji": "🎂", "on": true }),
        json!({ "type": "topic", "text": "no cake" }),
        json!({ "type": "private", "to": "bob", "text": "psst" }),
    ] {
        let answer = alice.ask(kind.clone()).await;
        assert_eq!((&answer["type"], &answer["code"]), (&json!("error"), &json!("unavailable")), "{kind}: {answer}");
    }
    assert!(ready(&program, 503).await.contains("takes no writes"));
    assert_eq!(program.get("/healthz").await.status, 200, "it lives");
    assert_eq!(program.metric("chat_log_writable").await, 0.0);
    let headers = [("content-type", "application/json")];
    let posted = program.http("POST", "/api/rooms/tea/messages", &headers, r#"{"text":"hi"}"#).await;
    assert_eq!((posted.status, posted.json()["error"]["code"].clone()), (503, json!("unavailable")));
    assert!(posted.header("retry-after").is_some(), "{posted:?}");
    // Reading goes on, for those who are here and for those who come.
    let history = bob.ask(json!({ "type": "history" })).await;
    assert_eq!(history["messages"].as_array().expect("messages").len(), 1);
    assert_eq!(history["messages"][0]["text"], "is there cake?", "{history}");
    let query = format!("after=0&epoch={}", bob.epoch());
    let (mut carol, joined) = program.join_with("tea", "carol", &query).await;
    assert_eq!((Sight::joined(&joined, 0).last(), &joined["topic"]), (1, &json!("")));
    assert_eq!(program.get("/api/rooms/tea/messages").await.status, 200);
    // Signals do not need the log.
    alice.send(json!({ "type": "typing", "active": true })).await;
    assert_eq!(bob.expect("typing").await["user"], "alice");

    program.disk_is_full(false);
    ready(&program, 200).await;
    // What was refused is not there; sent again it is new.
    let ack = alice.ask(cake("during")).await;
    assert_eq!((&ack["seq"], &ack["duplicate"]), (&json!(2), &Value::Null), "{ack}");
    let said = carol.expect("message").await;
    assert_eq!((&said["seq"], &said["cid"]), (&json!(2), &json!("during")));
    let heard = bob.find(common::sight::is_lasting).await;
    assert!(sight.hear(&heard) && sight.last() == 2, "something else was shown: {heard}");
    assert_eq!(program.metric("chat_log_writable").await, 1.0);
    drop((alice, bob, carol));
    assert_eq!(program.terminate().await.status.code(), Some(0));
}

#[tokio::test]
async fn who_came_during_an_outage_is_the_same_author_afterwards() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(&["--data-dir", dir.path().to_str().unwrap()]).await;
    let mut alice = program.join("tea", "alice").await;
    program.disk_is_full(true);
    assert_eq!(alice.ask(cake("x")).await["code"], "unavailable");
    let carol = program.join("tea", "carol").await;
    let session = format!("session={}", carol.session());
    carol.cut();
    // She may come again while it lasts, and nobody else by her name.
    let (mut carol, _) = program.join_with("tea", "carol", &session).await;
    program.open("/ws/chat/tea/carol").await.closed_with(chat_protocol::CloseCode::NameTaken).await;
    program.disk_is_full(false);
    ready(&program, 200).await;
    let kept = carol.ask(cake("c")).await;
    assert_eq!(kept["type"], "ack", "{kept}");
    carol.cut();
    program.kill().await;
    let program = Program::start(&["--data-dir", dir.path().to_str().unwrap()]).await;
    let (mut carol, _) = program.join_with("tea", "carol", &session).await;
    let again = carol.ask(cake("c")).await;
    assert_eq!((&again["duplicate"], &again["seq"]), (&json!(true), &kept["seq"]), "{again}");
}

/// A log that keeps nothing while it is told to fail.
struct Failing {
    log: Memory,
    fails: Arc<AtomicBool>,
}

impl Log for Failing {
    fn epoch(&self) -> Epoch {
        self.log.epoch()
    }

    fn realm(&self) -> watch::Receiver<Arc<Realm>> {
        self.log.realm()
    }

    fn apply(&mut self, writes: &[Write], now: Timestamp) -> Result<Vec<Outcome>, LogError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(LogError::Unavailable("as it was told".into()));
        }
        self.log.apply(writes, now)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, LogError> {
        self.log.reader()
    }
}

fn draft(text: &str) -> Draft {
    Draft {
        room: RoomName::parse("tea").expect("a name"),
        from: UserName::parse("alice").expect("a name"),
        author: Author("guest:a".into()),
        event: Event::Message { text: text.into(), cid: None, reply_to: None, action: false },
        asker: Asker::Nobody,
    }
}

#[tokio::test]
async fn the_keeper_refuses_what_the_log_does_not_keep_and_tries_again_by_itself() {
    let fails = Arc::new(AtomicBool::new(false));
    let log = Failing { log: Memory::new().unwrap(), fails: Arc::clone(&fails) };
    let (tell, mut told) = mpsc::channel(100);
    let tail = move |committed: Vec<(Write, Outcome)>| {
        for (write, outcome) in committed {
            // What waits over HTTP is answered by the tail, as the fan-out does it.
            let Write::Event(draft) = write else { continue };
            if let Asker::Waiting(asker) = draft.asker {
                let _ = asker.send(outcome.clone());
            }
            tell.blocking_send(outcome).unwrap();
        }
    };
    let keeper = Keeper::start(log, Arc::new(Metrics::default()), tail).unwrap();
    assert!(matches!(keeper.settle(draft("one")).await, Outcome::Kept(kept) if kept.seq.0 == 1));
    fails.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let outcome = keeper.settle(draft("lost")).await;
        assert!(matches!(&outcome, Outcome::Refused(refusal) if refusal.code == ErrorCode::Unavailable), "{outcome:?}");
    }
    assert!(!keeper.is_writable());
    let page = keeper
        .read(|reader| reader.events(&RoomName::parse("tea").unwrap(), None, chat_protocol::Seq(0), 10))
        .await
        .expect("reading goes on");
    assert_eq!(page.events.len(), 1);
    fails.store(false, Ordering::Relaxed);
    let resumed = async {
        while !keeper.is_writable() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, resumed).await.expect("it resumes without anybody writing");
    assert!(matches!(keeper.settle(draft("two")).await, Outcome::Kept(kept) if kept.seq.0 == 2));
    let _ = keeper.finish().await.await;
    assert_eq!(keeper.settle(draft("late")).await, Outcome::Refused(chat_server::log::keeper::unavailable()));
    let outcomes: Vec<_> = std::iter::from_fn(|| told.try_recv().ok()).collect();
    let kept: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Kept(kept) => Some(kept.seq.0),
            _ => None,
        })
        .collect();
    assert_eq!(kept, [1, 2], "nothing else was ever told as kept");
}
