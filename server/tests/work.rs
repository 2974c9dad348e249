//! The work of those who own the server, on `/ws/tasks`: backups, retention, and transcripts that come back in.

mod common;

use std::{fs, path::Path};

use chat_protocol::Role;
use chat_server::{Config, admin::backup, log::retention::Retention};
use common::{TestClient, TestServer, config, config_in, operator::Stage};
use serde_json::{Value, json};

fn is_over(update: &Value) -> bool {
    ["completed", "failed", "cancelled"].iter().any(|status| update["status"] == *status)
}

/// Has something done, and answers how it ended.
async fn done(feed: &mut TestClient, request: Value) -> Value {
    feed.send(request).await;
    let begun = feed.find(|update| update["status"] == "queued").await;
    feed.find(|update| update["task_id"] == begun["task_id"] && is_over(update)).await
}

async fn lines(server: &TestServer, feed: &mut TestClient, room: &str) -> Vec<Value> {
    let export = done(feed, json!({ "action": "start", "task": "export", "room": room })).await;
    let reply = server.get(export["result"]["url"].as_str().expect("a url")).await;
    reply.body.lines().map(|line| serde_json::from_str(line).expect("a message")).collect()
}

/// A line of a transcript without what the room that it is in makes of it.
fn anywhere(line: &Value, first: u64) -> Value {
    let mut line = line.clone();
    line["room"] = json!("anywhere");
    for key in ["seq", "reply_to"] {
        if let Some(seq) = line[key].as_u64() {
            line[key] = json!(seq.saturating_sub(first - 1));
        }
    }
    line
}

/// The directory for imports, with a file in it.
fn lay(directory: &Path, name: &str, lines: &[Value]) {
    let imports = directory.join("imports");
    fs::create_dir_all(&imports).expect("a directory");
    fs::write(imports.join(name), lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("writes");
}

#[tokio::test]
async fn a_backup_is_begun_by_who_owns_the_server_and_told_to_nobody_else() {
    let stage = Stage::start().await;
    let olga = stage.account_as("olga", Role::Owner).await;
    let mona = stage.account_as("mona", Role::Moderator).await;
    stage.server.join("tea", "alice").await.does(json!({ "type": "send", "text": "kept" })).await;
    let mut feed = stage.server.open(&format!("/ws/tasks?token={olga}")).await;
    let mut others = stage.server.open(&format!("/ws/tasks?token={mona}")).await;
    let mut anybody = stage.server.open("/ws/tasks").await;
    for client in [&mut others, &mut anybody] {
        for request in [
            json!({ "action": "start", "task": "backup" }),
            json!({ "action": "start", "task": "prune" }),
            json!({ "action": "start", "task": "import", "room": "x", "file": "y" }),
        ] {
            client.send(request).await;
            assert_eq!(client.expect("error").await["code"], "forbidden");
        }
    }
    let made = done(&mut feed, json!({ "action": "start", "task": "backup" })).await;
    assert_eq!(made["status"], "completed", "{made}");
    let backups: Vec<_> = fs::read_dir(stage.directory.path().join("backups")).expect("a directory").flatten().collect();
    assert_eq!(backups.len(), 1);
    assert_eq!(backup::look_through(&backups[0].path(), &mut |_| ()).expect("it can be read"), Vec::<String>::new());
    assert!(made["message"].as_str().is_some_and(|words| words.contains(&*backups[0].file_name().to_string_lossy())), "{made}");
    // The first that they hear of is what everybody may know.
    for client in [&mut others, &mut anybody] {
        client.send(json!({ "action": "start", "task": "verify" })).await;
        assert_eq!(client.expect("task_update").await["task"], "verify");
        client.find(is_over).await;
    }
    // Nor is it in their lists, and in the owner's it is.
    let mut again = stage.server.open("/ws/tasks").await;
    assert_eq!(again.expect("task_update").await["task"], "verify");
    let mut again = stage.server.open(&format!("/ws/tasks?token={olga}")).await;
    assert_eq!(again.expect("task_update").await["task_id"], made["task_id"]);
}

#[tokio::test]
async fn pruning_is_done_at_once_and_says_what_went() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = Config { retention: Retention::new(&[], &["2".parse().expect("a count")]), ..config_in(directory.path()) };
    let stage = Stage { server: TestServer::with(config).await, directory };
    let olga = stage.account_as("olga", Role::Owner).await;
    let mut feed = stage.server.open(&format!("/ws/tasks?token={olga}")).await;
    let nothing = done(&mut feed, json!({ "action": "start", "task": "prune" })).await;
    assert_eq!(nothing["message"], "nothing is older than it is kept");
    let mut alice = stage.server.join("tea", "alice").await;
    for number in 0..5 {
        alice.does(json!({ "type": "send", "text": number.to_string() })).await;
    }
    let pruned = done(&mut feed, json!({ "action": "start", "task": "prune" })).await;
    assert_eq!((&pruned["status"], &pruned["message"]), (&json!("completed"), &json!("3 messages of 1 room")));
    assert_eq!(lines(&stage.server, &mut feed, "tea").await.len(), 2);
}

#[tokio::test]
async fn what_is_exported_and_imported_is_exported_alike() {
    let stage = Stage::start().await;
    let olga = stage.account_as("olga", Role::Owner).await;
    let mut feed = stage.server.open(&format!("/ws/tasks?token={olga}")).await;
    let mut alice = stage.server.join("tea", "alice").await;
    alice.does(json!({ "type": "topic", "text": "not a message: the first number is none" })).await;
    let mut bob = stage.server.join("tea", "bob").await;
    for (client, request) in [
        (0, json!({ "type": "send", "text": "one \u{1b}[31m \"two\"\n", "cid": "k1" })),
        (1, json!({ "type": "send", "text": "an answer", "reply_to": 2 })),
        (0, json!({ "type": "send", "text": "waves", "action": true })),
        (1, json!({ "type": "send", "text": "secret" })),
        (0, json!({ "type": "edit", "seq": 4, "text": "nods" })),
        (1, json!({ "type": "delete", "seq": 5 })),
        (1, json!({ "type": "react", "seq": 2, "emoji": "👍", "on": true })),
        (0, json!({ "type": "react", "seq": 2, "emoji": "👍", "on": true })),
        (0, json!({ "type": "send", "text": "late", "reply_to": 4 })),
    ] {
        if client == 0 { &mut alice } else { &mut bob }.does(request).await;
    }
    let before = lines(&stage.server, &mut feed, "tea").await;
    assert_eq!(before.len(), 5);
    lay(stage.directory.path(), "tea.jsonl", &before);
    let import = json!({ "action": "start", "task": "import", "room": "old-tea", "file": "tea.jsonl" });
    let imported = done(&mut feed, import.clone()).await;
    assert_eq!((&imported["status"], &imported["message"]), (&json!("completed"), &json!("5 messages")), "{imported}");
    let after = lines(&stage.server, &mut feed, "old-tea").await;
    let seqs: Vec<_> = after.iter().map(|line| line["seq"].as_u64().expect("a number")).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    let place = |line: &Value| before.iter().position(|one| one["seq"] == line["seq"]).map(|place| place as u64 + 1);
    let expected: Vec<_> = before
        .iter()
        .map(|line| {
            let answered = line.get("reply_to").and_then(|seq| place(&json!({ "seq": seq })));
            let mut line = anywhere(line, 1);
            line["seq"] = json!(place(&json!({ "seq": line["seq"] })));
            if let Some(answered) = answered {
                line["reply_to"] = json!(answered);
            }
            line
        })
        .collect();
    assert_eq!(after.iter().map(|line| anywhere(line, 1)).collect::<Vec<_>>(), expected);
    // Twice is once, and nobody's words are anybody's to change; who is there goes on behind them.
    let again = done(&mut feed, import).await;
    assert_eq!(again["message"], "5 messages, of which 5 were there");
    let mut alice = stage.server.join("old-tea", "dora").await;
    let refused = alice.ask(json!({ "type": "edit", "seq": 1, "text": "mine" })).await;
    assert_eq!(refused["code"], "forbidden", "{refused}");
    assert_eq!(alice.does(json!({ "type": "send", "text": "on" })).await["seq"], 6);
    let elsewhere = json!({ "action": "start", "task": "import", "room": "tea", "file": "tea.jsonl" });
    let refused = done(&mut feed, elsewhere).await;
    assert_eq!(refused["status"], "failed");
    assert!(refused["message"].as_str().is_some_and(|words| words.contains("holds something else already")), "{refused}");
}

#[tokio::test]
async fn a_wrong_line_is_named_and_nothing_comes_in() {
    let stage = Stage::start().await;
    let olga = stage.account_as("olga", Role::Owner).await;
    let mut feed = stage.server.open(&format!("/ws/tasks?token={olga}")).await;
    let line =
        |seq: u64, from: &str| json!({ "room": "tea", "seq": seq, "from": from, "text": "hi", "at": "2026-01-01T00:00:00.000Z" });
    let mut many: Vec<_> = (1..=1000).map(|seq| line(seq, "ann")).collect();
    many.push(line(1001, "a\u{202e}nn"));
    lay(stage.directory.path(), "bad.jsonl", &many);
    let import = |file: &str| json!({ "action": "start", "task": "import", "room": "new", "file": file });
    let failed = done(&mut feed, import("bad.jsonl")).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["message"].as_str().is_some_and(|words| words.starts_with("line 1001: ")), "{failed}");
    assert!(lines(&stage.server, &mut feed, "new").await.is_empty());
    assert_eq!(done(&mut feed, import("none.jsonl")).await["status"], "failed");
    for file in ["../chat.db", "/etc/passwd", "", ".."] {
        feed.send(import(file)).await;
        assert_eq!(feed.expect("error").await["code"], "bad_request", "{file}");
    }
    // Somebody who was in the room before it was filled hears what is said next, and who comes then sees all.
    let mut alice = stage.server.join("new", "alice").await;
    let (_bob, _) = stage.server.join_with("new", "bob", "").await;
    many.truncate(1000);
    lay(stage.directory.path(), "good.jsonl", &many);
    assert_eq!(done(&mut feed, import("good.jsonl")).await["message"], "1000 messages");
    let (_, joined) = stage.server.join_with("new", "carol", "").await;
    assert_eq!((&joined["seq"], joined["messages"].as_array().map(Vec::len)), (&json!(1000), Some(50)));
    assert_eq!(alice.does(json!({ "type": "send", "text": "on" })).await["seq"], 1001);
}

#[tokio::test]
async fn where_nothing_is_kept_there_is_nothing_to_copy() {
    let registration = chat_server::registration::Registration::Open;
    let server = TestServer::with(Config { registration, ..config() }).await;
    let mut feed = server.open("/ws/tasks").await;
    for task in ["backup", "import", "prune"] {
        feed.send(json!({ "action": "start", "task": task, "room": "x", "file": "y" })).await;
        assert_eq!(feed.expect("error").await["code"], "forbidden", "nobody owns it");
    }
}
