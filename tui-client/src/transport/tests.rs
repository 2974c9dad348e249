//! The transport against a real server, and against servers that misbehave, over sockets of this machine.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use chat_protocol::{Epoch, RoomName, Seq, ServerMessage, UserName};
use chat_server::{Config, Server as ChatServer, limits::Rate};
use futures::{SinkExt as _, StreamExt as _};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{accept_async, tungstenite::Message};

use super::*;
use crate::token::Source;

/// What no healthy wait takes, on a busy machine either.
const PATIENCE: Duration = Duration::from_secs(20);

/// A transport, as its caller sees it.
struct Link {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<LinkEvent>,
    running: JoinHandle<()>,
}

impl Link {
    /// To a URL, with the longest waits that there are.
    fn to(url: &str, token: Option<&str>, trust: Trust) -> Self {
        let (commands, asked) = mpsc::channel(16);
        let (told, events) = mpsc::channel(16);
        let token = token.map(|token| Source::Here(token.into()).read().unwrap().0);
        let server = Server { address: Address::parse(url).unwrap(), token, trust };
        Self { commands, events, running: tokio::spawn(run(server, asked, told, || u64::MAX)) }
    }

    async fn command(&self, command: Command) {
        self.commands.send(command).await.unwrap();
    }

    async fn connect(&self, user: &str) {
        self.connect_after(user, Duration::ZERO).await;
    }

    async fn connect_after(&self, user: &str, no_sooner: Duration) {
        let (room, user) = (RoomName::parse("tea").unwrap(), UserName::parse(user).unwrap());
        let resume = Resume { room, user, session: None, position: None };
        self.command(Command::Connect { resume, no_sooner }).await;
    }

    async fn next(&mut self) -> LinkEvent {
        timeout(PATIENCE, self.events.recv()).await.expect("an event in time").expect("the transport runs")
    }

    /// The next frame that fits.
    async fn hears(&mut self, fits: impl Fn(&ServerMessage) -> bool) -> ServerMessage {
        loop {
            match self.next().await {
                LinkEvent::Frame(frame) if fits(&frame.message) => return frame.message,
                LinkEvent::Frame(_) | LinkEvent::Trying { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Connects, and how that ended.
    async fn lost(&mut self) -> (String, Option<Duration>) {
        loop {
            if let LinkEvent::Lost { reason, come_back } = self.next().await {
                return (reason, come_back);
            }
        }
    }
}

fn is_joined(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Joined(_))
}

async fn chat_server(config: Config) -> SocketAddr {
    let server = ChatServer::open(Config { rate: Rate::Off, hold_names: false, ..config }).await.unwrap();
    let address = server.address().unwrap();
    tokio::spawn(server.run(std::future::pending()));
    address
}

/// A server's certificate for these names, and a file with the authority that signed it.
struct Papers {
    authority: tempfile::NamedTempFile,
    config: Arc<ServerConfig>,
}

fn papers(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Papers {
    let (key, own_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
    change(&mut params);
    let certificate = params.signed_by(&own_key, &issuer).unwrap();
    let own_key = PrivateKeyDer::try_from(own_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let config = config.unwrap().with_no_client_auth().with_single_cert(vec![certificate.der().clone()], own_key).unwrap();
    Papers { authority, config: Arc::new(config) }
}

impl Papers {
    fn trust(&self) -> Trust {
        Trust::with_file(self.authority.path()).unwrap()
    }

    /// TLS in front of a server.
    async fn before(&self, server: SocketAddr) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut outside) = acceptor.accept(stream).await else { continue };
                let mut inside = TcpStream::connect(server).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut outside, &mut inside).await });
            }
        });
        port
    }
}

/// A server that answers every connection with these bytes, and tells what it was sent first.
async fn stub(answer: &'static [u8]) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, hear) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut first = vec![0; 4096];
            let length = stream.read(&mut first).await.unwrap_or(0);
            let _ = stream.write_all(answer).await;
            let _ = heard.send(String::from_utf8_lossy(&first[..length]).into_owned()).await;
        }
    });
    (address, hear)
}

#[tokio::test]
async fn it_connects_talks_and_leaves() {
    let server = chat_server(Config::ephemeral()).await;
    let mut link = Link::to(&format!("ws://{server}"), None, Trust::default());
    link.command(Command::Send("this goes nowhere".into())).await;
    link.command(Command::Wake).await;
    link.connect("eve").await;
    assert!(matches!(link.next().await, LinkEvent::Trying { attempt: 1 }));
    link.hears(is_joined).await;
    link.command(Command::Wake).await;
    link.command(Command::Send(r#"{"type":"send","text":"hello"}"#.into())).await;
    link.hears(|message| matches!(message, ServerMessage::Message(message) if message.text == "hello")).await;
    drop(link.commands);
    timeout(PATIENCE, link.running).await.unwrap().unwrap();
}

#[tokio::test]
async fn it_comes_back_to_where_it_was() {
    let server = chat_server(Config::ephemeral()).await;
    let mut link = Link::to(&format!("ws://{server}"), None, Trust::default());
    link.connect("eve").await;
    let welcome = link.hears(|message| matches!(message, ServerMessage::Welcome(_))).await;
    let ServerMessage::Welcome(welcome) = welcome else { panic!("{welcome:?}") };
    link.command(Command::Send(r#"{"type":"send","text":"one"}"#.into())).await;
    link.hears(|message| matches!(message, ServerMessage::Message(_))).await;
    drop(link);
    let mut link = Link::to(&format!("ws://{server}"), None, Trust::default());
    let (room, user) = (RoomName::parse("tea").unwrap(), UserName::parse("eve").unwrap());
    let position = Some((Epoch(welcome.epoch.0.clone()), Seq(0)));
    let resume = Resume { room, user, session: Some(welcome.session.clone()), position };
    link.command(Command::Connect { resume, no_sooner: Duration::ZERO }).await;
    let ServerMessage::Joined(joined) = link.hears(is_joined).await else { panic!("joined") };
    assert!(joined.recovered && joined.events.is_some_and(|events| !events.is_empty()));
}

#[tokio::test]
async fn attempts_are_counted_and_a_key_cuts_the_wait_short() {
    // Bound, so that nobody else gets the port, but not listened on.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = nobody.local_addr().unwrap();
    let mut link = Link::to(&format!("ws://{address}"), None, Trust::default());
    for expected in 1..=3 {
        link.connect_after("eve", Duration::from_secs(if expected == 1 { 0 } else { 3600 })).await;
        if expected > 1 {
            let LinkEvent::Waiting { delay, attempt } = link.next().await else { panic!("it waits") };
            assert!(attempt == expected && delay > Duration::from_secs(3600), "{attempt} {delay:?}");
            let began = Instant::now();
            link.command(Command::Send("dropped".into())).await;
            link.command(Command::Wake).await;
            link.command(Command::Wake).await;
            assert!(matches!(link.next().await, LinkEvent::Trying { attempt } if attempt == expected));
            assert!(began.elapsed() > WAKE / 2, "keys do not make a hammer of it: {:?}", began.elapsed());
        } else {
            assert!(matches!(link.next().await, LinkEvent::Trying { attempt: 1 }));
        }
        assert_eq!(link.lost().await, (format!("cannot reach {address}: connection refused"), Some(Duration::ZERO)));
    }
}

#[tokio::test]
async fn what_the_server_asks_for_is_not_cut_short_and_our_own_caution_is() {
    let (busy, _busy) = stub(b"HTTP/1.1 503 Busy\r\nretry-after: 3\r\n\r\n").await;
    let (mail, _mail) = stub(b"220 mail.example ESMTP\r\n").await;
    for (address, patience, least) in [(busy, 3, 3), (mail, 30, 0)] {
        let mut link = Link::to(&format!("ws://{address}"), None, Trust::default());
        link.connect("eve").await;
        let (_, come_back) = link.lost().await;
        let ended = Instant::now();
        assert_eq!(come_back, Some(Duration::from_secs(patience)));
        link.connect_after("eve", Duration::from_secs(patience)).await;
        assert!(matches!(link.next().await, LinkEvent::Waiting { .. }));
        link.command(Command::Wake).await;
        assert!(matches!(link.next().await, LinkEvent::Trying { attempt: 2 }));
        let waited = ended.elapsed();
        // What is measured here began a little after the transport's own measure.
        assert!(waited >= Duration::from_millis(least * 900) && waited < Duration::from_secs(patience + 10), "{waited:?}");
    }
}

#[tokio::test]
async fn a_connection_that_nothing_goes_out_by_is_let_go() {
    let server = chat_server(Config::ephemeral()).await;
    let mut link = Link::to(&format!("ws://{server}"), None, Trust::default());
    // Without a connection there is none to let go.
    link.command(Command::Break).await;
    link.connect("eve").await;
    link.hears(is_joined).await;
    link.command(Command::Break).await;
    assert_eq!(link.lost().await, ("the server takes nothing".into(), Some(Duration::ZERO)));
    link.connect("eve").await;
    assert!(matches!(link.next().await, LinkEvent::Waiting { .. }));
    link.command(Command::Break).await;
    assert!(matches!(link.next().await, LinkEvent::Trying { attempt: 2 }), "there is none to let go while one is waited for");
}

#[tokio::test]
async fn another_name_is_another_connection_at_once() {
    let server = chat_server(Config::ephemeral()).await;
    let url = format!("ws://{server}");
    let mut taken = Link::to(&url, None, Trust::default());
    taken.connect("taken").await;
    taken.hears(is_joined).await;
    let mut link = Link::to(&url, None, Trust::default());
    link.connect("eve").await;
    link.hears(is_joined).await;
    // For the same user it changes nothing.
    link.connect("EVE").await;
    link.connect("taken").await;
    assert!(link.lost().await.0.ends_with("(4009)"));
    link.connect_after("taken", Duration::from_secs(3600)).await;
    assert!(matches!(link.next().await, LinkEvent::Waiting { attempt: 2, .. }));
    link.connect("bob").await;
    let is_bob = |message: &ServerMessage| matches!(message, ServerMessage::Welcome(welcome) if welcome.user.shown() == "bob");
    link.hears(is_bob).await;
}

#[tokio::test]
async fn leaving_does_not_wait_for_the_next_attempt() {
    let mut link = Link::to("ws://127.0.0.1:1", None, Trust::default());
    link.connect_after("eve", Duration::from_secs(3600)).await;
    assert!(matches!(link.next().await, LinkEvent::Waiting { .. }));
    drop(link.commands);
    timeout(PATIENCE, link.running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_token_opens_a_server_that_asks_for_one() {
    let config = Config { tokens: vec!["s3cret".into()], require_auth: true, ..Config::ephemeral() };
    let server = chat_server(config).await;
    let url = format!("ws://{server}");
    let mut link = Link::to(&url, Some("s3cret"), Trust::default());
    link.connect("eve").await;
    link.hears(is_joined).await;

    let mut link = Link::to(&url, Some("wrong"), Trust::default());
    link.connect("bob").await;
    assert_eq!(link.lost().await, ("Invalid token (4001)".into(), None));

    let mut link = Link::to(&url, None, Trust::default());
    let began = Instant::now();
    link.connect("bob").await;
    let (reason, come_back) = link.lost().await;
    assert!(reason.contains("--token-file") && come_back.is_none(), "{reason}");
    assert!(began.elapsed() < Duration::from_secs(8), "it is refused at once, and not for saying nothing");
}

#[tokio::test]
async fn a_name_that_is_taken_is_not_tried_again() {
    let server = chat_server(Config::ephemeral()).await;
    let url = format!("ws://{server}");
    let mut first = Link::to(&url, None, Trust::default());
    first.connect("eve").await;
    first.hears(is_joined).await;
    let mut second = Link::to(&url, None, Trust::default());
    second.connect("Eve").await;
    let (reason, come_back) = second.lost().await;
    assert!(reason.ends_with("(4009)") && come_back.is_none(), "{reason} {come_back:?}");
}

#[tokio::test]
async fn tls_connects_and_talks_where_the_authority_is_trusted() {
    let server = chat_server(Config::ephemeral()).await;
    let papers = papers(&["localhost", "127.0.0.1"], |_| {});
    let port = papers.before(server).await;
    for host in ["localhost", "127.0.0.1"] {
        let mut link = Link::to(&format!("wss://{host}:{port}"), None, papers.trust());
        link.connect(if host == "localhost" { "eve" } else { "bob" }).await;
        link.hears(is_joined).await;
        link.command(Command::Send(r#"{"type":"send","text":"hidden"}"#.into())).await;
        link.hears(|message| matches!(message, ServerMessage::Message(message) if message.text == "hidden")).await;
    }
}

#[tokio::test]
async fn tls_refuses_what_is_not_proven_in_words() {
    let server = chat_server(Config::ephemeral()).await;
    let fine = papers(&["localhost"], |_| {});
    let other = papers(&["localhost"], |_| {});
    let wrong_name = papers(&["else.example"], |_| {});
    let old = papers(&["localhost"], |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let young = papers(&["localhost"], |params| params.not_before = rcgen::date_time_ymd(2900, 1, 1));
    let authority = papers(&["localhost"], |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    for (papers, trust, expected) in [
        (&fine, Trust::default(), "signed by nobody whom this system trusts (--ca-file"),
        (&fine, other.trust(), "signed by nobody whom this system trusts"),
        (&wrong_name, wrong_name.trust(), "certificate is not for localhost"),
        (&old, old.trust(), "certificate has expired"),
        (&young, young.trust(), "not valid yet"),
        (&authority, authority.trust(), "is an authority's own"),
    ] {
        let port = papers.before(server).await;
        let mut link = Link::to(&format!("wss://localhost:{port}"), None, trust);
        link.connect("eve").await;
        let (reason, come_back) = link.lost().await;
        assert!(reason.contains(expected) && !reason.contains('\n'), "{expected}: {reason}");
        assert_eq!(come_back, Some(Duration::from_secs(30)), "{reason}");
    }
}

#[tokio::test]
async fn the_wrong_kind_of_server_is_told_in_words() {
    let server = chat_server(Config::ephemeral()).await;
    let papers = papers(&["localhost"], |_| {});
    let tls = papers.before(server).await;
    let (page, _page) = stub(b"HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnope").await;
    let (mail, _mail) = stub(b"220 mail.example ESMTP\r\n").await;
    for (url, expected) in [
        (format!("ws://localhost:{tls}"), "if it speaks TLS, use wss://"),
        (format!("wss://{server}"), "does not speak TLS"),
        (format!("wss://{mail}"), "does not speak TLS"),
        (format!("ws://{mail}"), "is not a chat server"),
        (format!("ws://{page}"), "refused: 404 Not Found: nope"),
    ] {
        let mut link = Link::to(&url, None, papers.trust());
        link.connect("eve").await;
        let (reason, _) = link.lost().await;
        assert!(reason.contains(expected) && !reason.contains('\n'), "{url}: {reason}");
    }
}

#[tokio::test]
async fn a_token_is_not_in_the_handshake() {
    let (address, mut heard) = stub(b"HTTP/1.1 503 Busy\r\nretry-after: 5\r\n\r\n").await;
    let mut link = Link::to(&format!("ws://{address}/proxy/"), Some("s3cret"), Trust::default());
    link.connect("eve").await;
    let (reason, come_back) = link.lost().await;
    assert!(reason.starts_with("refused: 503") && come_back == Some(Duration::from_secs(5)), "{reason} {come_back:?}");
    let request = heard.recv().await.unwrap();
    assert!(request.starts_with("GET /proxy/ws/chat/tea/eve HTTP/1.1\r\n") && !request.contains("s3cret"), "{request}");
}

/// A WebSocket server that says only these frames after the first, which is handed back. If it is deaf, it reads no other one.
async fn silent(deaf: bool, says: &'static [&str]) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let first = tokio::spawn(async move {
        let mut socket = accept_async(listener.accept().await.unwrap().0).await.unwrap();
        let Some(Ok(Message::Text(first))) = socket.next().await else { panic!("a first frame") };
        for frame in says {
            socket.send(Message::text(*frame)).await.unwrap();
        }
        tokio::spawn(async move {
            while !deaf && socket.next().await.is_some() {}
            std::future::pending::<()>().await;
            drop(socket);
        });
        first.to_string()
    });
    (url, first)
}

#[tokio::test]
async fn the_first_frame_is_a_hello() {
    let version = env!("CARGO_PKG_VERSION");
    for (token, expected) in [
        (Some("s3cret"), format!(r#"{{"type":"hello","token":"s3cret","client":"chat-tui/{version}"}}"#)),
        (None, format!(r#"{{"type":"hello","client":"chat-tui/{version}"}}"#)),
    ] {
        let (url, first) = silent(true, &[]).await;
        let link = Link::to(&url, token, Trust::default());
        link.connect("eve").await;
        assert_eq!(timeout(PATIENCE, first).await.unwrap().unwrap(), expected);
    }
}

#[tokio::test]
async fn silence_becomes_a_lag_that_grows_and_then_an_end() {
    let (url, first) = silent(true, &[]).await;
    let mut link = Link::to(&url, None, Trust::default());
    link.connect("eve").await;
    assert!(matches!(link.next().await, LinkEvent::Trying { .. }));
    timeout(PATIENCE, first).await.unwrap().unwrap();
    // From here on the clock jumps to whatever is waited for.
    tokio::time::pause();
    let mut lags = Vec::new();
    let end = loop {
        match link.events.recv().await.unwrap() {
            LinkEvent::Lag(lag) => lags.push(lag.as_secs_f64()),
            other => break other,
        }
    };
    assert!(lags[0] >= 2.0 && lags[0] < 2.1 && (8..12).contains(&lags.len()), "{lags:?}");
    assert!(lags.windows(2).all(|pair| pair[1] > pair[0] * 1.25), "{lags:?}");
    let LinkEvent::Lost { reason, come_back } = end else { panic!("{end:?}") };
    assert_eq!((reason.as_str(), come_back), ("no sign of life", Some(Duration::ZERO)));
}

#[tokio::test]
async fn a_good_way_is_not_talked_about() {
    let (url, first) = silent(false, &[]).await;
    let mut link = Link::to(&url, None, Trust::default());
    link.connect("eve").await;
    assert!(matches!(link.next().await, LinkEvent::Trying { .. }));
    timeout(PATIENCE, first).await.unwrap().unwrap();
    tokio::time::pause();
    // Its pongs keep it alive for as long as one likes.
    let quiet = tokio::time::timeout(Duration::from_secs(600), link.events.recv()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test]
async fn a_server_of_a_later_version_or_of_no_sense_does_no_harm() {
    let (url, _first) = silent(true, &[
        r#"{"type":"dance","with":"everybody"}"#,
        "{",
        "",
        r#"{"type":"welcome","protocol":1,"server":"x","user":"eve","guest":true,"session":"s","epoch":"e","ping_seconds":18446744073709551615,"typing_seconds":3,"limits":{"text_bytes":1,"frame_bytes":1,"history":1}}"#,
        r#"{"type":"closing","code":4777,"reason":"next year","reconnect":true,"retry_ms":18446744073709551615}"#,
        r#"{"type":"notice","text":"still there"}"#,
    ])
    .await;
    let mut link = Link::to(&url, None, Trust::default());
    link.connect("eve").await;
    link.hears(|message| matches!(message, ServerMessage::Welcome(_))).await;
    link.hears(|message| matches!(message, ServerMessage::Notice { .. })).await;
}

#[tokio::test]
async fn a_frame_without_end_is_not_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut link = Link::to(&format!("ws://{}", listener.local_addr().unwrap()), None, Trust::default());
    link.connect("eve").await;
    let mut socket = accept_async(listener.accept().await.unwrap().0).await.unwrap();
    // A text frame that announces 2^40 bytes.
    socket.get_mut().write_all(&[0x81, 127, 0, 0, 1, 0, 0, 0, 0, 0, b'x']).await.unwrap();
    let (reason, come_back) = link.lost().await;
    assert!(reason.contains("more at once than this client takes"), "{reason}");
    assert_eq!(come_back, Some(Duration::from_secs(30)));
}
