//! Going down on purpose: everybody is told, everything acknowledged is there afterwards, and it does not take long. And not
//! coming up where it cannot: one clear line.

mod common;

use std::time::{Duration, Instant};

use common::{Closed, PATIENCE, TestClient, TestServer, config_in, program::Program, sight::Sight};
use futures::future::join_all;
use rustix::process::Signal;
use serde_json::json;

/// What a restart may take on a machine that does much else: its own waits come to six and a half seconds at most.
const SOON: Duration = Duration::from_secs(15);

fn data(dir: &tempfile::TempDir) -> [&str; 2] {
    ["--data-dir", dir.path().to_str().expect("a plain path")]
}

/// Hears everything until the end: the `closing`, how it closed, and the seqs that were acked.
async fn until_the_end(mut client: TestClient) -> (Option<serde_json::Value>, Closed, Vec<(u64, String)>) {
    let (mut closing, mut acked) = (None, Vec::new());
    loop {
        match client.hear().await {
            Ok(frame) if frame["type"] == "closing" => closing = Some(frame),
            Ok(frame) if frame["type"] == "ack" => {
                assert_eq!(closing, None, "an ack after the goodbye");
                acked.push((frame["seq"].as_u64().expect("a seq"), frame["cid"].as_str().expect("a cid").to_owned()));
            }
            Ok(_) => {}
            Err(closed) => return (closing, closed, acked),
        }
    }
}

/// Says one thing after the other, with several under way, until the goodbye comes.
async fn talk_to_the_end(mut client: TestClient, acked: &std::sync::atomic::AtomicUsize) {
    loop {
        for _ in 0..4 {
            // It may be over by now; what is read tells how.
            client.try_send(&json!({ "type": "send", "text": "and another thing" })).await;
        }
        let frame = client.hear().await.expect("a goodbye before the end");
        match frame["type"].as_str() {
            Some("closing") => return,
            Some("ack") => drop(acked.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn who_talks_on_while_the_server_goes_is_told_like_everybody() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut server = TestServer::with(config_in(dir.path())).await;
    let acked = std::sync::atomic::AtomicUsize::new(0);
    let mut clients = Vec::new();
    for number in 0..8 {
        clients.push(server.join("tea", &format!("user{number}")).await);
    }
    let talking = join_all(clients.into_iter().map(|client| talk_to_the_end(client, &acked)));
    let stopping = async {
        while acked.load(std::sync::atomic::Ordering::Relaxed) < 100 {
            tokio::task::yield_now().await;
        }
        server.begin_to_stop();
    };
    tokio::time::timeout(PATIENCE, futures::future::join(talking, stopping)).await.expect("everybody is told");
    server.stop().await;
}

async fn everybody_is_told(arguments: &[&str], code: u16, reconnect: bool) {
    let dir = tempfile::tempdir().expect("a directory");
    let all: Vec<_> = data(&dir).into_iter().chain(arguments.iter().copied()).collect();
    let program = Program::start(&all).await;
    let users: Vec<_> = (0..300).map(|number| format!("user{number}")).collect();
    let mut clients = Vec::new();
    for some in users.chunks(50) {
        clients.extend(join_all(some.iter().map(|user| program.join("tea", user))).await);
    }
    // Some are in the middle of talking when it happens.
    for (number, client) in clients.iter_mut().enumerate().take(20) {
        for line in 0..20 {
            let cid = format!("c{number}-{line}");
            client.send(json!({ "type": "send", "text": cid, "cid": cid })).await;
        }
    }
    clients[0].expect("ack").await;
    let tutorial = program.open("/ws/7").await;
    let asked = Instant::now();
    program.signal(Signal::TERM);
    let told = join_all(clients.into_iter().map(until_the_end)).await;
    let (none, closed, _) = until_the_end(tutorial).await;
    assert_eq!((none, closed.code), (None, code), "the tutorials get the close frame alone");
    let ended = program.ended().await;
    assert!(asked.elapsed() < SOON, "it took {:?}", asked.elapsed());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let mut acked = Vec::new();
    let mut waits = std::collections::BTreeSet::new();
    for (closing, closed, own) in told {
        let closing = closing.expect("everybody gets closing");
        assert_eq!((&closing["code"], &closing["reconnect"]), (&json!(code), &json!(reconnect)), "{closing}");
        assert_eq!(closed.code, code);
        waits.extend(closing["retry_ms"].as_u64());
        acked.extend(own);
    }
    assert_eq!(waits.len() > 100, reconnect, "who comes back comes at a moment of its own: {waits:?}");
    let server = TestServer::with(config_in(dir.path())).await;
    let (probe, _) = server.join_with("tea", "probe", "").await;
    let (mut again, joined) = server.join_with("tea", "again", &format!("after=0&epoch={}", probe.epoch())).await;
    let mut sight = Sight::joined(&joined, 0);
    while sight.last() < joined["seq"].as_u64().expect("a seq") {
        sight.hear(&again.hear().await.expect("open"));
    }
    for kept in &acked {
        assert!(sight.seen.contains(kept), "{kept:?} was acknowledged and is not there");
    }
}

#[tokio::test]
async fn a_restart_is_told_to_hundreds_and_loses_nothing_that_was_acknowledged() {
    everybody_is_told(&[], 1012, true).await;
}

#[tokio::test]
async fn going_down_for_good_tells_nobody_to_come_back() {
    everybody_is_told(&["--final"], 1001, false).await;
}

#[tokio::test]
async fn who_does_not_take_the_goodbye_does_not_hold_it_up() {
    let program = Program::start(&["--ephemeral"]).await;
    let mut deaf = Vec::new();
    for number in 0..5 {
        // Their sockets stay open and nobody reads them.
        deaf.push(program.join("tea", &format!("deaf{number}")).await);
    }
    let half = tokio::net::TcpStream::connect(program.address).await.expect("connects");
    let asked = Instant::now();
    let ended = program.terminate().await;
    assert!(asked.elapsed() < SOON, "it took {:?}", asked.elapsed());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    drop((deaf, half));
}

#[tokio::test]
async fn asked_twice_it_goes_at_once() {
    let program = Program::start(&["--ephemeral"]).await;
    let mut deaf = program.join("tea", "deaf").await;
    program.signal(Signal::INT);
    deaf.expect("closing").await;
    let asked = Instant::now();
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    assert!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());
    assert_eq!(ended.status.code(), Some(130));
}

#[tokio::test]
async fn it_says_where_to_go_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(&data(&dir)).await;
    let port = program.address.port();
    for part in [format!("http://localhost:{port}/"), format!("ws://localhost:{port}/ws/chat/general/"), "chat-tui".into()] {
        assert!(program.announced.contains(&part), "{part} is not in {}", program.announced);
    }
    assert!(program.announced.contains(dir.path().to_str().unwrap()), "{}", program.announced);
    assert_eq!(program.get("/readyz").await.status, 200);
    let ended = program.terminate().await;
    assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""));
}

/// One line for the operator, which says what is wrong.
async fn refused(arguments: &[&str], says: &[&str]) {
    let asked = Instant::now();
    let ended = Program::refused(arguments).await;
    assert!(asked.elapsed() < PATIENCE);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert_eq!(ended.stderr.trim_end().lines().count(), 1, "{}", ended.stderr);
    for part in says {
        assert!(ended.stderr.contains(part), "{part} is not in {}", ended.stderr);
    }
}

#[tokio::test]
async fn where_it_cannot_run_it_says_so_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let running = Program::start(&data(&dir)).await;
    let port = running.address.port().to_string();
    refused(&["--ephemeral", "--port", &port], &["cannot listen", &port]).await;
    let [flag, path] = data(&dir);
    refused(&["--port", "0", flag, path], &["in use by another chat server", path]).await;
    assert_eq!(running.get("/readyz").await.status, 200, "the first one is not disturbed");
    let strange = tempfile::tempdir().unwrap();
    std::fs::write(strange.path().join("chat.db"), "this is not a database, and long enough to be looked at").unwrap();
    let [flag, path] = data(&strange);
    refused(&["--port", "0", flag, path], &["cannot be used", path]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    refused(&["--port", "0", flag, file.path().to_str().unwrap()], &["cannot be used"]).await;
    refused(&["--port", "0", "--ephemeral", "--require-auth"], &["--auth-token", "nobody could come in"]).await;
}
