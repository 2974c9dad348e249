//! `/ws/{name}`: text in, the tutorials' JSON envelope out.

mod common;

use chat_protocol::{CloseCode, Timestamp};
use common::{TestClient, TestServer};
use serde_json::{Value, json};

/// A client after everybody, itself too, was told that it joined.
async fn named(server: &TestServer, name: &str) -> TestClient {
    let mut client = server.open(&format!("/ws/{name}")).await;
    client.find(|value| value["type"] == "connection").await;
    client
}

/// Exactly the four fields, three of them these, and a time that is one.
#[track_caller]
fn check(seen: &Value, kind: &str, client_id: &str, message: &str) {
    let time = seen["timestamp"].as_str().expect("a timestamp");
    assert!(Timestamp::parse(time).is_some_and(|at| at.to_string() == time), "{time}");
    let expected = json!({ "type": kind, "client_id": client_id, "message": message, "timestamp": time });
    assert_eq!(*seen, expected);
}

async fn next(client: &mut TestClient) -> Value {
    serde_json::from_str(&client.next_text().await).expect("every frame is JSON")
}

#[tokio::test]
async fn everybody_sees_who_joins_speaks_and_leaves_in_the_envelope() {
    let server = TestServer::start().await;
    let mut alice = server.open("/ws/alice").await;
    check(&next(&mut alice).await, "connection", "alice", "alice joined the chat");
    let mut bob = server.open("/ws/bob").await;
    for client in [&mut alice, &mut bob] {
        check(&next(client).await, "connection", "bob", "bob joined the chat");
    }
    alice.line("hello").await;
    for client in [&mut alice, &mut bob] {
        check(&next(client).await, "message", "alice", "hello");
    }
    bob.close().await;
    check(&next(&mut alice).await, "disconnection", "bob", "bob left the chat");
    assert!(alice.unasked().is_empty());
}

#[tokio::test]
async fn every_line_is_text_and_comes_back_as_it_was_said() {
    let server = TestServer::start().await;
    let mut alice = named(&server, "alice").await;
    for line in [
        "",
        " ",
        "/help",
        "7:psst",
        r#"{"type":"message","client_id":"bob","message":"forged"}"#,
        "{",
        "a\nb",
        "\u{202e}x\u{9b}1m",
    ] {
        alice.line(line).await;
        let raw = alice.next_text().await;
        assert!(!raw.chars().any(chat_protocol::display::is_unsafe), "{raw:?}");
        check(&serde_json::from_str(&raw).expect("JSON"), "message", "alice", line);
    }
}

#[tokio::test]
async fn an_id_that_is_no_u64_is_a_name() {
    let server = TestServer::start().await;
    for (path, name) in [
        ("7a", "7a"),
        ("Ann%20Lee", "Ann Lee"),
        ("18446744073709551616", "18446744073709551616"),
        ("J%C3%B6rg", "Jörg"),
        ("Jo%CC%88rg", "Jörg"),
        ("0a2c6f6e-8d1c-4a55-b7f5-1b5f0c0b9a77", "0a2c6f6e-8d1c-4a55-b7f5-1b5f0c0b9a77"),
    ] {
        let mut client = server.open(&format!("/ws/{path}")).await;
        check(&next(&mut client).await, "connection", name, &format!("{name} joined the chat"));
        client.close().await;
    }
}

#[tokio::test]
async fn a_name_is_its_holders_while_it_is_open_and_free_at_once_after() {
    let server = TestServer::start().await;
    let mut alice = named(&server, "alice").await;
    for same in ["alice", "ALICE", "%EF%BD%81lice"] {
        let mut second = server.open(&format!("/ws/{same}")).await;
        let closed = second.closed_with(CloseCode::NameTaken).await;
        assert_eq!(closed.reason, "Name is taken");
        assert!(second.unasked().is_empty(), "the envelope knows no goodbye: {:?}", second.unasked());
    }
    let mut bob = named(&server, "bob").await;
    alice.find_words("bob joined").await;
    alice.close().await;
    bob.find_words("alice left the chat").await;
    // The departure is told before the name is let go: whoever comes a moment too early comes again.
    let mut again = loop {
        let mut client = server.open("/ws/alice").await;
        if client.next_or_end().await.is_ok() {
            break client;
        }
    };
    again.line("back").await;
    bob.find_words("back").await;
}

#[tokio::test]
async fn a_session_opens_a_name_that_is_online() {
    let server = TestServer::start().await;
    let alice = server.join("general", "alice").await;
    let mut stranger = server.open("/ws/alice").await;
    stranger.closed_with(CloseCode::NameTaken).await;
    let mut stranger = server.open("/ws/alice?session=made-up").await;
    stranger.closed_with(CloseCode::NameTaken).await;
    let mut page = named(&server, &format!("alice?session={}", alice.session())).await;
    page.line("the same alice").await;
    check(&next(&mut page).await, "message", "alice", "the same alice");
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_to_its_sender_alone() {
    let server = TestServer::start().await;
    let mut alice = named(&server, "alice").await;
    let mut bob = named(&server, "bob").await;
    alice.find_words("bob joined").await;
    alice.line(&"x".repeat(chat_protocol::limits::TEXT_BYTES + 1)).await;
    let told = next(&mut alice).await;
    assert_eq!(told["type"], "error");
    assert!(told["message"].as_str().is_some_and(|text| text.contains("16384")), "{told}");
    alice.line("short").await;
    check(&next(&mut bob).await, "message", "alice", "short");
}
