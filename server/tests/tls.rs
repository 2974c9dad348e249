//! TLS on the one port: people talk as they do without, a certificate is renewed while they do, and who does it wrong is told or
//! let go without anybody noticing.

mod common;

use std::{
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use chat_protocol::CloseCode;
use chat_server::{Config, tls::Choice};
use common::{
    PATIENCE, TestClient, TestServer, config,
    program::Program,
    sight::Sight,
    tls::{Papers, TlsServer, reach, shown, trust, trust_by},
};
use futures::future::{join, join_all};
use rustix::process::Signal;
use rustls::HandshakeKind;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time::timeout,
};
use tracing_subscriber::fmt::MakeWriter;

/// What comes before HTTP has so long.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn people_talk_over_tls_as_they_do_without() {
    let server = TlsServer::start().await;
    let mut alice = server.join("tea", "alice").await;
    let mut bob = server.join("tea", "bob").await;
    alice.say("hello").await;
    bob.hears("hello").await;
    // Longer than a record of TLS, and more than fits into its buffer.
    let long = "x".repeat(16_000);
    for _ in 0..8 {
        bob.send(json!({ "type": "send", "text": long })).await;
    }
    for _ in 0..8 {
        alice.hears(&long).await;
    }
    alice.send(json!({ "type": "history", "room": "tea", "ref": "r1" })).await;
    let history = alice.expect("history").await;
    assert_eq!(history["messages"].as_array().map(Vec::len), Some(9));
    // New keys in the middle of it, both ways.
    for client in [&mut alice, &mut bob] {
        client.tls().get_mut().1.refresh_traffic_keys().expect("TLS 1.3");
    }
    alice.say("by new keys").await;
    bob.hears("by new keys").await;
    bob.say("and back").await;
    alice.hears("and back").await;
    alice.close().await;
    let page = server.get("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("strict-transport-security"), Some("max-age=2592000"));
    assert_eq!(server.get("/nothing").await.header("strict-transport-security"), Some("max-age=2592000"));
}

#[tokio::test]
async fn going_down_says_closing_and_takes_leave_of_tls_too() {
    let mut server = TlsServer::start().await;
    let mut clients = Vec::new();
    for number in 0..5 {
        clients.push(server.join("tea", &format!("user{number}")).await);
    }
    server.begin_to_stop();
    for client in &mut clients {
        assert_eq!(client.expect("closing").await["code"], json!(1012));
        client.parted_with(CloseCode::Restarting).await;
    }
    server.stop().await;
}

/// Says a long line so many times, and waits until all are kept.
async fn say(talker: &mut TestClient, times: usize) {
    let long = "x".repeat(12_000);
    for _ in 0..times {
        talker.send(json!({ "type": "send", "text": long })).await;
    }
    let mut kept = 0;
    while kept < times {
        kept += usize::from(talker.next_text().await.starts_with("{\"type\":\"ack\""));
    }
}

#[tokio::test]
async fn who_does_not_read_is_closed_and_disturbs_nobody() {
    let server = TlsServer::start().await;
    let (mut snail, _) = server.join_narrow("tea", "snail", "").await;
    let mut readers = Vec::new();
    for number in 0..2 {
        readers.push((server.join("tea", &format!("reader{number}")).await, Sight::after("tea", 0)));
    }
    let mut talker = server.join("tea", "talker").await;
    let mut slowest = Duration::ZERO;
    let mut rounds = 0;
    while server.metric("chat_drops_total{reason=\"TooSlow\"}").await == 0.0 {
        rounds += 1;
        assert!(rounds < 200, "24 MB wait for a reader that takes nothing");
        let began = Instant::now();
        let heard = join_all(readers.iter_mut().map(|(reader, sight)| async move {
            let until = sight.last() + 10;
            while sight.last() < until {
                sight.hear(&reader.hear().await.expect("who reads is not closed"));
            }
        }));
        join(say(&mut talker, 10), heard).await;
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(5), "others waited {slowest:?}");
    // It reads on: what was already on its way, in order and whole, and then the reason.
    let mut sight = Sight::after("tea", 0);
    loop {
        let frame = snail.hear().await.expect("the goodbye comes first");
        if frame["type"] == "closing" {
            assert_eq!(frame["code"], json!(4008));
            break;
        }
        sight.hear(&frame);
    }
    snail.parted_with(CloseCode::TooSlow).await;
    assert!(sight.last() < readers[0].1.last(), "it missed something");
    server.metric_becomes("chat_queue_bytes", |bytes| bytes == 0.0).await;
    server.metric_becomes("chat_connections", |open| open == 3.0).await;
    let query = format!("session={}&after={}&epoch={}", snail.session(), sight.last(), snail.epoch());
    let (mut snail, joined) = server.join_narrow("tea", "snail", &query).await;
    let mut rest = Sight::joined(&joined, sight.last());
    while rest.last() < readers[0].1.last() {
        rest.hear(&snail.hear().await.expect("open"));
    }
}

#[tokio::test]
async fn who_asks_for_more_than_it_reads_gets_it_all_in_order() {
    let server = TlsServer::start().await;
    let mut talker = server.join("tea", "talker").await;
    say(&mut talker, 20).await;
    let (mut greedy, _) = server.join_narrow("coffee", "greedy", "").await;
    for number in 0..100 {
        greedy.send(json!({ "type": "history", "room": "tea", "limit": 200, "ref": format!("r{number}") })).await;
    }
    server.metric_becomes("chat_queue_bytes", |bytes| bytes > 0.0).await;
    for number in 0..100 {
        let answer = greedy.expect("history").await;
        assert_eq!(answer["ref"], json!(format!("r{number}")));
        assert_eq!(answer["messages"].as_array().map(Vec::len), Some(20));
    }
}

/// What is logged on this thread, where tests' servers look after their certificates.
#[derive(Clone)]
struct Lines(watch::Sender<String>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send_modify(|lines| lines.push_str(&String::from_utf8_lossy(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_a_broken_one_is_not() {
    let (lines, mut logged) = watch::channel(String::new());
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(Lines(lines)).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut server = TlsServer::start().await;
    let (mut alice, mut bob) = (server.join("tea", "alice").await, server.join("tea", "bob").await);
    let first = server.papers.certificate.clone();
    server.papers.spoil();
    let told = timeout(PATIENCE, logged.wait_for(|lines| lines.contains("the old one goes on"))).await;
    let told = told.expect("it is noticed").expect("it is logged").clone();
    assert!(told.contains("cert.pem: "), "{told}");
    assert_eq!(shown(server.address, &trust([&first])).await, first);
    server.papers.renew();
    let told = timeout(PATIENCE, logged.wait_for(|lines| lines.contains("was read again"))).await;
    drop(told.expect("it is noticed").expect("it is logged"));
    let both = trust([&first, &server.papers.certificate]);
    assert_eq!(shown(server.address, &both).await, server.papers.certificate);
    assert_ne!(first, server.papers.certificate);
    // Who was there stays, and meets who came with the new one.
    let mut carol = server.join("tea", "carol").await;
    alice.say("still here").await;
    bob.hears("still here").await;
    carol.hears("still here").await;
    // A key that is another certificate's is as broken.
    let other = Papers::new();
    std::fs::copy(other.files().key, server.papers.files().key).expect("copies");
    let told = timeout(PATIENCE, logged.wait_for(|lines| lines.contains("not the key of the certificate"))).await;
    drop(told.expect("it is noticed").expect("it is logged"));
    assert_eq!(shown(server.address, &both).await, server.papers.certificate);
}

#[tokio::test]
async fn a_hangup_has_the_certificate_read_again() {
    let mut papers = Papers::new();
    let arguments = papers.arguments();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).chain(["--ephemeral"]).collect();
    let program = Program::start(&arguments).await;
    let client = papers.trust();
    let kind = async || {
        let mut stream = reach(program.address, &client).await.expect("TLS");
        // Tickets to come again by are read with an answer.
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.expect("writes");
        timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.expect("in time").expect("reads");
        stream.get_ref().1.handshake_kind().expect("a handshake")
    };
    assert_eq!(kind().await, HandshakeKind::Full);
    assert_eq!(kind().await, HandshakeKind::Resumed);
    // Nothing has changed, so that only the signal makes it begin anew.
    program.signal(Signal::HUP);
    let asked = Instant::now();
    while kind().await == HandshakeKind::Resumed {
        assert!(asked.elapsed() < PATIENCE, "it was not read again");
    }
    let first = papers.certificate.clone();
    papers.renew();
    program.signal(Signal::HUP);
    let both = trust([&first, &papers.certificate]);
    while shown(program.address, &both).await != papers.certificate {
        assert!(asked.elapsed() < PATIENCE * 2, "the old one is still shown");
    }
    let ended = program.terminate().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
}

#[tokio::test]
async fn plain_http_where_tls_is_spoken_is_told_so() {
    let server = TlsServer::start().await;
    for request in [
        "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET /ws/chat/tea/eve HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "POST /api/rooms/tea/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: 7\r\n\r\ntext=hi",
    ] {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("no reset");
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request}: {answer}");
        assert!(answer.contains("https://") && answer.contains("wss://"), "{answer}");
        assert!(!answer.to_lowercase().contains("strict-transport-security"), "it could be anybody who says so: {answer}");
    }
    // What is neither gets no answer, or one that it does not understand; and the next one is served.
    for rubbish in [&b"\x16\x03\x01\x00\x05hello"[..], b"\x00\x00\x00\x00", b"\x80\x2e\x01\x00\x02\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        stream.write_all(rubbish).await.expect("writes");
        let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.expect("it is let go");
        drop(ended);
    }
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_handshake_that_stalls_is_over_soon_and_gives_its_place_back() {
    let server = TlsServer::with(Config { max_per_ip: 3, ..config() }).await;
    let mut stalled = Vec::new();
    for begun in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        stream.write_all(begun).await.expect("writes");
        stalled.push(stream);
    }
    let began = Instant::now();
    for stream in &mut stalled {
        let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.expect("it is let go");
        drop(ended);
    }
    let took = began.elapsed();
    assert!(took > HANDSHAKE_WITHIN / 2 && took < 2 * HANDSHAKE_WITHIN, "{took:?}");
    let _three = (server.join("tea", "a").await, server.join("tea", "b").await, server.join("tea", "c").await);
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_kept_and_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("a plain path");
    let told = async |arguments: &[&str]| {
        let program = Program::start(arguments).await;
        let port = program.address.port();
        let words = program.announced.clone();
        let print = words.split("SHA-256 ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a fingerprint");
        assert_eq!(print.len(), 64, "{words}");
        for part in [
            format!("https://localhost:{port}/"),
            format!("wss://localhost:{port}/ws/"),
            format!("--server wss://localhost:{port} --fingerprint {print} "),
        ] {
            assert!(words.contains(&part), "{part} is not in {words}");
        }
        assert_eq!(program.terminate().await.status.code(), Some(0));
        print.to_owned()
    };
    let first = told(&["--tls-self-signed", "--data-dir", path]).await;
    assert_eq!(told(&["--tls-self-signed", "--data-dir", path]).await, first, "it outlives a restart");
    assert_ne!(told(&["--tls-self-signed", "--ephemeral"]).await, first);
}

#[tokio::test]
async fn browsers_are_not_told_to_insist_on_a_certificate_that_nobody_signed() {
    let server = TestServer::with(Config { tls: Choice::SelfSigned, ..config() }).await;
    let directory = tempfile::tempdir().expect("a directory");
    let kept = common::config_in(directory.path());
    let other = TestServer::with(Config { tls: Choice::SelfSigned, ..kept }).await;
    let pem = std::fs::read(directory.path().join("tls-cert.pem")).expect("it is kept");
    let certificate = rustls::pki_types::pem::PemObject::from_pem_slice(&pem).expect("a certificate");
    let client = trust([&certificate]);
    let mut stream = reach(other.address, &client).await.expect("it is for this machine's names");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.expect("writes");
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("in time").expect("reads");
    assert!(answer.starts_with("HTTP/1.1 200 ") && !answer.contains("strict-transport-security"), "{answer}");
    // Each server has one of its own.
    assert!(reach(server.address, &client).await.is_err());
}

#[tokio::test]
async fn where_tls_cannot_be_spoken_the_server_says_so_in_one_line() {
    let (one, other) = (Papers::new(), Papers::new());
    let text = |path: std::path::PathBuf| path.display().to_string();
    let (certificate, key, foreign) = (text(one.files().certificate), text(one.files().key), text(other.files().key));
    for (certificate, key, says) in [
        ("/no/such/cert.pem", key.as_str(), "/no/such/cert.pem: No such file"),
        (&certificate, "/no/such/key.pem", "/no/such/key.pem: No such file"),
        (&key, &key, "key.pem: there is no certificate in it"),
        (&certificate, &certificate, "cert.pem: there is no private key in it"),
        (&certificate, &foreign, "key.pem: it is not the key of the certificate"),
    ] {
        let ended = Program::refused(&["--ephemeral", "--port", "0", "--tls-cert", certificate, "--tls-key", key]).await;
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains(says) && ended.stderr.trim_end().lines().count() == 1, "{says}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn old_clients_are_welcome_and_those_of_other_protocols_are_told_in_the_handshake() {
    let server = TlsServer::start().await;
    let with = |protocols: &[&str]| {
        let mut config = (*server.papers.trust()).clone();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Arc::new(config)
    };
    for (protocols, expected) in
        [(vec![], Ok(None)), (vec!["h2", "http/1.1"], Ok(Some(&b"http/1.1"[..]))), (vec!["h2"], Err("NoApplicationProtocol"))]
    {
        match (reach(server.address, &with(&protocols)).await, expected) {
            (Ok(stream), Ok(expected)) => assert_eq!(stream.get_ref().1.alpn_protocol(), expected),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (found, _) => panic!("{protocols:?}: {:?}", found.map(drop)),
        }
    }
    for (number, version) in [&rustls::version::TLS12, &rustls::version::TLS13].into_iter().enumerate() {
        let client = trust_by(&[version], [&server.papers.certificate]);
        let stream = reach(server.address, &client).await.expect("TLS");
        let joined = server.join_on(stream, "tea", &format!("user{number}"), "").await;
        joined.expect("a WebSocket").0.say("hello").await;
    }
}
