//! Bytes on a socket, as no well-behaved client would write them.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{PATIENCE, TestClient, TestServer};

pub const ENDPOINTS: [&str; 6] = ["/ws", "/ws/7", "/ws/bob", "/ws/json", "/ws/tasks", "/ws/chat/general/alice"];

pub const FIN: u8 = 0x80;
pub const CONTINUATION: u8 = 0;
pub const TEXT: u8 = 1;
pub const PING: u8 = 9;

/// A frame as a client writes it. A mask of zeros is a mask.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

impl Raw for TestClient {
    async fn raw(&mut self, bytes: &[u8]) {
        // Who is cut off in the middle of a frame that is too big has still sent it.
        let _ = self.socket().write_all(bytes).await;
    }
}

pub trait Raw {
    async fn raw(&mut self, bytes: &[u8]);
}

/// Everything that the server says to these bytes before it closes or falls silent with an answer.
pub async fn answer(server: &TestServer, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream.write_all(bytes).await.expect("writes");
    let mut all = Vec::new();
    let mut some = [0; 4096];
    loop {
        match timeout(PATIENCE, stream.read(&mut some)).await.expect("an answer in time") {
            Ok(0) | Err(_) => break,
            Ok(read) => all.extend_from_slice(&some[..read]),
        }
        if all.windows(4).any(|end| end == b"\r\n\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

/// A handshake of these lines after the first.
pub fn handshake(first: &str, lines: &[&str]) -> Vec<u8> {
    format!("{first}\r\nhost: localhost\r\n{}\r\n\r\n", lines.join("\r\n")).into_bytes()
}

pub const GOOD: [&str; 4] = [
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];
