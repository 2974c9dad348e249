//! The conformance suite of Autobahn against this very way of reading and writing frames, with an echo in the place of a
//! conversation. What a chat does not take (binary, messages over its limit) is taken here, because the suite is about frames.
//!
//! Needs the suite's `wstest`, which is Python 2: `.ci/autobahn` gets it and runs this.

use std::{collections::BTreeMap, env, future::poll_fn, net::Ipv4Addr, rc::Rc, sync::Arc, task::Poll, time::Instant};

use bytes::Bytes;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    process::Command,
    sync::watch,
    task::{LocalSet, spawn_local},
};
use tokio_tungstenite::tungstenite::{Error, Message, handshake::derive_accept_key};

use super::{End, Line, unreadable};
use crate::{
    fanout::frame,
    metrics::Metrics,
    shard::{Connection, Shard},
    stream::Stream,
};

/// Compression is never agreed to, so that its cases have nothing to try.
const SPEC: &str = r#"{"outdir":"reports","servers":[{"url":"ws://ADDRESS"}],"cases":["*"],"exclude-cases":["12.*","13.*"],"exclude-agent-cases":{}}"#;

/// What the suite says of a case that is well. Informational are those where the RFC leaves a choice.
const WELL: [&str; 4] = ["OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"];

impl Line {
    async fn message(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| {
            self.connection.poll_drain(cx);
            if self.connection.is_broken() {
                return Poll::Ready(None);
            }
            if self.connection.is_full() {
                return Poll::Pending;
            }
            self.poll_message(cx).map(Some)
        })
        .await
    }
}

fn binary(payload: &[u8]) -> Bytes {
    let mut frame = vec![0x82];
    match payload.len() {
        length @ 0..=125 => frame.push(length as u8),
        length @ 126..=0xffff => {
            frame.push(126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame.into()
}

/// Shakes hands and sends everything back.
async fn echo(shard: Rc<Shard>, mut stream: TcpStream) {
    let mut request = Vec::new();
    let end = loop {
        if let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if !matches!(stream.read_buf(&mut request).await, Ok(read) if read > 0) {
            return;
        }
    };
    let head = String::from_utf8_lossy(&request[..end]).into_owned();
    let key =
        head.lines().find_map(|line| line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key")));
    let accept = derive_accept_key(key.map_or("", |(_, key)| key).as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    let connection = Rc::new(Connection::new(1, None, Ipv4Addr::LOCALHOST.into(), Stream::Plain(stream), Instant::now()));
    connection.queue(answer.into_bytes().into());
    let mut line = Line::new(shard, connection, &request[end..]);
    loop {
        match line.message().await {
            Some(Ok(Message::Text(text))) => line.connection.answer(frame(&text)),
            Some(Ok(Message::Binary(payload))) => line.connection.answer(binary(&payload)),
            Some(Ok(Message::Close(_))) => {
                line.answer_goodbye().await;
                break;
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                if let End::Close(closing) = unreadable(&error) {
                    line.goodbye(*closing, false).await;
                }
                break;
            }
            None => break,
        }
    }
    // What waits goes out before the socket is dropped.
    line.connection.flush();
}

#[tokio::test]
#[ignore = "needs Autobahn: .ci/autobahn"]
async fn every_case_of_autobahn_is_well() {
    let wstest = env::var("WSTEST").expect("WSTEST says where the suite's program is");
    let folder = tempfile::tempdir().expect("a directory");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address").to_string();
    let spec = folder.path().join("fuzzingclient.json");
    std::fs::write(&spec, SPEC.replace("ADDRESS", &address)).expect("the specification");
    let world = LocalSet::new();
    let shard = Rc::new(Shard::new(0, Arc::new(Metrics::default()), watch::channel(Arc::default()).1));
    world.spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            spawn_local(echo(Rc::clone(&shard), stream));
        }
    });
    let suite = Command::new(wstest).args(["-m", "fuzzingclient", "-s"]).arg(&spec).current_dir(folder.path()).status();
    assert!(world.run_until(suite).await.expect("the suite runs").success());

    let index = std::fs::read_to_string(folder.path().join("reports/index.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&index).expect("JSON");
    let cases = report.as_object().and_then(|agents| agents.values().next()).and_then(|agent| agent.as_object()).expect("cases");
    let mut by_behavior: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut failed = Vec::new();
    for (case, result) in cases {
        for behavior in ["behavior", "behaviorClose"] {
            let said = result[behavior].as_str().unwrap_or("nothing");
            if !WELL.contains(&said) {
                failed.push(format!("{case}: {behavior} {said}"));
            }
        }
        by_behavior.entry(result["behavior"].as_str().unwrap_or("nothing")).or_default().push(case);
    }
    for (behavior, cases) in by_behavior {
        let which = if behavior == "OK" { String::new() } else { cases.join(" ") };
        println!("{} {behavior} {which}", cases.len());
    }
    assert!(failed.is_empty() && cases.len() > 300, "{failed:#?}");
}
