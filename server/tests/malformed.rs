//! Peers that break the rules, by mistake or on purpose: what they get, and that nobody else notices.

mod common;

use std::time::{Duration, Instant};

use chat_protocol::{CloseCode, limits};
use chat_server::{Config, limits::Limits};
use common::{
    PATIENCE, TestServer, config,
    raw::{CONTINUATION, ENDPOINTS, FIN, GOOD, PING, Raw as _, TEXT, answer, frame, handshake, status},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_binary_frame_is_closed_with_1003_on_every_endpoint() {
    let server = TestServer::start().await;
    for path in ENDPOINTS {
        let mut client = server.open(path).await;
        client.frame(Message::binary(vec![1, 2, 3])).await.expect("sends");
        assert!(!client.closed_with(CloseCode::Binary).await.reason.is_empty(), "{path}");
    }
    let mut alice = server.open("/ws/chat/general/alicia").await;
    alice.frame(Message::binary(vec![])).await.expect("sends");
    let closing = alice.expect("closing").await;
    assert_eq!((&closing["code"], &closing["reconnect"]), (&json!(1003), &json!(false)));
}

#[tokio::test]
async fn text_that_is_not_utf8_is_closed_with_1007_on_every_endpoint() {
    let server = TestServer::start().await;
    for path in ENDPOINTS {
        let mut client = server.open(path).await;
        client.raw(&frame(FIN | TEXT, b"caf\xe9")).await;
        client.closed_with(CloseCode::NotUtf8).await;
    }
    for bad in [&b"\xff"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"a\xc3"] {
        let mut client = server.open("/ws").await;
        client.raw(&frame(FIN | TEXT, bad)).await;
        client.closed_with(CloseCode::NotUtf8).await;
    }
    let mut client = server.open("/ws").await;
    client.raw(&frame(TEXT, b"caf\xc3")).await;
    client.raw(&frame(FIN | CONTINUATION, b"x")).await;
    client.closed_with(CloseCode::NotUtf8).await;
}

#[tokio::test]
async fn a_frame_over_the_limit_is_closed_with_1009_on_every_endpoint_and_one_at_the_limit_is_not() {
    let server = TestServer::start().await;
    for path in ENDPOINTS {
        let mut client = server.open(path).await;
        client.line(&"x".repeat(limits::FRAME_BYTES)).await;
        client.line(&"x".repeat(limits::FRAME_BYTES + 1)).await;
        client.closed_with(CloseCode::TooBig).await;
        let seen = client.unasked().join("\n");
        assert!(seen.contains("16384") || seen.contains("bad_json"), "the first was answered on {path}: {seen:.200}");
    }
    // What is only announced is refused before it comes.
    for length in [limits::FRAME_BYTES as u64 + 1, 1 << 40, (1 << 63) - 1] {
        let mut client = server.open("/ws").await;
        let mut head = vec![FIN | TEXT, 0x80 | 127];
        head.extend(length.to_be_bytes());
        head.extend([0; 4]);
        client.raw(&head).await;
        client.closed_with(CloseCode::TooBig).await;
    }
    let mut client = server.open("/ws").await;
    client.raw(&frame(TEXT, &[b'x'; 40_000])).await;
    client.raw(&frame(FIN | CONTINUATION, &[b'x'; 40_000])).await;
    client.closed_with(CloseCode::TooBig).await;
}

#[tokio::test]
async fn what_is_no_frame_of_a_websocket_ends_the_connection_of_its_sender_alone() {
    let server = TestServer::start().await;
    let mut witness = server.join("general", "witness").await;
    let long_ping = frame(FIN | PING, &[b'x'; 126]);
    let no_mask = [FIN | TEXT, 2, b'h', b'i'];
    for (name, bytes) in [
        ("unmasked", no_mask.to_vec()),
        ("reserved bit", frame(FIN | 0x40 | TEXT, b"hi")),
        ("unknown opcode", frame(FIN | 3, b"hi")),
        ("unknown control opcode", frame(FIN | 0xb, b"hi")),
        ("fragmented ping", frame(PING, b"hi")),
        ("long ping", long_ping),
        ("continuation of nothing", frame(FIN | CONTINUATION, b"hi")),
        ("text within text", [frame(TEXT, b"hi"), frame(FIN | TEXT, b"hi")].concat()),
        ("http once more", b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec()),
    ] {
        let mut client = server.open("/ws").await;
        client.raw(&bytes).await;
        let closed = client.closed().await;
        assert_eq!(closed.code, CloseCode::BadFrame.number(), "{name}: {closed:?}");
        client.never_saw("Echo");
    }
    witness.say("still here").await;
}

#[tokio::test]
async fn a_message_in_fragments_is_one_message() {
    let server = TestServer::start().await;
    let mut client = server.open("/ws").await;
    for part in [&b"caf"[..], b"\xc3", b"\xa9 ", b"", b"\xf0\x9f", b"\x91\x8b"] {
        client.raw(&frame(if part == b"caf" { TEXT } else { CONTINUATION }, part)).await;
        client.raw(&frame(FIN | PING, b"between")).await;
    }
    client.raw(&frame(FIN | CONTINUATION, b"!")).await;
    assert_eq!(client.next_text().await, "Echo: café 👋!");
    for byte in frame(FIN | TEXT, "byte by byte".as_bytes()) {
        client.raw(&[byte]).await;
    }
    assert_eq!(client.next_text().await, "Echo: byte by byte");
}

#[tokio::test]
async fn frames_that_come_with_the_handshake_are_heard() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    let mut bytes = handshake("GET /ws HTTP/1.1", &GOOD);
    bytes.extend(frame(FIN | TEXT, b"early"));
    bytes.extend(frame(FIN | TEXT, b"bird"));
    stream.write_all(&bytes).await.expect("writes");
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("Echo: bird") {
        let mut some = [0; 1024];
        let read = timeout(PATIENCE, stream.read(&mut some)).await.expect("in time").expect("reads");
        assert!(read > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&some[..read]);
    }
    let seen = String::from_utf8_lossy(&seen);
    assert!(seen.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the accept key of RFC 6455's own example: {seen}");
    assert!(seen.contains("Echo: early"));
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused_before_the_upgrade() {
    let server = TestServer::start().await;
    assert_eq!(status(&answer(&server, &handshake("GET /ws HTTP/1.1", &GOOD)).await), "101");
    let [upgrade, connection, version, key] = GOOD;
    for (name, first, lines, expected) in [
        ("no upgrade", "GET /ws HTTP/1.1", vec![connection, version, key], "426"),
        ("no connection", "GET /ws HTTP/1.1", vec![upgrade, version, key], "426"),
        ("another upgrade", "GET /ws HTTP/1.1", vec!["Upgrade: h2c", connection, version, key], "426"),
        ("no version", "GET /ws HTTP/1.1", vec![upgrade, connection, key], "426"),
        ("an old version", "GET /ws HTTP/1.1", vec![upgrade, connection, "Sec-WebSocket-Version: 8", key], "426"),
        ("no key", "GET /ws HTTP/1.1", vec![upgrade, connection, version], "400"),
        ("a short key", "GET /ws HTTP/1.1", vec![upgrade, connection, version, "Sec-WebSocket-Key: dGhl"], "400"),
        ("no key at all", "GET /ws HTTP/1.1", vec![upgrade, connection, version, "Sec-WebSocket-Key: "], "400"),
        (
            "a key that is not base64",
            "GET /ws HTTP/1.1",
            vec![upgrade, connection, version, "Sec-WebSocket-Key: ######################=="],
            "400",
        ),
        ("a post", "POST /ws HTTP/1.1", GOOD.to_vec(), "405"),
        ("a head", "HEAD /ws HTTP/1.1", GOOD.to_vec(), "405"),
        ("a bad query", "GET /ws/chat/general/alice?after=x HTTP/1.1", GOOD.to_vec(), "400"),
        ("a negative position", "GET /ws/chat/general/alice?after=-1 HTTP/1.1", GOOD.to_vec(), "400"),
        ("no http", "HELLO", vec![], "400"),
    ] {
        let said = answer(&server, &handshake(first, &lines)).await;
        assert_eq!(status(&said), expected, "{name}: {said}");
        let said = said.to_lowercase();
        if name.contains("version") {
            assert!(said.contains("\r\nsec-websocket-version: 13\r\n"), "RFC 6455, 4.4: {said}");
        }
        if expected == "426" {
            assert!(said.contains("upgrade: websocket\r\n"), "RFC 9110, 15.5.22: {said}");
        }
    }
    // RFC 6455, 4.1: HTTP/1.1 or higher.
    let old = answer(&server, &handshake("GET /ws HTTP/1.0", &GOOD)).await;
    assert_ne!(status(&old), "101", "{old}");
    let long = format!("X-Long: {}", "x".repeat(20_000));
    assert_eq!(status(&answer(&server, &handshake("GET / HTTP/1.1", &[&long])).await), "431");
}

#[tokio::test]
async fn who_does_not_finish_its_request_in_five_seconds_is_cut_and_gives_its_place_back() {
    let server = TestServer::with(Config { max_per_ip: 3, ..config() }).await;
    let start = Instant::now();
    let mut half_open = Vec::new();
    for words in ["", "GET /ws HTTP/1.1\r\nhost: x\r\n", "GET"] {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        stream.write_all(words.as_bytes()).await.expect("writes");
        half_open.push(stream);
    }
    assert_eq!(server.get("/healthz").await.status, 429, "all places are taken");
    for mut stream in half_open {
        let mut rest = Vec::new();
        // Whether it is told 408 or only cut, it ends.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is cut in time");
        let text = String::from_utf8_lossy(&rest);
        assert!(text.is_empty() || text.contains("408"), "{text}");
    }
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(4) && took < Duration::from_secs(12), "{took:?}");
    while server.get("/healthz").await.status != 200 {
        assert!(start.elapsed() < PATIENCE, "the places are not given back");
    }
}

#[tokio::test]
async fn an_address_has_exactly_as_many_connections_as_it_may() {
    let server = TestServer::with(Config { max_per_ip: 3, ..config() }).await;
    let mut clients = vec![server.open("/ws").await, server.open("/ws/7").await, server.open("/ws/json").await];
    for path in ["/healthz", "/api/rooms", "/ws"] {
        let reply = server.get(path).await;
        assert_eq!(reply.status, 429, "{path}");
        assert!(reply.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{reply:?}");
        assert_eq!(reply.json()["error"]["code"], "rate_limited");
    }
    assert!(server.try_open("/ws", &[]).await.is_err());
    clients.pop().expect("one").close().await;
    let start = Instant::now();
    let again = loop {
        if let Ok(client) = server.try_open("/ws", &[]).await {
            break client;
        }
        assert!(start.elapsed() < PATIENCE, "the place is not given back");
    };
    assert_eq!(server.get("/healthz").await.status, 429, "and it is taken again");
    drop((clients, again));
}

#[tokio::test]
async fn a_full_server_says_503_and_when_to_come_again() {
    let server = TestServer::with(Config { max_connections: 2, ..config() }).await;
    let mut one = server.open("/ws").await;
    let _two = server.open("/ws").await;
    let reply = server.get("/readyz").await;
    assert_eq!((reply.status, reply.json()["error"]["code"].clone()), (503, json!("unavailable")));
    assert!(reply.header("retry-after").is_some());
    one.line("still served").await;
    assert_eq!(one.next_text().await, "Echo: still served");
}

#[tokio::test]
async fn who_asks_too_fast_is_told_how_long_to_wait_and_is_welcome_after() {
    let server = TestServer::with(Config { rate: "5/2".parse().expect("a rate"), ..config() }).await;
    let mut alice = server.join("general", "alice").await;
    let limits = &alice.welcome["limits"];
    assert_eq!((&limits["burst"], &limits["per_second"]), (&json!(5), &json!(2)));
    for _ in 0..5 {
        assert_eq!(alice.ask(json!({ "type": "ping" })).await["type"], "pong");
    }
    let refused = alice.refused(json!({ "type": "send", "text": "too much" }), "rate_limited").await;
    let wait = refused["retry_ms"].as_u64().expect("how long");
    assert!((1..=500).contains(&wait), "{wait}");
    alice.line("too much too").await;
    assert_eq!(alice.expect("error").await["code"], "rate_limited");
    // This wait is what the server asked for.
    tokio::time::sleep(Duration::from_millis(wait + 20)).await;
    assert_eq!(alice.say("welcome again").await["seq"], 1, "what was refused was not said");
}

#[tokio::test]
async fn who_floods_on_is_closed_with_4029_on_every_endpoint() {
    let server = TestServer::with(Config { rate: "5/1".parse().expect("a rate"), ..config() }).await;
    let mut witness = server.join("general", "witness").await;
    for path in ENDPOINTS {
        let mut client = server.open(path).await;
        for number in 0..40 {
            if client.frame(Message::text(format!("{number}"))).await.is_err() {
                break;
            }
        }
        let closed = client.closed_with(CloseCode::Flooding).await;
        assert!(!closed.reason.is_empty(), "{path}");
        if path.starts_with("/ws/chat") {
            let closing = client.expect("closing").await;
            assert_eq!((&closing["code"], &closing["reconnect"]), (&json!(4029), &json!(true)));
            assert!(closing["retry_ms"].as_u64().is_some_and(|wait| wait > 0), "{closing}");
        }
    }
    witness.say("unharmed").await;
    assert!(server.metric("chat_drops_total{reason=\"Flooding\"}").await >= 6.0);
}

#[tokio::test]
async fn a_flood_is_four_bursts_beyond_the_limit_and_not_one_frame_less() {
    let server = TestServer::with(Config { rate: "5/1".parse().expect("a rate"), ..config() }).await;
    let mut alice = server.join("general", "alice").await;
    let frames = [frame(FIN | TEXT, br#"{"type":"ping"}"#); 1].concat();
    alice.raw(&frames.repeat(5 + 19)).await;
    for _ in 0..5 {
        alice.expect("pong").await;
    }
    for _ in 0..19 {
        assert_eq!(alice.find(|value| value["type"] == "error" || value["type"] == "closing").await["code"], "rate_limited");
    }
    alice.raw(&frames.repeat(5)).await;
    alice.closed_with(CloseCode::Flooding).await;
}

#[tokio::test]
async fn pings_are_answered_and_a_flood_of_them_is_a_flood() {
    let limits = Limits { control: "5/1".parse().expect("a rate"), ..Limits::OFF };
    let server = TestServer::with(Config { limits, ..config() }).await;
    for path in ENDPOINTS {
        let mut client = server.open(path).await;
        client.raw(&frame(FIN | PING, b"are you there?").repeat(40)).await;
        client.closed_with(CloseCode::Flooding).await;
    }
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    let mut bytes = handshake("GET /ws HTTP/1.1", &GOOD);
    bytes.extend(frame(FIN | PING, b"are you there?"));
    stream.write_all(&bytes).await.expect("writes");
    let mut seen = Vec::new();
    while !seen.ends_with(b"\x8a\x0eare you there?") {
        let mut some = [0; 1024];
        let read = timeout(PATIENCE, stream.read(&mut some)).await.expect("a pong in time").expect("reads");
        assert!(read > 0, "it is closed");
        seen.extend_from_slice(&some[..read]);
    }
}

#[tokio::test]
async fn json_of_any_depth_and_shape_hurts_nobody() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    for frame in [
        format!("{{\"a\":{}", "[".repeat(60_000)),
        format!("{}1{}", "{\"a\":".repeat(5000), "}".repeat(5000)),
        format!("{{\"type\":\"send\",\"text\":1e{}}}", "9".repeat(1000)),
        "{\"type\":\"send\",\"text\":\"\\u0000\\ud83d\"}".into(),
    ] {
        alice.line(&frame).await;
        assert_eq!(alice.expect("error").await["code"], "bad_json", "{frame:.60}");
    }
    alice.line(&format!("{{\"type\":\"ping\"{}}}", ",\"a\":1".repeat(9000))).await;
    alice.expect("pong").await;
    alice.line("{\"type\":\"send\",\"text\":\"\\u0000\\u202e\\u0007\"}").await;
    let raw = alice.find_text(|text| text.starts_with(r#"{"type":"message""#)).await;
    assert!(!raw.chars().any(chat_protocol::display::is_unsafe), "{raw:?}");
}
