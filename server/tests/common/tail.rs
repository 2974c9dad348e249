//! What a room's tail over HTTP shows.

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::TcpStream,
    time::timeout,
};

use super::{PATIENCE, TestServer};

/// A tail, line by line, as `curl -N` shows it. Empty lines are its breath.
pub struct Tail(Lines<BufReader<TcpStream>>);

impl Tail {
    pub async fn open(server: &TestServer, path: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        // HTTP/1.0 is answered without chunks: what is read is what was written.
        let request = format!("GET {path} HTTP/1.0\r\nhost: {}\r\n\r\n", server.address);
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut lines = BufReader::new(stream).lines();
        let mut head = Vec::new();
        while let Some(line) = timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("reads") {
            if line.is_empty() {
                break;
            }
            head.push(line.to_lowercase());
        }
        assert!(head[0].contains("200"), "{head:?}");
        assert!(head.contains(&"content-type: application/x-ndjson".to_owned()), "{head:?}");
        Self(lines)
    }

    /// Waits for the end; answers what came before it.
    pub async fn ended(mut self) -> Vec<Value> {
        let mut rest = Vec::new();
        while let Some(line) = timeout(PATIENCE, self.0.next_line()).await.expect("in time").expect("reads") {
            rest.extend(serde_json::from_str::<Value>(&line).ok());
        }
        rest
    }

    pub async fn next(&mut self) -> Value {
        loop {
            let line = timeout(PATIENCE, self.0.next_line()).await.expect("in time").expect("reads").expect("it is kept open");
            if !line.is_empty() {
                return serde_json::from_str(&line).expect("JSON on every line");
            }
        }
    }
}
