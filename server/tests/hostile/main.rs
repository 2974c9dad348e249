//! Strangers who mean harm, by the ten thousands: handshakes, frames, objects and requests that are wrong in every way that could
//! be thought of, over real sockets, on every endpoint of one server, while two bystanders talk and miss nothing.
//!
//! `HOSTILE_CASES=1000000 cargo test --release -p chat-server --test hostile -- --ignored --nocapture` does more,
//! `HOSTILE_SEED` does others. A failure names its visit: with its seed, `HOSTILE_VISIT` does that one alone.
#![allow(clippy::print_stdout, reason = "what came of it is told to whoever asks with --nocapture")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../protocol/tests/hostile/mod.rs"]
mod corpus;

mod bystanders;
mod chat;
mod dice;
mod frames;
mod handshakes;
mod lines;
mod objects;
mod peer;
mod requests;
mod tally;

use std::{
    net::SocketAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use chat_server::{
    Config,
    limits::{Limits, Rate},
};
use common::{TestServer, config_in};
use dice::{Dice, setting};
use serde_json::json;
use tally::Tally;

/// Strangers at one time.
const AT_ONCE: usize = 12;
/// So many complaints say enough.
const ENOUGH: usize = 10;

/// The hostile corpus of the protocol crate.
fn words() -> &'static [String] {
    static WORDS: OnceLock<Vec<String>> = OnceLock::new();
    WORDS.get_or_init(|| corpus::corpus().into_iter().map(|(_, text)| text).collect())
}

/// Threads of the server that panicked, with their words.
fn watch_for_panics() -> Arc<std::sync::Mutex<Vec<String>>> {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (kept, before) = (Arc::clone(&seen), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        let thread = thread::current().name().unwrap_or_default().to_owned();
        kept.lock().expect("nobody panics here").push(format!("{thread}: {panic}"));
        before(panic);
    }));
    seen
}

/// One visit, decided by its dice alone.
async fn visit(address: SocketAddr, seed: u64, number: u64, tally: &Tally) {
    let mut dice = Dice::of(seed, number);
    let dice = &mut dice;
    let done = match dice.below(1000) {
        0..4 => frames::flood(address, dice, number, tally).await,
        4..600 => frames::visit(address, dice, number, tally).await,
        600..760 => handshakes::visit(address, dice, tally).await,
        760..830 => lines::visit(address, dice, number, tally).await,
        830..900 => requests::visit(address, dice, tally).await,
        _ => chat::visit(address, dice, number, tally).await,
    };
    if let Err(wrong) = done {
        tally.wrong(format!("{wrong}\nagain with HOSTILE_SEED={seed} HOSTILE_VISIT={number}"));
    }
}

/// What must have occurred, or the strangers got nowhere.
const EXPECTED: [&str; 48] = [
    "close of its own",
    "close 1002",
    "close 1003",
    "close 1005",
    "close 1007",
    "close 1008",
    "close 1009",
    "status 0",
    "status 101",
    "status 200",
    "status 201",
    "status 400",
    "status 403",
    "status 404",
    "status 405",
    "status 409",
    "status 413",
    "status 415",
    "status 426",
    "status 431",
    "answer ack",
    "answer joined",
    "answer left",
    "answer history",
    "answer found",
    "answer rooms",
    "answer users",
    "answer pong",
    "answer notice",
    "answer blocked",
    "answer bad_json",
    "answer unknown_type",
    "answer bad_request",
    "answer too_long",
    "answer not_joined",
    "answer no_such_room",
    "answer no_such_user",
    "answer no_such_message",
    "answer bad_name",
    "answer forbidden",
    "channels: response",
    "channels: error",
    "channels: message",
    "channels: subscribed",
    "tasks: error",
    "tasks: task_update",
    "envelope: message",
    "close 4029",
];
/// As many as it takes for each of them to occur.
const MANY: u64 = 5_000;

/// Open sockets of this process: the server's and the strangers' own.
fn sockets() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").expect("the files of this process").flatten();
    open.filter(|file| std::fs::read_link(file.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))).count()
}

async fn strangers_do_not_matter(cases: u64) {
    let panics = watch_for_panics();
    let (seed, only) = (setting("HOSTILE_SEED", 1), setting("HOSTILE_VISIT", u64::MAX));
    let cases = setting("HOSTILE_CASES", cases);
    println!("HOSTILE_SEED={seed} HOSTILE_CASES={cases}");
    let home = tempfile::tempdir().expect("a directory");
    let rate = Rate::new(400, 400);
    let limits = Limits { control: rate, ..Limits::OFF };
    let server = TestServer::with(Config { rate, limits, tokens: vec!["s3cret".into()], ..config_in(home.path()) }).await;
    let address = server.address;

    let stop = Arc::new(AtomicBool::new(false));
    let bystanders = thread::Builder::new().name("bystanders".into()).spawn({
        let stop = Arc::clone(&stop);
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { bystanders::talk(&TestServer::elsewhere(address), &stop).await })
        }
    });
    let bystanders = bystanders.expect("a thread");
    server.metric_becomes("chat_connections", |open| open == 2.0).await;
    let sockets_before = sockets();

    let (tally, next) = (Arc::new(Tally::default()), Arc::new(AtomicU64::new(0)));
    let stranger = || {
        let (tally, next) = (Arc::clone(&tally), Arc::clone(&next));
        async move {
            while tally.cases() < cases && only == u64::MAX && tally.complaints().len() < ENOUGH {
                visit(address, seed, next.fetch_add(1, Ordering::Relaxed), &tally).await;
            }
        }
    };
    let strangers: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(stranger())).collect();
    if only < u64::MAX {
        visit(address, seed, only, &tally).await;
    }
    for one in strangers {
        one.await.expect("a stranger does not panic");
    }
    println!("{tally}");
    assert!(tally.complaints().is_empty(), "{}", tally.complaints().join("\n\n"));

    // Nothing of them is left.
    server.metric_becomes("chat_connections", |open| open == 2.0).await;
    server.metric_becomes("chat_users", |users| users == 2.0).await;
    server.metric_becomes("chat_rooms ", |rooms| rooms == 1.0).await;
    server.metric_becomes("chat_queue_bytes", |bytes| bytes == 0.0).await;
    // HTTP too: asking for the metric above opens and closes one.
    server.metric_becomes("chat_connections", move |_| sockets() <= sockets_before).await;
    stop.store(true, Ordering::Relaxed);
    let talk = bystanders.join().expect("the bystanders are well");
    println!("{} messages between bystanders: median {:?}, p99 {:?}", talk.messages, talk.percentile(50), talk.percentile(99));

    // What was kept is whole.
    let mut feed = server.open("/ws/tasks").await;
    feed.send(json!({ "action": "start", "task": "verify" })).await;
    let over =
        |update: &serde_json::Value| update["task"] == "verify" && update["status"] == "completed" && update["progress"] == 100;
    let verified = feed.find(move |update| over(update) || update["status"] == "failed").await;
    assert_eq!(verified["status"], "completed", "{verified}");
    feed.close().await;
    server.stop().await;
    assert_eq!(*panics.lock().expect("nobody panics here"), Vec::<String>::new());

    if only == u64::MAX && cases >= MANY {
        assert_eq!(tally.missing(EXPECTED), Vec::<&str>::new(), "the strangers got nowhere: {tally}");
        assert!(talk.messages > 20, "the bystanders hardly talked: {}", talk.messages);
        let limited = tally.of("answer rate_limited") + tally.of("status 429");
        assert!(limited < tally.cases() / 20, "{limited} were refused for haste, and not for what they were");
    }
}

#[tokio::test]
async fn strangers_harm_nobody() {
    strangers_do_not_matter(MANY).await;
}

#[tokio::test]
#[ignore = "a minute in release, three without: just test-hostile"]
async fn a_hundred_thousand_strangers_harm_nobody() {
    strangers_do_not_matter(100_000).await;
}
