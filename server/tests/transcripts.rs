//! A room's transcript out of a store and into one, at the command line: beside the running server, through it, and without one.

mod common;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use chat_protocol::task::{TaskKind, TaskStatus};
use chat_server::admin::{Answer, Order};
use common::{
    TestServer, config_in,
    operator::Stage,
    program::{Program, Ran},
};
use serde_json::{Value, json};

async fn run(place: &Path, arguments: &[&str]) -> Ran {
    Program::run(&[arguments, &["--data-dir", place.to_str().expect("a path")]].concat()).await
}

/// Somebody says these in a room.
async fn says(server: &TestServer, room: &str, texts: &[&str]) {
    let mut alice = server.join(room, "alice").await;
    for text in texts {
        alice.does(json!({ "type": "send", "text": text })).await;
    }
    alice.close().await;
}

fn texts(jsonl: &str) -> Vec<String> {
    let line = |line: &str| serde_json::from_str::<Value>(line).expect("a message")["text"].as_str().expect("text").to_owned();
    jsonl.lines().map(line).collect()
}

#[tokio::test]
async fn a_transcript_is_written_while_the_server_runs_and_without_it() {
    let stage = Stage::start().await;
    let place = stage.directory.path().to_owned();
    says(&stage.server, "tea", &["one", "two <b>"]).await;
    let running = run(&place, &["export", "tea"]).await;
    assert!(running.status.success() && running.stderr.is_empty(), "{running:?}");
    assert_eq!(texts(&running.stdout), ["one", "two <b>"]);
    let file = place.join("tea.html");
    let written = run(&place, &["export", "TEA", "--format", "html", "--output", file.to_str().expect("a path")]).await;
    assert!(written.status.success() && written.stdout.contains("has 2 messages"), "{written:?}");
    assert!(fs::read_to_string(&file).expect("a file").contains("two &lt;b&gt;"));
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    let Stage { server, directory } = stage;
    server.stop().await;
    let stopped = run(&place, &["export", "tea", "--format", "text"]).await;
    assert!(stopped.stdout.lines().count() == 2 && stopped.stdout.contains("alice: one"), "{stopped:?}");
    // What cannot be is said, and takes nothing away.
    for arguments in [
        &["export", "never"][..],
        &["export", "tea", "--format", "pdf"],
        &["export", "tea", "--output", place.join("chat.db").to_str().expect("a path")],
        &["export", "tea", "--output", "/nowhere/at/all"],
    ] {
        let refused = run(&place, arguments).await;
        assert!(!refused.status.success() && refused.stdout.is_empty() && !refused.stderr.is_empty(), "{refused:?}");
    }
    assert!(run(&place, &["verify"]).await.status.success());
    drop(directory);
}

#[tokio::test]
async fn a_transcript_comes_in_through_the_running_server_and_without_it_and_once() {
    let (from, to) = (Stage::start().await, tempfile::tempdir().expect("a directory"));
    says(&from.server, "tea", &["one", "two"]).await;
    let file = from.directory.path().join("tea.jsonl");
    let file = file.to_str().expect("a path");
    assert!(run(from.directory.path(), &["export", "tea", "-o", file]).await.status.success());
    // Where nobody has the store.
    let import = ["import", file, "--room", "old"];
    let alone = run(to.path(), &import).await;
    assert!(alone.status.success() && alone.stdout.ends_with("2 messages\n"), "{alone:?}");
    // The same again, through a server that has it now.
    let server = TestServer::with(config_in(to.path())).await;
    let again = run(to.path(), &import).await;
    assert!(again.status.success() && again.stdout.ends_with("2 messages, of which 2 were there\n"), "{again:?}");
    let other = run(to.path(), &["import", file, "--room", "new"]).await;
    assert!(other.status.success() && other.stdout.ends_with("2 messages\n"), "{other:?}");
    for room in ["old", "new"] {
        assert_eq!(texts(&run(to.path(), &["export", room]).await.stdout), ["one", "two"]);
    }
    says(&server, "mine", &["else"]).await;
    let refused = run(to.path(), &["import", file, "--room", "mine"]).await;
    assert!(!refused.status.success() && refused.stderr.contains("holds something else already"), "{refused:?}");
    fs::write(file, "{}\n").expect("writes");
    let wrong = run(to.path(), &["import", file, "--room", "third"]).await;
    assert!(!wrong.status.success() && wrong.stderr.contains("line 1: "), "{wrong:?}");
    let left: Vec<_> = fs::read_dir(to.path().join("imports")).expect("a directory").collect();
    assert!(left.is_empty(), "no copy is left: {left:?}");
}

#[tokio::test]
async fn an_operator_begins_work_of_the_server_and_sees_how_far_it_is() {
    let stage = Stage::start().await;
    says(&stage.server, "tea", &["one"]).await;
    let begin = |task, room: Option<&str>| Order::Begin { task, room: room.map(Into::into), format: None, file: None };
    for (task, room) in
        [(TaskKind::Backup, None), (TaskKind::Verify, None), (TaskKind::Prune, None), (TaskKind::Export, Some("tea"))]
    {
        let Answer::Tasks { tasks } = stage.order(begin(task, room)).await else { panic!("not begun: {task:?}") };
        assert_eq!((tasks.len(), tasks[0].task), (1, task));
        loop {
            let Answer::Tasks { tasks: all } = stage.order(Order::Tasks).await else { panic!("no list") };
            let now = all.iter().find(|one| one.task_id == tasks[0].task_id).expect("it is known");
            if now.status.is_over() {
                assert_eq!((now.status, now.progress), (TaskStatus::Completed, 100), "{now:?}");
                break;
            }
        }
    }
    for wrong in [begin(TaskKind::Export, Some("@ann,bob")), begin(TaskKind::Export, None), begin(TaskKind::Import, Some("x"))] {
        let answer = stage.order(wrong).await;
        assert!(matches!(answer, Answer::Refused { .. }), "{answer:?}");
    }
    let Stage { server, directory } = stage;
    server.stop().await;
    let answer = common::operator::order(directory.path(), Order::Tasks).await;
    assert!(matches!(&answer, Answer::Refused { words } if words.contains("No server runs here")), "{answer:?}");
}
