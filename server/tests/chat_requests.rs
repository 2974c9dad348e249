//! `/ws/chat/{room}/{user}`: every request and what comes of it, for the asker, for the others, and for those who must not know.

mod common;

use std::{
    iter,
    path::Path,
    time::{Duration, Instant},
};

use chat_protocol::{CloseCode, Event, RoomName, Timestamp, UserName, limits};
use chat_server::log::{
    Asker, Author, Draft, Log, Write,
    sqlite::{Durability, Sqlite},
};
use common::{TestClient, TestServer};
use serde_json::{Value, json};

/// What a page of messages says, in its order.
fn texts(page: &Value) -> Vec<&str> {
    page["messages"].as_array().into_iter().flatten().map(|message| message["text"].as_str().unwrap_or("?")).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|user| user["name"].as_str().unwrap_or("?")).collect()
}

#[track_caller]
fn check_time(value: &Value) {
    let text = value.as_str().unwrap_or_default();
    let whole = Timestamp::parse(text).is_some_and(|at| at.to_string() == text);
    assert!(whole, "RFC 3339 UTC with milliseconds: {value}");
}

#[tokio::test]
async fn the_server_says_who_you_are_and_what_the_room_holds() {
    let server = TestServer::start().await;
    let (alice, joined) = server.join_with("general", "alice", "").await;
    let welcome = &alice.welcome;
    assert_eq!((&welcome["protocol"], &welcome["user"], &welcome["guest"]), (&json!(1), &json!("alice"), &json!(true)));
    assert!(welcome["server"].as_str().is_some_and(|name| name.starts_with("chat-server/")), "{welcome}");
    assert!(alice.session().len() >= 32 && !alice.epoch().is_empty());
    let expected = json!({ "text_bytes": 16384, "frame_bytes": 65536, "history": 200, "users": 200 });
    assert_eq!(welcome["limits"], expected, "no rate where there is none");
    assert_eq!((&welcome["ping_seconds"], &welcome["typing_seconds"]), (&json!(20), &json!(3)));
    assert_eq!(welcome["private"], json!([]));
    let expected = json!({
        "type": "joined", "room": "general", "seq": 0, "topic": "", "users": [{ "name": "alice" }], "online": 1, "read": 0,
        "recovered": false, "more": false, "messages": [],
    });
    assert_eq!(joined, expected);
}

#[tokio::test]
async fn the_rate_that_holds_is_announced() {
    let server = TestServer::with(chat_server::Config::ephemeral()).await;
    let alice = server.join("general", "alice").await;
    let limits = &alice.welcome["limits"];
    assert_eq!((&limits["burst"], &limits["per_second"]), (&json!(100), &json!(10)));
}

#[tokio::test]
async fn who_comes_in_is_told_the_last_fifty_messages_and_that_there_are_more() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    for number in 1..=52 {
        alice.send(json!({ "type": "send", "text": format!("m{number}") })).await;
    }
    alice.hears("m52").await;
    let (_bob, joined) = server.join_with("general", "bob", "").await;
    let expected: Vec<_> = (3..=52).map(|number| format!("m{number}")).collect();
    assert_eq!(texts(&joined), expected);
    assert_eq!((&joined["seq"], &joined["more"], &joined["recovered"]), (&json!(52), &json!(true), &json!(false)));
    assert_eq!(names(&joined["users"]), ["alice", "bob"]);
}

#[tokio::test]
async fn an_answer_carries_the_ref_of_its_request_and_a_push_carries_none() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    for (request, kind) in [
        (json!({ "type": "send", "text": "hi" }), "ack"),
        (json!({ "type": "private", "to": "alice", "text": "note" }), "ack"),
        (json!({ "type": "edit", "seq": 1, "text": "hello" }), "ack"),
        (json!({ "type": "react", "seq": 1, "emoji": "👍", "on": true }), "ack"),
        (json!({ "type": "topic", "text": "tea" }), "ack"),
        (json!({ "type": "delete", "seq": 1 }), "ack"),
        (json!({ "type": "join", "room": "tea" }), "joined"),
        (json!({ "type": "leave", "room": "tea" }), "left"),
        (json!({ "type": "history" }), "history"),
        (json!({ "type": "search", "query": "hello" }), "found"),
        (json!({ "type": "rooms" }), "rooms"),
        (json!({ "type": "users" }), "users"),
        (json!({ "type": "ping" }), "pong"),
        (json!({ "type": "dance" }), "error"),
        (json!({ "type": "send" }), "error"),
        (json!({ "type": "edit", "seq": 99, "text": "x" }), "error"),
    ] {
        let answer = alice.ask(request.clone()).await;
        assert_eq!(answer["type"], kind, "{request} → {answer}");
    }
    for push in ["message", "edited", "reacted", "topic", "deleted"] {
        let push = alice.expect(push).await;
        assert_eq!(push.get("ref"), None, "{push}");
        check_time(&push["at"]);
    }
    let longest = "é".repeat(32);
    alice.send(json!({ "type": "ping", "ref": longest })).await;
    assert_eq!(alice.expect("pong").await["ref"], json!(longest), "64 bytes are not too many");
    for bad in [json!("x".repeat(65)), json!("é".repeat(33)), json!(7), json!({})] {
        alice.send(json!({ "type": "ping", "ref": bad })).await;
        let error = alice.expect("error").await;
        assert_eq!((&error["code"], error.get("ref")), (&json!("bad_request"), None), "{bad}");
    }
    alice.send(json!({ "type": "ping" })).await;
    assert_eq!(alice.expect("pong").await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn what_is_sent_is_acknowledged_and_everybody_sees_it() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    let ack = alice.ask(json!({ "type": "send", "text": "hello", "cid": "a-1_B" })).await;
    check_time(&ack["at"]);
    let expected = json!({
        "type": "ack", "room": "general", "seq": 1, "at": ack["at"], "cid": "a-1_B", "ref": ack["ref"],
    });
    assert_eq!(ack, expected);
    let expected = json!({ "type": "message", "room": "general", "seq": 1, "from": "alice", "text": "hello", "at": ack["at"], "cid": "a-1_B" });
    assert_eq!(bob.expect("message").await, expected);
    assert_eq!(alice.expect("message").await, expected, "its sender gets it too");
    bob.ask(json!({ "type": "send", "text": "yes", "reply_to": 1, "action": true })).await;
    let reply = alice.expect("message").await;
    assert_eq!((&reply["reply_to"], &reply["action"], &reply["seq"]), (&json!(1), &json!(true), &json!(2)));
    bob.refused(json!({ "type": "send", "text": "to nothing", "reply_to": 99 }), "no_such_message").await;
    bob.refused(json!({ "type": "send", "text": "x", "room": "tea" }), "not_joined").await;
    bob.refused(json!({ "type": "send", "text": "x", "room": " tea" }), "bad_name").await;
    bob.refused(json!({ "type": "send", "text": "x", "cid": "no spaces" }), "bad_request").await;
    bob.refused(json!({ "type": "send", "text": "x", "cid": "x".repeat(65) }), "bad_request").await;
    bob.refused(json!({ "type": "send", "text": "x", "cid": "" }), "bad_request").await;
    bob.refused(json!({ "type": "send", "text": "" }), "bad_request").await;
    bob.refused(json!({ "type": "send", "text": " \n" }), "bad_request").await;
    bob.refused(json!({ "type": "send", "text": "x".repeat(limits::TEXT_BYTES + 1) }), "too_long").await;
    bob.refused(json!({ "type": "send", "text": format!("{}é", "x".repeat(limits::TEXT_BYTES - 1)) }), "too_long").await;
    let ack = bob.ask(json!({ "type": "send", "text": "x".repeat(limits::TEXT_BYTES) })).await;
    assert_eq!(ack["seq"], 3, "what was refused took no place: {ack}");
}

#[tokio::test]
async fn sending_again_with_the_same_cid_is_saying_it_once() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    let send = json!({ "type": "send", "text": "once", "cid": "c1" });
    let first = alice.ask(send.clone()).await;
    assert_eq!(first.get("duplicate"), None);
    let session = alice.session().to_owned();
    alice.cut();
    let (mut alice, _) = server.join_with("general", "alice", &format!("session={session}")).await;
    let again = alice.ask(json!({ "type": "send", "text": "once, with other words", "cid": "c1" })).await;
    assert_eq!((&again["seq"], &again["duplicate"], &again["at"]), (&first["seq"], &json!(true), &first["at"]));
    assert_eq!(bob.ask(send).await["seq"], 2, "another author's key is another key");
    alice.ask(json!({ "type": "join", "room": "tea" })).await;
    let elsewhere = alice.ask(json!({ "type": "send", "room": "tea", "text": "once", "cid": "c1" })).await;
    assert_eq!((&elsewhere["seq"], elsewhere.get("duplicate")), (&json!(1), None), "another room's key is another key");
    bob.say("marker").await;
    let seen = bob.messages(3).await;
    assert_eq!(seen, [(1, "once".into()), (2, "once".into()), (3, "marker".into())]);
}

#[tokio::test]
async fn a_private_message_is_for_two_and_a_third_is_not_told_that_there_is_one() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "Alice").await;
    let mut bob = server.join("general", "bob").await;
    let mut eve = server.join("general", "eve").await;
    let (mut tab, _) = server.join_with("tea", "bob", &format!("session={}", bob.session())).await;
    let ack = alice.ask(json!({ "type": "private", "to": "BOB", "text": "secret", "cid": "p1" })).await;
    assert_eq!(
        (&ack["type"], &ack["room"], &ack["seq"], &ack["cid"]),
        (&json!("ack"), &json!("@alice,bob"), &json!(1), &json!("p1"))
    );
    for client in [&mut alice, &mut bob, &mut tab] {
        let seen = client.hears("secret").await;
        assert_eq!((&seen["room"], &seen["from"], &seen["seq"]), (&json!("@alice,bob"), &json!("Alice"), &json!(1)));
    }
    bob.ask(json!({ "type": "send", "room": "@alice,bob", "text": "secret too", "reply_to": 1 })).await;
    assert_eq!(alice.hears("secret too").await["seq"], 2);
    bob.ask(json!({ "type": "react", "room": "@bob,alice", "seq": 1, "emoji": "secret", "on": true })).await;
    alice.expect("reacted").await;
    alice.send(json!({ "type": "typing", "room": "@alice,bob", "active": true })).await;
    bob.expect("typing").await;
    for request in [
        json!({ "type": "send", "text": "x" }),
        json!({ "type": "history" }),
        json!({ "type": "users" }),
        json!({ "type": "join" }),
        json!({ "type": "leave" }),
        json!({ "type": "search", "query": "secret" }),
        json!({ "type": "edit", "seq": 1, "text": "x" }),
        json!({ "type": "delete", "seq": 1 }),
        json!({ "type": "react", "seq": 1, "emoji": "x", "on": true }),
        json!({ "type": "topic", "text": "x" }),
        json!({ "type": "typing", "active": true }),
        json!({ "type": "read", "seq": 1 }),
    ] {
        let (mut there, mut nowhere) = (request.clone(), request);
        there["room"] = json!("@alice,bob");
        nowhere["room"] = json!("@bob,nobody");
        let mut refusal = eve.refused(there, "no_such_room").await;
        let mut same = eve.refused(nowhere, "no_such_room").await;
        for answer in [&mut refusal, &mut same] {
            answer.as_object_mut().expect("an object").remove("ref");
        }
        assert_eq!(refusal, same, "a room that is there and one that is not are refused alike");
    }
    assert_eq!(eve.ask(json!({ "type": "search", "query": "secret" })).await["messages"], json!([]));
    let rooms = eve.ask(json!({ "type": "rooms" })).await;
    assert!(!rooms.to_string().contains('@'), "{rooms}");
    let rooms = alice.ask(json!({ "type": "rooms" })).await;
    assert!(!rooms.to_string().contains('@'), "private rooms are in no list of rooms: {rooms}");
    bob.say("in public").await;
    eve.hears("in public").await;
    eve.never_saw("secret");
    eve.never_saw("@alice");
    eve.refused(json!({ "type": "private", "to": "nobody", "text": "hello?" }), "no_such_user").await;
    eve.refused(json!({ "type": "private", "to": "-", "text": "hello?" }), "bad_name").await;
    eve.refused(json!({ "type": "private", "to": "bob", "text": "" }), "bad_request").await;
    let note = eve.ask(json!({ "type": "private", "to": "eve", "text": "note to self" })).await;
    assert_eq!(note["room"], "@eve,eve");
    assert_eq!(eve.hears("note to self").await["seq"], 1);
}

#[tokio::test]
async fn private_conversations_are_listed_in_the_welcome_newest_first_and_resume_like_rooms() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    let _carol = server.join("general", "carol").await;
    let session = alice.session().to_owned();
    bob.ask(json!({ "type": "private", "to": "alice", "text": "one" })).await;
    alice.hears("one").await;
    alice.ask(json!({ "type": "private", "to": "carol", "text": "two" })).await;
    let mut other = server.join_with("general", "alice", &format!("session={session}")).await.0;
    alice.send(json!({ "type": "read", "room": "@alice,bob", "seq": 1 })).await;
    assert_eq!(other.expect("read").await, json!({ "type": "read", "room": "@alice,bob", "seq": 1 }));
    alice.ask(json!({ "type": "private", "to": "bob", "text": "three" })).await;
    other.hears("three").await;
    let epoch = alice.epoch().to_owned();
    let (mut alice, _) = server.join_with("general", "alice", &format!("session={session}")).await;
    let expected = json!([
        { "room": "@alice,bob", "with": "bob", "seq": 2, "read": 1 },
        { "room": "@alice,carol", "with": "carol", "seq": 1, "read": 0 },
    ]);
    assert_eq!(alice.welcome["private"], expected);
    let joined = alice.ask(json!({ "type": "join", "room": "@alice,bob", "after": 1, "epoch": epoch })).await;
    assert_eq!((&joined["recovered"], &joined["read"], &joined["events"][0]["text"]), (&json!(true), &json!(1), &json!("three")));
    bob.ask(json!({ "type": "private", "to": "alice", "text": "four" })).await;
    bob.ask(json!({ "type": "private", "to": "alice", "text": "five" })).await;
    assert_eq!(alice.messages(2).await, [(3, "four".into()), (4, "five".into())], "once each");
    let history = alice.ask(json!({ "type": "history", "room": "@bob,alice" })).await;
    assert_eq!(texts(&history), ["one", "three", "four", "five"]);
    let found = bob.ask(json!({ "type": "search", "query": "three" })).await;
    assert_eq!(texts(&found), ["three"]);
}

#[tokio::test]
async fn own_messages_can_be_edited_and_deleted_and_nobody_elses() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    alice.say("helo").await;
    bob.refused(json!({ "type": "edit", "seq": 1, "text": "mine" }), "forbidden").await;
    bob.refused(json!({ "type": "delete", "seq": 1 }), "forbidden").await;
    let ack = alice.ask(json!({ "type": "edit", "seq": 1, "text": "hello" })).await;
    assert_eq!((&ack["type"], &ack["seq"]), (&json!("ack"), &json!(2)), "the event's own seq");
    let expected =
        json!({ "type": "edited", "room": "general", "seq": 2, "from": "alice", "at": ack["at"], "target": 1, "text": "hello" });
    assert_eq!(bob.expect("edited").await, expected);
    let history = bob.ask(json!({ "type": "history" })).await;
    assert_eq!((&history["messages"][0]["text"], &history["messages"][0]["edited_at"]), (&json!("hello"), &ack["at"]));
    alice.refused(json!({ "type": "edit", "seq": 1, "text": " " }), "bad_request").await;
    alice.refused(json!({ "type": "edit", "seq": 1, "text": "x".repeat(16385) }), "too_long").await;
    for (request, code) in [
        (json!({ "type": "edit", "seq": 99, "text": "x" }), "no_such_message"),
        (json!({ "type": "edit", "seq": 0, "text": "x" }), "no_such_message"),
        (json!({ "type": "edit", "seq": 2, "text": "an edit is no message" }), "no_such_message"),
        (json!({ "type": "delete", "seq": 99 }), "no_such_message"),
        (json!({ "type": "react", "seq": 99, "emoji": "x", "on": true }), "no_such_message"),
        (json!({ "type": "edit", "room": "tea", "seq": 1, "text": "x" }), "not_joined"),
        (json!({ "type": "edit", "seq": -1, "text": "x" }), "bad_request"),
        (json!({ "type": "edit", "seq": "1", "text": "x" }), "bad_request"),
    ] {
        alice.refused(request, code).await;
    }
    let ack = alice.ask(json!({ "type": "delete", "seq": 1 })).await;
    assert_eq!(ack["seq"], 3);
    let expected = json!({ "type": "deleted", "room": "general", "seq": 3, "from": "alice", "at": ack["at"], "target": 1 });
    assert_eq!(bob.expect("deleted").await, expected);
    alice.refused(json!({ "type": "edit", "seq": 1, "text": "back" }), "no_such_message").await;
    alice.refused(json!({ "type": "react", "seq": 1, "emoji": "x", "on": true }), "no_such_message").await;
    let again = alice.ask(json!({ "type": "delete", "seq": 1 })).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&json!(3), &json!(true)));
    let history = bob.ask(json!({ "type": "history" })).await;
    assert_eq!((&history["messages"][0]["text"], &history["messages"][0]["deleted"]), (&json!(""), &json!(true)));
    assert_eq!(bob.ask(json!({ "type": "search", "query": "hello" })).await["messages"], json!([]));
}

#[tokio::test]
async fn a_reaction_is_put_on_once_and_taken_back() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    alice.say("cake?").await;
    let react = |emoji: &str, on: bool| json!({ "type": "react", "seq": 1, "emoji": emoji, "on": on });
    let ack = bob.ask(react("👍", true)).await;
    let expected = json!({
        "type": "reacted", "room": "general", "seq": 2, "from": "bob", "at": ack["at"], "target": 1, "emoji": "👍", "on": true,
    });
    assert_eq!(alice.expect("reacted").await, expected);
    let again = bob.ask(react("👍", true)).await;
    assert_eq!((&again["seq"], &again["duplicate"]), (&json!(2), &json!(true)));
    alice.ask(react("👍", true)).await;
    alice.ask(react("👩‍👩‍👧‍👦", true)).await;
    let history = bob.ask(json!({ "type": "history" })).await;
    assert_eq!(history["messages"][0]["reactions"], json!({ "👍": ["bob", "alice"], "👩‍👩‍👧‍👦": ["alice"] }));
    bob.ask(react("👍", false)).await;
    let history = bob.ask(json!({ "type": "history" })).await;
    assert_eq!(history["messages"][0]["reactions"], json!({ "👍": ["alice"], "👩‍👩‍👧‍👦": ["alice"] }));
    for emoji in ["", "a b", "\u{7}", "\n", &"x".repeat(65)] {
        bob.refused(react(emoji, true), "bad_request").await;
    }
    bob.refused(json!({ "type": "react", "seq": 1, "emoji": "👍" }), "bad_request").await;
}

#[tokio::test]
async fn typing_is_shown_and_ends_by_itself_after_three_seconds() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    alice.send(json!({ "type": "typing", "active": true })).await;
    let shown = json!({ "type": "typing", "room": "general", "user": "alice", "active": true });
    assert_eq!(bob.expect("typing").await, shown);
    let start = Instant::now();
    // Renewals within two seconds are not passed on.
    alice.send(json!({ "type": "typing", "active": true })).await;
    let over = bob.expect("typing").await;
    assert_eq!(over, json!({ "type": "typing", "room": "general", "user": "alice", "active": false }));
    let lasted = start.elapsed();
    assert!(lasted >= Duration::from_millis(2900) && lasted < Duration::from_secs(6), "{lasted:?}");
}

#[tokio::test]
async fn typing_ends_at_once_with_the_message_with_leaving_with_a_word_and_with_a_drop() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    let start = Instant::now();
    for end in [
        json!({ "type": "send", "text": "said" }),
        json!({ "type": "typing", "active": false }),
        json!({ "type": "leave" }),
        json!({ "type": "join", "room": "general" }),
    ] {
        if end["type"] == "join" {
            alice.ask(end).await;
        } else {
            alice.send(json!({ "type": "typing", "room": "general", "active": true })).await;
            assert_eq!(bob.expect("typing").await["active"], true);
            alice.send(end).await;
            assert_eq!(bob.expect("typing").await["active"], false);
        }
    }
    alice.send(json!({ "type": "typing", "active": true })).await;
    assert_eq!(bob.expect("typing").await["active"], true);
    alice.cut();
    assert_eq!(bob.expect("typing").await["active"], false);
    assert!(start.elapsed() < Duration::from_secs(3), "it did not end by itself: {:?}", start.elapsed());
    bob.refused(json!({ "type": "typing", "room": "tea", "active": true }), "not_joined").await;
}

#[tokio::test]
async fn what_was_read_is_told_to_the_users_other_connections_alone() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    let session = format!("session={}", alice.session());
    let (mut phone, joined) = server.join_with("general", "alice", &session).await;
    assert_eq!(joined["read"], 0);
    bob.say("one").await;
    bob.say("two").await;
    alice.messages(2).await;
    alice.send(json!({ "type": "read", "seq": 2 })).await;
    assert_eq!(phone.expect("read").await, json!({ "type": "read", "room": "general", "seq": 2 }));
    bob.say("three").await;
    alice.hears("three").await;
    alice.never_saw(r#""type":"read""#);
    bob.never_saw(r#""type":"read""#);
    let (_tab, joined) = server.join_with("general", "alice", &session).await;
    assert_eq!(joined["read"], 2);
    alice.send(json!({ "type": "read", "seq": 1 })).await;
    alice.send(json!({ "type": "read", "seq": 99 })).await;
    let told = phone.expect("read").await;
    assert_eq!(told["seq"], 3, "neither back nor past the end");
    let joined = alice.ask(json!({ "type": "join", "room": "general" })).await;
    assert_eq!(joined["read"], 3, "a mark does not go back");
    alice.refused(json!({ "type": "read", "room": "tea", "seq": 1 }), "not_joined").await;
}

#[tokio::test]
async fn after_leaving_the_first_room_the_next_that_was_joined_is_the_first() {
    let server = TestServer::start().await;
    let mut alice = server.join("one", "alice").await;
    for room in ["two", "three"] {
        let joined = alice.ask(json!({ "type": "join", "room": room })).await;
        assert_eq!((&joined["room"], names(&joined["users"])), (&json!(room), vec!["alice"]));
    }
    assert_eq!(alice.say("a").await["room"], "one");
    let left = alice.ask(json!({ "type": "leave" })).await;
    assert_eq!((&left["type"], &left["room"]), (&json!("left"), &json!("one")));
    assert_eq!(alice.say("b").await["room"], "two");
    alice.refused(json!({ "type": "send", "room": "one", "text": "x" }), "not_joined").await;
    alice.ask(json!({ "type": "join", "room": "one" })).await;
    alice.ask(json!({ "type": "leave", "room": "TWO" })).await;
    assert_eq!(alice.say("c").await["room"], "three", "who comes back comes last");
    alice.ask(json!({ "type": "leave" })).await;
    assert_eq!(alice.say("d").await["room"], "one");
    alice.ask(json!({ "type": "leave" })).await;
    for request in [
        json!({ "type": "send", "text": "x" }),
        json!({ "type": "leave" }),
        json!({ "type": "leave", "room": "one" }),
        json!({ "type": "topic", "text": "x" }),
        json!({ "type": "typing", "active": true }),
    ] {
        alice.refused(request, "not_joined").await;
    }
}

#[tokio::test]
async fn who_left_a_room_hears_no_more_of_it_and_may_still_read_it() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    alice.ask(json!({ "type": "join", "room": "tea" })).await;
    alice.ask(json!({ "type": "leave", "room": "general" })).await;
    bob.say("without alice").await;
    bob.ask(json!({ "type": "join", "room": "tea" })).await;
    bob.ask(json!({ "type": "send", "room": "tea", "text": "with alice" })).await;
    alice.hears("with alice").await;
    alice.never_saw("without alice");
    let history = alice.ask(json!({ "type": "history", "room": "general" })).await;
    assert_eq!(texts(&history), ["without alice"]);
    assert_eq!(texts(&alice.ask(json!({ "type": "search", "query": "WITHOUT" })).await), ["without alice"]);
    assert_eq!(names(&alice.ask(json!({ "type": "users", "room": "general" })).await["users"]), ["bob"]);
}

#[tokio::test]
async fn history_is_asked_for_before_or_after_a_place() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    for number in 1..=210 {
        alice.send(json!({ "type": "send", "text": format!("m{number}") })).await;
    }
    alice.hears("m210").await;
    for (request, first, last, more) in [
        (json!({}), 161, 210, true),
        (json!({ "limit": 3 }), 208, 210, true),
        (json!({ "before": 4 }), 1, 3, false),
        (json!({ "before": 4, "limit": 3 }), 1, 3, false),
        (json!({ "before": 5, "limit": 3 }), 2, 4, true),
        (json!({ "after": 207 }), 208, 210, false),
        (json!({ "after": 0, "limit": 2 }), 1, 2, true),
        (json!({ "after": 208, "limit": 2 }), 209, 210, false),
        (json!({ "limit": 0 }), 210, 210, true),
        (json!({ "limit": 4_000_000_000_u32 }), 11, 210, true),
        (json!({ "after": 0, "limit": 201 }), 1, 200, true),
        (json!({ "room": "General", "limit": 1 }), 210, 210, true),
    ] {
        let mut asked = request.clone();
        asked["type"] = json!("history");
        let page = alice.ask(asked).await;
        let expected: Vec<_> = (first..=last).map(|number| format!("m{number}")).collect();
        assert_eq!((texts(&page), &page["more"]), (expected.iter().map(String::as_str).collect(), &json!(more)), "{request}");
    }
    for empty in [json!({ "before": 1 }), json!({ "before": 0 }), json!({ "after": 210 }), json!({ "room": "never used" })] {
        let mut asked = empty.clone();
        asked["type"] = json!("history");
        let page = alice.ask(asked).await;
        assert_eq!((&page["messages"], &page["more"]), (&json!([]), &json!(false)), "{empty}");
    }
    alice.refused(json!({ "type": "history", "before": 5, "after": 1 }), "bad_request").await;
    alice.refused(json!({ "type": "history", "room": "\u{202e}" }), "bad_name").await;
}

#[tokio::test]
async fn search_finds_every_word_newest_first_in_all_that_may_be_read() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("tea", "bob").await;
    alice.say("green tea").await;
    alice.say("black tea and cake").await;
    bob.say("Tea is GREEN here").await;
    let note = bob.ask(json!({ "type": "private", "to": "bob", "text": "my green tea" })).await;
    // Between rooms the time decides, and it has milliseconds: the next message must be of a later one.
    while alice.ask(json!({ "type": "topic", "text": "later" })).await["at"] == note["at"] {}
    alice.say("green cake").await;
    let found = |page: &Value| texts(page).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let page = alice.ask(json!({ "type": "search", "query": "tea green" })).await;
    assert_eq!((found(&page), &page["more"]), (vec!["Tea is GREEN here".to_owned(), "green tea".into()], &json!(false)));
    let page = alice.ask(json!({ "type": "search", "query": "green", "limit": 2 })).await;
    assert_eq!((found(&page), &page["more"]), (vec!["green cake".to_owned(), "Tea is GREEN here".into()], &json!(true)));
    let page = alice.ask(json!({ "type": "search", "query": "green", "room": "general", "before": 3 })).await;
    assert_eq!(found(&page), ["green tea"]);
    let page = bob.ask(json!({ "type": "search", "query": "green tea", "limit": 1 })).await;
    assert_eq!(found(&page), ["my green tea"], "what one may read oneself");
    for hostile in ["\"", "*", "tea OR cake", "NEAR(", "-", "' --", "tea AND scones"] {
        let page = alice.ask(json!({ "type": "search", "query": hostile })).await;
        assert_eq!((&page["type"], &page["messages"]), (&json!("found"), &json!([])), "{hostile}: {page}");
    }
    alice.refused(json!({ "type": "search", "query": "tea", "before": 3 }), "bad_request").await;
    alice.refused(json!({ "type": "search", "query": "" }), "bad_request").await;
    alice.refused(json!({ "type": "search", "query": "x".repeat(1025) }), "too_long").await;
}

#[tokio::test]
async fn rooms_users_and_topics_are_what_they_are() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    bob.ask(json!({ "type": "join", "room": "quiet" })).await;
    alice.say("hi").await;
    let ack = alice.ask(json!({ "type": "topic", "text": "tea & cake" })).await;
    let expected =
        json!({ "type": "topic", "room": "general", "seq": 2, "from": "alice", "at": ack["at"], "text": "tea & cake" });
    assert_eq!(bob.expect("topic").await, expected);
    let answer = alice.ask(json!({ "type": "rooms" })).await;
    let mut rooms = answer["rooms"].as_array().cloned().unwrap_or_default();
    rooms.sort_by_key(|room| room["name"].to_string());
    let expected = [
        json!({ "name": "general", "topic": "tea & cake", "users": 2, "seq": 2 }),
        json!({ "name": "quiet", "topic": "", "users": 1, "seq": 0 }),
    ];
    assert_eq!(rooms, expected);
    let users = alice.ask(json!({ "type": "users", "room": "QUIET" })).await;
    assert_eq!(names(&users["users"]), ["bob"]);
    assert_eq!(names(&alice.ask(json!({ "type": "users", "room": "nobody there" })).await["users"]), Vec::<&str>::new());
    let (_carol, joined) = server.join_with("general", "carol", "").await;
    assert_eq!(joined["topic"], "tea & cake");
    alice.ask(json!({ "type": "topic", "text": "" })).await;
    assert_eq!(alice.ask(json!({ "type": "join", "room": "general" })).await["topic"], "");
    alice.refused(json!({ "type": "topic", "text": "x".repeat(1025) }), "too_long").await;
    alice.refused(json!({ "type": "topic", "room": "quiet", "text": "x" }), "not_joined").await;
}

#[tokio::test]
async fn who_comes_and_goes_is_told_in_differences() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let bob = server.join("general", "bob").await;
    let came = alice.find(|value| value["type"] == "presence" && value["joined"].to_string().contains("bob")).await;
    assert_eq!((&came["room"], &came["left"], &came["online"]), (&json!("general"), &json!([]), &json!(2)));
    assert!(came["joined"].as_array().is_some_and(|joined| joined.contains(&json!({ "name": "bob" }))), "{came}");
    let (tab, _) = server.join_with("general", "bob", &format!("session={}", bob.session())).await;
    bob.close().await;
    let mut carol = server.join("general", "carol").await;
    let next = alice.find(|value| value["type"] == "presence").await;
    assert_eq!(next["joined"], json!([{ "name": "carol" }]), "bob is still here on another connection");
    tab.close().await;
    let went = alice.find(|value| value["type"] == "presence").await;
    let expected = json!({ "type": "presence", "room": "general", "joined": [], "left": ["bob"], "online": 2 });
    assert_eq!(went, expected);
    carol.ask(json!({ "type": "leave" })).await;
    let went = alice.find(|value| value["type"] == "presence").await;
    assert_eq!((&went["left"], &went["online"]), (&json!(["carol"]), &json!(1)));
}

#[tokio::test]
async fn a_line_is_typed_by_a_person_and_an_object_is_a_request() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    for (line, text, action) in [
        ("hi there", "hi there", None),
        ("42", "42", None),
        ("\"hi\"", "\"hi\"", None),
        ("[1]", "[1]", None),
        ("null", "null", None),
        ("//shrug", "/shrug", None),
        ("/me waves", "waves", Some(true)),
        (r#"{"type":"send","text":"/me is text"}"#, "/me is text", None),
        ("  \n{\"type\":\"send\",\"text\":\"late brace\"}", "late brace", None),
        (r#"{"type":"send","text":"unknown fields","new":{"a":[1]}}"#, "unknown fields", None),
    ] {
        alice.line(line).await;
        let seen = bob.expect("message").await;
        assert_eq!((&seen["text"], seen.get("action")), (&json!(text), action.map(Value::from).as_ref()), "{line}");
        assert_eq!(alice.expect("ack").await["seq"], seen["seq"]);
    }
    for (frame, code) in [
        ("", "bad_request"),
        ("   ", "bad_request"),
        ("/dance", "bad_request"),
        ("/pm bob", "bad_request"),
        ("/pm nobody hi", "no_such_user"),
        ("/edit 999 x", "no_such_message"),
        ("{", "bad_json"),
        (" {\"type\":\"ping\"", "bad_json"),
        (r#"{"type":"send","text":"\ud800"}"#, "bad_json"),
        (r#"{"type":"ping","other":"\udc00\ud800"}"#, "bad_json"),
        (r#"{"type":"ping"}{"type":"ping"}"#, "bad_json"),
        (r#"{"type":"dance"}"#, "unknown_type"),
        (r#"{"type":"welcome"}"#, "unknown_type"),
        (r#"{"type":7}"#, "bad_request"),
        ("{}", "bad_request"),
    ] {
        alice.line(frame).await;
        let error = alice.expect("error").await;
        assert_eq!(error["code"], code, "{frame} → {error}");
    }
    alice.ask(json!({ "type": "ping" })).await;
}

#[tokio::test]
async fn every_command_works_as_it_is_typed() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut ann = server.join("general", "Ann%20Lee").await;
    let typed = async |alice: &mut TestClient, line: &str, kind: &str| -> Value {
        alice.line(line).await;
        alice.find(|value| value["type"] == kind || value["type"] == "error").await
    };
    assert_eq!(typed(&mut alice, "hello", "ack").await["seq"], 1);
    assert_eq!(typed(&mut alice, "/reply 1 yes", "ack").await["seq"], 2);
    assert_eq!(ann.hears("yes").await["reply_to"], 1);
    assert_eq!(typed(&mut alice, "/edit 1 hullo", "edited").await["text"], "hullo");
    assert_eq!(typed(&mut alice, "/react 1 👍", "reacted").await["on"], true);
    assert_eq!(typed(&mut alice, "/unreact 1 👍", "reacted").await["on"], false);
    assert_eq!(typed(&mut alice, "/delete 1", "deleted").await["target"], 1);
    assert_eq!(typed(&mut alice, "/topic tea", "topic").await["text"], "tea");
    assert_eq!(typed(&mut alice, "/topic \"\"", "topic").await["text"], "");
    alice.line("/pm \"Ann Lee\" psst").await;
    assert_eq!(ann.hears("psst").await["room"], "@alice,ann lee");
    assert_eq!(typed(&mut alice, "/join Tea Room", "joined").await["room"], "Tea Room");
    assert_eq!(names(&typed(&mut alice, "/users Tea Room", "users").await["users"]), ["alice"]);
    assert_eq!(typed(&mut alice, "/leave Tea Room", "left").await["room"], "Tea Room");
    assert_eq!(typed(&mut alice, "/users", "users").await["room"], "general");
    assert_eq!(typed(&mut alice, "/rooms", "rooms").await["rooms"][0]["name"], "general");
    assert_eq!(texts(&typed(&mut alice, "/history 1", "history").await), ["yes"]);
    assert_eq!(texts(&typed(&mut alice, "/search yes", "found").await), ["yes"]);
    typed(&mut alice, "/ping", "pong").await;
    let find_help = |value: &Value| value["type"] == "notice" && value["text"].to_string().contains("/pm");
    alice.line("/help").await;
    let help = alice.find(find_help).await["text"].as_str().unwrap_or_default().to_owned();
    for command in chat_protocol::command::COMMANDS {
        assert!(help.contains(&command.synopsis()), "{}", command.name);
    }
    alice.line("/help pm").await;
    assert!(alice.find(find_help).await["text"].as_str().is_some_and(|text| text.lines().count() == 1));
    alice.line("/quit").await;
    let closing = alice.expect("closing").await;
    assert_eq!((&closing["code"], &closing["reconnect"]), (&json!(1000), &json!(false)));
    alice.closed_with(CloseCode::Normal).await;
}

#[tokio::test]
async fn who_comes_back_with_its_position_is_told_what_it_missed_and_nothing_else() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    bob.say("one").await;
    bob.say("two").await;
    let (session, epoch) = (alice.session().to_owned(), alice.epoch().to_owned());
    alice.messages(2).await;
    alice.cut();
    bob.say("gone later").await;
    bob.ask(json!({ "type": "delete", "seq": 3 })).await;
    bob.ask(json!({ "type": "edit", "seq": 1, "text": "uno" })).await;
    bob.ask(json!({ "type": "react", "seq": 2, "emoji": "👍", "on": true })).await;
    bob.ask(json!({ "type": "topic", "text": "numbers" })).await;
    bob.say("eight").await;
    let (mut alice, joined) = server.join_with("general", "alice", &format!("session={session}&after=2&epoch={epoch}")).await;
    assert_eq!((&joined["recovered"], joined.get("messages"), &joined["more"]), (&json!(true), None, &json!(false)));
    let events = joined["events"].as_array().cloned().unwrap_or_default();
    let seen: Vec<_> = events.iter().map(|event| (event["seq"].as_u64(), event["type"].as_str().unwrap_or("?"))).collect();
    let expected = [(3, "message"), (4, "deleted"), (5, "edited"), (6, "reacted"), (7, "topic"), (8, "message")];
    assert_eq!(seen, expected.map(|(seq, kind)| (Some(seq), kind)));
    assert_eq!((&events[0]["text"], &events[0]["deleted"]), (&json!(""), &json!(true)), "the text is gone, the place is not");
    bob.say("live").await;
    assert_eq!(alice.messages(1).await, [(9, "live".into())]);
    for position in ["after=2&epoch=other", "after=99&epoch=", "after=2", "epoch="] {
        let query = format!(
            "session={session}&{}",
            position.replace("epoch=", &format!("epoch={epoch}")).replace(&format!("{epoch}other"), "other")
        );
        let (_client, joined) = server.join_with("general", "alice", &query).await;
        assert_eq!((&joined["recovered"], joined.get("events")), (&json!(false), None), "{position}");
        assert_eq!(texts(&joined), ["uno", "two", "", "eight", "live"], "{position}");
    }
    let (_client, joined) = server.join_with("general", "alice", &format!("session={session}&after=9&epoch={epoch}")).await;
    assert_eq!((&joined["recovered"], &joined["events"]), (&json!(true), &json!([])), "nothing was missed");
}

#[tokio::test]
async fn a_long_gap_comes_in_frames_of_five_hundred_and_then_what_is_live() {
    let server = TestServer::start().await;
    let mut bob = server.join("general", "bob").await;
    for number in 1..=1200 {
        bob.send(json!({ "type": "send", "text": format!("m{number}") })).await;
    }
    bob.hears("m1200").await;
    let epoch = bob.epoch().to_owned();
    let (mut alice, joined) = server.join_with("general", "alice", &format!("after=100&epoch={epoch}")).await;
    assert_eq!((&joined["recovered"], &joined["more"]), (&json!(true), &json!(true)));
    bob.say("live").await;
    let mut seen: Vec<u64> = Vec::new();
    let mut take = |page: &Value| {
        let events = page["events"].as_array().cloned().unwrap_or_default();
        seen.extend(events.iter().filter_map(|event| event["seq"].as_u64()));
        events.len()
    };
    assert_eq!(take(&joined), 500);
    loop {
        let page = alice.expect("events").await;
        assert_eq!((&page["room"], page.get("ref")), (&json!("general"), None));
        let length = take(&page);
        if page["more"] == false {
            break;
        }
        assert_eq!(length, 500);
    }
    if seen.last() == Some(&1200) {
        assert_eq!(alice.expect("message").await["seq"], 1201);
        seen.push(1201);
    }
    assert!(seen.iter().copied().eq(101..=1201), "no gap, no repeat: {} … {:?}", seen.len(), seen.last());
}

/// A log of so many messages in `general`: some short ones, then long ones.
fn fill(directory: &Path, short: usize, long: usize) {
    let mut log = Sqlite::open(directory, Durability::Normal).expect("a log");
    let write = |text: &str| {
        let event = Event::Message { text: text.to_owned(), cid: None, reply_to: None, action: false };
        let (room, from) = (RoomName::parse("general").expect("a room"), UserName::parse("bob").expect("a user"));
        Write::Event(Draft { room, from, author: Author("bob".into()), event, asker: Asker::Nobody })
    };
    let long_text = "x".repeat(limits::TEXT_BYTES);
    let writes: Vec<_> = iter::repeat_n("short", short).chain(iter::repeat_n(long_text.as_str(), long)).map(write).collect();
    log.apply(&writes, Timestamp(0)).expect("they are kept");
    log.close();
}

/// Who reads slowly while it resumes hears of comings and goings only when it is done, but it hears of them.
#[tokio::test]
async fn who_came_or_left_during_a_long_resume_is_not_missed() {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path(), limits::EVENTS_PER_FRAME, limits::EVENTS_PER_FRAME + 100);
    let server = TestServer::with(common::config_in(directory.path())).await;
    let mut bob = server.join("general", "bob").await;
    let dave = server.join("general", "dave").await;
    let mut alice = server.open(&format!("/ws/chat/general/alice?after=0&epoch={}", bob.epoch())).await;
    assert_eq!(names(&alice.expect("joined").await["users"]), ["alice", "bob", "dave"]);
    // The reader stops here: more waits for it than the sockets take.
    let _carol = server.join("general", "carol").await;
    dave.close().await;
    bob.find(|value| value["joined"].to_string().contains("carol")).await;
    bob.find(|value| value["left"].to_string().contains("dave")).await;
    while alice.expect("events").await["more"] == true {}
    bob.line("marker").await;
    let (mut came, mut went) = (false, false);
    loop {
        let told = alice.find(|value| value["type"] == "presence" || value["text"] == "marker").await;
        if told["type"] == "message" {
            break;
        }
        came |= told["joined"].to_string().contains("carol");
        went |= told["left"].to_string().contains("dave");
    }
    assert!(came && went, "carol came: {came}, dave went: {went}");
}

#[tokio::test]
async fn a_limit_is_clamped_whatever_it_is() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    for number in 0..3 {
        alice.say(&number.to_string()).await;
    }
    for (limit, expected) in [(json!(-1), 1), (json!(0), 1), (json!(2), 2), (json!(5_000_000_000_u64), 3)] {
        let history = alice.ask(json!({ "type": "history", "limit": limit })).await;
        assert_eq!(history["messages"].as_array().map(Vec::len), Some(expected), "{limit}: {history}");
    }
}

#[tokio::test]
async fn a_private_conversation_shows_who_of_the_two_is_online() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "Alice").await;
    let users = json!({ "type": "users", "room": "@alice,bob" });
    assert_eq!(alice.ask(users.clone()).await["users"], json!([{ "name": "Alice" }]));
    let _bob = server.join("general", "Bob").await;
    assert_eq!(alice.ask(users).await["users"], json!([{ "name": "Alice" }, { "name": "Bob" }]));
}
