//! How conversations end: what each says last, and who waits for whom.

mod common;

use std::time::{Duration, Instant};

use chat_protocol::CloseCode;
use common::{
    PATIENCE, TestServer,
    raw::{CONTINUATION, ENDPOINTS, FIN, GOOD, Raw as _, TEXT, frame, handshake},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

#[tokio::test]
async fn who_breaks_off_in_the_middle_of_a_frame_has_left() {
    let server = TestServer::start().await;
    let mut one = server.open("/ws/1").await;
    let mut two = server.open("/ws/2").await;
    one.find_words("#2 has entered").await;
    let whole = frame(FIN | TEXT, b"never finished");
    two.raw(&whole[..10]).await;
    two.cut();
    assert_eq!(one.find_words("#2 has left").await, "Client #2 has left the chat");
    one.never_saw("never");
}

#[tokio::test]
async fn who_says_goodbye_gets_its_code_back() {
    let server = TestServer::start().await;
    for path in ENDPOINTS {
        let mut client = server.open(path).await;
        client.raw(&frame(FIN | 8, &1000_u16.to_be_bytes())).await;
        assert_eq!(client.closed().await.code, 1000, "{path}");
    }
    let mut client = server.open("/ws").await;
    client.raw(&frame(FIN | 8, &[])).await;
    assert_eq!(client.closed().await.code, 1005);
    let mut client = server.open("/ws").await;
    client.raw(&frame(FIN | 8, &999_u16.to_be_bytes())).await;
    assert_eq!(client.closed().await.code, CloseCode::BadFrame.number(), "999 is no code");
}

/// Said in one breath: that it was kept comes before the goodbye, or it would be sent again.
#[tokio::test]
async fn who_says_something_and_goodbye_hears_what_became_of_it_first() {
    let server = TestServer::start().await;
    for round in 0..20 {
        let mut client = server.open(&format!("/ws/chat/tea/ann-{round}")).await;
        client.expect("joined").await;
        let words = format!(r#"{{"type":"send","text":"the last of {round}"}}"#);
        let bytes = [frame(FIN | TEXT, words.as_bytes()), frame(FIN | 8, &1000_u16.to_be_bytes())].concat();
        client.raw(&bytes).await;
        client.expect("ack").await;
        assert_eq!(client.closed().await.code, 1000);
    }
}

/// It has said goodbye itself, and waits for the server to hang up, as RFC 6455 has it.
#[tokio::test]
async fn who_says_goodbye_in_a_frame_that_is_none_is_not_waited_for() {
    let server = TestServer::start().await;
    for payload in [&b"\x03"[..], b"\x03\xe8\xff\xfe", &[b'x'; 126]] {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        let bytes = [handshake("GET /ws HTTP/1.1", &GOOD), frame(FIN | 8, payload)].concat();
        stream.write_all(&bytes).await.expect("writes");
        let (start, mut all) = (Instant::now(), Vec::new());
        timeout(PATIENCE, stream.read_to_end(&mut all)).await.expect("it hangs up").expect("reads");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
}

/// Hung up on with bytes that nobody has read, it would be reset, and what it was told lost.
#[tokio::test]
async fn who_sends_on_after_it_was_refused_hears_why() {
    let server = TestServer::start().await;
    let piece = [b'x'; 60_000];
    for (fault, code) in [
        (frame(TEXT, &piece), CloseCode::TooBig),
        (frame(FIN | TEXT, b"\xff"), CloseCode::NotUtf8),
        (frame(FIN | 3, b""), CloseCode::BadFrame),
    ] {
        let mut stream = TcpStream::connect(server.address).await.expect("connects");
        let (mut reading, mut writing) = stream.split();
        let bytes = [handshake("GET /ws HTTP/1.1", &GOOD), fault, frame(CONTINUATION, &piece).repeat(200)].concat();
        let mut all = Vec::new();
        let (wrote, read) = tokio::join!(writing.write_all(&bytes), timeout(PATIENCE, reading.read_to_end(&mut all)));
        read.expect("it hangs up").unwrap_or_else(|error| panic!("{code:?}: {error}, after {} bytes", all.len()));
        wrote.unwrap_or_else(|error| panic!("{code:?}: {error}"));
        let told = all.windows(4).any(|bytes| bytes[0] == 0x88 && bytes[2..] == code.number().to_be_bytes());
        assert!(told, "{code:?}: {}", String::from_utf8_lossy(&all));
    }
}
