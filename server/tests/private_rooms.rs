//! Rooms that are their members' alone: who may not read one learns nothing of it, by any door.

mod common;

use chat_protocol::CloseCode;
use chat_server::realm::Role;
use common::{operator::Stage, tail::Tail};
use serde_json::json;

const SECRET: &str = "the launch is on friday";

#[tokio::test]
async fn who_may_not_read_a_room_learns_nothing_of_it() {
    let stage = Stage::start().await;
    let mut alice = stage.comes("general", "alice", Role::Member).await;
    let mut bob = stage.comes("general", "bob", Role::Member).await;
    let mallory = stage.account("mallory").await;
    let mut strangers = vec![
        stage.joins("general", "mallory", &mallory).await,
        stage.server.join("general", "guest").await,
        stage.comes("general", "mod", Role::Moderator).await,
    ];
    alice.does(json!({ "type": "create", "room": "ops", "access": "private" })).await;
    alice.does(json!({ "type": "join", "room": "ops" })).await;
    alice.does(json!({ "type": "rank", "room": "ops", "user": "bob", "role": "member" })).await;
    bob.does(json!({ "type": "join", "room": "ops" })).await;
    alice.does(json!({ "type": "topic", "room": "ops", "text": SECRET })).await;
    let ack = alice.does(json!({ "type": "send", "room": "ops", "text": SECRET })).await;
    bob.hears(SECRET).await;
    bob.does(json!({ "type": "react", "room": "ops", "seq": ack["seq"], "emoji": "🎉", "on": true })).await;
    bob.send(json!({ "type": "typing", "room": "ops", "active": true })).await;
    let listed = bob.does(json!({ "type": "rooms" })).await;
    assert!(listed["rooms"].to_string().contains("\"private\":true"), "{listed}");

    for stranger in &mut strangers {
        for request in [
            json!({ "type": "join", "room": "OPS" }),
            json!({ "type": "join", "room": "ops", "after": 0, "epoch": alice.epoch() }),
            json!({ "type": "history", "room": "ops" }),
            json!({ "type": "search", "room": "ops", "query": "launch" }),
            json!({ "type": "users", "room": "ops" }),
            json!({ "type": "rules", "room": "ops" }),
        ] {
            stranger.refused(request, "no_such_room").await;
        }
        for request in [
            json!({ "type": "send", "room": "ops", "text": "hi" }),
            json!({ "type": "edit", "room": "ops", "seq": ack["seq"], "text": "hi" }),
            json!({ "type": "delete", "room": "ops", "seq": ack["seq"] }),
            json!({ "type": "react", "room": "ops", "seq": ack["seq"], "emoji": "x", "on": true }),
            json!({ "type": "topic", "room": "ops", "text": "hi" }),
            json!({ "type": "leave", "room": "ops" }),
            // As of a room that is not.
            json!({ "type": "send", "room": "nowhere", "text": "hi" }),
        ] {
            stranger.refused(request, "not_joined").await;
        }
        assert_eq!(stranger.does(json!({ "type": "search", "query": "launch" })).await["messages"], json!([]));
        let rooms = stranger.does(json!({ "type": "rooms" })).await;
        assert!(!rooms.to_string().contains("ops"), "{rooms}");
    }
    for stranger in &mut strangers[..1] {
        for request in [
            json!({ "type": "rank", "room": "ops", "user": "mallory", "role": "member" }),
            json!({ "type": "rules", "room": "ops", "access": "public" }),
            json!({ "type": "moderate", "action": "kick", "room": "ops", "user": "bob" }),
            json!({ "type": "deeds", "room": "ops" }),
        ] {
            stranger.refused(request, "no_such_room").await;
        }
        // That a name is taken cannot be hidden.
        let refused = stranger.refused(json!({ "type": "create", "room": "ops" }), "bad_request").await;
        assert!(refused["text"].as_str().is_some_and(|text| text.contains("already")), "{refused}");
    }

    // Who keeps order on the server does not hear of what was done there, either.
    let deeds = strangers[2].does(json!({ "type": "deeds", "everywhere": true })).await;
    assert_eq!(deeds["text"], json!("Nothing was done"));

    stage.check_closed("/ws/chat/ops/visitor", CloseCode::Policy).await;
    stage.check_closed(&format!("/ws/chat/ops/mallory?token={mallory}"), CloseCode::Policy).await;
    let mut channels = stage.server.open("/ws/json").await;
    for action in ["subscribe", "send"] {
        channels.send(json!({ "action": action, "channel": "ops", "message": "hi" })).await;
        assert_eq!(channels.expect("error").await["code"], json!("no_such_room"), "{action}");
    }
    let bearer = format!("Bearer {mallory}");
    for headers in [vec![], vec![("authorization", bearer.as_str())]] {
        for (method, path) in
            [("GET", "/api/rooms/ops/messages"), ("GET", "/api/rooms/ops/tail?after=0"), ("POST", "/api/rooms/ops/messages")]
        {
            let json = ("content-type", "application/json");
            let reply = stage.server.http(method, path, &[&headers[..], &[json]].concat(), r#"{"text":"hi"}"#).await;
            assert_eq!(reply.status, 404, "{method} {path}");
        }
        let rooms = stage.server.http("GET", "/api/rooms", &headers, "").await.json();
        assert!(!rooms.to_string().contains("ops"), "{rooms}");
    }

    // What a member has made of it is that one's own.
    let (mut theirs, mut mine) = (stage.server.open("/ws/tasks").await, stage.server.open("/ws/tasks").await);
    theirs.send(json!({ "action": "start", "task": "export", "room": "ops", "format": "text" })).await;
    assert_eq!(theirs.expect("error").await["code"], json!("no_such_room"));
    let token = stage.token("bob").await;
    let mut feed = stage.server.open(&format!("/ws/tasks?token={token}")).await;
    feed.send(json!({ "action": "start", "task": "export", "room": "ops", "format": "text" })).await;
    let done = feed.find(|update| update["status"] == "completed").await;
    let url = done["result"]["url"].as_str().expect("an address").to_owned();
    assert_eq!(stage.server.get(&url).await.status, 404);
    let bearer = format!("Bearer {token}");
    let export = stage.server.http("GET", &url, &[("authorization", &bearer)], "").await;
    assert!(export.status == 200 && export.body.contains(SECRET), "{}", export.body);
    assert_eq!((theirs.quiet().await, mine.quiet().await), (vec![], vec![]));
    alice.does(json!({ "type": "rank", "room": "ops", "user": "bob" })).await;
    assert_eq!(stage.server.http("GET", &url, &[("authorization", &bearer)], "").await.status, 404, "nor once one has gone");

    for stranger in strangers.iter_mut().chain([&mut channels]) {
        let rest = stranger.quiet().await.join("\n");
        assert!(!rest.contains("launch") && !rest.contains("\"ops\""), "{rest}");
        stranger.never_saw("launch");
    }
    // It is so for the next server, too.
    let stage = stage.again().await;
    stage.check_closed("/ws/chat/ops/visitor", CloseCode::Policy).await;
    assert_eq!(stage.server.get("/api/rooms/ops/messages").await.status, 404);
    let token = stage.token("alice").await;
    let mut alice = stage.joins("ops", "alice", &token).await;
    assert!(alice.does(json!({ "type": "history" })).await.to_string().contains(SECRET));
}

#[tokio::test]
async fn who_is_put_out_is_told_nothing_more_from_that_very_moment() {
    let stage = Stage::start().await;
    let mut alice = stage.comes("general", "alice", Role::Member).await;
    let token = stage.account("bob").await;
    alice.does(json!({ "type": "create", "room": "ops", "access": "private" })).await;
    alice.does(json!({ "type": "join", "room": "ops" })).await;
    let mut bobs = vec![stage.joins("general", "bob", &token).await, stage.joins("general", "bob", &token).await];
    for round in 0..12 {
        alice.does(json!({ "type": "rank", "room": "ops", "user": "bob", "role": "member" })).await;
        for bob in &mut bobs {
            bob.does(json!({ "type": "join", "room": "ops" })).await;
        }
        let mut tail = Tail::open(&stage.server, &format!("/api/rooms/ops/tail?token={token}")).await;
        alice.does(json!({ "type": "send", "room": "ops", "text": format!("welcome {round}") })).await;
        assert_eq!(tail.next().await["text"], json!(format!("welcome {round}")));
        for bob in &mut bobs {
            bob.hears(&format!("welcome {round}")).await;
        }
        // Both in one go: the second may be in the same commit.
        let out = match round % 2 {
            0 => json!({ "type": "rank", "room": "ops", "user": "bob", "ref": "out" }),
            _ => json!({ "type": "moderate", "action": "ban", "room": "ops", "user": "bob", "ref": "out" }),
        };
        alice.send(out).await;
        alice.send(json!({ "type": "send", "room": "ops", "text": format!("secret {round}") })).await;
        alice.hears(&format!("secret {round}")).await;
        for bob in &mut bobs {
            let left = bob.expect("left").await;
            assert_eq!(left["room"], json!("ops"));
            bob.refused(json!({ "type": "history", "room": "ops" }), "no_such_room").await;
        }
        let rest = tail.ended().await;
        assert!(!rest.iter().any(|line| line.to_string().contains("secret")), "{rest:?}");
        if round % 2 == 1 {
            alice.does(json!({ "type": "moderate", "action": "unban", "room": "ops", "user": "bob" })).await;
            alice.does(json!({ "type": "rank", "room": "ops", "user": "bob" })).await;
        }
    }
    for bob in &mut bobs {
        let rest = bob.quiet().await.join("\n");
        assert!(!rest.contains("secret"), "{rest}");
        bob.never_saw("secret");
    }
}

#[tokio::test]
async fn who_knocks_while_the_door_closes_hears_nothing_from_behind_it() {
    let stage = Stage::start().await;
    let mut alice = stage.comes("general", "alice", Role::Member).await;
    let mut bob = stage.comes("general", "bob", Role::Member).await;
    for round in 0..40 {
        let room = format!("ops{round}");
        alice.does(json!({ "type": "create", "room": room, "access": "private" })).await;
        alice.does(json!({ "type": "join", "room": room })).await;
        alice.does(json!({ "type": "rank", "room": room, "user": "bob", "role": "member" })).await;
        // Some of these come before it is closed, some behind.
        for _ in 0..8 {
            bob.send(json!({ "type": "join", "room": room })).await;
        }
        alice.send(json!({ "type": "rank", "room": room, "user": "bob" })).await;
        alice.send(json!({ "type": "send", "room": room, "text": format!("secret {round}") })).await;
        alice.hears(&format!("secret {round}")).await;
        bob.refused(json!({ "type": "join", "room": room }), "no_such_room").await;
    }
    let rest = bob.quiet().await.join("\n");
    assert!(!rest.contains("secret"), "{rest}");
    bob.never_saw("secret");
}

#[tokio::test]
async fn a_public_room_that_becomes_private_keeps_its_members_and_nobody_else() {
    let stage = Stage::start().await;
    let mut owner = stage.comes("den", "olga", Role::Owner).await;
    let mut member = stage.comes("den", "bob", Role::Member).await;
    let mut guest = stage.server.join("den", "guest").await;
    let mut plain = stage.server.open("/ws/json").await;
    plain.send(json!({ "action": "subscribe", "channel": "den" })).await;
    plain.expect("subscribed").await;
    owner.does(json!({ "type": "rank", "room": "den", "user": "bob", "role": "member" })).await;
    owner.does(json!({ "type": "rules", "room": "den", "access": "private" })).await;
    guest.expect("left").await;
    plain.expect("unsubscribed").await;
    owner.does(json!({ "type": "send", "text": SECRET })).await;
    member.hears(SECRET).await;
    let users = member.does(json!({ "type": "users" })).await;
    assert_eq!(users["users"], json!([{ "name": "bob" }, { "name": "olga" }]));
    assert!(!guest.quiet().await.join("").contains(SECRET) && !plain.quiet().await.join("").contains(SECRET));
    // An account that may not come in any more is a member no more.
    stage.done(chat_server::admin::Order::SetDisabled { name: "bob".into(), disabled: true }).await;
    member.closed_with(CloseCode::InvalidToken).await;
}

/// An export that began while everybody could read the room, and goes on when that is over.
#[tokio::test]
async fn who_may_not_read_a_room_any_more_hears_no_more_of_its_exports() {
    let stage = Stage::start().await;
    let token = stage.account("alice").await;
    let mut alice = stage.joins("plans", "alice", &token).await;
    alice.does(json!({ "type": "create", "room": "ops" })).await;
    alice.does(json!({ "type": "join", "room": "ops" })).await;
    let long = "x".repeat(chat_protocol::limits::TEXT_BYTES);
    for _ in 0..150 {
        alice.send(json!({ "type": "send", "room": "ops", "text": long })).await;
        alice.expect("message").await;
    }
    let mut hers = stage.server.open(&format!("/ws/tasks?token={token}")).await;
    let mut spy = stage.server.open("/ws/tasks").await;
    let export = |room: &str, format: &str| json!({ "action": "start", "task": "export", "room": room, "format": format });
    // Whether it still goes on when the room is private is not for a test to say: it is tried until it did.
    loop {
        alice.does(json!({ "type": "rules", "room": "ops", "access": "public" })).await;
        for format in ["html", "text", "jsonl"] {
            hers.send(export("ops", format)).await;
        }
        let last = spy.find(|update| update["format"] == "jsonl" && update["status"] == "queued").await;
        alice.does(json!({ "type": "rules", "room": "ops", "access": "private" })).await;
        hers.line("marker").await;
        hers.expect("error").await;
        let before: Vec<String> = hers.unasked().into_iter().map(str::to_owned).collect();
        if !before.iter().any(|text| text.contains("completed") && text.contains(last["task_id"].as_str().expect("an id"))) {
            let end = hers.find(|update| update["task_id"] == last["task_id"] && update["status"] == "completed").await;
            spy.send(export("general", "text")).await;
            spy.find(|update| update["room"] == "general" && update["status"] == "completed").await;
            spy.never_saw(end["result"]["url"].as_str().expect("a url"));
            break;
        }
        hers.forget();
    }
}
