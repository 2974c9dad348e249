//! What a server kept is there when it comes back: history, topics, reactions, marks, sessions, and the epoch that names it all.

mod common;

use common::{
    TestServer, config_in,
    sight::{Sight, seq},
};
use serde_json::{Value, json};

#[tokio::test]
async fn everything_that_lasts_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with(config_in(dir.path())).await;
    let mut alice = server.join("Tea%20Room", "Alice").await;
    let mut bob = server.join("Tea%20Room", "bob").await;
    for (user, request) in [
        ("alice", json!({ "type": "send", "text": "<b>привет</b> 👋\u{200d}", "cid": "c1" })),
        ("alice", json!({ "type": "send", "text": "a slip" })),
        ("alice", json!({ "type": "send", "text": "waves", "action": true, "reply_to": 1 })),
        ("alice", json!({ "type": "edit", "seq": 1, "text": "hello cake" })),
        ("alice", json!({ "type": "delete", "seq": 2 })),
        ("bob", json!({ "type": "react", "seq": 1, "emoji": "🎂", "on": true })),
        ("bob", json!({ "type": "react", "seq": 3, "emoji": "👍", "on": true })),
        ("bob", json!({ "type": "react", "seq": 3, "emoji": "👍", "on": false })),
        ("bob", json!({ "type": "topic", "text": "cake at four" })),
        ("bob", json!({ "type": "private", "to": "alice", "text": "psst" })),
    ] {
        let client = if user == "alice" { &mut alice } else { &mut bob };
        assert_eq!(client.ask(request.clone()).await["type"], "ack", "{request}");
    }
    bob.send(json!({ "type": "read", "seq": 5 })).await;
    bob.send(json!({ "type": "read", "room": "@alice,bob", "seq": 1 })).await;
    let history = alice.ask(json!({ "type": "history" })).await["messages"].clone();
    let epoch = alice.epoch().to_owned();
    let (alices, bobs) = (alice.session().to_owned(), bob.session().to_owned());
    bob.ask(json!({ "type": "ping" })).await;
    drop((alice, bob));
    server.stop().await;

    let server = TestServer::with(config_in(dir.path())).await;
    let rooms = server.get("/api/rooms").await.json();
    assert_eq!(rooms["rooms"], json!([{ "name": "Tea Room", "topic": "cake at four", "users": 0, "seq": 9 }]));
    let (mut alice, joined) = server.join_with("tea%20room", "alice", &format!("session={alices}")).await;
    assert_eq!((alice.epoch(), alice.session()), (epoch.as_str(), alices.as_str()));
    assert_eq!((seq(&joined), &joined["topic"], &joined["messages"]), (9, &json!("cake at four"), &history));
    let messages = history.as_array().expect("messages");
    assert_eq!(messages[0]["text"], "hello cake");
    assert_eq!(messages[0]["reactions"], json!({ "🎂": ["bob"] }));
    assert_eq!((&messages[1]["text"], &messages[1]["deleted"]), (&json!(""), &json!(true)));
    assert_eq!((&messages[2]["reactions"], &messages[2]["reply_to"]), (&Value::Null, &json!(1)));
    let (mut bob, joined) = server.join_with("tea%20room", "bob", &format!("session={bobs}&after=0&epoch={epoch}")).await;
    assert_eq!(joined["read"], 5, "the mark of a guest's session");
    let kinds: Vec<_> = joined["events"].as_array().expect("events").iter().map(|event| event["type"].clone()).collect();
    let expected = ["message", "message", "message", "edited", "deleted", "reacted", "reacted", "reacted", "topic"];
    assert_eq!(kinds, expected);
    assert_eq!(Sight::joined(&joined, 0).last(), 9);
    assert_eq!(bob.welcome["private"], json!([{ "room": "@alice,bob", "with": "alice", "seq": 1, "read": 1 }]));
    let found = bob.ask(json!({ "type": "search", "query": "cake", "room": "Tea Room" })).await;
    assert_eq!(found["messages"].as_array().expect("messages").iter().map(seq).collect::<Vec<_>>(), [1]);
    // Whose something is, is known too.
    assert_eq!(bob.ask(json!({ "type": "edit", "seq": 3, "text": "mine" })).await["code"], "forbidden");
    assert_eq!(seq(&alice.ask(json!({ "type": "edit", "seq": 3, "text": "bows" })).await), 10);
    assert_eq!(bob.ask(json!({ "type": "react", "seq": 1, "emoji": "🎂", "on": true })).await["duplicate"], true);
    assert_eq!(seq(&alice.say("on").await), 11);
}

#[tokio::test]
async fn a_session_opens_only_its_own_name() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with(config_in(dir.path())).await;
    let alice = server.join("tea", "alice").await;
    let session = alice.session().to_owned();
    alice.cut();
    server.stop().await;
    let server = TestServer::with(config_in(dir.path())).await;
    let (other, _) = server.join_with("tea", "mallory", &format!("session={session}")).await;
    assert_ne!(other.session(), session);
    let (alice, _) = server.join_with("tea", "alice", &format!("session={session}")).await;
    assert_eq!(alice.session(), session);
    let mut thief = server.open("/ws/chat/tea/alice?session=wrong").await;
    thief.closed_with(chat_protocol::CloseCode::NameTaken).await;
}

#[tokio::test]
async fn a_name_waits_for_its_session_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let config = || chat_server::Config { hold_names: true, ..config_in(dir.path()) };
    let server = TestServer::with(config()).await;
    let alice = server.join("general", "alice").await;
    let session = alice.session().to_owned();
    alice.close().await;
    server.stop().await;
    let server = TestServer::with(config()).await;
    let mut stranger = server.open("/ws/chat/general/alice").await;
    stranger.closed_with(chat_protocol::CloseCode::NameTaken).await;
    let (alice, _) = server.join_with("general", "alice", &format!("session={session}")).await;
    assert_eq!(alice.session(), session);
}
