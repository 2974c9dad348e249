//! `chat-server doctor` says what would hinder a server and what to do, and changes nothing.

mod common;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use common::program::{Program, Ran};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;
use tempfile::TempDir;

/// A directory in which there may be a store, and a file of settings.
struct Stage {
    directory: TempDir,
}

impl Stage {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::DirBuilder::new().mode(0o700).create(directory.path().join("store")).expect("a directory");
        Self { directory }
    }

    fn store(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// What doctor says to these flags.
    async fn says(&self, flags: &[&str]) -> Ran {
        let store = self.store();
        let mut all = vec!["--data-dir", store.to_str().expect("a path")];
        // Some port is free.
        if !flags.contains(&"--port") {
            all.extend(["--port", "0"]);
        }
        all.extend(flags);
        all.push("doctor");
        Program::run(&all).await
    }

    /// A server on its store, which says something and goes.
    async fn used(&self) {
        let program = Program::start(&["--data-dir", self.store().to_str().expect("a path")]).await;
        program.join("tea", "alice").await.say("hello").await;
        assert!(program.terminate().await.status.success());
    }
}

/// Whether there is a line with this mark about this, with these words.
#[track_caller]
fn check(ran: &Ran, mark: char, what: &str, words: &str) {
    let is_it = |line: &str| line.starts_with(&format!("{mark} {what} ")) && line.contains(words);
    assert!(ran.stdout.lines().any(is_it), "{mark} {what} {words}: {}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.status.code(), Some(i32::from(ran.stdout.contains('✗'))), "{}", ran.stdout);
}

/// Everything below a directory: names, modes, sizes, and when they were changed.
fn all_of(directory: &Path) -> Vec<String> {
    let mut all: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| {
            let entry = entry.expect("an entry");
            let data = entry.metadata().expect("its data");
            format!("{:?} {:o} {} {:?}", entry.file_name(), data.permissions().mode(), data.len(), data.modified())
        })
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn where_all_is_well_it_says_so_and_changes_nothing() {
    let stage = Stage::new();
    let ran = stage.says(&[]).await;
    check(&ran, '✓', "store", "there is none yet");
    assert!(all_of(&stage.store()).is_empty());
    stage.used().await;
    let before = all_of(&stage.store());
    let ran = stage.says(&[]).await;
    check(&ran, '✓', "store", "version 4 of the tables; no server runs here");
    check(&ran, '✓', "data directory", "store");
    check(&ran, '✓', "who comes in", "on this machine");
    assert_eq!(all_of(&stage.store()), before);
}

#[tokio::test]
async fn a_server_that_runs_is_seen_and_its_port_is_its_own() {
    let stage = Stage::new();
    let program = Program::start(&["--data-dir", stage.store().to_str().expect("a path")]).await;
    let port = program.address.port().to_string();
    let ran = stage.says(&["--port", &port]).await;
    check(&ran, '✓', "store", "a server runs here");
    check(&ran, '✓', "port", "by the server that runs here");
    // One that was killed left some of it beside the database: it stays there.
    program.kill().await;
    let before = all_of(&stage.store());
    check(&stage.says(&["--port", &port]).await, '!', "store", "not closed in order");
    assert_eq!(all_of(&stage.store()), before);
}

#[tokio::test]
async fn what_hinders_is_a_fault_with_something_to_do() {
    let stage = Stage::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let ran = stage.says(&["--port", &port]).await;
    check(&ran, '✗', "port", "another program's");
    assert!(ran.stdout.contains("→ ss -ltnp"), "{}", ran.stdout);
    check(&stage.says(&["--max-connections", "100000000"]).await, '✗', "open files", "not enough for");
    fs::write(stage.store().join("chat.db"), "no database at all").expect("it is written");
    check(&stage.says(&[]).await, '✗', "store", "cannot be used");
    fs::set_permissions(stage.store(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    check(&stage.says(&[]).await, '!', "data directory", "open to others (mode 755)");
}

#[tokio::test]
async fn a_newer_or_damaged_store_is_told_from_a_good_one() {
    let stage = Stage::new();
    stage.used().await;
    let file = stage.store().join("chat.db");
    let whole = fs::read(&file).expect("a store");
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&file, &newer).expect("it is written");
    check(&stage.says(&[]).await, '✗', "store", "made by a newer chat server (version 99");
    // Pages that hold nothing that a page can hold.
    let mut damaged = whole.clone();
    let from = whole.len() / 4096 / 2 * 4096;
    damaged[from..].fill(0xff);
    fs::write(&file, &damaged).expect("it is written");
    check(&stage.says(&[]).await, '✗', "store", "");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores/version-1.db"), &file).expect("an old store");
    check(&stage.says(&[]).await, '!', "store", "brings it to version 4");
}

#[tokio::test]
async fn a_file_that_is_wrong_is_a_finding_among_the_others() {
    let stage = Stage::new();
    let file = stage.directory.path().join("config.toml");
    let path = file.to_str().expect("a path");
    fs::write(&file, "max-per-up = 3\n").expect("it is written");
    let ran = stage.says(&["--config", path]).await;
    check(&ran, '✗', "configuration", "line 1: there is no key max-per-up; did you mean max-per-ip?");
    check(&ran, '✓', "store", "there is none yet");
    fs::write(&file, "auth-token = ['a-token-that-nobody-guesses']\n").expect("it is written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("it is ours");
    let ran = stage.says(&["--config", path]).await;
    check(&ran, '!', "configuration", "others may read it");
    assert!(!ran.stdout.contains("nobody-guesses"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    check(&stage.says(&["--config", path]).await, '✓', "configuration", path);
    check(&stage.says(&["--host", "0.0.0.0"]).await, '!', "who comes in", "no TLS");
}

#[tokio::test]
async fn a_certificate_is_read_and_held_against_its_key_and_the_calendar() {
    let stage = Stage::new();
    let place = |name: &str| stage.directory.path().join(name).to_str().expect("a path").to_owned();
    let (certificate, key, other) = (place("cert.pem"), place("key.pem"), place("other.pem"));
    let keys = KeyPair::generate().expect("a key");
    fs::write(&key, keys.serialize_pem()).expect("it is written");
    fs::write(&other, KeyPair::generate().expect("a key").serialize_pem()).expect("it is written");
    let made = |until: i32| {
        let mut params = CertificateParams::new(vec!["chat.example".to_owned()]).expect("names");
        params.not_after = date_time_ymd(until, 1, 1);
        fs::write(&certificate, params.self_signed(&keys).expect("a certificate").pem()).expect("it is written");
    };
    made(2020);
    let flags = ["--tls-cert", &certificate, "--tls-key", &key];
    check(&stage.says(&flags).await, '✗', "certificate", "chat.example: it was good until 2020-01-01");
    made(4000);
    check(&stage.says(&flags).await, '✓', "certificate", "for chat.example: good for");
    check(
        &stage.says(&["--tls-cert", &certificate, "--tls-key", &other]).await,
        '✗',
        "certificate",
        "not the key of the certificate",
    );
    check(&stage.says(&["--tls-cert", "/nowhere", "--tls-key", &key]).await, '✗', "certificate", "/nowhere");
    let ran = stage.says(&["--tls-self-signed"]).await;
    check(&ran, '✓', "certificate", "makes one");
    assert!(all_of(&stage.store()).is_empty());
}

#[tokio::test]
async fn a_program_reads_the_same_as_json() {
    let stage = Stage::new();
    let store = stage.store();
    let flags = ["--data-dir", store.to_str().expect("a path"), "--port", "0", "--host", "0.0.0.0", "doctor", "--json"];
    let ran = Program::run(&flags).await;
    let findings: Vec<Value> = serde_json::from_str(&ran.stdout).expect("JSON");
    let about = |what: &str| findings.iter().find(|finding| finding["what"] == what).expect("a finding");
    assert_eq!(about("store")["verdict"], "fine");
    assert_eq!((&about("who comes in")["verdict"], about("who comes in")["advice"].is_string()), (&"hint".into(), true));
}
