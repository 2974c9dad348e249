//! What is kept no longer goes by itself, while people talk, and nobody who comes is told of it.

mod common;

use chat_server::{
    Config,
    admin::backup,
    config::Store,
    log::{retention::Retention, sqlite::Durability},
};
use common::{TestServer, config, config_in, program::Program};
use rustix::process::Signal;
use serde_json::{Value, json};

fn keep(counts: &[&str]) -> Retention {
    Retention::new(&[], &counts.iter().map(|count| count.parse().expect("a count")).collect::<Vec<_>>())
}

async fn texts(server: &TestServer, room: &str) -> Vec<String> {
    let history = server.get(&format!("/api/rooms/{room}/messages?limit=200")).await.json();
    history["messages"].as_array().expect("messages").iter().map(|one| one["text"].as_str().expect("text").to_owned()).collect()
}

/// Waits until a room holds so many messages.
async fn until(server: &TestServer, room: &str, count: usize) -> Vec<String> {
    let began = tokio::time::Instant::now();
    loop {
        let texts = texts(server, room).await;
        if texts.len() == count {
            return texts;
        }
        assert!(began.elapsed() < common::PATIENCE, "{} of {count}", texts.len());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn at_its_start_a_server_takes_away_what_it_is_told_to_keep_no_longer() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(config_in(directory.path())).await;
    let (mut alice, _) = server.join_with("tea", "alice", "").await;
    let epoch = alice.welcome["epoch"].as_str().expect("an epoch").to_owned();
    for number in 0..1203 {
        alice.send(json!({ "type": "send", "text": format!("number {number}") })).await;
    }
    alice.does(json!({ "type": "send", "room": "tea", "text": "last", "cid": "last" })).await;
    server.join("other", "bob").await.does(json!({ "type": "send", "text": "elsewhere" })).await;
    alice.close().await;
    server.stop().await;

    let config = Config { retention: keep(&["3", "other=forever"]), ..config_in(directory.path()) };
    let server = TestServer::with(config).await;
    assert_eq!(until(&server, "tea", 3).await, ["number 1201", "number 1202", "last"]);
    assert_eq!(texts(&server, "other").await, ["elsewhere"]);
    let (_, joined) = server.join_with("tea", "carol", &format!("after=7&epoch={epoch}")).await;
    assert_eq!((&joined["recovered"], &joined["seq"], &joined["more"]), (&json!(false), &json!(1204), &json!(false)), "{joined}");
    server.stop().await;
    let file = directory.path().join("chat.db");
    assert_eq!(backup::look_through(&file, &mut |_| ()).expect("it can be read"), Vec::<String>::new());
}

#[tokio::test]
async fn chosen_anew_it_holds_at_once_and_who_comes_in_is_told_what_is_left() {
    for store in [false, true] {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().to_owned();
        let base = Config { retention: Retention::default(), ..config() };
        let base = match store {
            true => Config { store: Store::Directory { path, durability: Durability::Normal }, ..base },
            false => base,
        };
        let server = chat_server::Server::open(base.clone()).await.expect("it opens");
        let (choose, server) = (server.chooser(), TestServer::of(server));
        let mut alice = server.join("tea", "alice").await;
        for number in 0..5 {
            alice.does(json!({ "type": "send", "text": number.to_string() })).await;
        }
        // Somebody came in: what the next one is told is at hand.
        let (bob, told) = server.join_with("tea", "bob", "").await;
        assert_eq!(told["messages"].as_array().map(Vec::len), Some(5));
        let mut feed = server.open("/ws/tasks").await;
        feed.send(json!({ "action": "start", "task": "export", "room": "tea" })).await;
        let export = feed.find(|update| update["status"] == "completed").await;
        let url = export["result"]["url"].as_str().expect("a url").to_owned();
        assert_eq!(server.get(&url).await.status, 200);
        choose(&Config { retention: keep(&["2"]), ..base });
        assert_eq!(until(&server, "tea", 2).await, ["3", "4"]);
        let (carol, told) = server.join_with("tea", "carol", "").await;
        let texts: Vec<&Value> = told["messages"].as_array().expect("messages").iter().map(|one| &one["text"]).collect();
        assert_eq!(texts, ["3", "4"], "with a store: {store}");
        assert_eq!(server.get(&url).await.status, 404, "the export of before is gone");
        // Who was there goes on as before, and hears what comes next.
        let sent = alice.does(json!({ "type": "send", "text": "5" })).await;
        assert_eq!(sent["seq"], 6);
        drop((alice, bob, carol));
        server.stop().await;
    }
}

#[tokio::test]
async fn the_file_and_a_hangup_say_how_long_things_are_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let (file, place) = (directory.path().join("config.toml"), directory.path().join("data"));
    let place = format!("data-dir = '{}'\n", place.display());
    std::fs::write(&file, format!("{place}retain = ['forever']\n")).expect("writes");
    let server = Program::start_by(file.to_str().expect("a path")).await;
    let mut alice = server.join("tea", "alice").await;
    for number in 0..4 {
        alice.does(json!({ "type": "send", "text": number.to_string() })).await;
    }
    std::fs::write(&file, format!("{place}retain = ['forever', 'other=1m']\nretain-messages = [1]\n")).expect("writes");
    server.signal(Signal::HUP);
    assert_eq!(until(&server, "tea", 1).await, ["3"]);
    server.terminate().await;
}

#[tokio::test]
async fn a_resume_that_is_overtaken_ends_instead_of_leaving_a_gap() {
    let base = config();
    let server = chat_server::Server::open(base.clone()).await.expect("it opens");
    let (choose, server) = (server.chooser(), TestServer::of(server));
    let mut alice = server.join("tea", "alice").await;
    let epoch = alice.welcome["epoch"].as_str().expect("an epoch").to_owned();
    let text = "x".repeat(16 * 1024);
    for _ in 0..400 {
        alice.does(json!({ "type": "send", "text": text })).await;
    }
    // Somebody resumes from the beginning, and takes no more of it than the first part yet.
    let (mut bob, joined) = server.join_narrow("tea", "bob", &format!("after=0&epoch={epoch}")).await;
    assert_eq!((&joined["recovered"], &joined["more"]), (&json!(true), &json!(true)));
    choose(&Config { retention: keep(&["1"]), ..base });
    until(&server, "tea", 1).await;
    let mut last = 0;
    let mut take = |frame: &Value| {
        for event in frame["events"].as_array().into_iter().flatten() {
            assert_eq!(event["seq"], last + 1, "nothing is left out");
            last += 1;
        }
        last
    };
    take(&joined);
    let closed = loop {
        match bob.next_or_end().await {
            Ok(frame) => assert!(take(&serde_json::from_str(&frame).expect("JSON")) < 400, "it was overtaken"),
            Err(closed) => break closed,
        }
    };
    assert_eq!(closed.code, 4008);
}

#[tokio::test]
async fn a_resume_of_which_all_the_rest_is_gone_ends_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("old.jsonl");
    let line = |seq| {
        json!({ "room": "x", "seq": seq, "from": "ann", "text": "x".repeat(16_000), "at": "2020-01-01T00:00:00.000Z" })
            .to_string()
    };
    std::fs::write(&file, (1..=400).map(|seq| line(seq) + "\n").collect::<String>()).expect("it is written");
    let data = directory.path().join("data");
    let (there, from) = (data.clone(), file.clone());
    let imported = move || chat_server::admin::transcript::import(&there, &from, "tea", &mut |_| ());
    tokio::task::spawn_blocking(imported).await.expect("it does not panic").expect("it comes in");
    let base = Config { store: Store::Directory { path: data, durability: Durability::Normal }, ..config() };
    let server = chat_server::Server::open(base.clone()).await.expect("it opens");
    let (choose, server) = (server.chooser(), TestServer::of(server));
    let epoch = server.join("other", "eve").await.welcome["epoch"].as_str().expect("an epoch").to_owned();
    let (mut bob, joined) = server.join_narrow("tea", "bob", &format!("after=0&epoch={epoch}")).await;
    assert_eq!((&joined["recovered"], &joined["more"]), (&json!(true), &json!(true)));
    choose(&Config { retention: Retention::new(&["90d".parse().expect("an age")], &[]), ..base });
    until(&server, "tea", 0).await;
    let closed = loop {
        match bob.next_or_end().await {
            Ok(frame) => assert!(!frame.contains("\"more\":false"), "the rest is gone, and was promised: {frame}"),
            Err(closed) => break closed,
        }
    };
    assert_eq!(closed.code, 4008);
}
