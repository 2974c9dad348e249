//! What keeping data costs those who talk meanwhile, with a million messages in the store: a start after `kill -9`, a backup while
//! everybody writes, and the taking away of some of it. The figures are in `docs/performance.md`.
#![allow(clippy::print_stdout, reason = "what it measures is what it is run for")]

mod common;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chat_protocol::{Event, RoomName, Timestamp, UserName};
use chat_server::{
    admin::backup,
    log::{
        Asker, Author, Draft, Log as _, Write,
        sqlite::{Durability, Sqlite},
    },
};
use common::{TestClient, program::Program};
use serde_json::json;

const MESSAGES: u64 = 1_000_000;
const SENDERS: usize = 16;
/// How long is measured where nothing ends by itself.
const WHILE: Duration = Duration::from_secs(5);

/// A store of so many messages in one room.
fn fill(directory: &Path) {
    let (room, from) = (RoomName::parse("big").expect("a name"), UserName::parse("ann").expect("a name"));
    let mut log = Sqlite::open(directory, Durability::Normal).expect("it opens");
    for batch in 0..MESSAGES / 1000 {
        let write = |number: u64| {
            let text = format!("message {} of those that were said here before anybody counted them", batch * 1000 + number);
            let event = Event::Message { text, cid: None, reply_to: None, action: false };
            Write::Event(Draft {
                room: room.clone(),
                from: from.clone(),
                author: Author("ann".into()),
                event,
                asker: Asker::Nobody,
            })
        };
        log.apply(&(0..1000).map(write).collect::<Vec<_>>(), Timestamp(1_700_000_000_000 + batch as i64)).expect("it is kept");
    }
    log.close();
}

async fn start(place: &str, more: &[&str]) -> Program {
    Program::start(&[&["--data-dir", place, "--ip-rate", "off", "--connect-rate", "off"], more].concat()).await
}

/// Senders who each say the next thing when the last was acknowledged.
struct Talk {
    over: Arc<AtomicBool>,
    senders: Vec<tokio::task::JoinHandle<Vec<Duration>>>,
}

impl Talk {
    /// Names wait for their sessions, so each time others talk.
    async fn begin(server: &Program, time: usize) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut senders = Vec::new();
        for number in 0..SENDERS {
            let mut client: TestClient = server.join(&format!("room{number}"), &format!("user{time}-{number}")).await;
            let over = Arc::clone(&over);
            senders.push(tokio::spawn(async move {
                let mut waited = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    client.does(json!({ "type": "send", "text": "one more" })).await;
                    waited.push(begun.elapsed());
                }
                client.close().await;
                waited
            }));
        }
        Self { over, senders }
    }

    /// Says how it went since it began, and answers the messages of a second and the longest wait.
    async fn end(self, what: &str, begun: Instant) -> (f64, Duration) {
        self.over.store(true, Ordering::Relaxed);
        let took = begun.elapsed();
        let mut waited = Vec::new();
        for sender in self.senders {
            waited.extend(sender.await.expect("it does not panic"));
        }
        waited.sort_unstable();
        let at = |percent: usize| waited[(waited.len() - 1) * percent / 100];
        let per_second = waited.len() as f64 / took.as_secs_f64();
        println!(
            "{what}: {took:.2?}; {per_second:.0} acknowledged a second; p50 {:.1?}, p99 {:.1?}, longest {:.1?}",
            at(50),
            at(99),
            at(100)
        );
        (per_second, at(100))
    }
}

#[tokio::test]
#[ignore = "takes minutes: cargo test --release -p chat-server --test keeping_load -- --ignored --nocapture"]
async fn a_million_messages_are_started_with_copied_and_taken_away_while_people_talk() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().to_str().expect("a path");
    fill(directory.path());

    // Killed while everybody writes.
    let server = start(place, &[]).await;
    let talk = Talk::begin(&server, 1).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for sender in &talk.senders {
        sender.abort();
    }
    server.kill().await;
    let begun = Instant::now();
    let server = start(place, &[]).await;
    let listening = begun.elapsed();
    let (_, joined) = server.join_with("big", "carol", "").await;
    let all = begun.elapsed();
    println!("start after kill -9: listening after {listening:.1?}, a join answered after {all:.1?}");
    assert_eq!(joined["seq"], MESSAGES);
    assert!(all <= Duration::from_millis(500), "{all:?}");

    let begun = Instant::now();
    let talk = Talk::begin(&server, 2).await;
    tokio::time::sleep(WHILE).await;
    let (before, _) = talk.end("nothing else", begun).await;

    let talk = Talk::begin(&server, 3).await;
    let begun = Instant::now();
    let (from, file) = (directory.path().to_owned(), directory.path().join("backup.db"));
    let to = file.clone();
    let made = tokio::task::spawn_blocking(move || backup::backup(&from, &to, &mut |_, _| true));
    let bytes = made.await.expect("it does not panic").expect("a backup");
    let (during, longest) = talk.end(&format!("a backup of {} MB, looked through", bytes / 1_000_000), begun).await;
    assert!(during > before / 5.0 && longest < Duration::from_secs(3), "{during} of {before}, {longest:?}");
    assert_eq!(backup::look_through(&file, &mut |_| ()).expect("it can be read"), Vec::<String>::new());
    server.terminate().await;

    let server = start(place, &["--retain-messages", "big=980000"]).await;
    let talk = Talk::begin(&server, 4).await;
    let begun = Instant::now();
    loop {
        let first = server.get("/api/rooms/big/messages?after=0&limit=1").await.json();
        if first["messages"][0]["seq"].as_u64().is_some_and(|seq| seq > MESSAGES - 980_000) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (during, longest) = talk.end("20,000 messages taken away", begun).await;
    assert!(during > before / 5.0 && longest < Duration::from_secs(3), "{during} of {before}, {longest:?}");
    server.terminate().await;
    let store = directory.path().join("chat.db");
    println!("the store: {} MB", std::fs::metadata(&store).expect("a file").len() / 1_000_000);
    assert_eq!(backup::look_through(&store, &mut |_| ()).expect("it can be read"), Vec::<String>::new());
}
