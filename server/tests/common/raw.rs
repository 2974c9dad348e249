//! Bytes as they go over the wire, right or wrong, which no library would send.

use tokio::io::AsyncWriteExt as _;

use super::TestClient;

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
