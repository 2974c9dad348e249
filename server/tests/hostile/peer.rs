//! A socket without manners: it writes any bytes, and reads what a server answers as HTTP or as frames.

use std::{io, net::SocketAddr, time::Duration};

use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// What no answer takes, however busy the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What was wrong, in words.
pub(crate) type Wrong = String;

pub(crate) struct Peer {
    stream: TcpStream,
    /// Read, and not yet looked at.
    read: Vec<u8>,
}

/// Something from the server once it speaks WebSocket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    Text(String),
    Pong(Vec<u8>),
    /// 1005 where the frame has no code.
    Close(u16),
    /// The end of the stream, with or without a close before it.
    Gone,
}

/// An answer of HTTP; status 0 is none: the server hung up.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding") == Some("chunked")
    }
}

impl Peer {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, Wrong> {
        let connected = timeout(PATIENCE, TcpStream::connect(address)).await.map_err(|_| "no connection in time")?;
        let stream = connected.map_err(|error| format!("no connection: {error}"))?;
        Ok(Self { stream, read: Vec::new() })
    }

    /// A socket on which the server speaks WebSocket.
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Result<Self, Wrong> {
        let mut peer = Self::connect(address).await?;
        peer.write(good_handshake(path).as_bytes()).await;
        let reply = peer.head().await?;
        if reply.status == 101 { Ok(peer) } else { Err(format!("{path} is not opened: {reply:?}")) }
    }

    /// Whether they were taken. A server may hang up in the middle of what it does not want.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        matches!(timeout(PATIENCE, self.stream.write_all(bytes)).await, Ok(Ok(())))
    }

    /// Says no more, and listens on.
    pub(crate) async fn hush(&mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Hangs up with a reset.
    pub(crate) fn slam(self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    /// Reads more; false at the end of the stream.
    async fn more(&mut self) -> Result<bool, Wrong> {
        self.read.reserve(16 * 1024);
        match timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await {
            Ok(Ok(read)) => Ok(read > 0),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => Ok(false),
            Ok(Err(error)) => Err(format!("cannot read: {error}")),
            Err(_) => Err("the server says nothing and does not hang up".into()),
        }
    }

    async fn at_least(&mut self, bytes: usize) -> Result<bool, Wrong> {
        while self.read.len() < bytes {
            if !self.more().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn take(&mut self, bytes: usize) -> Vec<u8> {
        let rest = self.read.split_off(bytes);
        std::mem::replace(&mut self.read, rest)
    }

    /// Up to an end that is taken too.
    async fn until(&mut self, end: &[u8]) -> Result<Option<Vec<u8>>, Wrong> {
        loop {
            if let Some(place) = self.read.windows(end.len()).position(|window| window == end) {
                return Ok(Some(self.take(place + end.len())));
            }
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// The status and headers of an answer, without its body.
    pub(crate) async fn head(&mut self) -> Result<Reply, Wrong> {
        let Some(head) = self.until(b"\r\n\r\n").await? else {
            return if self.read.is_empty() { Ok(Reply::default()) } else { Err(format!("half an answer: {:?}", self.read)) };
        };
        let head = String::from_utf8(head).map_err(|_| "headers that are not text")?.to_lowercase();
        let status = head.strip_prefix("http/1.").and_then(|line| line.get(2..5)).and_then(|status| status.parse().ok());
        Ok(Reply { status: status.ok_or_else(|| format!("no status: {head}"))?, head, body: Vec::new() })
    }

    /// A whole answer.
    pub(crate) async fn reply(&mut self, to_head: bool) -> Result<Reply, Wrong> {
        let mut reply = self.head().await?;
        if to_head || matches!(reply.status, 0 | 101 | 204 | 304) {
            return Ok(reply);
        }
        if reply.is_chunked() {
            loop {
                let size = self.until(b"\r\n").await?.ok_or("half a chunk")?;
                let size = String::from_utf8_lossy(&size).trim().to_owned();
                let size = usize::from_str_radix(&size, 16).map_err(|_| format!("no size of a chunk: {size}"))?;
                if !self.at_least(size + 2).await? {
                    return Err("half a chunk".into());
                }
                let mut chunk = self.take(size + 2);
                chunk.truncate(size);
                reply.body.extend(chunk);
                if size == 0 {
                    return Ok(reply);
                }
            }
        }
        let length = reply.header("content-length").and_then(|length| length.parse().ok()).ok_or("an answer of no length")?;
        if !self.at_least(length).await? {
            return Err("half a body".into());
        }
        reply.body = self.take(length);
        Ok(reply)
    }

    /// The next frame. Pings of the server are answered by nobody here.
    pub(crate) async fn hear(&mut self) -> Result<Said, Wrong> {
        loop {
            if !self.at_least(2).await? {
                return Ok(Said::Gone);
            }
            let (first, second) = (self.read[0], self.read[1]);
            if first & 0x70 != 0 || second & 0x80 != 0 {
                return Err(format!("the server's own frame is none: {:x?}", &self.read[..2]));
            }
            let head = match second {
                126 => 4,
                127 => 10,
                _ => 2,
            };
            if !self.at_least(head).await? {
                return Ok(Said::Gone);
            }
            let long = self.read[2..head].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            let length = if head == 2 { usize::from(second) } else { long };
            if !self.at_least(head + length).await? {
                return Ok(Said::Gone);
            }
            let payload = self.take(head + length).split_off(head);
            return Ok(match first {
                0x81 => Said::Text(String::from_utf8(payload).map_err(|_| "the server's own text is not UTF-8")?),
                0x88 => {
                    std::str::from_utf8(payload.get(2..).unwrap_or_default()).map_err(|_| "a reason that is not UTF-8")?;
                    Said::Close(payload.get(..2).map_or(1005, |code| u16::from_be_bytes([code[0], code[1]])))
                }
                0x8a => Said::Pong(payload),
                0x89 => continue,
                other => return Err(format!("the server's own frame is strange: {other:x}")),
            });
        }
    }

    /// The next text that fits; what is before it is let go. How it ended, if it did.
    pub(crate) async fn find(&mut self, fits: impl Fn(&str) -> bool) -> Result<Result<String, u16>, Wrong> {
        loop {
            match self.hear().await? {
                Said::Text(text) if fits(&text) => return Ok(Ok(text)),
                Said::Text(_) | Said::Pong(_) => {}
                Said::Close(code) => return Ok(Err(code)),
                Said::Gone => return Ok(Err(1006)),
            }
        }
    }
}

/// A handshake with nothing wrong in it.
pub(crate) fn good_handshake(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}
