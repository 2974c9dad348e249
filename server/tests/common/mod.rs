//! A server of one's own on port 0, and a client that sees what a user would see.
//!
//! Nothing here sleeps to let something happen: a client waits for a fact, with a deadline that only a failure reaches.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{collections::VecDeque, net::SocketAddr, path::Path, time::Duration};

use chat_protocol::CloseCode;
use chat_server::{Config, Server, config::Store, log::sqlite::Durability};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue},
};

/// What no healthy wait takes, on a busy machine either.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How long nothing must come for «nothing comes» to be believed.
pub const QUIET: Duration = Duration::from_millis(300);

/// A running server; it is told to stop when it is dropped.
pub struct TestServer {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

/// A configuration without the limits that a test would run into: no rate, and after a restart names are free at once.
pub fn config() -> Config {
    Config { rate: chat_server::limits::Rate::Off, hold_names: false, ..Config::ephemeral() }
}

/// The same with a store.
pub fn config_in(path: &Path) -> Config {
    Config { store: Store::Directory { path: path.to_owned(), durability: Durability::Full }, ..config() }
}

impl TestServer {
    /// Nothing kept, no rate limit.
    pub async fn start() -> Self {
        Self::with(config()).await
    }

    pub async fn with(config: Config) -> Self {
        Self::of(Server::open(config).await.expect("the server opens"))
    }

    /// One that is open already.
    pub fn of(server: Server) -> Self {
        let address = server.address().expect("it has an address");
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { address, stop: Some(stop), running }
    }

    /// Drains as on SIGTERM, and waits for the end.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        timeout(PATIENCE, &mut self.running).await.expect("the server ends").expect("it does not panic");
    }

    /// Asks for the end without waiting for it.
    pub fn begin_to_stop(&mut self) {
        drop(self.stop.take());
    }

    pub fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// A WebSocket on any path.
    pub async fn open(&self, path: &str) -> TestClient {
        self.try_open(path, &[]).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A handshake with headers of its own, which may be refused.
    pub async fn try_open(&self, path: &str, headers: &[(&str, &str)]) -> Result<TestClient, tungstenite::Error> {
        TestClient::connect(&self.url(path), headers).await
    }

    /// A user in a room, after `welcome` and `joined`.
    pub async fn join(&self, room: &str, user: &str) -> TestClient {
        self.join_with(room, user, "").await.0
    }

    /// The same with a query (`session=…&after=…`), and what `joined` said.
    pub async fn join_with(&self, room: &str, user: &str, query: &str) -> (TestClient, Value) {
        let mut client = self.open(&format!("/ws/chat/{room}/{user}?{query}")).await;
        client.welcome = client.expect("welcome").await;
        let joined = client.expect("joined").await;
        (client, joined)
    }

    /// A plain HTTP/1.1 request on a connection of its own: status, headers in lower case, body.
    pub async fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += &format!("content-length: {}\r\n", body.len());
        }
        stream.write_all(format!("{request}\r\n{body}").as_bytes()).await.expect("writes");
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("answers").expect("reads");
        Reply::parse(&answer)
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.http("GET", path, &[], "").await
    }

    /// One number out of `/metrics`.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.body;
        let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
        line.and_then(|line| line.rsplit(' ').next()).and_then(|number| number.parse().ok()).unwrap_or(0.0)
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn parse(answer: &[u8]) -> Self {
        let text = String::from_utf8_lossy(answer);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let head = head.to_lowercase();
        let body = if head.contains("transfer-encoding: chunked") { unchunk(body) } else { body.to_owned() };
        Self { status, head, body }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        whole += &rest[..size];
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

/// A WebSocket as its user sees it. What was read and not yet asked for is kept in order.
pub struct TestClient {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    seen: VecDeque<String>,
    pub welcome: Value,
}

fn request(url: &str, headers: &[(&str, &str)]) -> Result<tungstenite::handshake::client::Request, tungstenite::Error> {
    let mut request = url.into_client_request()?;
    for (name, value) in headers {
        let name = tungstenite::http::HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        request.headers_mut().append(name, HeaderValue::from_str(value).expect("a header value"));
    }
    Ok(request)
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub code: u16,
    pub reason: String,
}

impl TestClient {
    pub async fn connect(url: &str, headers: &[(&'_ str, &str)]) -> Result<Self, tungstenite::Error> {
        let connected = timeout(PATIENCE, tokio_tungstenite::connect_async(request(url, headers)?)).await;
        connected.expect("a handshake in time").map(|(socket, _)| Self { socket, seen: VecDeque::new(), welcome: Value::Null })
    }

    /// The same over a connection that is there.
    pub async fn over(
        stream: MaybeTlsStream<TcpStream>,
        url: &str,
        headers: &[(&'_ str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let connected = timeout(PATIENCE, tokio_tungstenite::client_async(request(url, headers)?, stream)).await;
        connected.expect("a handshake in time").map(|(socket, _)| Self { socket, seen: VecDeque::new(), welcome: Value::Null })
    }

    /// The session that `welcome` told.
    pub fn session(&self) -> &str {
        self.welcome["session"].as_str().expect("a session")
    }

    pub fn epoch(&self) -> &str {
        self.welcome["epoch"].as_str().expect("an epoch")
    }

    /// A text frame as it is.
    pub async fn line(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("sends");
    }

    /// An object.
    pub async fn send(&mut self, value: Value) {
        self.line(&value.to_string()).await;
    }

    /// Any frame.
    pub async fn frame(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.socket.send(message).await
    }

    /// Says something and waits for its ack.
    pub async fn say(&mut self, text: &str) -> Value {
        self.send(json!({ "type": "send", "text": text })).await;
        self.expect("ack").await
    }

    /// The answer to a request that is not refused.
    #[track_caller]
    pub fn does(&mut self, request: Value) -> impl Future<Output = Value> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.ask(request.clone()).await;
            assert_ne!(answer["type"], "error", "{caller}: {request} → {answer}");
            answer
        }
    }

    /// Asks something and waits for the answer of its `ref`.
    pub async fn ask(&mut self, mut request: Value) -> Value {
        let reference = format!("r{}", rand_word());
        request["ref"] = json!(reference);
        self.send(request).await;
        self.find(|value| value["ref"] == json!(reference)).await
    }

    async fn next(&mut self, deadline: Instant) -> Option<Result<String, Closed>> {
        loop {
            let message = timeout_at(deadline, self.socket.next()).await.ok()?;
            return Some(match message {
                Some(Ok(Message::Text(text))) => Ok(text.to_string()),
                Some(Ok(Message::Close(Some(frame)))) => {
                    Err(Closed { code: frame.code.into(), reason: frame.reason.to_string() })
                }
                Some(Ok(Message::Close(None))) => Err(Closed { code: 1005, reason: String::new() }),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Err(Closed { code: 1006, reason: String::new() }),
            });
        }
    }

    /// The next text frame that fits; the others stay in order for later.
    #[track_caller]
    pub fn find_text<'a>(&'a mut self, fits: impl Fn(&str) -> bool + 'a) -> impl Future<Output = String> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            if let Some(place) = self.seen.iter().position(|text| fits(text)) {
                return self.seen.remove(place).expect("it is there");
            }
            let deadline = Instant::now() + PATIENCE;
            loop {
                match self.next(deadline).await {
                    Some(Ok(text)) if fits(&text) => return text,
                    Some(Ok(text)) => self.seen.push_back(text),
                    Some(Err(closed)) => panic!("{caller}: closed with {closed:?}; seen {:#?}", self.seen),
                    None => panic!("{caller}: it did not come; seen {:#?}", self.seen),
                }
            }
        }
    }

    /// The next object that fits.
    #[track_caller]
    pub fn find<'a>(&'a mut self, fits: impl Fn(&Value) -> bool + 'a) -> impl Future<Output = Value> + 'a {
        let found = self.find_text(move |text| serde_json::from_str(text).is_ok_and(|value| fits(&value)));
        async move { serde_json::from_str(&found.await).expect("it was read before") }
    }

    /// The next object of a type.
    #[track_caller]
    pub fn expect<'a>(&'a mut self, kind: &'a str) -> impl Future<Output = Value> + 'a {
        self.find(move |value| value["type"] == kind)
    }

    /// The very next text frame, whatever it is.
    #[track_caller]
    pub fn next_text(&mut self) -> impl Future<Output = String> + '_ {
        self.find_text(|_| true)
    }

    /// Everything that comes until nothing does for a moment.
    pub async fn quiet(&mut self) -> Vec<String> {
        let mut all: Vec<_> = self.seen.drain(..).collect();
        while let Some(Ok(text)) = self.next(Instant::now() + QUIET).await {
            all.push(text);
        }
        all
    }

    /// The next `count` messages of a room, as (seq, text), in the order in which they came.
    pub async fn messages(&mut self, count: usize) -> Vec<(u64, String)> {
        let mut found = Vec::with_capacity(count);
        while found.len() < count {
            let message = self.expect("message").await;
            found.push((message["seq"].as_u64().expect("a seq"), message["text"].as_str().expect("a text").to_owned()));
        }
        found
    }

    /// Waits for the end; what came before it stays to be asked for.
    pub async fn closed(&mut self) -> Closed {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next(deadline).await {
                Some(Ok(text)) => self.seen.push_back(text),
                Some(Err(closed)) => return closed,
                None => panic!("it was not closed; seen {:#?}", self.seen),
            }
        }
    }

    /// Waits for the end of this code.
    pub async fn closed_with(&mut self, code: CloseCode) -> Closed {
        let closed = self.closed().await;
        assert_eq!(closed.code, code.number(), "{closed:?}; seen {:#?}", self.seen);
        closed
    }

    /// Says goodbye as a client does.
    pub async fn close(mut self) {
        let _ = self.socket.close(None).await;
        let _ = timeout(PATIENCE, async { while let Some(Ok(_)) = self.socket.next().await {} }).await;
    }

    /// Cuts the connection without a word.
    pub fn cut(self) {
        drop(self);
    }

    /// The socket itself, for tests that misbehave.
    pub fn socket(&mut self) -> &mut TcpStream {
        match self.socket.get_mut() {
            MaybeTlsStream::Plain(stream) => stream,
            _ => unreachable!("tests speak without TLS"),
        }
    }
}

/// A short word that no other call gives.
pub fn rand_word() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl TestClient {
    /// Lets go of what came and was not asked for.
    pub fn forget(&mut self) {
        self.seen.clear();
    }

    /// What came and was not asked for yet, in order.
    pub fn unasked(&self) -> Vec<&str> {
        self.seen.iter().map(String::as_str).collect()
    }

    /// Nothing that came and was not asked for holds these words. Ask after something that came later.
    #[track_caller]
    pub fn never_saw(&self, words: &str) {
        assert!(!self.seen.iter().any(|text| text.contains(words)), "it saw «{words}»: {:#?}", self.seen);
    }

    /// The next text frame that holds these words.
    #[track_caller]
    pub fn find_words<'a>(&'a mut self, words: &'a str) -> impl Future<Output = String> + 'a {
        self.find_text(move |text| text.contains(words))
    }

    /// The next text frame, or how the conversation ended.
    pub async fn next_or_end(&mut self) -> Result<String, Closed> {
        if let Some(text) = self.seen.pop_front() {
            return Ok(text);
        }
        self.next(Instant::now() + PATIENCE).await.expect("a frame or an end in time")
    }

    /// The next message of this text.
    #[track_caller]
    pub fn hears<'a>(&'a mut self, text: &'a str) -> impl Future<Output = Value> + 'a {
        self.find(move |value| value["type"] == "message" && value["text"] == text)
    }

    /// Asks something that must be refused with this code; the refusal carries the `ref`.
    #[track_caller]
    pub fn refused<'a>(&'a mut self, request: Value, code: &'a str) -> impl Future<Output = Value> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let asked = request.to_string();
            let answer = self.ask(request).await;
            let is = (answer["type"].as_str(), answer["code"].as_str());
            assert_eq!(is, (Some("error"), Some(code)), "{caller}: {asked} → {answer}");
            assert!(answer["text"].as_str().is_some_and(|text| !text.is_empty()), "{caller}: a refusal has words: {answer}");
            answer
        }
    }
}

/// Every file below a directory, by its name.
pub fn left_behind(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            found.extend(left_behind(&path));
        } else if path.is_file() {
            found.push((path.display().to_string(), std::fs::read(&path).expect("it can be read")));
        }
    }
    found
}

pub mod operator;
pub mod order;
pub mod program;
pub mod raw;
pub mod screen;
pub mod sight;
pub mod tail;
pub mod tls;

impl TestServer {
    /// A server that runs elsewhere and is not ours to stop.
    pub fn elsewhere(address: SocketAddr) -> Self {
        Self { address, stop: None, running: tokio::spawn(async {}) }
    }

    /// A user in a room whose system takes few bytes in advance, so that reading slowly is felt by the server.
    pub async fn join_narrow(&self, room: &str, user: &str, query: &str) -> (TestClient, Value) {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(64 * 1024).expect("a small buffer");
        let stream = timeout(PATIENCE, socket.connect(self.address)).await.expect("in time").expect("connects");
        let url = self.url(&format!("/ws/chat/{room}/{user}?{query}"));
        let mut client = TestClient::over(MaybeTlsStream::Plain(stream), &url, &[]).await.expect("a handshake");
        client.welcome = client.expect("welcome").await;
        let joined = client.expect("joined").await;
        (client, joined)
    }

    /// Waits until a number of `/metrics` is as expected.
    pub async fn metric_becomes(&self, name: &str, expected: impl Fn(f64) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.metric(name).await;
            if expected(value) {
                return;
            }
            assert!(Instant::now() < deadline, "{name} stays at {value}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl TestClient {
    /// The very next object, or how it ended.
    #[track_caller]
    pub fn hear(&mut self) -> impl Future<Output = Result<Value, Closed>> + '_ {
        let caller = std::panic::Location::caller();
        async move {
            let text = match self.seen.pop_front() {
                Some(text) => text,
                None => match self.next(Instant::now() + PATIENCE).await {
                    Some(heard) => heard?,
                    None => panic!("{caller}: nothing comes"),
                },
            };
            Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
        }
    }

    /// Sends unless the connection is over.
    pub async fn try_send(&mut self, value: &Value) -> bool {
        self.socket.send(Message::text(value.to_string())).await.is_ok()
    }
}
