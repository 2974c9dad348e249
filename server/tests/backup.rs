//! A store as one file, and back: while people talk, whole, and with nothing lost when it cannot be.

mod common;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use chat_server::{
    admin::{Answer, Order, backup},
    realm::Role,
};
use common::{
    TestServer, config_in,
    operator::{Stage, order},
    program::Program,
};
use serde_json::json;

fn no_bar() -> impl FnMut(u64, u64) -> bool {
    |_, _| true
}

async fn texts(server: &TestServer) -> Vec<String> {
    let history = server.get("/api/rooms/tea/messages?limit=200").await.json();
    let texts =
        history["messages"].as_array().expect("messages").iter().map(|one| one["text"].as_str().expect("text").to_owned());
    texts.collect()
}

/// A store with this in it, which nobody has open.
async fn store(directory: &Path, text: &str) {
    let server = TestServer::with(config_in(directory)).await;
    let mut alice = server.join("tea", "alice").await;
    alice.does(json!({ "type": "send", "text": text })).await;
    alice.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_backup_is_made_while_people_talk_and_has_all_that_was_acknowledged_before() {
    let stage = Stage::start().await;
    stage.account_as("olga", Role::Owner).await;
    let mut alice = stage.server.join("tea", "alice").await;
    let epoch = alice.welcome["epoch"].clone();
    for number in 0..20 {
        alice.does(json!({ "type": "send", "text": format!("before {number}") })).await;
    }
    let (place, file) = (stage.directory.path().to_owned(), stage.directory.path().join("backup.db"));
    let made = tokio::task::spawn_blocking({
        let file = file.clone();
        move || backup::backup(&place, &file, &mut no_bar())
    });
    let mut number = 0;
    while !made.is_finished() {
        alice.does(json!({ "type": "send", "text": format!("during {number}") })).await;
        number += 1;
    }
    let bytes = made.await.expect("it does not panic").expect("a backup");
    assert_eq!(bytes, fs::metadata(&file).expect("a file").len());
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(backup::look_through(&file, &mut |_| ()).expect("it can be read"), Vec::<String>::new());

    // Somewhere else: what was there is there, and it is another log than the one that went on.
    let other = tempfile::tempdir().expect("a directory");
    assert_eq!(backup::restore(other.path(), &file, &mut no_bar()).expect("restored"), None);
    let server = TestServer::with(config_in(other.path())).await;
    let found = texts(&server).await;
    assert!((0..20).all(|number| found.contains(&format!("before {number}"))), "{found:?}");
    let bob = server.join("tea", "bob").await;
    assert_ne!(bob.welcome["epoch"], epoch);
    let accounts = order(other.path(), Order::Accounts).await;
    assert!(matches!(&accounts, Answer::Accounts { accounts } if accounts.len() == 1), "{accounts:?}");
    drop(stage);
}

#[tokio::test]
async fn nothing_is_replaced_but_an_older_backup() {
    let directory = tempfile::tempdir().expect("a directory");
    store(directory.path(), "one").await;
    let file = directory.path().join("backup.db");
    let again = || backup::backup(directory.path(), &file, &mut no_bar());
    again().expect("a backup");
    store(directory.path(), "two").await;
    let first = fs::read(&file).expect("a file");
    again().expect("a newer one");
    assert_ne!(fs::read(&file).expect("a file"), first);
    let letter = directory.path().join("letter.txt");
    fs::write(&letter, "dear all").expect("writes");
    for place in [&letter, &directory.path().join("chat.db"), &directory.path().join("none/backup.db")] {
        let error = backup::backup(directory.path(), place, &mut no_bar()).expect_err("refused");
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(fs::read(&letter).expect("a file"), b"dear all");
    assert!(!directory.path().join("letter.txt.part").exists() && !directory.path().join("backup.db.part").exists());
    let another = tempfile::tempdir().expect("a directory");
    store(another.path(), "somebody else's").await;
    backup::backup(directory.path(), &another.path().join("chat.db"), &mut no_bar()).expect_err("it is another store");
    let nowhere = tempfile::tempdir().expect("a directory");
    assert!(backup::backup(nowhere.path(), &file, &mut no_bar()).is_err(), "there is no store");
    let server = TestServer::with(config_in(directory.path())).await;
    assert_eq!(texts(&server).await, ["one", "two"]);
}

#[tokio::test]
async fn what_cannot_be_restored_leaves_the_store_as_it_is_and_what_is_replaced_is_kept() {
    let (one, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
    store(one.path(), "of the one").await;
    store(other.path(), "of the other").await;
    let file = other.path().join("backup.db");
    backup::backup(other.path(), &file, &mut no_bar()).expect("a backup");

    let broken = other.path().join("broken.db");
    let mut bytes = fs::read(&file).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0x5a);
    fs::write(&broken, &bytes).expect("writes");
    let letter = other.path().join("letter.txt");
    fs::write(&letter, "dear all").expect("writes");
    // Whole for SQLite, and yet not what was acknowledged.
    let holed = other.path().join("holed.db");
    fs::copy(format!("{}/tests/stores/version-4.db", env!("CARGO_MANIFEST_DIR")), &holed).expect("a fixture");
    let tampered = rusqlite::Connection::open(&holed).expect("it opens");
    assert_eq!(tampered.execute("DELETE FROM messages WHERE text = 'two'", []).expect("it is one"), 1);
    drop(tampered);
    for bad in [&broken, &holed, &letter, &other.path().join("nothing.db")] {
        backup::restore(one.path(), bad, &mut no_bar()).expect_err("refused");
    }
    let server = TestServer::with(config_in(one.path())).await;
    let in_use = backup::restore(one.path(), &file, &mut no_bar()).expect_err("a server has it");
    assert!(in_use.to_string().contains("in use"), "{in_use}");
    assert_eq!(texts(&server).await, ["of the one"]);
    server.stop().await;

    let before = backup::restore(one.path(), &file, &mut no_bar()).expect("restored").expect("what was there");
    let server = TestServer::with(config_in(one.path())).await;
    assert_eq!(texts(&server).await, ["of the other"]);
    server.stop().await;
    // And back again: what was set aside is a backup like any other.
    backup::restore(one.path(), &before, &mut no_bar()).expect("restored");
    let server = TestServer::with(config_in(one.path())).await;
    assert_eq!(texts(&server).await, ["of the one"]);
    assert!(file.exists());
}

#[tokio::test]
async fn at_the_command_line_it_is_one_line_and_an_exit_code() {
    let directory = tempfile::tempdir().expect("a directory");
    let place = directory.path().to_str().expect("a path");
    let file = directory.path().join("backup.db");
    let file = file.to_str().expect("a path");
    let run = async |arguments: &[&str]| Program::run(&[arguments, &["--data-dir", place]].concat()).await;
    assert!(!run(&["backup", file]).await.status.success(), "there is no store");
    let server = Program::start(&["--data-dir", place]).await;
    let mut alice = server.join("tea", "alice").await;
    alice.does(json!({ "type": "send", "text": "kept" })).await;
    let made = run(&["backup", file]).await;
    assert!(
        made.status.success() && made.stdout.contains("looked through and on the disk") && made.stderr.is_empty(),
        "{made:?}"
    );
    for arguments in [&["verify"][..], &["verify", file]] {
        let looked = run(arguments).await;
        assert!(looked.status.success() && looked.stdout.ends_with("is whole\n"), "{looked:?}");
    }
    let refused = run(&["restore", file]).await;
    assert!(!refused.status.success() && refused.stderr.contains("in use by another chat server"), "{refused:?}");
    server.terminate().await;
    let restored = run(&["restore", file]).await;
    assert!(restored.status.success() && restored.stdout.contains("What was there is"), "{restored:?}");
    let server = Program::start(&["--data-dir", place]).await;
    assert_eq!(texts(&server).await, ["kept"]);
    // A store of which something is missing is told so, and by its exit code.
    server.terminate().await;
    let mut bytes = fs::read(file).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0x5a);
    fs::write(file, &bytes).expect("writes");
    let looked = run(&["verify", file]).await;
    assert!(!looked.status.success(), "{looked:?}");
}

/// Stores as servers of each version of the tables wrote them.
#[tokio::test]
async fn what_an_older_server_kept_is_brought_up_to_date_and_kept_as_it_was() {
    for version in 1..=4 {
        let directory = tempfile::tempdir().expect("a directory");
        let fixture = format!("{}/tests/stores/version-{version}.db", env!("CARGO_MANIFEST_DIR"));
        fs::copy(&fixture, directory.path().join("chat.db")).expect("a fixture");
        let findings = backup::look_through(&directory.path().join("chat.db"), &mut |_| ()).expect("it can be read");
        assert_eq!(findings, Vec::<String>::new(), "version {version}");
        let server = TestServer::with(config_in(directory.path())).await;
        assert_eq!(texts(&server).await, ["one", "two", "three"], "version {version}");
        let accounts = order(directory.path(), Order::Accounts).await;
        let owners = if version == 1 { 0 } else { 1 };
        assert!(matches!(&accounts, Answer::Accounts { accounts } if accounts.len() == owners), "{accounts:?}");
        server.join("tea", "bob").await.does(json!({ "type": "send", "text": "four" })).await;
        server.stop().await;
        assert_eq!(
            backup::look_through(&directory.path().join("chat.db"), &mut |_| ()).expect("it can be read"),
            Vec::<String>::new()
        );
        let kept = directory.path().join(format!("chat.db.version-{version}"));
        assert_eq!(kept.exists(), version < 4, "version {version}");
        if kept.exists() {
            let other = tempfile::tempdir().expect("a directory");
            fs::copy(&kept, other.path().join("chat.db")).expect("a copy");
            let server = TestServer::with(config_in(other.path())).await;
            assert_eq!(texts(&server).await, ["one", "two", "three"], "as it was: version {version}");
        }
    }
}
