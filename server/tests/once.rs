//! Once: what is sent again after a lost connection appears once, however late, and its sender learns the place it has.

mod common;

use common::{TestClient, TestServer, config_in, sight::seq};
use serde_json::{Value, json};

fn cake(cid: &str) -> Value {
    json!({ "type": "send", "text": "is there cake?", "cid": cid })
}

/// Everything that the room holds, as (seq, cid).
async fn kept(client: &mut TestClient, room: &str) -> Vec<(u64, String)> {
    let page = client.ask(json!({ "type": "history", "room": room, "limit": 200 })).await;
    let messages = page["messages"].as_array().expect("messages").iter();
    messages.map(|message| (seq(message), message["cid"].as_str().unwrap_or_default().to_owned())).collect()
}

/// The same again, and the answer that it must get.
#[track_caller]
fn is_duplicate_of(again: &Value, first: &Value) {
    assert_eq!((&again["type"], &again["duplicate"]), (&json!("ack"), &json!(true)), "{again}");
    for field in ["seq", "at", "cid", "room"] {
        assert_eq!(again[field], first[field], "{field}: {again}");
    }
}

#[tokio::test]
async fn what_is_sent_again_after_a_cut_appears_once() {
    let server = TestServer::start().await;
    let mut watcher = server.join("tea", "watcher").await;
    let mut alice = server.join("tea", "alice").await;
    let first = alice.ask(cake("c1")).await;
    assert_eq!(first["duplicate"], Value::Null);
    let session = alice.session().to_owned();
    alice.cut();
    let (mut alice, _) = server.join_with("tea", "alice", &format!("session={session}")).await;
    assert_eq!(alice.session(), session, "it is the same session");
    is_duplicate_of(&alice.ask(cake("c1")).await, &first);
    is_duplicate_of(&alice.ask(cake("c1")).await, &first);
    let second = alice.ask(cake("c2")).await;
    assert_eq!(seq(&second), 2, "a duplicate takes no place");
    assert_eq!(watcher.messages(2).await.len(), 2);
    let more = watcher.quiet().await;
    assert!(!more.iter().any(|frame| frame.contains("\"message\"")), "a duplicate was seen: {more:?}");
    assert_eq!(kept(&mut watcher, "tea").await, [(1, "c1".into()), (2, "c2".into())]);
}

#[tokio::test]
async fn a_flight_of_repeats_in_one_breath_is_kept_once_each() {
    let server = TestServer::start().await;
    let mut watcher = server.join("tea", "watcher").await;
    let mut alice = server.join("tea", "alice").await;
    let (mut other, _) = server.join_with("tea", "alice", &format!("session={}", alice.session())).await;
    // From two connections of one user, on two shards, in the same batches.
    for _ in 0..5 {
        for cid in ["a", "b", "c"] {
            alice.send(cake(cid)).await;
            other.send(cake(cid)).await;
        }
    }
    let mut fresh = 0;
    let mut places = std::collections::BTreeMap::new();
    for client in [&mut alice, &mut other] {
        for _ in 0..15 {
            let ack = client.expect("ack").await;
            fresh += usize::from(ack["duplicate"] != true);
            let place = places.entry(ack["cid"].as_str().unwrap().to_owned()).or_insert(seq(&ack));
            assert_eq!(*place, seq(&ack), "two places for one cid");
        }
    }
    assert_eq!(fresh, 3, "each was new once");
    assert_eq!(kept(&mut watcher, "tea").await.len(), 3);
}

#[tokio::test]
async fn what_is_sent_again_after_a_restart_appears_once_and_is_still_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with(config_in(dir.path())).await;
    let mut alice = server.join("tea", "alice").await;
    let first = alice.ask(cake("c1")).await;
    let mut bob = server.join("tea", "bob").await;
    let private = alice.ask(json!({ "type": "private", "to": "bob", "text": "psst", "cid": "p1" })).await;
    bob.find(|frame| frame["room"] == "@alice,bob").await;
    let (session, bobs) = (alice.session().to_owned(), bob.session().to_owned());
    drop((alice, bob));
    server.stop().await;

    let server = TestServer::with(config_in(dir.path())).await;
    let (mut alice, _) = server.join_with("tea", "alice", &format!("session={session}")).await;
    is_duplicate_of(&alice.ask(cake("c1")).await, &first);
    let (bob, _) = server.join_with("tea", "bob", &format!("session={bobs}")).await;
    is_duplicate_of(&alice.ask(json!({ "type": "private", "to": "bob", "text": "psst", "cid": "p1" })).await, &private);
    let edit = alice.ask(json!({ "type": "edit", "seq": 1, "text": "there is cake" })).await;
    assert_eq!((&edit["type"], seq(&edit)), (&json!("ack"), 2), "the same author after a restart: {edit}");
    drop((alice, bob));
    server.stop().await;

    // Somebody else by the same name is somebody else.
    let server = TestServer::with(config_in(dir.path())).await;
    let mut other = server.join("tea", "alice").await;
    assert_eq!(other.ask(json!({ "type": "delete", "seq": 1 })).await["code"], "forbidden");
    let hers = other.ask(cake("c1")).await;
    assert_eq!((&hers["duplicate"], seq(&hers)), (&Value::Null, 3), "a cid is its author's: {hers}");
}

#[tokio::test]
async fn a_cid_belongs_to_its_room_and_its_author() {
    let server = TestServer::start().await;
    let mut alice = server.join("tea", "alice").await;
    let mut bob = server.join("tea", "bob").await;
    alice.ask(json!({ "type": "join", "room": "coffee" })).await;
    assert_eq!(seq(&alice.ask(cake("c")).await), 1);
    assert_eq!(seq(&bob.ask(cake("c")).await), 2);
    let other = alice.ask(json!({ "type": "send", "room": "coffee", "text": "cake", "cid": "c" })).await;
    assert_eq!((seq(&other), &other["duplicate"]), (1, &Value::Null));
    // Whatever the words are the second time, and whatever became of the first.
    alice.ask(json!({ "type": "delete", "seq": 1 })).await;
    let again = alice.ask(json!({ "type": "send", "text": "other words", "cid": "c" })).await;
    assert_eq!((seq(&again), &again["duplicate"]), (1, &json!(true)));
}

async fn post(server: &TestServer, body: Value) -> (u16, Value) {
    let headers = [("content-type", "application/json")];
    let reply = server.http("POST", "/api/rooms/tea/messages", &headers, &body.to_string()).await;
    (reply.status, reply.json())
}

#[tokio::test]
async fn a_post_sent_again_appears_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with(config_in(dir.path())).await;
    let mut watcher = server.join("tea", "watcher").await;
    let by_name = json!({ "text": "build 7 is green", "user": "ci", "cid": "build-7" });
    let (status, first) = post(&server, by_name.clone()).await;
    assert_eq!((status, seq(&first), &first["duplicate"]), (201, 1, &Value::Null));
    let (status, again) = post(&server, by_name.clone()).await;
    assert_eq!((status, seq(&again), &again["duplicate"], &again["at"]), (200, 1, &json!(true), &first["at"]));
    // With a session it is that user, over HTTP and over a socket alike.
    let mut alice = server.join("tea", "alice").await;
    let session = alice.session().to_owned();
    let (status, own) = post(&server, json!({ "text": "hi", "session": session, "cid": "x" })).await;
    assert_eq!((status, seq(&own)), (201, 2));
    let again = alice.ask(cake("x")).await;
    assert_eq!((seq(&again), &again["duplicate"]), (2, &json!(true)));
    assert_eq!(watcher.messages(2).await.len(), 2);
    drop((alice, watcher));
    server.stop().await;
    let server = TestServer::with(config_in(dir.path())).await;
    assert_eq!(post(&server, by_name).await.0, 200, "the name over HTTP is the same author after a restart");
    assert_eq!(post(&server, json!({ "text": "hi", "session": session, "cid": "x" })).await.0, 200);
    let mut watcher = server.join("tea", "watcher").await;
    assert_eq!(kept(&mut watcher, "tea").await.len(), 2);
}

#[tokio::test]
async fn a_session_is_good_from_the_moment_it_was_told() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with(config_in(dir.path())).await;
    let mut busy = server.join("coffee", "busy").await;
    for number in 0..20 {
        // So much is on its way into the log that the session waits for its turn there.
        for _ in 0..150 {
            busy.send(json!({ "type": "send", "text": "on and on" })).await;
        }
        let user = format!("user{number}");
        let phone = server.join("tea", &user).await;
        let session = phone.session().to_owned();
        let (status, said) = post(&server, json!({ "text": "hi", "session": session, "cid": "x" })).await;
        assert_eq!(status, 201, "{said}");
        let (mut laptop, _) = server.join_with("tea", &user, &format!("session={session}")).await;
        let again = laptop.ask(cake("x")).await;
        assert_eq!((&again["duplicate"], seq(&again)), (&json!(true), seq(&said)), "{again}");
    }
}
