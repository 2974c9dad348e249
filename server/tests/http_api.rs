//! The HTTP API and what stands beside it: rooms for `curl` and scripts, the page's files, the operator's checks.

mod common;

use std::time::Duration;

use chat_protocol::{Timestamp, limits};
use chat_server::Config;
use common::{PATIENCE, Reply, TestServer, config, tail::Tail};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const JSON: (&str, &str) = ("content-type", "application/json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

async fn say(server: &TestServer, room: &str, body: Value) -> Reply {
    server.http("POST", &format!("/api/rooms/{room}/messages"), &[JSON], &body.to_string()).await
}

/// Refused with this status and code, in words and in the one form that errors have.
#[track_caller]
fn check_refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("application/json")), "{reply:?}");
    let body = reply.json();
    let words = body["error"]["text"].as_str().unwrap_or_default().to_owned();
    assert!(!words.is_empty(), "{body}");
    assert_eq!(body, json!({ "error": { "code": code, "text": words } }));
}

#[tokio::test]
async fn a_message_is_posted_as_json_or_as_a_form() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let reply = say(&server, "general", json!({ "text": "hi", "user": "script", "cid": "c1" })).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let said = reply.json();
    assert!(said["at"].as_str().and_then(Timestamp::parse).is_some());
    assert_eq!(said, json!({ "room": "general", "seq": 1, "at": said["at"] }));
    let seen = alice.expect("message").await;
    assert_eq!(
        (&seen["from"], &seen["text"], &seen["cid"], &seen["at"]),
        (&json!("script"), &json!("hi"), &json!("c1"), &said["at"])
    );
    let reply = server.http("POST", "/api/rooms/general/messages", &[FORM], "text=tea+%26+caf%C3%A9&user=Ann%20Lee").await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let seen = alice.expect("message").await;
    assert_eq!((&seen["from"], &seen["text"]), (&json!("Ann Lee"), &json!("tea & café")));
    let reply = server.http("POST", "/api/rooms/general/messages", &[FORM], "text=hi").await;
    assert_eq!((reply.status, reply.json()["seq"].clone()), (201, json!(3)), "curl -d text=hi");
    let typed = json!({ "text": "/me is text", "reply_to": 1, "action": true });
    assert_eq!(say(&server, "general", typed).await.status, 201);
    let seen = alice.hears("/me is text").await;
    assert_eq!((&seen["reply_to"], &seen["action"]), (&json!(1), &json!(true)));
}

#[tokio::test]
async fn a_message_posted_twice_is_said_once_and_answered_with_200() {
    let server = TestServer::start().await;
    let body = json!({ "text": "once", "user": "script", "cid": "c1" });
    let first = say(&server, "general", body.clone()).await;
    let again = say(&server, "general", body).await;
    assert_eq!((first.status, again.status), (201, 200));
    let mut expected = first.json();
    expected["duplicate"] = json!(true);
    assert_eq!(again.json(), expected);
    let again = server.http("POST", "/api/rooms/GENERAL/messages", &[FORM], "text=x&user=Script&cid=c1").await;
    assert_eq!(again.json(), expected, "by whatever way and spelling");
    let page = server.get("/api/rooms/general/messages").await.json();
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn messages_are_read_as_in_history() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    for number in 1..=60 {
        alice.send(json!({ "type": "send", "text": format!("m{number}") })).await;
    }
    alice.ask(json!({ "type": "edit", "seq": 60, "text": "m60!" })).await;
    alice.ask(json!({ "type": "delete", "seq": 59 })).await;
    alice.ask(json!({ "type": "react", "seq": 58, "emoji": "👍", "on": true })).await;
    for (query, request) in [
        ("", json!({})),
        ("?limit=3", json!({ "limit": 3 })),
        ("?before=10&limit=3", json!({ "before": 10, "limit": 3 })),
        ("?after=57", json!({ "after": 57 })),
        ("?after=0&limit=0", json!({ "after": 0, "limit": 0 })),
        ("?limit=1000", json!({ "limit": 1000 })),
        ("?before=1", json!({ "before": 1 })),
    ] {
        let mut asked = request;
        asked["type"] = json!("history");
        let mut expected = alice.ask(asked).await;
        expected.as_object_mut().expect("an object").remove("ref");
        let reply = server.get(&format!("/api/rooms/General/messages{query}")).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")), "{query}");
        let mut page = reply.json();
        page["room"] = json!("general");
        assert_eq!(page, expected, "{query}");
    }
    let empty = server.get("/api/rooms/never%20used/messages").await;
    assert_eq!(empty.json(), json!({ "type": "history", "room": "never used", "messages": [], "more": false }));
}

#[tokio::test]
async fn rooms_are_listed_as_in_rooms() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    say(&server, "tea", json!({ "text": "hi" })).await;
    alice.ask(json!({ "type": "private", "to": "alice", "text": "secret" })).await;
    alice.ask(json!({ "type": "topic", "text": "cake" })).await;
    let mut expected = alice.ask(json!({ "type": "rooms" })).await;
    expected.as_object_mut().expect("an object").remove("ref");
    let reply = server.get("/api/rooms").await;
    assert_eq!((reply.status, reply.json()), (200, expected));
    assert!(reply.body.contains("tea") && reply.body.contains("cake") && !reply.body.contains('@'), "{}", reply.body);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_the_fitting_status() {
    let server = TestServer::start().await;
    let path = "/api/rooms/general/messages";
    for (body, code) in [
        ("{", "bad_json"),
        ("", "bad_json"),
        (r#"{"text":"\ud800"}"#, "bad_json"),
        (r#"{"text":"a"} b"#, "bad_json"),
        ("{}", "bad_request"),
        ("[]", "bad_request"),
        (r#"{"text":7}"#, "bad_request"),
        (r#"{"text":""}"#, "bad_request"),
        (r#"{"text":" \n"}"#, "bad_request"),
        (r#"{"text":"a","cid":"no spaces"}"#, "bad_request"),
        (r#"{"text":"a","user":"-"}"#, "bad_name"),
        (r##"{"text":"a","user":"#7"}"##, "bad_name"),
        (r##"{"text":"a","user":"#http"}"##, "bad_name"),
        (r#"{"text":"a","user":""}"#, "bad_name"),
    ] {
        check_refused(&server.http("POST", path, &[JSON], body).await, 400, code);
    }
    for body in ["user=alice", "", "text=", "text=a&text=b", "text=a&reply_to=x"] {
        check_refused(&server.http("POST", path, &[FORM], body).await, 400, "bad_request");
    }
    for kind in [None, Some(("content-type", "text/plain")), Some(("content-type", "multipart/form-data"))] {
        let headers: Vec<_> = kind.into_iter().collect();
        check_refused(&server.http("POST", path, &headers, "text=hi").await, 415, "bad_request");
    }
    let charset = [("content-type", "Application/JSON; charset=utf-8")];
    assert_eq!(server.http("POST", path, &charset, r#"{"text":"fine"}"#).await.status, 201);
    let long = json!({ "text": "x".repeat(limits::TEXT_BYTES + 1) });
    check_refused(&say(&server, "general", long).await, 413, "too_long");
    let longer = json!({ "text": "x", "more": "x".repeat(limits::FRAME_BYTES) });
    check_refused(&say(&server, "general", longer).await, 413, "too_long");
    check_refused(&say(&server, "general", json!({ "text": "x", "reply_to": 99 })).await, 404, "no_such_message");
    for query in ["before=x", "after=-1", "limit=many", "before=1&after=1", "after=9007199254740992"] {
        check_refused(&server.get(&format!("{path}?{query}")).await, 400, "bad_request");
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        check_refused(&server.http(method, path, &[], "").await, 405, "bad_request");
    }
    let reply = server.http("POST", "/api/rooms", &[JSON], "{}").await;
    check_refused(&reply, 405, "bad_request");
    assert!(reply.header("allow").is_some_and(|allow| allow.contains("get")), "{reply:?}");
    for nowhere in
        ["/api", "/api/", "/api/rooms/general", "/api/exports/none", "/nothing", "/static/none.js", "/static/../Cargo.toml"]
    {
        check_refused(&server.get(nowhere).await, 404, "bad_request");
    }
    let page = server.get(path).await.json();
    assert_eq!(page["messages"].as_array().map(Vec::len), Some(1), "nothing of all that was kept");
}

#[tokio::test]
async fn rooms_with_hostile_names_are_refused_and_others_are_found_percent_encoded() {
    let server = TestServer::start().await;
    for name in ["-", "%20", "a%2Fb", "a%00b", "%E2%80%AEx", "a%20%20b", "..", "%23general", &"x".repeat(65)] {
        for rest in ["messages", "tail"] {
            check_refused(&server.get(&format!("/api/rooms/{name}/{rest}")).await, 400, "bad_name");
        }
        check_refused(&say(&server, name, json!({ "text": "hi" })).await, 400, "bad_name");
    }
    for name in ["%FF", "a%C3", "%ED%A0%80"] {
        check_refused(&server.get(&format!("/api/rooms/{name}/messages")).await, 400, "bad_name");
        check_refused(&server.get(&format!("/api/exports/{name}")).await, 400, "bad_name");
    }
    assert_eq!(say(&server, "Caf%C3%A9%20Zo%C3%AB", json!({ "text": "hi" })).await.json()["room"], "Café Zoë");
    let page = server.get("/api/rooms/cafe%CC%81%20ZOE%CC%88/messages").await.json();
    assert_eq!((&page["messages"][0]["text"], &page["messages"][0]["room"]), (&json!("hi"), &json!("Café Zoë")), "one name");
}

#[tokio::test]
async fn who_posts_too_fast_is_told_when_to_come_again() {
    let server = TestServer::with(Config { rate: "2/1".parse().expect("a rate"), ..config() }).await;
    let statuses = [say(&server, "a", json!({ "text": "1" })).await, say(&server, "b", json!({ "text": "2" })).await];
    assert!(statuses.iter().all(|reply| reply.status == 201));
    let reply = say(&server, "c", json!({ "text": "3" })).await;
    check_refused(&reply, 429, "rate_limited");
    let seconds: u64 = reply.header("retry-after").and_then(|seconds| seconds.parse().ok()).expect("a Retry-After");
    assert!((1..=60).contains(&seconds));
    assert_eq!(server.get("/api/rooms").await.status, 200, "reading is not posting");
    tokio::time::timeout(PATIENCE, async {
        while say(&server, "c", json!({ "text": "3" })).await.status != 201 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await
    .expect("it may post again");
}

#[tokio::test]
async fn a_tail_begins_after_a_place_and_goes_on_with_what_is_said() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    alice.say("one").await;
    alice.say("two").await;
    alice.say("three").await;
    alice.ask(json!({ "type": "delete", "seq": 2 })).await;
    let mut from_one = Tail::open(&server, "/api/rooms/general/tail?after=1").await;
    let mut from_now = Tail::open(&server, "/api/rooms/GENERAL/tail").await;
    let deleted = from_one.next().await;
    assert_eq!((&deleted["seq"], &deleted["text"], &deleted["deleted"]), (&json!(2), &json!(""), &json!(true)));
    assert_eq!(from_one.next().await["text"], "three");
    assert_eq!(from_one.next().await["type"], "deleted");
    alice.say("four").await;
    say(&server, "general", json!({ "text": "five" })).await;
    alice.ask(json!({ "type": "topic", "text": "numbers" })).await;
    for tail in [&mut from_one, &mut from_now] {
        let four = tail.next().await;
        let mut seen = alice.ask(json!({ "type": "history", "after": 4, "limit": 1 })).await["messages"][0].clone();
        seen["type"] = json!("message");
        assert_eq!(four, seen);
        assert_eq!(tail.next().await["text"], "five");
        let topic = tail.next().await;
        assert_eq!((&topic["type"], &topic["text"], &topic["seq"]), (&json!("topic"), &json!("numbers"), &json!(7)));
    }
    let mut unused = Tail::open(&server, "/api/rooms/never%20used/tail").await;
    say(&server, "never%20used", json!({ "text": "first" })).await;
    assert_eq!(unused.next().await["text"], "first");
}

#[tokio::test]
async fn a_long_tail_misses_nothing() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    for number in 1..=1100 {
        alice.send(json!({ "type": "send", "text": format!("m{number}") })).await;
    }
    alice.hears("m1100").await;
    let mut tail = Tail::open(&server, "/api/rooms/general/tail?after=0").await;
    for number in 1101..=1200 {
        alice.send(json!({ "type": "send", "text": format!("m{number}") })).await;
    }
    for seq in 1..=1200 {
        let line = tail.next().await;
        assert_eq!((&line["seq"], &line["text"]), (&json!(seq), &json!(format!("m{seq}"))));
    }
}

#[tokio::test]
async fn a_private_conversation_is_there_for_the_two_and_for_nobody_else() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    let eve = server.join("general", "eve").await;
    alice.ask(json!({ "type": "private", "to": "bob", "text": "secret" })).await;
    bob.hears("secret").await;
    let (hers, eves) = (format!("session={}", alice.session()), format!("session={}", eve.session()));
    for room in ["@alice,bob", "@bob,alice", "%40ALICE%2CBob"] {
        let page = server.get(&format!("/api/rooms/{room}/messages?{hers}")).await.json();
        assert_eq!(page["messages"][0]["text"], "secret");
        for query in ["", eves.as_str(), "session=unknown"] {
            let refused = server.get(&format!("/api/rooms/{room}/messages?{query}")).await;
            check_refused(&refused, 404, "no_such_room");
            let nowhere = server.get(&format!("/api/rooms/@bob,carol/messages?{query}")).await;
            assert_eq!(refused.body, nowhere.body, "it is not told that there is one");
            check_refused(&server.get(&format!("/api/rooms/{room}/tail?{query}")).await, 404, "no_such_room");
            let path = format!("/api/rooms/{room}/messages?{query}");
            let reply = server.http("POST", &path, &[JSON], r#"{"text":"x"}"#).await;
            check_refused(&reply, 404, "no_such_room");
        }
    }
    let mut tail = Tail::open(&server, &format!("/api/rooms/@alice,bob/tail?after=0&{hers}")).await;
    assert_eq!(tail.next().await["text"], "secret");
    let path = format!("/api/rooms/@alice,bob/messages?{hers}");
    assert_eq!(server.http("POST", &path, &[JSON], r#"{"text":"secret too"}"#).await.status, 201);
    assert_eq!(tail.next().await["text"], "secret too");
    assert_eq!(bob.hears("secret too").await["from"], "alice");
    let path = format!("/api/rooms/@alice,nobody/messages?{hers}");
    check_refused(&server.http("POST", &path, &[JSON], r#"{"text":"x"}"#).await, 404, "no_such_user");
    // A name that is not proven is no key either.
    let path = "/api/rooms/@carol,bob/messages";
    let reply = server.http("POST", path, &[JSON], r#"{"text":"to bob","user":"carol"}"#).await;
    assert_eq!(reply.status, 201, "a guest may write to who is here: {reply:?}");
    check_refused(&server.get(path).await, 404, "no_such_room");
}

#[tokio::test]
async fn everything_that_leaves_carries_the_security_headers() {
    let server = TestServer::start().await;
    for path in ["/", "/favicon.ico", "/api/rooms", "/nothing", "/healthz", "/metrics", "/ws"] {
        let reply = server.get(path).await;
        let policy = reply.header("content-security-policy").unwrap_or_default().to_owned();
        for part in
            ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for"]
        {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "deny"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path}");
        }
        assert_eq!(reply.header("access-control-allow-origin"), None, "{path}");
        assert_eq!(reply.header("set-cookie"), None, "no cookie is ever a credential: {path}");
    }
    assert_eq!(server.get("/api/rooms").await.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn an_operator_sees_that_it_lives_that_it_is_ready_and_what_it_counts() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let _bob = server.join("tea", "bob").await;
    alice.say("counted").await;
    alice.hears("counted").await;
    assert_eq!(server.get("/healthz").await.status, 200);
    assert_eq!(server.get("/readyz").await.status, 200);
    let reply = server.get("/metrics").await;
    assert!(reply.header("content-type").is_some_and(|kind| kind.contains("text")), "{reply:?}");
    for name in [
        "chat_connections",
        "chat_rooms",
        "chat_users",
        "chat_messages_total",
        "chat_deliveries_total",
        "chat_queue_bytes",
        "chat_commit_seconds_bucket",
        "chat_commit_size_count",
        "chat_log_writable",
    ] {
        assert!(reply.body.lines().any(|line| line.starts_with(name)), "{name}: {}", reply.body);
    }
    for (name, value) in [
        ("chat_connections", 2.0),
        ("chat_rooms", 2.0),
        ("chat_users", 2.0),
        ("chat_messages_total", 1.0),
        ("chat_log_writable", 1.0),
    ] {
        assert_eq!(server.metric(name).await, value, "{name}");
    }
}

#[tokio::test]
async fn one_connection_serves_one_request_after_the_other() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    stream.write_all(request.repeat(3).as_bytes()).await.expect("writes");
    let mut all = Vec::new();
    while String::from_utf8_lossy(&all).matches("ok\n").count() < 3 {
        let mut some = [0; 4096];
        let read = timeout(PATIENCE, stream.read(&mut some)).await.expect("in time").expect("reads");
        assert!(read > 0, "closed after {}", String::from_utf8_lossy(&all));
        all.extend_from_slice(&some[..read]);
    }
}
