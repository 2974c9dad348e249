//! A server of one's own on port 0, a peer that sees what the wire says, and the real program: in a terminal ([`tui`]) or
//! without one ([`program`]).
//!
//! Nothing here sleeps to let something happen: whoever waits, waits for a fact, with a deadline that only a failure reaches.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod program;
pub mod tui;

use std::{collections::VecDeque, net::SocketAddr, path::Path, time::Duration};

use chat_server::{
    Config, Server,
    admin::{self, Answer, Order},
    config::Store,
    log::sqlite::Durability,
};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// What no healthy wait takes, on a busy machine either.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A running server; it is told to stop when it is dropped.
pub struct TestServer {
    pub address: SocketAddr,
    /// Of its certificate, where it speaks TLS.
    pub fingerprint: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

/// Without the limits that a test would run into: no rate, and after a restart names are free at once.
pub fn config() -> Config {
    Config { rate: chat_server::limits::Rate::Off, hold_names: false, ..Config::ephemeral() }
}

/// The same with a store, and on a port.
pub fn config_in(path: &Path, port: u16) -> Config {
    Config { store: Store::Directory { path: path.to_owned(), durability: Durability::Full }, port, ..config() }
}

/// Has the operator order something, as from another process.
pub async fn order(directory: &Path, order: Order) -> Answer {
    let directory = directory.to_owned();
    let sent = tokio::task::spawn_blocking(move || admin::send(&directory, order)).await;
    sent.expect("it does not panic").expect("an answer")
}

impl TestServer {
    /// Nothing kept.
    pub async fn start() -> Self {
        Self::with(config()).await
    }

    pub async fn with(config: Config) -> Self {
        let server = Server::open(config).await.expect("the server opens");
        let address = server.address().expect("it has an address");
        let fingerprint = server.certificate().map(|certificate| certificate.fingerprint().to_owned());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self { address, fingerprint, stop: Some(stop), running }
    }

    /// Drains as on SIGTERM, and waits for the end.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        timeout(PATIENCE, &mut self.running).await.expect("the server ends").expect("it does not panic");
    }

    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// A user in a room, after `welcome` and `joined`.
    pub async fn join(&self, room: &str, user: &str) -> Peer {
        let url = format!("{}/ws/chat/{room}/{user}", self.url());
        let (socket, _) = timeout(PATIENCE, connect_async(url)).await.expect("in time").expect("a handshake");
        let mut peer = Peer { socket, seen: VecDeque::new() };
        peer.expect("welcome").await;
        peer.expect("joined").await;
        peer
    }
}

/// A port that nobody listens on, for a server that comes later.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its number").port()
}

/// A WebSocket as its user sees it. What was read and not yet asked for is kept in order.
pub struct Peer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    seen: VecDeque<Value>,
}

impl Peer {
    pub async fn send(&mut self, value: Value) {
        self.socket.send(Message::text(value.to_string())).await.expect("sends");
    }

    /// Says something and waits until it is kept. Answers with its `seq`.
    pub async fn say(&mut self, text: &str) -> u64 {
        self.send(json!({ "type": "send", "text": text })).await;
        self.expect("ack").await["seq"].as_u64().expect("a seq")
    }

    /// Says many things without waiting for each.
    pub async fn flood(&mut self, texts: impl Iterator<Item = String>) {
        let mut count = 0;
        for text in texts {
            let frame = json!({ "type": "send", "text": text }).to_string();
            self.socket.feed(Message::text(frame)).await.expect("feeds");
            count += 1;
        }
        self.socket.flush().await.expect("flushes");
        for _ in 0..count {
            self.expect("ack").await;
        }
    }

    /// The next object that fits; the others stay in order for later.
    #[track_caller]
    pub fn find<'a>(&'a mut self, fits: impl Fn(&Value) -> bool + 'a) -> impl Future<Output = Value> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            if let Some(place) = self.seen.iter().position(&fits) {
                return self.seen.remove(place).expect("it is there");
            }
            let deadline = Instant::now() + PATIENCE;
            loop {
                let frame = timeout_at(deadline, self.socket.next()).await;
                let frame = frame.unwrap_or_else(|_| panic!("{caller}: it did not come; seen {:#?}", self.seen));
                match frame {
                    Some(Ok(Message::Text(text))) => {
                        let value: Value = serde_json::from_str(&text).expect("JSON");
                        if fits(&value) {
                            return value;
                        }
                        self.seen.push_back(value);
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    other => panic!("{caller}: the connection ended with {other:?}; seen {:#?}", self.seen),
                }
            }
        }
    }

    /// The next object of a type.
    #[track_caller]
    pub fn expect<'a>(&'a mut self, kind: &'a str) -> impl Future<Output = Value> + 'a {
        self.find(move |value| value["type"] == kind)
    }

    /// The next message of this text.
    #[track_caller]
    pub fn hears<'a>(&'a mut self, text: &'a str) -> impl Future<Output = Value> + 'a {
        self.find(move |value| value["type"] == "message" && value["text"] == text)
    }

    /// The texts of the next so many messages.
    pub async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::with_capacity(count);
        while texts.len() < count {
            texts.push(self.expect("message").await["text"].as_str().expect("a text").to_owned());
        }
        texts
    }

    /// Everything that the room's log holds, in order.
    pub async fn log(&mut self) -> Vec<(String, String)> {
        let mut log = Vec::new();
        let mut after = 0;
        loop {
            self.send(json!({ "type": "history", "after": after, "limit": 100, "ref": "log" })).await;
            let page = self.find(|value| value["ref"] == "log").await;
            let messages = page["messages"].as_array().expect("messages").clone();
            for message in &messages {
                let word = |name: &str| message[name].as_str().expect("a word").to_owned();
                log.push((word("from"), word("text")));
                after = message["seq"].as_u64().expect("a seq");
            }
            if page["more"] != true {
                return log;
            }
        }
    }
}
