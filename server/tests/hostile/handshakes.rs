//! Handshakes that are none, in bytes, and the statuses that each may get. Status 0: the server hung up without a word.

use std::net::SocketAddr;

use crate::{
    dice::Dice,
    peer::{Peer, Reply, Wrong},
    tally::Tally,
};

const ENDPOINTS: [&str; 7] = ["/ws", "/ws/7", "/ws/hans", "/ws/json", "/ws/tasks", "/ws/auth?token=s3cret", "/ws/chat/pit/hans"];

struct Attempt {
    name: &'static str,
    bytes: Vec<u8>,
    fine: &'static [u16],
    /// Nothing more is said after it.
    last: bool,
}

fn attempt(name: &'static str, bytes: impl Into<Vec<u8>>, fine: &'static [u16]) -> Attempt {
    Attempt { name, bytes: bytes.into(), fine, last: false }
}

/// A handshake of these lines.
fn request(first: &str, lines: &[String]) -> String {
    format!("{first}\r\n{}\r\n\r\n", lines.join("\r\n"))
}

fn good() -> Vec<String> {
    let lines = [
        "Host: localhost",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    lines.map(str::to_owned).to_vec()
}

/// The lines with another one in the place of that header.
fn with(name: &str, line: &str) -> Vec<String> {
    let mut lines = good();
    lines.retain(|line| !line.starts_with(name));
    if !line.is_empty() {
        lines.push(line.to_owned());
    }
    lines
}

fn generated(dice: &mut Dice) -> Attempt {
    let path = dice.pick(&ENDPOINTS);
    let first = format!("GET {path} HTTP/1.1");
    let but = |name: &str, line: &str| request(&first, &with(name, line));
    match dice.below(26) {
        0 => {
            let line = dice.pick(&["", "Upgrade: h2c", "Upgrade: websockets", "Upgrade: web socket", "Upgrade:"]);
            attempt("no upgrade", but("Upgrade", line), &[426])
        }
        1 => {
            let line = dice.pick(&["", "Connection: close", "Connection: keep-alive", "Connection: upgrades", "Connection:"]);
            attempt("no connection", but("Connection", line), &[426])
        }
        2 => {
            let line = dice.pick(&[
                "",
                "Sec-WebSocket-Version: 8",
                "Sec-WebSocket-Version: 0",
                "Sec-WebSocket-Version: 013",
                "Sec-WebSocket-Version: -13",
                "Sec-WebSocket-Version: 13.0",
                "Sec-WebSocket-Version: thirteen",
            ]);
            attempt("no version", but("Sec-WebSocket-Version", line), &[426])
        }
        3 => {
            let key = dice.pick(&[
                "",
                "x",
                "dGhl",
                "AAAA=AAAAAAAAAAAAAAAAA==",
                "######################==",
                "dGhlIHNhbXBsZSBub25jZQ=",
                "dGhlIHNhbXBsZSBub25jZQ===",
                "dGhlIHNhbXBsZSBub25jZQ",
                "dGhlIHNhbXBsZSBub25jZQ==, x",
                "\u{e9}GhlIHNhbXBsZSBub25jZQ==",
            ]);
            attempt("no key", but("Sec-WebSocket-Key", &format!("Sec-WebSocket-Key: {key}")), &[400])
        }
        4 => attempt("key left out", but("Sec-WebSocket-Key", ""), &[400]),
        5 => {
            let method = dice.pick(&["POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "get", "FOO"]);
            attempt("another method", request(&format!("{method} {path} HTTP/1.1"), &good()), &[405])
        }
        6 => attempt("http/1.0", request(&format!("GET {path} HTTP/1.0"), &good()), &[426, 400]),
        7 => {
            let version = dice.pick(&["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/9", "HTPP/1.1", "http/1.1", "WS/1.1", ""]);
            attempt("no version of http", request(&format!("GET {path} {version}"), &good()), &[400, 505, 0])
        }
        8 => {
            let origin =
                dice.pick(&["https://evil.example", "null.example", "http://localhost.evil", "ftp://localhost", "x", "http://"]);
            attempt("foreign origin", but("Origin", &format!("Origin: {origin}")), &[403])
        }
        9 => {
            let path =
                dice.pick(&["/ws/chat", "/ws/chat/pit/hans/more", "/wss", "/WS", "//ws", "/ws/../ws", "/ws%2fjson/x/y", "/%"]);
            attempt("no endpoint", request(&format!("GET {path} HTTP/1.1"), &good()), &[404, 101, 400])
        }
        10 => {
            let query =
                dice.pick(&["after=x", "after=-1", "after=9007199254740992", "after=1e3", "after=1&after=2", "after=%ff"]);
            attempt("bad query", request(&format!("GET /ws/chat/pit/hans?{query} HTTP/1.1"), &good()), &[400])
        }
        11 => {
            let name = dice.pick(&["%ff", "%C3", "%ED%A0%80", "%F5%80%80%80"]);
            attempt("path that is not UTF-8", request(&format!("GET /ws/chat/{name}/hans HTTP/1.1"), &good()), &[400])
        }
        12 => {
            let long = "x".repeat(dice.between(17_000, 60_000));
            attempt("long header", but("X-Long", &format!("X-Long: {long}")), &[431, 0])
        }
        13 => {
            let long = "x".repeat(dice.any(&[3000, 20_000, 70_000]));
            attempt("long path", request(&format!("GET /ws/{long} HTTP/1.1"), &good()), &[101, 414, 431, 0])
        }
        14 => {
            let mut lines = good();
            (0..dice.between(101, 400)).for_each(|number| lines.push(format!("X-{number}: x")));
            attempt("many headers", request(&first, &lines), &[431, 400])
        }
        15 => {
            let line = dice.pick(&[
                "Bad Name: x",
                ": x",
                "X\u{0}: x",
                "no colon",
                "X-Nul: a\u{0}b",
                "X-Del: \u{7f}",
                "(x): y",
                " X: y",
                "X : y",
            ]);
            attempt("no header", but("X-None", line), &[400, 0])
        }
        16 => {
            let end = dice.pick(&["\n", "\r", "\n\n", "\r\r"]);
            attempt("other line ends", good().join(end) + end, &[400, 0]).last()
        }
        17 => {
            let line = dice.pick(&[
                "Content-Length: 5\r\nContent-Length: 6",
                "Content-Length: -1",
                "Content-Length: +5",
                "Content-Length: 0x5",
                "Content-Length: 99999999999999999999",
                "Transfer-Encoding: chunked\r\nContent-Length: 5",
                "Transfer-Encoding: gzip",
                "Transfer-Encoding: chunked, chunked",
                "Transfer-Encoding: xchunked",
            ]);
            // A body that is not awaited must not be read as the next request.
            let lines = with("Content-Length", line);
            attempt(
                "smuggled body",
                request("POST /api/rooms/pit/messages HTTP/1.1", &lines) + "GET /healthz HTTP/1.1\r\n\r\n",
                &[400, 405, 413, 415, 426, 429, 501, 0],
            )
            .last()
        }
        18 => attempt("preface of http/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", &[400, 505, 0]).last(),
        19 => {
            let hello = [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..], &dice.bytes(500)].concat();
            attempt("hello of tls", hello, &[400, 0]).last()
        }
        20 => {
            let count = dice.between(1, 2000);
            attempt("garbage", dice.bytes(count), &[400, 431, 0]).last()
        }
        21 => {
            let whole = request(&first, &good());
            attempt("broken off", &whole.as_bytes()[..dice.below(whole.len() - 1)], &[400, 0]).last()
        }
        22 => {
            let mut bytes = request(&first, &good()).into_bytes();
            let place = dice.below(bytes.len());
            bytes[place] = dice.next() as u8;
            attempt("one byte other", bytes, &[101, 400, 403, 404, 405, 408, 414, 426, 431, 505, 0]).last()
        }
        23 => {
            let line = dice.pick(&[
                "Sec-WebSocket-Version: 13, 8",
                "Connection: keep-alive, uPgRaDe",
                "Sec-WebSocket-Extensions: permessage-deflate",
                "Sec-WebSocket-Protocol: chat, \u{7}",
                "Upgrade: h2c",
                "Cookie: token=x",
                "Origin: http://localhost",
            ]);
            // Said twice, or more than is needed: what is there is enough. A header of a bad byte is none.
            let mut lines = good();
            lines.insert(0, line.to_owned());
            attempt("more than is needed", request(&first, &lines), &[101, 400])
        }
        24 => attempt("absolute target", request(&format!("GET http://localhost{path} HTTP/1.1"), &good()), &[101, 400, 404]),
        _ => attempt("nothing wrong", request(&first, &good()), &[101]),
    }
}

impl Attempt {
    fn last(self) -> Self {
        Self { last: true, ..self }
    }
}

/// A few attempts on one connection, as long as the server holds it.
pub(crate) async fn visit(address: SocketAddr, dice: &mut Dice, tally: &Tally) -> Result<(), Wrong> {
    let mut peer = Peer::connect(address).await?;
    let mut before = Vec::new();
    for _ in 0..dice.between(1, 8) {
        let Attempt { name, bytes, fine, last } = generated(dice);
        let wrong = |what: String| {
            format!("{name} after {before:?}: {what}\n{}", String::from_utf8_lossy(&bytes[..bytes.len().min(500)]))
        };
        let sent = peer.write(&bytes).await;
        if last || !sent {
            // Half a request is given up, so that the server need not wait for the rest.
            peer.hush().await;
        }
        let is_head = bytes.starts_with(b"HEAD");
        let reply = peer.reply(is_head).await.map_err(&wrong)?;
        let status = reply.status;
        // What was cut off while it was still being sent may take the answer with it.
        let cut_off = status == 0 && bytes.len() > 10_000;
        if !fine.contains(&status) && !cut_off {
            return Err(wrong(format!("{reply:?}")));
        }
        if status == 101
            && reply.header("sec-websocket-accept") != Some("s3pplmbitxaq9kygzzhzrbk+xoo=")
            && name != "one byte other"
        {
            return Err(wrong(format!("another accept key: {}", reply.head)));
        }
        tally.case(format!("handshake: {name}: {status}"));
        before.push(format!("{name}: {status}"));
        tally.saw(format!("status {status}"));
        if last || status == 101 || goes(&reply) {
            break;
        }
    }
    if dice.one_in(2) {
        peer.slam();
    }
    Ok(())
}

/// Whether the server hangs up after it.
fn goes(reply: &Reply) -> bool {
    let old = reply.head.starts_with("http/1.0");
    old || reply.status == 0 || reply.header("connection") == Some("close") || reply.header("content-length").is_none()
}
