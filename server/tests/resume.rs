//! Whole or honest: who comes back gets every event that it missed, or is told that it does not.

mod common;

use common::{
    TestClient, TestServer, config, config_in,
    sight::{Sight, seq},
};
use serde_json::{Value, json};

/// How many events one frame of a resume holds.
const FRAME: usize = chat_protocol::limits::EVENTS_PER_FRAME;

fn position(client: &TestClient, after: u64) -> String {
    format!("after={after}&epoch={}", client.epoch())
}

fn events(joined: &Value) -> &Vec<Value> {
    assert_eq!(joined["recovered"], true, "{joined}");
    assert!(joined["messages"].is_null(), "{joined}");
    joined["events"].as_array().expect("events")
}

/// That a resume was refused honestly: the client starts from the last messages.
#[track_caller]
fn starts_anew(joined: &Value, messages: usize) {
    assert_eq!(joined["recovered"], false, "{joined}");
    assert!(joined["events"].is_null(), "{joined}");
    assert_eq!(joined["messages"].as_array().expect("messages").len(), messages, "{joined}");
}

/// Says many lines without waiting for each, and waits for the last ack.
async fn say_many(client: &mut TestClient, room: &str, count: usize) {
    for line in 0..count {
        client.send(json!({ "type": "send", "room": room, "text": format!("line {line}") })).await;
    }
    let mut acked = 0;
    while acked < count {
        acked += usize::from(client.hear().await.expect("open")["type"] == "ack");
    }
}

async fn everything_missed_is_there_as_it_was_logged(server: TestServer) {
    let mut alice = server.join("tea", "alice").await;
    let mut bob = server.join("tea", "bob").await;
    alice.say("one").await;
    alice.say("secret").await;
    let mut live = vec![bob.expect("message").await, bob.expect("message").await];
    let at = position(&bob, 1);
    bob.close().await;
    let mut carol = server.join("tea", "carol").await;
    for request in [
        json!({ "type": "edit", "seq": 2, "text": "more secret" }),
        json!({ "type": "edit", "seq": 1, "text": "uno" }),
        json!({ "type": "react", "seq": 1, "emoji": "👍", "on": true }),
        json!({ "type": "topic", "text": "tea time" }),
        json!({ "type": "delete", "seq": 2 }),
        json!({ "type": "react", "seq": 1, "emoji": "👍", "on": false }),
        json!({ "type": "send", "text": "last", "cid": "c1", "reply_to": 1 }),
    ] {
        assert_eq!(alice.ask(request.clone()).await["type"], "ack", "{request}");
    }
    for kind in ["edited", "edited", "reacted", "topic", "deleted", "reacted", "message"] {
        live.push(carol.expect(kind).await);
    }
    // What was deleted since is empty, in the message and in its edit.
    for (place, deleted) in [(1, true), (2, true), (3, false)] {
        if deleted {
            live[place]["text"] = json!("");
            live[place]["deleted"] = json!(true);
        }
    }
    let (mut bob, joined) = server.join_with("tea", "bob2", &at).await;
    assert_eq!((seq(&joined), &joined["more"], &joined["topic"]), (9, &json!(false), &json!("tea time")));
    assert_eq!(*events(&joined), live[1..]);
    alice.say("live again").await;
    assert_eq!(bob.messages(1).await, [(10, "live again".to_owned())]);
    // The same by asking, with a `ref`, for a room that one is in already and for one that is new.
    let epoch = bob.epoch().to_owned();
    let again = bob.ask(json!({ "type": "join", "room": "tea", "after": 0, "epoch": epoch })).await;
    assert_eq!(events(&again)[..9], live);
    let mut dora = server.join("coffee", "dora").await;
    let other = dora.ask(json!({ "type": "join", "room": "TEA", "after": 8, "epoch": epoch })).await;
    assert_eq!(events(&other).iter().map(seq).collect::<Vec<_>>(), [9, 10]);
    alice.say("and on").await;
    assert_eq!(dora.messages(1).await, [(11, "and on".to_owned())]);
    assert_eq!(bob.messages(1).await, [(11, "and on".to_owned())]);
}

#[tokio::test]
async fn everything_missed_is_there_as_it_was_logged_in_memory() {
    everything_missed_is_there_as_it_was_logged(TestServer::with(config()).await).await;
}

#[tokio::test]
async fn everything_missed_is_there_as_it_was_logged_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    everything_missed_is_there_as_it_was_logged(TestServer::with(config_in(dir.path())).await).await;
}

#[tokio::test]
async fn a_long_gap_comes_in_frames_and_what_is_live_only_after_them() {
    let server = TestServer::start().await;
    let mut alice = server.join("tea", "alice").await;
    let total = FRAME * 2 + 77;
    say_many(&mut alice, "tea", total).await;
    // On the URL.
    let (mut bob, joined) = server.join_with("tea", "bob", &position(&alice, 0)).await;
    assert_eq!((joined["more"].as_bool(), events(&joined).len(), seq(&joined)), (Some(true), FRAME, total as u64));
    alice.say("live").await;
    let mut sight = Sight::joined(&joined, 0);
    let mut frames = Vec::new();
    while sight.last() < total as u64 + 1 {
        let frame = bob.hear().await.expect("open");
        if sight.hear(&frame) && frame["type"] == "events" {
            frames.push((frame["events"].as_array().unwrap().len(), frame["more"].as_bool().unwrap()));
        }
    }
    // The line that came meanwhile may already be in the last frame.
    let told: usize = frames.iter().map(|(length, _)| length).sum();
    assert!((77 + FRAME..=78 + FRAME).contains(&told), "{frames:?}");
    assert_eq!(frames.iter().map(|(_, more)| *more).collect::<Vec<_>>(), [true, false], "{frames:?}");
    // By asking: the `ref` is on `joined` alone, and the room is not heard twice afterwards.
    let mut carol = server.join("coffee", "carol").await;
    let epoch = carol.epoch().to_owned();
    let joined = carol.ask(json!({ "type": "join", "room": "tea", "after": 3, "epoch": epoch })).await;
    let mut sight = Sight::joined(&joined, 3);
    let mut more = joined["more"] == true;
    while more {
        let frame = carol.expect("events").await;
        assert!(frame["ref"].is_null(), "{frame}");
        assert!(sight.hear(&frame));
        more = frame["more"] == true;
    }
    assert_eq!(sight.last(), total as u64 + 1);
    alice.say("at last").await;
    let live = carol.expect("message").await;
    assert!(sight.hear(&live) && live["text"] == "at last", "{live}");
}

#[tokio::test]
async fn a_position_that_means_nothing_here_is_told_so() {
    let server = TestServer::start().await;
    let other = TestServer::start().await;
    let stranger = other.join("tea", "alice").await;
    let mut alice = server.join("tea", "alice").await;
    say_many(&mut alice, "tea", 3).await;
    let mut bob = server.join("coffee", "bob").await;
    let epoch = alice.epoch().to_owned();
    assert_ne!(epoch, stranger.epoch(), "two logs have two epochs");
    let positions = [
        (3, epoch.as_str(), Some(0)),
        (0, epoch.as_str(), Some(3)),
        (4, epoch.as_str(), None),
        ((1_u64 << 53) - 1, epoch.as_str(), None),
        (3, stranger.epoch(), None),
        (0, "", None),
        (1, "nonsense", None),
    ];
    for (number, (after, epoch, whole)) in positions.into_iter().enumerate() {
        let on_url = server.join_with("tea", &format!("carol{number}"), &format!("after={after}&epoch={epoch}")).await;
        let asked = bob.ask(json!({ "type": "join", "room": "tea", "after": after, "epoch": epoch })).await;
        for joined in [on_url.1, asked] {
            match whole {
                Some(count) => assert_eq!(events(&joined).len(), count, "{after} {epoch}"),
                None => starts_anew(&joined, 3),
            }
        }
    }
    // One half of a position is none.
    starts_anew(&server.join_with("tea", "dora", "after=1").await.1, 3);
    starts_anew(&server.join_with("tea", "emil", &format!("epoch={epoch}")).await.1, 3);
}

#[tokio::test]
async fn who_starts_anew_gets_the_last_messages_and_can_page_back() {
    let server = TestServer::start().await;
    let mut alice = server.join("tea", "alice").await;
    say_many(&mut alice, "tea", 120).await;
    let (mut bob, joined) = server.join_with("tea", "bob", "after=1&epoch=other").await;
    starts_anew(&joined, 50);
    assert_eq!(joined["more"], true);
    let mut seqs: Vec<_> = joined["messages"].as_array().unwrap().iter().map(seq).collect();
    while seqs[0] > 1 {
        let page = bob.ask(json!({ "type": "history", "before": seqs[0] })).await;
        let mut older: Vec<_> = page["messages"].as_array().unwrap().iter().map(seq).collect();
        older.extend(seqs);
        seqs = older;
        assert_eq!(page["more"] == true, seqs[0] > 1);
    }
    assert_eq!(seqs, (1..=120).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_resume_goes_over_a_restart_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let server = TestServer::with(config_in(dir.path())).await;
    let mut alice = server.join("tea", "alice").await;
    say_many(&mut alice, "tea", 5).await;
    let at = position(&alice, 2);
    let before = alice.epoch().to_owned();
    alice.cut();
    server.stop().await;
    let server = TestServer::with(config_in(dir.path())).await;
    let (mut bob, joined) = server.join_with("tea", "bob", &at).await;
    assert_eq!(bob.epoch(), before);
    assert_eq!(Sight::joined(&joined, 2).last(), 5);
    assert_eq!(seq(&bob.say("on").await), 6, "numbers go on where they were");
    bob.cut();
    server.stop().await;
    // A store that was wiped is another log.
    std::fs::remove_dir_all(dir.path()).unwrap();
    let server = TestServer::with(config_in(dir.path())).await;
    starts_anew(&server.join_with("tea", "bob", &at).await.1, 0);
}

#[tokio::test]
async fn a_private_conversation_is_resumed_like_any_room_and_by_its_two_only() {
    let server = TestServer::start().await;
    let mut alice = server.join("tea", "alice").await;
    let mut bob = server.join("tea", "bob").await;
    for text in ["one", "two", "three"] {
        alice.ask(json!({ "type": "private", "to": "bob", "text": text })).await;
    }
    let heard = |frame: &Value| frame["room"] == "@alice,bob" && frame["type"] == "message";
    for expected in 1..=3 {
        assert_eq!(seq(&bob.find(heard).await), expected);
    }
    let (session, epoch) = (bob.session().to_owned(), bob.epoch().to_owned());
    bob.cut();
    // Bob is away: the log has a third event that he was not told of.
    alice.ask(json!({ "type": "edit", "room": "@alice,bob", "seq": 1, "text": "uno" })).await;
    let (mut bob, _) = server.join_with("tea", "bob", &format!("session={session}")).await;
    assert_eq!(bob.welcome["private"], json!([{ "room": "@alice,bob", "with": "alice", "seq": 4, "read": 0 }]));
    let joined = bob.ask(json!({ "type": "join", "room": "@alice,bob", "after": 2, "epoch": epoch })).await;
    assert_eq!(events(&joined).iter().map(seq).collect::<Vec<_>>(), [3, 4]);
    alice.ask(json!({ "type": "private", "to": "bob", "text": "four" })).await;
    assert_eq!(seq(&bob.find(heard).await), 5);
    let mut eve = server.join("tea", "eve").await;
    let refused = eve.ask(json!({ "type": "join", "room": "@alice,bob", "after": 0, "epoch": epoch })).await;
    assert_eq!(refused["code"], "no_such_room");
}

#[tokio::test]
async fn a_resume_of_heavy_messages_comes_in_frames_that_a_client_takes() {
    let server = TestServer::start().await;
    let mut bot = server.join("general", "bot").await;
    // Each weighs six times its size once it is escaped.
    for _ in 0..30 {
        bot.send(json!({ "type": "send", "text": "\u{7f}".repeat(16_000) })).await;
        bot.expect("ack").await;
    }
    let query = format!("after=0&epoch={}", bot.epoch());
    let (mut client, joined) = server.join_with("general", "alice", &query).await;
    assert_eq!((&joined["recovered"], &joined["more"]), (&json!(true), &json!(true)));
    let mut seqs: Vec<_> = joined["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert!(joined.to_string().len() < 1_000_000, "{} bytes", joined.to_string().len());
    loop {
        let frame = client.expect("events").await;
        assert!(frame.to_string().len() < 1_000_000, "{} bytes", frame.to_string().len());
        seqs.extend(frame["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()));
        if frame["more"] == false {
            break;
        }
    }
    assert_eq!(seqs, (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_position_that_no_number_can_have_is_refused_and_harms_nobody() {
    let server = TestServer::start().await;
    let alice = server.join("general", "alice").await;
    for after in ["18446744073709551615", "9007199254740992", "-1", "x"] {
        let path = format!("/ws/chat/general/bob?after={after}&epoch={}", alice.epoch());
        assert!(server.try_open(&path, &[]).await.is_err(), "{after}");
    }
    for number in 0..4 {
        let query = format!("after=9007199254740991&epoch={}", alice.epoch());
        let (bob, joined) = server.join_with("general", &format!("bob{number}"), &query).await;
        assert_eq!(joined["recovered"], false);
        bob.close().await;
    }
}
