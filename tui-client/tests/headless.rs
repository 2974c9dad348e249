//! The real program without a screen, against a real server: what goes in, what comes out, and how it ends.

mod common;

use std::{fs, time::Duration};

use chat_server::Config;
use common::{PATIENCE, TestServer, config_in, free_port, program::Program};
use futures::{SinkExt as _, StreamExt as _};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::timeout};
use tokio_tungstenite::{accept_async, tungstenite::Message};

/// Long enough to believe that nothing comes.
const QUIET: Duration = Duration::from_millis(300);

fn numbered(word: &str, range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("{word}-{number:03}")).collect()
}

fn pipe(server: &str) -> Program {
    Program::start(server, &["--user", "maker", "--room", "ops", "--pipe"])
}

fn tail(server: &str, args: &[&str]) -> Program {
    let all = [&["--user", "reader", "--room", "ops", "--tail"], args].concat();
    Program::start(server, &all)
}

/// What was said, without the time before it.
fn said(line: &str) -> &str {
    let (time, words) = line.split_at_checked("2026-11-20 09:30 ".len()).unwrap_or_else(|| panic!("a short line: {line:?}"));
    assert!(time.as_bytes()[4] == b'-' && time.as_bytes()[13] == b':', "{line:?}");
    words
}

#[tokio::test]
async fn a_pipe_sends_every_line_once_and_in_order() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "watcher").await;
    let lines = numbered("line", 0..200);
    let mut program = pipe(&server.url());
    program.write(&format!("{}\n", lines.join("\n"))).await;
    program.end_input();
    let ended = program.ended().await;
    ended.with(0);
    assert_eq!((ended.output.len(), ended.errors.as_str()), (0, ""), "success says nothing");
    assert_eq!(peer.texts(lines.len()).await, lines);
}

#[tokio::test]
async fn lines_of_a_pipe_are_text_without_colours() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "watcher").await;
    let mut program = pipe(&server.url());
    program.write("/quit\n\n  \n\x1b[1;31merror\x1b[0m: \x1b]0;title\x07x\n10%\r100%\nlast without an end").await;
    program.end_input();
    program.ended().await.with(0);
    assert_eq!(peer.texts(4).await, ["/quit", "error: x", "100%", "last without an end"]);
}

#[tokio::test]
async fn a_pipe_outlives_its_server() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path(), 0)).await;
    let (url, port) = (server.url(), server.address.port());
    let mut peer = server.join("ops", "watcher").await;
    let mut program = pipe(&url);
    let (before, after) = (numbered("before", 0..40), numbered("after", 0..40));
    program.write(&format!("{}\n", before.join("\n"))).await;
    // In the middle of it.
    peer.hears("before-010").await;
    server.stop().await;
    program.write(&format!("{}\n", after.join("\n"))).await;
    let server = TestServer::with(config_in(directory.path(), port)).await;
    program.end_input();
    program.ended().await.with(0);
    let log = server.join("ops", "auditor").await.log().await;
    let texts: Vec<_> = log.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, [before, after].concat());
}

#[tokio::test]
async fn a_pipe_without_input_has_nothing_to_do() {
    let server = TestServer::start().await;
    let mut program = pipe(&server.url());
    program.end_input();
    let ended = program.ended().await;
    assert_eq!(ended.with(0).errors, "");
}

#[tokio::test]
async fn a_pipe_gives_up_when_nothing_moves() {
    let server = format!("ws://127.0.0.1:{}", free_port());
    let mut program = Program::start(&server, &["--user", "maker", "--room", "ops", "--pipe", "--timeout", "1"]);
    program.write("never\narrives\n").await;
    program.end_input();
    let ended = program.ended().await;
    ended.with(4);
    assert!(ended.errors.contains("2 messages not sent"), "{ended:?}");
}

#[tokio::test]
async fn a_pipe_reads_no_more_than_may_wait() {
    let server = format!("ws://127.0.0.1:{}", free_port());
    let mut program = Program::start(&server, &["--user", "maker", "--room", "ops", "--pipe", "--timeout", "60"]);
    // The pipe of the system holds 64 KiB; what is read besides are a few messages of this size.
    let line = format!("{}\n", "x".repeat(1000));
    let all = line.repeat(2000);
    let written = timeout(Duration::from_secs(2), program.write(&all)).await;
    assert!(written.is_err(), "two megabytes are taken while nobody has them");
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    ended.with(4);
    assert!(ended.errors.contains("messages"), "{ended:?}");
}

#[tokio::test]
async fn an_idle_pipe_leaves_when_it_is_asked_to() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "watcher").await;
    let mut program = pipe(&server.url());
    program.write("one\n").await;
    peer.hears("one").await;
    program.signal(Signal::INT);
    program.ended().await.with(0);
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused() {
    let server = TestServer::start().await;
    let _maker = server.join("ops", "maker").await;
    let mut program = pipe(&server.url());
    program.write("one\n").await;
    let ended = program.ended().await;
    ended.with(3);
    assert_eq!(ended.errors.lines().count(), 1, "{ended:?}");
}

#[tokio::test]
async fn what_is_not_utf_8_is_replaced_and_said_once() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "watcher").await;
    let mut program = pipe(&server.url());
    program.write_bytes(b"caf\xe9\nth\xe9\n").await;
    program.end_input();
    let ended = program.ended().await;
    ended.with(0);
    assert_eq!(ended.errors.lines().count(), 1, "{ended:?}");
    assert_eq!(peer.texts(2).await, ["caf\u{fffd}", "th\u{fffd}"]);
}

#[tokio::test]
async fn once_sends_one_message() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "watcher").await;
    let ended = Program::start(&server.url(), &["--user", "maker", "--room", "ops", "--once", "two\nlines"]).ended().await;
    ended.with(0);
    peer.hears("two\nlines").await;
}

#[tokio::test]
async fn once_splits_what_is_too_long() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "watcher").await;
    let text = "ä".repeat(20_000);
    Program::start(&server.url(), &["--user", "maker", "--room", "ops", "--once", &text]).ended().await.with(0);
    assert_eq!(peer.texts(3).await.concat(), text);
}

/// A server that lets one in, and answers everything that is said with this.
async fn answering(answer: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("ws://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move {
        let mut socket = accept_async(listener.accept().await.expect("a client").0).await.expect("a handshake");
        let limits = json!({"text_bytes":16,"frame_bytes":65536,"history":200});
        let welcome = json!({"type":"welcome","protocol":1,"server":"x","user":"maker","guest":true,"session":"s","epoch":"e",
            "ping_seconds":30,"typing_seconds":3,"limits":limits});
        let joined = json!({"type":"joined","room":"ops","seq":0,"topic":"","users":[],"read":0,"recovered":false,
            "more":false,"messages":[]});
        for frame in [welcome, joined] {
            socket.send(Message::text(frame.to_string())).await.expect("it listens");
        }
        while let Some(Ok(frame)) = socket.next().await {
            let Ok(asked) = serde_json::from_str::<Value>(frame.to_text().unwrap_or_default()) else { continue };
            if asked["type"] == "send" && answer.is_object() {
                assert!(asked["text"].as_str().is_some_and(|text| text.len() <= 16), "{asked}");
                let mut answer = answer.clone();
                answer["ref"] = asked["ref"].clone();
                socket.send(Message::text(answer.to_string())).await.expect("it listens");
            }
        }
    });
    url
}

fn refusal() -> Value {
    json!({"type":"error","code":"forbidden","text":"Nothing of the kind here"})
}

#[tokio::test]
async fn a_message_that_the_server_does_not_want_is_not_sent() {
    let server = answering(refusal()).await;
    let ended = Program::start(&server, &["--user", "maker", "--room", "ops", "--once", "as long as it is"]).ended().await;
    ended.with(4);
    assert!(ended.errors.contains("1 message not sent: Nothing of the kind here"), "{ended:?}");

    let server = answering(refusal()).await;
    let ended = Program::start(&server, &["--user", "maker", "--room", "ops", "--once", "longer than it may be"]).ended().await;
    ended.with(4);
    assert!(ended.errors.contains("2 messages not sent"), "{ended:?}");
}

#[tokio::test]
async fn tail_prints_what_is_said_as_text() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "bob").await;
    peer.say("old").await;
    let mut program = tail(&server.url(), &[]);
    assert_eq!(said(&program.line().await), "[ops] bob: old");
    let seq = peer.say("new\nbob: \u{1b}[2Jfake").await;
    assert_eq!(said(&program.line().await), "[ops] bob: new");
    assert_eq!(program.line().await, "    bob: \u{fffd}[2Jfake");
    peer.send(json!({ "type": "edit", "seq": seq, "text": "newer" })).await;
    assert_eq!(said(&program.line().await), "[ops] * bob edited a message: newer");
    peer.send(json!({ "type": "react", "seq": seq, "emoji": "👍", "on": true })).await;
    assert_eq!(said(&program.line().await), "[ops] * bob reacted with 👍");
    peer.send(json!({ "type": "delete", "seq": seq })).await;
    assert_eq!(said(&program.line().await), "[ops] * bob deleted a message");
    peer.send(json!({ "type": "topic", "text": "tea" })).await;
    assert_eq!(said(&program.line().await), "[ops] * bob changed the topic: tea");
    program.signal(Signal::INT);
    let ended = program.ended().await;
    assert_eq!(ended.with(0).output.len(), 0);
}

#[tokio::test]
async fn tail_prints_the_protocols_json() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "bob").await;
    let mut program = tail(&server.url(), &["--json"]);
    // Without old messages nothing tells that it is there; the peer sees it come.
    peer.find(|value| value["type"] == "presence").await;
    peer.say("hi \u{9b}31m").await;
    let line = program.line().await;
    assert!(!line.chars().any(char::is_control), "{line:?}");
    let value: Value = serde_json::from_str(&line).expect("JSON");
    let found = (&value["type"], &value["room"], &value["from"], &value["text"]);
    assert_eq!(found, (&json!("message"), &json!("ops"), &json!("bob"), &json!("hi \u{9b}31m")));
    assert!(value["seq"].is_u64() && value["at"].is_string(), "{value}");
}

#[tokio::test]
async fn tail_prints_so_many_old_messages() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "bob").await;
    for text in ["one", "two", "three"] {
        peer.say(text).await;
    }
    let mut program = tail(&server.url(), &["--limit", "2"]);
    assert_eq!(said(&program.line().await), "[ops] bob: two");
    assert_eq!(said(&program.line().await), "[ops] bob: three");
    assert!(program.is_quiet(QUIET).await);
}

#[tokio::test]
async fn tail_prints_no_more_old_messages_than_there_are_to_see() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "bob").await;
    peer.flood((0..60).map(|number| format!("m-{number:02}"))).await;
    for (limit, first) in [("0", "new"), ("3", "m-58"), ("100", "m-11")] {
        let user = format!("reader-{limit}");
        let mut program = Program::start(&server.url(), &["--user", &user, "--room", "ops", "--tail", "--limit", limit]);
        if limit == "0" {
            peer.find(|value| value["type"] == "presence" && value.to_string().contains(&user)).await;
            peer.say("new").await;
        }
        assert_eq!(said(&program.line().await), format!("[ops] bob: {first}"), "--limit {limit}");
    }
}

#[tokio::test]
async fn tail_outlives_its_server_without_gap_or_repeat() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path(), 0)).await;
    let (url, port) = (server.url(), server.address.port());
    let mut peer = server.join("ops", "bob").await;
    peer.say("before").await;
    let mut program = tail(&url, &[]);
    assert_eq!(said(&program.line().await), "[ops] bob: before");
    server.stop().await;
    let server = TestServer::with(config_in(directory.path(), port)).await;
    let mut peer = server.join("ops", "bob").await;
    peer.say("after").await;
    assert_eq!(said(&program.line().await), "[ops] bob: after");
    peer.say("and on").await;
    assert_eq!(said(&program.line().await), "[ops] bob: and on");
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    assert_eq!(ended.with(0).output.len(), 0);
    assert!(ended.errors.lines().count() <= 2, "gone, and back: {ended:?}");
}

#[tokio::test]
async fn a_kept_position_is_where_the_next_run_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let position = directory.path().join("position");
    let position = position.to_str().expect("a path");
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "bob").await;
    peer.say("one").await;
    let mut program = tail(&server.url(), &["--position", position]);
    assert_eq!(said(&program.line().await), "[ops] bob: one");
    peer.say("two").await;
    assert_eq!(said(&program.line().await), "[ops] bob: two");
    program.signal(Signal::INT);
    let (ended, home) = program.ended_at_home().await;
    assert_eq!(ended.with(0).output.len(), 0);

    peer.say("three").await;
    let args = ["--user", "reader", "--room", "ops", "--tail", "--position", position];
    let mut program = Program::start_at(home, &server.url(), &args);
    assert_eq!(said(&program.line().await), "[ops] bob: three");
    peer.say("four").await;
    assert_eq!(said(&program.line().await), "[ops] bob: four");
    program.signal(Signal::INT);
    assert_eq!(program.ended().await.with(0).output.len(), 0);
    assert_eq!(fs::read_dir(directory.path()).expect("the directory").count(), 1, "nothing lies beside it");
}

#[tokio::test]
async fn a_position_in_a_log_that_is_gone_is_said() {
    let directory = tempfile::tempdir().expect("a directory");
    let position = directory.path().join("position");
    fs::write(&position, r#"{"ops":{"epoch":"another","seq":7}}"#).expect("a file");
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "bob").await;
    peer.say("one").await;
    let mut program = tail(&server.url(), &["--position", position.to_str().expect("a path")]);
    assert_eq!(said(&program.line().await), "[ops] bob: one");
    program.signal(Signal::INT);
    let ended = program.ended().await;
    assert!(ended.with(0).errors.contains("could not all be read"), "{ended:?}");
}

#[tokio::test]
async fn who_reads_no_more_ends_it_quietly() {
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "bob").await;
    peer.say("one").await;
    let mut program = tail(&server.url(), &[]);
    program.line().await;
    program.close_output();
    peer.say("two").await;
    let ended = program.ended().await;
    assert_eq!(ended.with(0).errors, "");
}

#[tokio::test]
async fn line_by_line_a_conversation_can_be_had() {
    let server = TestServer::start().await;
    let mut peer = server.join("general", "bob").await;
    peer.say("old").await;
    let mut program = Program::start(&server.url(), &["--user", "alice", "--room", "general", "--plain"]);
    program.line_with("Connection: connected").await;
    program.line_with("bob: old").await;
    program.write("hello\n").await;
    peer.hears("hello").await;
    peer.say("alice: hello yourself").await;
    let line = program.line_with("hello yourself").await;
    assert!(line.contains('\x07'), "a mention calls: {line:?}");
    let mut carol = server.join("general", "carol").await;
    program.line_with("carol came").await;
    carol.say("\u{1b}[2J\u{202e}boo").await;
    let line = program.line_with("boo").await;
    assert!(!line.contains('\x1b') && !line.contains('\u{202e}'), "{line:?}");
    program.write("/join tea\n").await;
    program.line_with("Room: tea").await;
    peer.say("elsewhere").await;
    program.line_with("[general] bob: elsewhere").await;
    program.write("/quit\n").await;
    let ended = program.ended().await;
    ended.with(0);
    assert!(!ended.output.iter().any(|line| line.contains("alice: hello") && !line.contains("yourself")), "{ended:?}");
}

#[tokio::test]
async fn the_end_of_the_input_ends_a_conversation() {
    let server = TestServer::start().await;
    let mut program = Program::start(&server.url(), &["--user", "alice", "--room", "general", "--plain"]);
    program.line_with("Connection: connected").await;
    program.end_input();
    program.ended().await.with(0);
}

#[tokio::test]
async fn the_end_of_the_input_waits_for_what_stood_in_it() {
    let server = TestServer::start().await;
    let mut peer = server.join("general", "bob").await;
    // All of it is there before the connection.
    let mut program = Program::start(&server.url(), &["--user", "alice", "--room", "general", "--plain"]);
    program.write("hello\n/topic tea\nsecond\n/users\n").await;
    program.end_input();
    let (ended, home) = program.ended_at_home().await;
    ended.with(0);
    assert_eq!(peer.texts(2).await, ["hello", "second"]);
    assert_eq!(peer.expect("topic").await["text"], "tea");
    assert!(ended.output.iter().any(|line| line.contains("alice") && line.contains("bob")), "/users is answered: {ended:?}");
    // The name stays ours.
    let kept = fs::read_to_string(home.path().join("state/chat-tui/sessions.json")).expect("what is kept");
    assert!(kept.contains("\"session\""), "{kept}");
}

#[tokio::test]
async fn the_end_of_the_input_waits_for_nothing_that_does_not_move() {
    let args = ["--user", "alice", "--room", "general", "--plain", "--timeout", "1"];
    let nobody = format!("ws://127.0.0.1:{}", free_port());
    let silent = answering(Value::Null).await;
    for (server, words) in
        [(nobody, "2 messages not sent"), (silent, "2 messages not sent"), (answering(refusal()).await, "Nothing")]
    {
        let mut program = Program::start(&server, &args.map(|arg| if arg == "general" { "ops" } else { arg }));
        program.write("hello\nsecond\n").await;
        program.end_input();
        let ended = program.ended().await;
        ended.with(4);
        assert!(ended.errors.contains(words), "{words}: {ended:?}");
    }
}

#[tokio::test]
async fn whoever_is_in_many_rooms_gets_into_all_of_them_and_stays() {
    const ROOMS: usize = 160;
    // With the limits that a server has unless told otherwise.
    let server = TestServer::with(Config { hold_names: false, ..Config::ephemeral() }).await;
    let rooms: Vec<_> = (1..=ROOMS).map(|number| format!("room{number}")).collect();
    let mut program = Program::start(&server.url(), &["--user", "many", "--room", &rooms.join(","), "--plain"]);
    program.line_with("Connection: connected").await;
    let mut peer = server.join("room160", "watcher").await;
    peer.send(json!({ "type": "rooms", "ref": "rooms" })).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        assert!(tokio::time::Instant::now() < deadline, "it does not get into all rooms");
        let list = peer.find(|value| value["ref"] == "rooms").await;
        let users = |room: &Value| room["users"].as_u64().unwrap_or(0);
        let rooms = list["rooms"].as_array().expect("rooms");
        let inside = rooms.iter().filter(|room| users(room) > u64::from(room["room"] == "room160")).count();
        if inside == ROOMS {
            break;
        }
        // A list costs five lines: this is about as often as one may ask for it.
        tokio::time::sleep(Duration::from_millis(600)).await;
        peer.send(json!({ "type": "rooms", "ref": "rooms" })).await;
    }
    peer.say("everybody there?").await;
    program.line_with("everybody there?").await;
    program.write("all of me\n").await;
    let mut first = server.join("room1", "listener").await;
    program.write("and again\n").await;
    first.hears("and again").await;
    program.write("/quit\n").await;
    let ended = program.ended().await;
    ended.with(0);
    assert!(!ended.output.iter().any(|line| line.contains("Connection:")), "it stayed: {ended:?}");
}

#[tokio::test]
async fn what_cannot_be_is_said_in_one_line() {
    let good = "ws://127.0.0.1:1";
    for (server, args, words) in [
        ("http://127.0.0.1", &["--user", "alice", "--pipe"][..], "--server"),
        ("ws://", &["--user", "alice", "--pipe"], "--server"),
        (good, &["--user", "alice", "--bogus"], "--bogus"),
        (good, &["--user=-x", "--pipe"], "--user"),
        (good, &["--user", "alice", "--room", "a,,b", "--pipe"], "--room"),
        (good, &["--pipe"], "--user"),
        (good, &["--user", "alice"], "terminal"),
        (good, &["--plain"], "--user"),
        (good, &["--user", "alice", "--pipe", "--tail"], "--tail"),
    ] {
        let mut program = Program::start(server, args);
        program.end_input();
        let ended = program.ended().await;
        ended.with(2);
        assert!(ended.errors.lines().count() == 1 && ended.errors.contains(words), "{args:?}: {ended:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let port = free_port();
    let program = Program::start(&format!("ws://127.0.0.1:{port}"), &["--user", "maker", "--room", "ops", "--once", "early"]);
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path(), port)).await;
    let mut peer = server.join("ops", "watcher").await;
    timeout(PATIENCE, program.ended()).await.expect("in time").with(0);
    assert_eq!(peer.log().await, [("maker".to_owned(), "early".to_owned())]);
}

#[tokio::test]
async fn a_log_on_disk_is_kept_if_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let logs = directory.path().join("logs");
    let server = TestServer::start().await;
    let mut peer = server.join("ops", "bob").await;
    peer.say("before").await;
    let mut program = tail(&server.url(), &["--log-dir", logs.to_str().expect("a path")]);
    assert_eq!(said(&program.line().await), "[ops] bob: before");
    peer.say("while we are there").await;
    assert_eq!(said(&program.line().await), "[ops] bob: while we are there");
    let room = logs.join(format!("ws%3A%2F%2F127.0.0.1%3A{}", server.address.port())).join("ops");
    let files: Vec<_> = fs::read_dir(&room).expect("the room's logs").map(|file| file.expect("a file").path()).collect();
    assert_eq!(files.len(), 1);
    let text = fs::read_to_string(&files[0]).expect("a log");
    assert!(text.ends_with("Z bob: while we are there\n") || text.ends_with("+00:00 bob: while we are there\n"), "{text:?}");
    assert_eq!(text.lines().count(), 1, "{text:?}");
}
