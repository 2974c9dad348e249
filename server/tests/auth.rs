//! Who may come in, and whose a name is: tokens, sessions, names that are taken or held.

mod common;

use std::time::{Duration, Instant};

use chat_protocol::CloseCode;
use chat_server::Config;
use common::{
    Reply, TestClient, TestServer, config, config_in,
    raw::{FIN, Raw as _, frame},
};
use serde_json::{Value, json};

fn with_token(require_auth: bool) -> Config {
    Config { tokens: vec!["s3cret".into(), "other".into()], require_auth, ..config() }
}

async fn post(server: &TestServer, query: &str, body: Value) -> Reply {
    let path = format!("/api/rooms/general/messages{query}");
    server.http("POST", &path, &[("content-type", "application/json")], &body.to_string()).await
}

/// The handshake succeeds, then it is closed with 4001 and these words.
async fn check_refused(mut client: TestClient) {
    let closed = client.closed_with(CloseCode::InvalidToken).await;
    assert_eq!(closed.reason, "Invalid token");
}

#[tokio::test]
async fn ws_auth_opens_with_a_token_and_closes_4001_without() {
    let server = TestServer::with(with_token(false)).await;
    for path in ["/ws/auth", "/ws/auth?token=", "/ws/auth?token=s3cre", "/ws/auth?token=S3CRET", "/ws/auth?token=s3cret%20"] {
        let mut client = server.open(path).await;
        let closed = client.closed_with(CloseCode::InvalidToken).await;
        assert_eq!((closed.reason.as_str(), client.unasked()), ("Invalid token", vec![]), "{path}");
    }
    let mut guest = server.open("/ws/auth?token=s3cret").await;
    let name = guest.expect("welcome").await["user"].as_str().unwrap_or_default().to_owned();
    assert!(name.starts_with("guest-"), "{name}");
    assert_eq!(guest.expect("joined").await["room"], "general");
    let mut alice = server.open("/ws/auth?token=other&room=Tea%20Room&user=alice").await;
    assert_eq!(alice.expect("welcome").await["user"], "alice");
    assert_eq!(alice.expect("joined").await["room"], "Tea Room");
    alice.say("the chat protocol").await;
    let mut bearer = server.try_open("/ws/auth?user=bob", &[("authorization", "Bearer s3cret")]).await.expect("a handshake");
    assert_eq!(bearer.expect("welcome").await["user"], "bob");
}

#[tokio::test]
async fn where_no_token_is_configured_none_opens_ws_auth() {
    let server = TestServer::start().await;
    for path in ["/ws/auth", "/ws/auth?token=", "/ws/auth?token=x"] {
        check_refused(server.open(path).await).await;
    }
}

#[tokio::test]
async fn a_token_for_ws_auth_closes_nothing_else() {
    let server = TestServer::with(with_token(false)).await;
    server.join("general", "alice").await.say("hi").await;
    let mut first_steps = server.open("/ws").await;
    first_steps.line("hi").await;
    first_steps.find_text(|text| text == "Echo: hi").await;
    server.open("/ws/7").await.find_words("entered").await;
    server.open("/ws/bob").await.find_words("joined").await;
    let mut bot = server.open("/ws/json").await;
    bot.send(json!(1)).await;
    bot.find_words("response").await;
    let mut tasks = server.open("/ws/tasks").await;
    tasks.line("?").await;
    tasks.expect("error").await;
    assert_eq!(server.get("/api/rooms").await.status, 200);
    assert_eq!(server.get("/metrics").await.status, 200);
    // A wrong one changes nothing where none is asked for.
    server.join_with("general", "carol", "token=wrong").await;
}

#[tokio::test]
async fn where_a_credential_is_required_every_endpoint_asks_for_it() {
    let server = TestServer::with(with_token(true)).await;
    for path in ["/ws", "/ws/7", "/ws/bob", "/ws/json", "/ws/tasks", "/ws/auth"] {
        let sign = if path.contains('?') { '&' } else { '?' };
        check_refused(server.open(path).await).await;
        check_refused(server.open(&format!("{path}{sign}token=wrong")).await).await;
    }
    check_refused(server.open("/ws/chat/general/alice?token=wrong").await).await;
    let mut first_steps = server.open("/ws?token=s3cret").await;
    first_steps.line("hi").await;
    first_steps.find_text(|text| text == "Echo: hi").await;
    server.open("/ws/7?token=s3cret").await.find_words("entered").await;
    server.open("/ws/bob?token=s3cret").await.find_words("joined").await;
    let mut bot = server.open("/ws/json?token=s3cret").await;
    bot.send(json!(1)).await;
    bot.find_words("response").await;
    let mut tasks = server.open("/ws/tasks?token=s3cret").await;
    tasks.line("?").await;
    tasks.expect("error").await;
    server.join_with("general", "carol", "token=s3cret").await.0.say("hi").await;
}

#[tokio::test]
async fn where_a_credential_is_required_http_answers_401_without() {
    let server = TestServer::with(with_token(true)).await;
    let paths = ["/api/rooms", "/api/rooms/general/messages", "/api/rooms/general/tail", "/api/exports/none", "/metrics"];
    for path in paths {
        for headers in
            [&[][..], &[("authorization", "Bearer wrong")], &[("authorization", "s3cret")], &[("authorization", "Basic s3cret")]]
        {
            let reply = server.http("GET", path, headers, "").await;
            assert_eq!((reply.status, reply.header("www-authenticate")), (401, Some("bearer")), "{path} {headers:?}");
            assert_eq!(reply.json()["error"]["code"], "forbidden");
        }
    }
    assert_eq!(post(&server, "", json!({ "text": "hi" })).await.status, 401);
    assert_eq!(post(&server, "?token=wrong", json!({ "text": "hi" })).await.status, 401);
    assert_eq!(post(&server, "?token=s3cret", json!({ "text": "hi" })).await.status, 201);
    for (path, status) in
        [("/api/rooms", 200), ("/api/rooms/general/messages", 200), ("/api/exports/none", 404), ("/metrics", 200)]
    {
        for word in ["Bearer", "bearer"] {
            let reply = server.http("GET", path, &[("authorization", &format!("{word} s3cret"))], "").await;
            assert_eq!(reply.status, status, "{path}");
        }
    }
    for open in ["/healthz", "/readyz", "/"] {
        assert_eq!(server.get(open).await.status, 200, "an operator's check and the page itself need none: {open}");
    }
}

#[tokio::test]
async fn hello_with_the_token_as_the_first_frame_opens_the_chat() {
    let server = TestServer::with(with_token(true)).await;
    let mut alice = server.open("/ws/chat/general/alice").await;
    alice.send(json!({ "type": "hello", "token": "s3cret", "client": "test/1" })).await;
    assert_eq!(alice.expect("welcome").await["user"], "alice");
    alice.expect("joined").await;
    alice.say("hi").await;
    for first in [
        json!({ "type": "hello" }),
        json!({ "type": "hello", "token": "wrong" }),
        json!({ "type": "hello", "token": 7 }),
        json!({ "type": "send", "text": "first" }),
        json!("hello"),
    ] {
        let mut client = server.open("/ws/chat/general/bob").await;
        client.send(first.clone()).await;
        let closing = client.expect("closing").await;
        let expected = json!({ "type": "closing", "code": 4001, "reason": "Invalid token", "reconnect": false });
        assert_eq!(closing, expected, "{first}");
        check_refused(client).await;
    }
    let history = alice.ask(json!({ "type": "history" })).await;
    assert_eq!(history["messages"].as_array().map(Vec::len), Some(1), "nothing was said before the credential");
    assert_eq!(alice.ask(json!({ "type": "users" })).await["users"], json!([{ "name": "alice" }]), "and nobody was there");
}

#[tokio::test]
async fn who_does_not_say_hello_within_ten_seconds_is_closed() {
    let server = TestServer::with(with_token(true)).await;
    let start = Instant::now();
    let mut silent = server.open("/ws/chat/general/alice").await;
    // Signs of life are no credential.
    silent.frame(tokio_tungstenite::tungstenite::Message::Ping("x".into())).await.expect("a ping goes out");
    check_refused(silent).await;
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(9) && took < Duration::from_secs(16), "{took:?}");
}

#[tokio::test]
async fn a_name_that_is_online_is_taken_for_everybody_else_and_so_is_one_that_looks_like_it() {
    let server = TestServer::start().await;
    let _paul = server.join("general", "paul").await;
    // The last ones have a digit, and wide letters.
    for name in ["paul", "PAUL", "Paul", "pau1", "%EF%BD%90%EF%BD%81%EF%BD%95%EF%BD%8C"] {
        let mut other = server.open(&format!("/ws/chat/general/{name}")).await;
        let closing = other.expect("closing").await;
        let expected = json!({ "type": "closing", "code": 4009, "reason": "Name is taken", "reconnect": false });
        assert_eq!(closing, expected, "{name}");
        assert_eq!(other.closed_with(CloseCode::NameTaken).await.reason, "Name is taken");
    }
    server.join("general", "paula").await;
    for user in ["paul", "Paul", "ｐaul"] {
        let reply = post(&server, "", json!({ "text": "me", "user": user })).await;
        assert_eq!((reply.status, reply.json()["error"]["code"].clone()), (409, json!("forbidden")), "{user}");
    }
    assert_eq!(server.get("/api/rooms/general/messages").await.json()["messages"], json!([]));
}

#[tokio::test]
async fn a_session_opens_a_second_tab_of_the_same_user() {
    let server = TestServer::start().await;
    let mut tab = server.join("general", "alice").await;
    let query = format!("session={}", tab.session());
    let (mut other, joined) = server.join_with("general", "Alice", &query).await;
    assert_eq!(other.session(), tab.session(), "it stays the same secret");
    assert_eq!(joined["users"], json!([{ "name": "alice" }]), "the user is one");
    let ack = tab.say("mine").await;
    other.hears("mine").await;
    let edit = other.ask(json!({ "type": "edit", "seq": ack["seq"], "text": "still mine" })).await;
    assert_eq!(edit["type"], "ack", "the author is the session, whichever the tab: {edit}");
    let reply = post(&server, &format!("?{query}"), json!({ "text": "and over HTTP" })).await;
    assert_eq!(reply.status, 201);
    assert_eq!(tab.hears("and over HTTP").await["from"], "alice");
    tab.close().await;
    let mut stranger = server.open("/ws/chat/general/alice").await;
    stranger.closed_with(CloseCode::NameTaken).await;
    other.say("online while any connection is").await;
}

#[tokio::test]
async fn what_one_shows_needs_no_place_in_an_address() {
    let server = TestServer::with(with_token(true)).await;
    let mut alice = server.join_with("general", "alice", "token=s3cret").await.0;
    let session = alice.session().to_owned();
    let both = format!("session.{session}, chat,token.s3cret");
    for path in ["/ws/chat/general/alice", "/ws/alice", "/ws/json?user=alice", "/ws/tasks", "/ws/auth?user=alice"] {
        // A client that names subprotocols fails where none of them is answered.
        let mut one = server.try_open(path, &[("sec-websocket-protocol", &both)]).await.expect(path);
        let mut other =
            server.try_open(path, &[("authorization", "Bearer s3cret"), ("chat-session", &session)]).await.expect(path);
        for client in [&mut one, &mut other] {
            client.raw(&frame(FIN | 8, &1000_u16.to_be_bytes())).await;
            assert_eq!(client.closed().await.code, 1000, "{path}: nobody else said goodbye before");
        }
        check_refused(server.try_open(path, &[("sec-websocket-protocol", "chat, token.wrong")]).await.expect(path)).await;
    }
    let mut stranger =
        server.try_open("/ws/chat/general/alice", &[("sec-websocket-protocol", "chat, token.s3cret, session.x")]).await;
    stranger.as_mut().expect("a handshake").closed_with(CloseCode::NameTaken).await;
    let ours = [("authorization", "Bearer s3cret"), ("chat-session", session.as_str()), ("content-type", "application/json")];
    let said = server.http("POST", "/api/rooms/general/messages", &ours, r#"{"text":"by whose session?"}"#).await;
    assert_eq!(said.status, 201, "{said:?}");
    assert_eq!(alice.hears("by whose session?").await["from"], "alice");
}

#[tokio::test]
async fn a_name_that_dropped_is_held_for_its_session() {
    let server = TestServer::start().await;
    let mut bob = server.join("general", "bob").await;
    let alice = server.join("general", "alice").await;
    let query = format!("session={}", alice.session());
    alice.cut();
    bob.find(|value| value["type"] == "presence" && value["left"] == json!(["alice"])).await;
    let mut stranger = server.open("/ws/chat/general/alice").await;
    stranger.closed_with(CloseCode::NameTaken).await;
    let mut stranger = server.open("/ws/alice").await;
    stranger.closed_with(CloseCode::NameTaken).await;
    assert_eq!(post(&server, "", json!({ "text": "me", "user": "alice" })).await.status, 409);
    let (again, _) = server.join_with("general", "alice", &query).await;
    assert_eq!(format!("session={}", again.session()), query);
}

#[tokio::test]
async fn a_session_is_for_one_name_and_an_unknown_one_gets_a_new_one() {
    let server = TestServer::start().await;
    let alice = server.join("general", "alice").await;
    let (carol, _) = server.join_with("general", "carol", &format!("session={}", alice.session())).await;
    assert_ne!(carol.session(), alice.session(), "alice's proof says nothing of carol");
    let (dave, _) = server.join_with("general", "dave", "session=unknown").await;
    assert_ne!(dave.session(), "unknown");
    let mut stranger = server.open(&format!("/ws/chat/general/alice?session={}", carol.session())).await;
    stranger.closed_with(CloseCode::NameTaken).await;
}

#[tokio::test]
async fn sessions_outlive_the_server_and_so_does_whose_a_message_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path())).await;
    let mut alice = server.join("general", "alice").await;
    let query = format!("session={}", alice.session());
    alice.ask(json!({ "type": "send", "text": "before", "cid": "c" })).await;
    server.stop().await;
    let server = TestServer::with(config_in(directory.path())).await;
    let (mut alice, _) = server.join_with("general", "alice", &query).await;
    assert_eq!(format!("session={}", alice.session()), query);
    assert_eq!(alice.ask(json!({ "type": "send", "text": "again", "cid": "c" })).await["duplicate"], true);
    assert_eq!(alice.ask(json!({ "type": "edit", "seq": 1, "text": "after" })).await["type"], "ack");
}

/// A name goes to somebody else; the proof of who had it before is no longer one.
#[tokio::test]
async fn an_old_session_does_not_speak_or_read_for_the_one_who_has_the_name_now() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path())).await;
    let old = server.join("general", "alice").await.session().to_owned();
    server.stop().await;
    // Names are not held over a restart.
    let server = TestServer::with(config_in(directory.path())).await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    assert_ne!(alice.session(), old);
    bob.ask(json!({ "type": "private", "to": "alice", "text": "secret" })).await;
    alice.hears("secret").await;
    let mut stranger = server.open(&format!("/ws/chat/general/alice?session={old}")).await;
    stranger.closed_with(CloseCode::NameTaken).await;
    let reply = post(&server, &format!("?session={old}"), json!({ "text": "forged" })).await;
    assert_eq!(reply.status, 409, "{reply:?}");
    let reply = post(&server, "", json!({ "text": "forged", "session": old })).await;
    assert_eq!(reply.status, 409, "{reply:?}");
    let reply = server.get(&format!("/api/rooms/@alice,bob/messages?session={old}")).await;
    assert!(reply.status == 409 && !reply.body.contains("secret"), "{reply:?}");
    let mut tasks = server.open(&format!("/ws/tasks?session={old}")).await;
    tasks.closed_with(CloseCode::NameTaken).await;
    let public = server.get("/api/rooms/general/messages").await;
    assert_eq!(public.json()["messages"], json!([]));
}

#[tokio::test]
async fn a_post_without_a_session_is_always_the_same_author_of_that_name() {
    let server = TestServer::start().await;
    let body = json!({ "text": "hi", "user": "script", "cid": "1" });
    assert_eq!(post(&server, "", body.clone()).await.status, 201);
    assert_eq!(post(&server, "", body.clone()).await.status, 200);
    let mut other = body.clone();
    other["user"] = json!("other");
    assert_eq!(post(&server, "", other).await.status, 201, "another name is another author");
    let mut script = server.join("general", "script").await;
    script.refused(json!({ "type": "edit", "seq": 1, "text": "not mine" }), "forbidden").await;
}
