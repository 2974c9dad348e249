//! Sockets that have not said who they are: there are only so many, the one that has waited longest makes room, and nobody else
//! notices.

mod common;

use std::time::{Duration, Instant};

use chat_protocol::CloseCode;
use chat_server::{Config, limits::Limits};
use common::{PATIENCE, TestServer, config, tls::TlsServer};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

async fn silent(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.address).await.expect("connects")
}

/// From another address of this machine.
async fn silent_from(server: &TestServer, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, last], 0).into()).expect("an address of this machine");
    socket.connect(server.address).await.expect("connects")
}

/// Waits until it is cut.
async fn is_cut(stream: &mut TcpStream) {
    let mut heard = Vec::new();
    let _ = timeout(Duration::from_secs(3), stream.read_to_end(&mut heard)).await.expect("it is cut before its time is over");
    // TLS says that it was meant.
    assert!(heard.is_empty() || heard[0] == 0x15, "{heard:?}");
}

/// It is there still: it asks something and is answered.
async fn is_there(stream: &mut TcpStream) {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.expect("writes");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("reads");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// The cutting is not seen from here before the one who comes is let in: this one is, later.
async fn pass(server: &TestServer) {
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn the_oldest_of_an_address_makes_room_for_the_next_and_nobody_else_does() {
    let limits = Limits { strangers_per_address: 3, ..Limits::OFF };
    let server = TestServer::with(Config { limits, shards: 1, ..config() }).await;
    let mut alice = server.join("tea", "alice").await;
    let mut other = silent_from(&server, 2).await;
    let (mut one, mut two, mut three) = (silent(&server).await, silent(&server).await, silent(&server).await);
    let mut half = silent(&server).await;
    half.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n").await.expect("writes");
    is_cut(&mut one).await;
    // Who has asked is a stranger no longer, and makes room.
    is_there(&mut two).await;
    let mut more = silent(&server).await;
    is_there(&mut three).await;
    is_there(&mut more).await;
    is_there(&mut other).await;
    half.write_all(b"connection: close\r\n\r\n").await.expect("writes");
    let mut answer = Vec::new();
    timeout(PATIENCE, half.read_to_end(&mut answer)).await.expect("in time").expect("reads");
    assert!(answer.starts_with(b"HTTP/1.1 200"), "it is slow, and no more than that");
    alice.say("not disturbed").await;
    assert_eq!(server.metric("chat_drops_total{reason=\"Stranger\"}").await, 1.0);
}

#[tokio::test]
async fn the_oldest_of_all_makes_room_when_there_are_too_many() {
    let limits = Limits { strangers: 3, ..Limits::OFF };
    let server = TestServer::with(Config { limits, shards: 1, ..config() }).await;
    let mut all = Vec::new();
    for last in 2..5 {
        all.push(silent_from(&server, last).await);
    }
    pass(&server).await;
    is_cut(&mut all[0]).await;
    for stream in &mut all[1..] {
        is_there(stream).await;
    }
    assert_eq!(server.metric("chat_drops_total{reason=\"Stranger\"}").await, 1.0);
}

#[tokio::test]
async fn a_handshake_of_tls_is_a_strangers() {
    let limits = Limits { strangers_per_address: 2, ..Limits::OFF };
    let server = TlsServer::with(Config { limits, shards: 1, ..config() }).await;
    let connect = async || TcpStream::connect(server.address).await.expect("connects");
    let mut one = connect().await;
    one.write_all(b"\x16\x03\x01").await.expect("writes");
    let _two = connect().await;
    // While it shakes hands it is one of them, and afterwards until it asks.
    let _in = server.join("tea", "alice").await;
    is_cut(&mut one).await;
    server.join("tea", "bob").await;
}

#[tokio::test]
async fn who_waits_to_show_a_credential_is_a_stranger_until_then() {
    let limits = Limits { strangers_per_address: 2, ..Limits::OFF };
    let tokens = vec!["s3cret".into()];
    let server = TestServer::with(Config { limits, tokens, require_auth: true, shards: 1, ..config() }).await;
    let mut one = server.open("/ws/chat/tea/one").await;
    let mut two = server.open("/ws/chat/tea/two").await;
    let mut three = server.open("/ws/chat/tea/three").await;
    let closing = one.expect("closing").await;
    assert_eq!((&closing["code"], &closing["reconnect"]), (&json!(1013), &json!(true)), "it may come back, and say it sooner");
    one.closed_with(CloseCode::Overloaded).await;
    for client in [&mut two, &mut three] {
        client.send(json!({ "type": "hello", "token": "s3cret" })).await;
        client.expect("joined").await;
    }
    // They are none any more: there is room for two.
    let mut more = vec![server.open("/ws/chat/tea/four").await, server.open("/ws/chat/tea/five").await];
    for client in &mut more {
        client.send(json!({ "type": "hello", "token": "s3cret" })).await;
        client.expect("joined").await;
    }
}

#[tokio::test]
async fn a_thousand_who_say_nothing_keep_nobody_out() {
    let limits = Limits { strangers: 1024, strangers_per_address: 128, ..Limits::OFF };
    let server = TestServer::with(Config { limits, ..config() }).await;
    let mut crowd = Vec::new();
    for _ in 0..1000 {
        crowd.push(silent(&server).await);
    }
    let start = Instant::now();
    let mut alice = server.join("tea", "alice").await;
    alice.say("here").await;
    assert!(start.elapsed() < Duration::from_secs(4), "not only when they were cut for their silence: {:?}", start.elapsed());
    for stream in &mut crowd[..500] {
        is_cut(stream).await;
    }
    assert!(server.metric("chat_drops_total{reason=\"Stranger\"}").await >= 872.0);
}
