//! `/ws/tasks`: the server's long work as a feed, and the exports that come of it.

mod common;

use common::{TestClient, TestServer, program::Program};
use serde_json::{Value, json};

fn export(room: &str, format: &str) -> Value {
    json!({ "action": "start", "task": "export", "room": room, "format": format })
}

/// The end of some work.
fn is_over(update: &Value) -> bool {
    ["completed", "failed", "cancelled"].iter().any(|status| update["status"] == *status)
}

/// Starts an export and waits for its end.
async fn exported(feed: &mut TestClient, room: &str, format: &str) -> Value {
    feed.send(export(room, format)).await;
    let (room, format) = (json!(room), json!(format));
    let begun = feed.find(|update| update["status"] == "queued" && update["room"] == room && update["format"] == format).await;
    feed.find(|update| update["task_id"] == begun["task_id"] && is_over(update)).await
}

/// Something to export: words of every kind, one edited, one deleted, one an action.
async fn talk(server: &TestServer) -> TestClient {
    let mut alice = server.join("general", "alice").await;
    for text in
        ["one", "two\nlines", "<script>alert(1)</script> & \"quotes\"", "\u{1b}[31mred\u{202e}", "secret", "typo", "waves"]
    {
        alice.ask(json!({ "type": "send", "text": text, "action": text == "waves" })).await;
    }
    alice.ask(json!({ "type": "delete", "seq": 5 })).await;
    alice.ask(json!({ "type": "edit", "seq": 6, "text": "no typo" })).await;
    alice.ask(json!({ "type": "react", "seq": 1, "emoji": "👍", "on": true })).await;
    alice
}

/// What an export holds, after a look at the headers it comes with.
async fn download(server: &TestServer, update: &Value, kind: &str, ending: &str) -> String {
    let reply = server.get(update["result"]["url"].as_str().expect("a url")).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)));
    let expected = format!("attachment; filename=\"general.{ending}\"");
    assert_eq!(reply.header("content-disposition"), Some(expected.as_str()), "it is saved, not shown");
    assert_eq!(reply.header("content-length"), Some(update["result"]["bytes"].to_string().as_str()));
    assert_eq!(reply.body.len() as u64, update["result"]["bytes"].as_u64().unwrap_or(0));
    reply.body
}

#[tokio::test]
async fn an_export_tells_how_far_it_is_and_where_it_can_be_fetched() {
    let server = TestServer::start().await;
    talk(&server).await;
    let mut feed = server.open("/ws/tasks").await;
    feed.send(export("general", "jsonl")).await;
    let begun = feed.expect("task_update").await;
    let id = begun["task_id"].as_str().expect("an id").to_owned();
    let expected = json!({
        "type": "task_update", "task_id": id, "task": "export", "room": "general", "format": "jsonl", "status": "queued",
        "progress": 0, "message": begun["message"],
    });
    assert_eq!(begun, expected);
    let mut progress = 0;
    loop {
        let update = feed.expect("task_update").await;
        assert_eq!(update["task_id"], json!(id));
        let now = update["progress"].as_u64().expect("a number");
        assert!((progress..=100).contains(&now), "{update}");
        progress = now;
        if is_over(&update) {
            assert_eq!((&update["status"], &update["progress"]), (&json!("completed"), &json!(100)));
            assert_eq!(update["result"]["url"], json!(format!("/api/exports/{id}")));
            assert_eq!(update["result"]["messages"], 7);
            break;
        }
        assert_eq!(update["status"], "running");
    }
}

#[tokio::test]
async fn a_jsonl_export_equals_the_history() {
    let server = TestServer::start().await;
    let mut alice = talk(&server).await;
    let mut feed = server.open("/ws/tasks").await;
    let done = exported(&mut feed, "general", "jsonl").await;
    let body = download(&server, &done, "application/x-ndjson", "jsonl").await;
    assert!(!body.contains("secret"), "what was deleted is hidden: {body}");
    let lines: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).expect("JSON on every line")).collect();
    let history = alice.ask(json!({ "type": "history" })).await;
    assert_eq!(json!(lines), history["messages"]);
    assert_eq!((lines.len(), &lines[4]["deleted"], &lines[5]["text"]), (7, &json!(true), &json!("no typo")));
    let by_default = json!({ "action": "start", "task": "export", "room": "general" });
    feed.send(by_default).await;
    let again = feed.find(|update| update["task_id"] != done["task_id"] && is_over(update)).await;
    assert_eq!(download(&server, &again, "application/x-ndjson", "jsonl").await, body);
}

#[tokio::test]
async fn a_text_export_is_for_people_and_forges_nothing() {
    let server = TestServer::start().await;
    talk(&server).await;
    let mut feed = server.open("/ws/tasks").await;
    let done = exported(&mut feed, "general", "text").await;
    let body = download(&server, &done, "text/plain; charset=utf-8", "txt").await;
    let lines: Vec<_> = body.lines().map(|line| line.split_at_checked(17).map_or(line, |(_, rest)| rest)).collect();
    assert_eq!(lines[0], "alice: one");
    assert_eq!(body.lines().nth(2), Some("    lines"), "a second line is set in: {body}");
    assert!(lines.contains(&"* alice waves") && lines.contains(&"alice: no typo (edited)"), "{body}");
    assert!(lines.contains(&"alice: (deleted)") && !body.contains("secret"), "{body}");
    let hostile: Vec<_> = body.chars().filter(|c| *c != '\n' && chat_protocol::display::is_unsafe(*c)).collect();
    assert!(hostile.is_empty(), "{hostile:?}");
}

#[tokio::test]
async fn an_html_export_stands_alone_and_runs_nothing() {
    let server = TestServer::start().await;
    talk(&server).await;
    let mut feed = server.open("/ws/tasks").await;
    let done = exported(&mut feed, "general", "html").await;
    let body = download(&server, &done, "text/html; charset=utf-8", "html").await;
    assert!(body.starts_with("<!doctype html>") && body.trim_end().ends_with("</html>"), "{body}");
    assert!(
        body.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;") && !body.contains("<script"),
        "{body}"
    );
    assert!(!body.contains("secret") && body.contains("no typo"), "{body}");
    assert_eq!(body.matches("<li ").count(), 7);
}

#[tokio::test]
async fn a_room_never_used_exports_to_nothing_at_all() {
    let server = TestServer::start().await;
    let mut feed = server.open("/ws/tasks").await;
    let done = exported(&mut feed, "never used", "jsonl").await;
    assert_eq!(
        (&done["status"], &done["result"]["messages"], &done["result"]["bytes"]),
        (&json!("completed"), &json!(0), &json!(0))
    );
    let reply = server.get(done["result"]["url"].as_str().expect("a url")).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"never_used.jsonl\""));
}

#[tokio::test]
async fn a_long_room_is_exported_whole() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    for number in 1..=2345 {
        alice.send(json!({ "type": "send", "text": format!("m{number}") })).await;
    }
    alice.hears("m2345").await;
    let mut feed = server.open("/ws/tasks").await;
    let done = exported(&mut feed, "general", "jsonl").await;
    assert_eq!(done["result"]["messages"], 2345);
    let body = download(&server, &done, "application/x-ndjson", "jsonl").await;
    let seqs = body.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["seq"].as_u64());
    assert!(seqs.eq((1..=2345).map(Some)));
}

#[tokio::test]
async fn a_verification_says_that_the_log_is_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(common::config_in(directory.path())).await;
    talk(&server).await;
    let mut feed = server.open("/ws/tasks").await;
    feed.send(json!({ "action": "start", "task": "verify" })).await;
    let done = feed.find(is_over).await;
    let is = (&done["task"], &done["status"], &done["message"], done.get("result"));
    assert_eq!(is, (&json!("verify"), &json!("completed"), &json!("the log is whole"), None));
    let exported = exported(&mut feed, "general", "jsonl").await;
    assert_eq!(
        download(&server, &exported, "application/x-ndjson", "jsonl").await.lines().count(),
        7,
        "from the store as from memory"
    );
}

/// What is wrong has names that not everybody may know.
#[tokio::test]
async fn what_is_wrong_with_the_log_is_for_the_operator_to_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().to_str().expect("a name");
    let server = Program::start(&["--data-dir", place]).await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    for text in ["one", "two", "three"] {
        alice.does(json!({ "type": "private", "to": "bob", "text": text })).await;
        bob.hears(text).await;
    }
    server.terminate().await;
    let damaged = rusqlite::Connection::open(directory.path().join("chat.db")).expect("a store");
    damaged.execute_batch("DELETE FROM messages WHERE text = 'two'").expect("it can be damaged");
    drop(damaged);
    let server = Program::start(&["--data-dir", place]).await;
    let mut feed = server.open("/ws/tasks").await;
    feed.send(json!({ "action": "start", "task": "verify" })).await;
    let end = feed.find(is_over).await;
    let is = (&end["status"], &end["message"]);
    assert_eq!(is, (&json!("failed"), &json!("1 thing is wrong; the server's log says which")));
    feed.never_saw("@alice");
    let ended = server.terminate().await;
    let told = ended.stderr.lines().filter(|line| line.contains("@alice,bob")).collect::<Vec<_>>();
    assert!(told.len() == 1 && told[0].contains("ERROR") && told[0].contains("events 1 to 3 there are 2"), "{}", ended.stderr);
}

#[tokio::test]
async fn who_comes_later_is_told_what_was_done() {
    let server = TestServer::start().await;
    talk(&server).await;
    let mut feed = server.open("/ws/tasks").await;
    let done = exported(&mut feed, "general", "jsonl").await;
    let mut later = server.open("/ws/tasks").await;
    assert_eq!(later.expect("task_update").await, done, "one update of each");
    let mut both = Vec::new();
    exported(&mut later, "tea", "text").await;
    both.push(feed.find(|update| update["room"] == "tea" && is_over(update)).await);
    assert_eq!(both[0]["status"], "completed", "everybody hears of new work");
}

#[tokio::test]
async fn the_same_work_is_not_begun_twice_and_work_can_be_stopped() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let long = "x".repeat(chat_protocol::limits::TEXT_BYTES);
    for _ in 0..150 {
        alice.line(&long).await;
        alice.find_text(|text| text.starts_with(r#"{"type":"message""#)).await;
    }
    let mut feed = server.open("/ws/tasks").await;
    // Whether work is still under way when the next word comes is not for a test to say: it is tried until it was.
    let (mut shared, mut stopped) = (false, false);
    while !(shared && stopped) {
        for format in ["html", "text", "jsonl", "jsonl"] {
            feed.send(export("general", format)).await;
        }
        let queued = async |feed: &mut TestClient| feed.find(|update| update["format"] == "jsonl" && !is_over(update)).await;
        let first = queued(&mut feed).await;
        feed.send(json!({ "action": "cancel", "task_id": first["task_id"] })).await;
        feed.line("marker").await;
        feed.expect("error").await;
        let ends = feed.find(|update| update["task_id"] == first["task_id"] && is_over(update)).await;
        if ends["status"] == "cancelled" {
            stopped = true;
            let url = format!("/api/exports/{}", ends["task_id"].as_str().unwrap_or_default());
            assert_eq!((server.get(&url).await.status, ends.get("result")), (404, None), "nothing came of it");
        }
        let ids: std::collections::HashSet<_> = feed
            .quiet()
            .await
            .iter()
            .filter_map(|text| serde_json::from_str::<Value>(text).ok())
            .filter(|update| update["format"] == "jsonl")
            .map(|update| update["task_id"].to_string())
            .chain([first["task_id"].to_string()])
            .collect();
        shared |= ids.len() == 1;
    }
    feed.send(json!({ "action": "cancel", "task_id": "nothing" })).await;
    assert_eq!(feed.expect("error").await["code"], "bad_request");
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_the_feed_goes_on() {
    let server = TestServer::start().await;
    let mut feed = server.open("/ws/tasks").await;
    for (frame, code) in [
        ("", "bad_json"),
        ("start", "bad_json"),
        ("{", "bad_json"),
        (r#"{"action":"start","task":"\ud800"}"#, "bad_json"),
        ("{}", "bad_request"),
        ("7", "bad_request"),
        (r#"{"action":"dance"}"#, "bad_request"),
        (r#"{"action":"start"}"#, "bad_request"),
        (r#"{"action":"start","task":"dance"}"#, "bad_request"),
        (r#"{"action":"start","task":"export"}"#, "bad_request"),
        (r#"{"action":"start","task":"export","room":"general","format":"pdf"}"#, "bad_request"),
        (r#"{"action":"start","task":"export","room":"../general"}"#, "bad_name"),
        (r#"{"action":"start","task":"export","room":"@alice,bob"}"#, "no_such_room"),
        (r#"{"action":"cancel"}"#, "bad_request"),
    ] {
        feed.line(frame).await;
        let told = feed.expect("error").await;
        assert_eq!(told["code"], code, "{frame} → {told}");
    }
    assert_eq!(exported(&mut feed, "general", "jsonl").await["status"], "completed");
}

#[tokio::test]
async fn a_private_room_is_exported_for_the_two_and_a_third_is_not_told() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    let eve = server.join("general", "eve").await;
    alice.ask(json!({ "type": "private", "to": "bob", "text": "secret" })).await;
    bob.hears("secret").await;
    let query = |client: &TestClient| format!("?session={}", client.session());
    let mut hers = server.open(&format!("/ws/tasks{}", query(&alice))).await;
    let mut eves = server.open(&format!("/ws/tasks{}", query(&eve))).await;
    let mut nobodys = server.open("/ws/tasks").await;
    for feed in [&mut eves, &mut nobodys] {
        feed.send(export("@alice,bob", "jsonl")).await;
        assert_eq!(feed.expect("error").await["code"], "no_such_room");
    }
    let done = exported(&mut hers, "@alice,bob", "jsonl").await;
    let id = done["task_id"].as_str().expect("an id").to_owned();
    for feed in [&mut eves, &mut nobodys] {
        feed.send(json!({ "action": "cancel", "task_id": id })).await;
        assert_eq!(feed.expect("error").await["code"], "bad_request", "no more than of any other word");
        exported(feed, "general", "text").await;
        feed.never_saw(&id);
        feed.never_saw("@alice");
    }
    let mut later = server.open("/ws/tasks").await;
    exported(&mut later, "tea", "text").await;
    later.never_saw(&id);
    let url = format!("/api/exports/{id}");
    for refused in [String::new(), query(&eve), "?session=unknown".into()] {
        let reply = server.get(&format!("{url}{refused}")).await;
        let nowhere = server.get(&format!("/api/exports/nothing{refused}")).await;
        assert_eq!((reply.status, &reply.body), (404, &nowhere.body));
    }
    let reply = server.get(&format!("{url}{}", query(&alice))).await;
    assert!(reply.status == 200 && reply.body.contains("secret"), "{reply:?}");
}

/// A guest sees of a private conversation only what was said since its session was made: that holds for what somebody
/// else of its name had exported, too.
#[tokio::test]
async fn a_private_export_is_for_who_asked_for_it_and_not_for_the_next_of_that_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(common::config_in(directory.path())).await;
    let mut alice = server.join("general", "alice").await;
    let mut bob = server.join("general", "bob").await;
    let query = |client: &TestClient| format!("?session={}", client.session());
    alice.ask(json!({ "type": "private", "to": "bob", "text": "secret" })).await;
    bob.hears("secret").await;
    let (old, bobs) = (query(&alice), query(&bob));
    server.stop().await;
    let server = TestServer::with(common::config_in(directory.path())).await;
    let mut feed = server.open(&format!("/ws/tasks{old}")).await;
    let done = exported(&mut feed, "@alice,bob", "jsonl").await;
    let url = done["result"]["url"].as_str().expect("a url").to_owned();
    assert!(server.get(&format!("{url}{old}")).await.body.contains("secret"));
    // Nobody held the name over the restart, so it may be another's now.
    let next = query(&server.join("general", "alice").await);
    for other in [next, bobs] {
        assert_eq!(server.get(&format!("{url}{other}")).await.status, 404);
        let mut feed = server.open(&format!("/ws/tasks{other}")).await;
        exported(&mut feed, "general", "text").await;
        feed.never_saw(&url);
    }
}

#[tokio::test]
async fn a_private_export_is_news_for_who_asked_for_it_alone() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let bob = server.join("general", "bob").await;
    alice.ask(json!({ "type": "private", "to": "bob", "text": "secret" })).await;
    let mut hers = server.open(&format!("/ws/tasks?session={}", alice.session())).await;
    let mut his = server.open(&format!("/ws/tasks?session={}", bob.session())).await;
    // Both are watching once they have heard of something public.
    hers.send(json!({ "action": "start", "task": "verify" })).await;
    his.find(|update| update["task"] == "verify" && update["status"] == "completed").await;
    hers.send(json!({ "action": "start", "task": "export", "room": "@alice,bob" })).await;
    hers.find(|update| update["room"] == "@alice,bob" && update["status"] == "completed").await;
    hers.send(json!({ "action": "start", "task": "export", "room": "general" })).await;
    his.find(|update| update["room"] == "general" && update["status"] == "completed").await;
    his.never_saw("@alice,bob");
}

#[tokio::test]
async fn what_is_deleted_is_in_no_export_any_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let server = TestServer::with(common::config_in(directory.path())).await;
    let mut alice = talk(&server).await;
    let mut feed = server.open("/ws/tasks").await;
    let before = exported(&mut feed, "general", "text").await;
    let other = exported(&mut feed, "tea", "text").await;
    let url = |update: &Value| update["result"]["url"].as_str().expect("a url").to_owned();
    alice.does(json!({ "type": "edit", "seq": 6, "text": "said well" })).await;
    assert!(download(&server, &before, "text/plain; charset=utf-8", "txt").await.contains("no typo"), "as it was then");
    alice.does(json!({ "type": "delete", "seq": 6 })).await;
    let reply = server.get(&url(&before)).await;
    assert_eq!((reply.status, &reply.json()["error"]["text"]), (404, &json!("There is no such export")));
    assert_eq!(server.get(&url(&other)).await.status, 200, "of that room alone");
    let left = common::left_behind(&directory.path().join("exports"));
    assert!(left.len() == 1 && left[0].0.ends_with(other["task_id"].as_str().expect("an id")), "{left:?}");
    let again = exported(&mut feed, "general", "text").await;
    let body = download(&server, &again, "text/plain; charset=utf-8", "txt").await;
    assert!(body.contains("one") && !body.contains("typo"), "{body}");
    let mut later = server.open("/ws/tasks").await;
    later.find(|update| update["task_id"] == again["task_id"]).await;
    later.never_saw(before["task_id"].as_str().expect("an id"));
    server.stop().await;
    assert!(!directory.path().join("exports").exists(), "nobody can know of what was made");
}

/// One that had read it before it was deleted, and was written to the end after that.
#[tokio::test]
async fn what_is_deleted_meanwhile_is_in_no_export_either() {
    let server = TestServer::start().await;
    let mut alice = server.join("general", "alice").await;
    let long = "x".repeat(chat_protocol::limits::TEXT_BYTES);
    let mut feed = server.open("/ws/tasks").await;
    // Whether work is still under way when the next word comes is not for a test to say: it is tried until it was.
    loop {
        let secret = alice.say("secret").await;
        for _ in 0..30 {
            alice.line(&long).await;
            alice.find_text(|text| text.starts_with(r#"{"type":"message""#)).await;
        }
        feed.send(export("general", "html")).await;
        feed.find(|update| update["status"] == "running").await;
        alice.does(json!({ "type": "delete", "seq": secret["seq"] })).await;
        let end = feed.find(is_over).await;
        if end["status"] == "failed" {
            assert_eq!(end["message"], "something was deleted there meanwhile: begin it again");
            let url = format!("/api/exports/{}", end["task_id"].as_str().expect("an id"));
            assert_eq!((server.get(&url).await.status, end.get("result")), (404, None));
            break;
        }
        assert_eq!(server.get(end["result"]["url"].as_str().expect("a url")).await.status, 404);
    }
}
