//! How much one may ask: what passes at a limit, and that one more does not.

mod common;

use std::time::{Duration, Instant};

use chat_protocol::CloseCode;
use chat_server::{
    Config,
    admin::{Answer, Order},
    limits::{Limits, Rate},
    realm::Role,
};
use common::{
    PATIENCE, TestClient, TestServer, config, config_in,
    operator::order,
    program::Program,
    raw::{CONTINUATION, FIN, GOOD, PING, Raw, TEXT, answer, frame, handshake, status},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A token comes back so seldom that none does in a test.
fn burst(tokens: u32) -> Rate {
    format!("{tokens}/1").parse().expect("a rate")
}

/// Runs something that must take less than the second after which a token is back: once more, if it took longer.
async fn before_a_token_is_back<T: Send + 'static, F: Future<Output = T> + Send + 'static>(scenario: impl Fn() -> F) -> T {
    for _ in 0..10 {
        let start = Instant::now();
        let ran = tokio::spawn(scenario()).await;
        if start.elapsed() < Duration::from_secs(1) {
            return ran.expect("what is said above");
        }
    }
    panic!("too slow to tell, ten times");
}

async fn with(limits: Limits) -> TestServer {
    TestServer::with(Config { limits, ..config() }).await
}

async fn pings(client: &mut TestClient, count: usize) {
    for _ in 0..count {
        assert_eq!(client.ask(json!({ "type": "ping" })).await["type"], "pong");
    }
}

async fn one_too_many(client: &mut TestClient) -> Value {
    let refused = client.refused(json!({ "type": "ping" }), "rate_limited").await;
    assert!((1..=1000).contains(&refused["retry_ms"].as_u64().expect("how long")), "{refused}");
    refused
}

#[tokio::test]
async fn the_connections_of_an_account_share_what_it_may_say_and_nobody_elses() {
    before_a_token_is_back(|| async {
        let directory = tempfile::tempdir().expect("a directory");
        let limits = Limits { account: burst(20), ..Limits::OFF };
        let server = TestServer::with(Config { limits, ..config_in(directory.path()) }).await;
        order(directory.path(), Order::AddAccount { name: "paul".into(), role: Role::Member }).await;
        let new = Order::NewToken { name: "paul".into(), label: String::new(), days: None };
        let Answer::Token { token, .. } = order(directory.path(), new).await else { panic!("no token") };
        let token = token.tell();
        let (mut one, _) = server.join_with("tea", "paul", &format!("token={token}")).await;
        let (mut other, _) = server.join_with("tea", "paul", &format!("token={token}")).await;
        let mut guest = server.join("tea", "carol").await;
        pings(&mut one, 12).await;
        pings(&mut other, 7).await;
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(server.http("GET", "/api/rooms", &headers, "").await.status, 200, "the twentieth");
        one_too_many(&mut one).await;
        one_too_many(&mut other).await;
        let reply = server.http("GET", "/api/rooms", &headers, "").await;
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
        pings(&mut guest, 30).await;
    })
    .await;
}

#[tokio::test]
async fn the_connections_of_an_address_and_its_requests_share_what_it_may_ask() {
    before_a_token_is_back(|| async {
        let server = with(Limits { address: burst(30), ..Limits::OFF }).await;
        let mut alice = server.join("tea", "alice").await;
        let mut tasks = server.open("/ws/tasks").await;
        pings(&mut alice, 19).await;
        for _ in 0..5 {
            tasks.line("{}").await;
            assert_eq!(tasks.expect("error").await["code"], "bad_request");
        }
        let post = async || {
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            server.http("POST", "/api/rooms/tea/messages", &headers, "text=hi").await
        };
        assert_eq!(post().await.status, 201);
        assert_eq!(server.get("/api/rooms").await.status, 200, "five, which are the last");
        one_too_many(&mut alice).await;
        tasks.line("{}").await;
        let refused = tasks.expect("error").await;
        assert_eq!(refused["code"], "rate_limited");
        assert!(refused["retry_ms"].as_u64().is_some_and(|wait| wait > 0), "{refused}");
        let reply = post().await;
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")));
        assert_eq!(reply.json()["error"]["code"], "rate_limited");
        let reply = server.get("/api/rooms").await;
        assert_eq!(reply.status, 429);
        assert!(
            reply.header("retry-after").is_some_and(|wait| (4..=5).contains(&wait.parse::<u32>().expect("seconds"))),
            "{reply:?}"
        );
        assert_eq!(
            (server.get("/healthz").await.status, server.get("/").await.status),
            (200, 200),
            "what is not asked of the store"
        );
    })
    .await;
}

#[tokio::test]
async fn looking_things_up_costs_more_than_saying_a_line() {
    for (request, cost) in [
        (json!({ "type": "send", "text": "hi" }), 1),
        (json!({ "type": "history" }), 2),
        (json!({ "type": "history", "limit": 200 }), 5),
        (json!({ "type": "rooms" }), 5),
        (json!({ "type": "users" }), 5),
        (json!({ "type": "search", "query": "tea" }), 10),
    ] {
        before_a_token_is_back(|| {
            let request = request.clone();
            async move {
                let server = TestServer::with(Config { rate: burst(30), ..config() }).await;
                let mut alice = server.join("tea", "alice").await;
                for _ in 0..30 / cost {
                    assert_ne!(alice.ask(request.clone()).await["type"], "error", "{request}");
                }
                // All is spent: not one line is left.
                one_too_many(&mut alice).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_ping_beyond_the_limit_is_not_answered_and_the_next_one_after_it_is() {
    let server = with(Limits { control: "3/2".parse().expect("a rate"), ..Limits::OFF }).await;
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream.write_all(&handshake("GET /ws HTTP/1.1", &GOOD)).await.expect("writes");
    let ping = |word: &str| frame(FIN | PING, word.as_bytes());
    let bytes = [ping("p1"), ping("p2"), ping("p3"), ping("p4"), ping("p5"), frame(FIN | TEXT, b"said")].concat();
    stream.write_all(&bytes).await.expect("writes");
    let mut seen = String::new();
    let mut some = [0; 1024];
    while !seen.contains("Echo: said") {
        let read = timeout(PATIENCE, stream.read(&mut some)).await.expect("in time").expect("reads");
        assert!(read > 0, "closed: {seen}");
        seen += &String::from_utf8_lossy(&some[..read]);
    }
    assert!(["p1", "p2", "p3"].iter().all(|word| seen.contains(word)) && !seen.contains("p4") && !seen.contains("p5"), "{seen}");
    let started = Instant::now();
    while !seen.contains("p6") {
        assert!(started.elapsed() < PATIENCE, "never answered again: {seen}");
        stream.write_all(&ping("p6")).await.expect("writes");
        if let Ok(read) = timeout(Duration::from_millis(100), stream.read(&mut some)).await {
            seen += &String::from_utf8_lossy(&some[..read.expect("reads")]);
        }
    }
    assert!(!seen.contains("p4") && !seen.contains("p5"), "{seen}");
    assert!(server.metric("chat_drops_total{reason=\"Control\"}").await >= 2.0);
}

#[tokio::test]
async fn control_frames_take_nothing_from_what_may_be_said() {
    let limits = Limits { control: burst(3), ..Limits::OFF };
    let server = TestServer::with(Config { rate: burst(5), limits, ..config() }).await;
    let mut alice = server.join("tea", "alice").await;
    alice.raw(&frame(FIN | PING, b"").repeat(10)).await;
    pings(&mut alice, 5).await;
    one_too_many(&mut alice).await;
    // 3, and four bursts of 3 beyond: the last of these is a flood.
    alice.raw(&frame(FIN | PING, b"").repeat(3 + 12 - 10 - 1)).await;
    one_too_many(&mut alice).await;
    alice.raw(&frame(FIN | PING, b"")).await;
    alice.closed_with(CloseCode::Flooding).await;
}

#[tokio::test]
async fn an_address_begins_so_many_connections_at_a_time() {
    let server = before_a_token_is_back(|| async {
        let server = with(Limits { connects: burst(5), ..Limits::OFF }).await;
        for _ in 0..4 {
            assert_eq!(server.get("/healthz").await.status, 200);
        }
        let mut alice = server.join("tea", "alice").await;
        let reply = server.get("/healthz").await;
        assert_eq!((reply.status, reply.header("retry-after")), (429, Some("1")), "{reply:?}");
        assert_eq!(reply.json()["error"]["code"], "rate_limited");
        alice.say("who is in is not disturbed").await;
        server
    })
    .await;
    let again = async {
        loop {
            let metrics = server.get("/metrics").await;
            if metrics.status == 200 {
                break metrics.body;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let metrics = timeout(PATIENCE, again).await.expect("it is welcome again");
    assert!(metrics.contains("chat_drops_total{reason=\"Connects\"} "), "{metrics}");
}

#[tokio::test]
async fn the_first_line_and_the_headers_have_eight_kibibytes_and_a_hundred_lines() {
    let server = TestServer::start().await;
    let request = |bytes: usize| {
        let around = handshake("GET /healthz HTTP/1.1", &["x-long: "]).len();
        handshake("GET /healthz HTTP/1.1", &[&format!("x-long: {}", "x".repeat(bytes - around))])
    };
    for (bytes, expected) in [(8191, "200"), (8192, "200"), (8193, "431"), (20_000, "431")] {
        assert_eq!(request(bytes).len(), bytes);
        assert_eq!(status(&answer(&server, &request(bytes)).await), expected, "{bytes} bytes");
    }
    // It is the same if they come one by one, as far as is looked at before the end.
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    for half in request(8192).chunks(4096) {
        stream.write_all(half).await.expect("writes");
        tokio::task::yield_now().await;
    }
    let mut some = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut some)).await.expect("in time").expect("reads");
    assert_eq!(&some, b"HTTP/1.1 200");
    for (lines, expected) in [(100, "200"), (101, "431")] {
        // One of them is the host.
        let headers = vec!["x: y"; lines - 1];
        assert_eq!(status(&answer(&server, &handshake("GET /healthz HTTP/1.1", &headers)).await), expected, "{lines} headers");
    }
}

#[tokio::test]
async fn a_message_is_of_64_frames_at_most() {
    let server = TestServer::start().await;
    let pieces = |frames: usize| {
        let middle = frame(CONTINUATION, b"x").repeat(frames - 2);
        [frame(TEXT, b"x"), middle, frame(FIN | CONTINUATION, b"x")].concat()
    };
    for path in ["/ws", "/ws/7", "/ws/bob", "/ws/json", "/ws/tasks", "/ws/chat/general/alice"] {
        let mut client = server.open(path).await;
        client.raw(&pieces(64).repeat(2)).await;
        client.find_text(|text| text.contains("xxxxxxxx") || text.contains("bad_json")).await;
        client.raw(&pieces(65)).await;
        let closed = client.closed_with(CloseCode::Policy).await;
        assert_eq!(closed.reason, "A message is in too many pieces", "{path}");
    }
    // It need not be whole for that.
    let mut client = server.open("/ws").await;
    client.raw(&[frame(TEXT, b""), frame(CONTINUATION, b"").repeat(64)].concat()).await;
    client.closed_with(CloseCode::Policy).await;
    assert_eq!(server.metric("chat_drops_total{reason=\"Piecemeal\"}").await, 7.0);
}

#[tokio::test]
async fn a_message_is_whole_within_ten_seconds_and_who_is_idle_is_not_asked() {
    let server = TestServer::start().await;
    let mut idle = server.open("/ws").await;
    let mut slow = server.open("/ws").await;
    let mut silent = server.open("/ws").await;
    idle.raw(&frame(FIN | TEXT, b"whole")).await;
    idle.find_words("Echo: whole").await;
    let start = Instant::now();
    silent.raw(&frame(FIN | TEXT, b"never finished")[..7]).await;
    slow.raw(&frame(TEXT, b"x")).await;
    let drip = async {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            slow.raw(&frame(FIN | PING, b"here")).await;
            if start.elapsed() > Duration::from_secs(9) {
                break;
            }
        }
        slow.closed_with(CloseCode::Policy).await
    };
    let (closed, other) = tokio::join!(drip, silent.closed_with(CloseCode::Policy));
    assert_eq!((closed.reason.as_str(), other.reason.as_str()), ("A message takes too long", "A message takes too long"));
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(15), "{took:?}");
    idle.raw(&frame(FIN | TEXT, b"still here")).await;
    idle.find_words("Echo: still here").await;
}

#[tokio::test]
async fn json_is_32_deep_at_most_wherever_it_is_read() {
    let server = TestServer::start().await;
    let deep = |depth: usize| format!("{{\"type\":\"ping\",\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let mut alice = server.join("tea", "alice").await;
    alice.line(&deep(32)).await;
    alice.expect("pong").await;
    alice.line(&deep(33)).await;
    let refused = alice.expect("error").await;
    assert_eq!((&refused["code"], &refused["text"]), (&json!("bad_json"), &json!("JSON is at most 32 deep")));
    for (path, at_the_limit) in [("/ws/json", "response"), ("/ws/tasks", "bad_request")] {
        let mut client = server.open(path).await;
        client.line(&deep(32)).await;
        client.find_words(at_the_limit).await;
        client.line(&deep(33)).await;
        assert_eq!(client.expect("error").await["code"], "bad_json", "{path}");
    }
    let post = async |body: &str| {
        let reply = server.http("POST", "/api/rooms/tea/messages", &[("content-type", "application/json")], body).await;
        (reply.status, reply.json()["error"]["code"].clone())
    };
    let post_of = |depth: usize| deep(depth).replace("\"type\":\"ping\"", "\"text\":\"hi\"");
    assert_eq!(post(&post_of(32)).await, (201, Value::Null));
    assert_eq!(post(&post_of(33)).await, (400, json!("bad_json")));
}

#[tokio::test]
async fn a_flood_is_no_flood_of_lines_in_the_log() {
    let server = Program::start(&["--ephemeral", "--connect-rate", "1/1"]).await;
    let (start, mut connected) = (Instant::now(), 0);
    while connected < 300 {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        // Some are told, and the others cut.
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await;
        let _ = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.expect("in time");
        connected += 1;
    }
    let took = start.elapsed().as_secs();
    let ended = server.terminate().await;
    let lines = ended.stderr.lines().filter(|line| line.contains("somebody asks too much")).count() as u64;
    assert!((1..=12 + took).contains(&lines), "{lines} lines in {took} s: {}", ended.stderr);
    assert!(ended.stderr.contains("reason=Connects address=127.0.0.1"), "{}", ended.stderr);
}

#[tokio::test]
async fn who_floods_on_after_the_goodbye_is_cut() {
    let server = TestServer::with(Config { rate: "5/1".parse().expect("a rate"), ..config() }).await;
    let mut client = server.open("/ws").await;
    client.raw(&frame(FIN | TEXT, b"again").repeat(5 + 20)).await;
    client.closed_with(CloseCode::Flooding).await;
    let frames = frame(FIN | TEXT, &[b'x'; 1000]).repeat(60);
    let mut sent = 0;
    let flood = async {
        while client.socket().write_all(&frames).await.is_ok() {
            sent += frames.len();
            assert!(sent < 64 * 1024 * 1024, "it is heard for as long as it likes");
        }
    };
    timeout(PATIENCE, flood).await.expect("it is cut");
    assert!(sent > 1024 * 1024, "{sent} bytes: or it would not hear why");
}

#[tokio::test]
async fn a_flood_that_was_thrown_out_costs_its_address_twenty_connections() {
    before_a_token_is_back(|| async {
        let limits = Limits { connects: burst(24), ..Limits::OFF };
        let server = TestServer::with(Config { rate: burst(5), limits, ..config() }).await;
        let mut client = server.open("/ws").await;
        client.raw(&frame(FIN | TEXT, b"again").repeat(5 + 20)).await;
        client.closed_with(CloseCode::Flooding).await;
        for _ in 0..24 - 1 - 20 {
            assert_eq!(server.get("/healthz").await.status, 200);
        }
        assert_eq!(server.get("/healthz").await.status, 429);
    })
    .await;
}
