//! An operator writes a configuration file: it is found, checked, shown, and does what flags do.

mod common;

use std::path::{Path, PathBuf};

use chat_server::cli::Arguments;
use clap::CommandFactory;
use common::program::{Program, Ran};
use serde_json::json;
use tempfile::TempDir;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn write(path: &Path, text: &str) -> String {
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("its directory");
    std::fs::write(path, text).expect("the file is written");
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// The line of a key, and where it is from, in what `config show --origin` prints.
#[track_caller]
fn shown(ran: &Ran, key: &str) -> (String, String) {
    assert!(ran.status.success(), "{}", ran.stderr);
    let line = ran.stdout.lines().find(|line| line.split(' ').next() == Some(key)).expect("the key is shown");
    let (said, origin) = line.split_once(" # ").expect("an origin");
    (said.trim_end().to_owned(), origin.to_owned())
}

#[tokio::test]
async fn a_flag_goes_before_a_variable_that_before_the_file_and_that_before_the_default() {
    let directory = directory();
    let path = directory.path().join("config.toml");
    for (arguments, environment, text, key, said, origin) in [
        ("", ("", ""), "", "port", "port = 8000", "default"),
        ("", ("", ""), "\nport = 3", "port", "port = 3", "file FILE:2"),
        ("", ("CHAT_PORT", "2"), "port = 3", "port", "port = 2", "environment CHAT_PORT"),
        ("--port 1", ("CHAT_PORT", "2"), "port = 3", "port", "port = 1", "flag"),
        ("--port 1", ("CHAT_PORT", "2"), "", "port", "port = 1", "flag"),
        ("", ("CHAT_PORT", "2"), "host = '::1'", "host", "host = \"::1\"", "file FILE:1"),
        ("", ("CHAT_FINAL", "true"), "final = false", "final", "final = true", "environment CHAT_FINAL"),
        ("", ("CHAT_FINAL", "false"), "final = true", "final", "final = false", "environment CHAT_FINAL"),
        ("--final", ("CHAT_FINAL", "false"), "", "final", "final = true", "flag"),
        (
            "",
            ("CHAT_ALLOW_ORIGIN", "a,b"),
            "allow-origin = 'c'",
            "allow-origin",
            "allow-origin = [\"a\", \"b\"]",
            "environment CHAT_ALLOW_ORIGIN",
        ),
        // What goes before the file does so with all that it contradicts, and may have there what it needs.
        ("", ("CHAT_EPHEMERAL", "true"), "data-dir = '/x'", "data-dir", "data-dir = \"\"", "default"),
        ("", ("CHAT_TLS_CERT", "a"), "tls-key = 'b'", "tls-key", "tls-key = \"b\"", "file FILE:1"),
    ] {
        let file = write(&path, text);
        let arguments = ["--config", &file].into_iter().chain(arguments.split_whitespace()).chain(["config", "show", "--origin"]);
        let environment: Vec<_> = Some(environment).into_iter().filter(|(name, _)| !name.is_empty()).collect();
        let ran = Program::run_amid(&environment, &arguments.collect::<Vec<_>>()).await;
        assert_eq!(shown(&ran, key), (said.to_owned(), origin.replace("FILE", &file)), "{environment:?} {text}");
    }
}

#[tokio::test]
async fn the_example_has_every_flag_and_can_be_used() {
    let ran = Program::run(&["config", "print"]).await;
    assert!(ran.status.success() && ran.stderr.is_empty(), "{}", ran.stderr);
    for arg in Arguments::command().get_arguments() {
        let flag = arg.get_long().expect("a long flag");
        assert_eq!(ran.stdout.contains(&format!("\n#{flag} = ")), flag != "config", "--{flag}");
    }
    let directory = directory();
    let file = write(&directory.path().join("config.toml"), &ran.stdout);
    let ran = Program::run(&["config", "check", &file]).await;
    assert_eq!((ran.status.code(), ran.stdout), (Some(0), format!("{file}: nothing is wrong with it\n")), "{}", ran.stderr);
}

#[tokio::test]
async fn what_is_wrong_in_a_file_is_said_with_its_line_and_nothing_is_served() {
    let directory = directory();
    let file = write(&directory.path().join("config.toml"), "host = '::1'\nmax-per-up = 3\n\nport = 'x'\n");
    let said = format!(
        "chat-server: {file}: line 2: there is no key max-per-up; did you mean max-per-ip?\n\
         {file}: line 4: port: «x»: invalid digit found in string\n"
    );
    for arguments in [
        &["config", "check", &file][..],
        &["--config", &file, "config", "show"],
        &["--config", &file, "--ephemeral"],
        &["account", "list", "--config", &file],
    ] {
        let ran = Program::run(arguments).await;
        assert_eq!((ran.status.code(), &ran.stderr, &ran.stdout[..]), (Some(1), &said, ""), "{arguments:?}");
    }
    // What helps to mend it works all the same.
    assert!(Program::run(&["--config", &file, "config", "print"]).await.status.success());
    let missing = directory.path().join("none.toml");
    let ran = Program::run(&["--config", missing.to_str().expect("a path"), "config", "show"]).await;
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stderr.contains("none.toml: No such file"), "{}", ran.stderr);
}

#[tokio::test]
async fn the_file_is_the_one_that_is_named_or_the_operators_own() {
    let directory = directory();
    let place = |name: &str| directory.path().join(name);
    let text = |path: PathBuf| path.to_str().expect("a path").to_owned();
    let own = write(&place("xdg/chat-server/config.toml"), "port = 1");
    let named = write(&place("named.toml"), "port = 2");
    let typed = write(&place("typed.toml"), "port = 3");
    let (home, xdg, empty) = (text(place("home")), text(place("xdg")), text(place("empty")));
    let of_home = write(&place("home/.config/chat-server/config.toml"), "port = 4");
    let show = ["config", "show", "--origin"];
    let of = |path: &str| format!("file {path}:1");
    for (environment, arguments, port, origin) in [
        (vec![("XDG_CONFIG_HOME", &*xdg)], &[][..], 1, of(&own)),
        (vec![("XDG_CONFIG_HOME", &*xdg), ("CHAT_CONFIG", &*named)], &[], 2, of(&named)),
        (vec![("XDG_CONFIG_HOME", &*xdg), ("CHAT_CONFIG", &*named)], &["--config", &*typed], 3, of(&typed)),
        (vec![("HOME", &*home), ("XDG_CONFIG_HOME", "")], &[], 4, of(&of_home)),
        (vec![("XDG_CONFIG_HOME", &*xdg), ("CHAT_CONFIG", "/dev/null")], &[], 8000, "default".to_owned()),
        (vec![("HOME", &*home), ("XDG_CONFIG_HOME", &*empty), ("CHAT_CONFIG", &*named)], &[], 2, of(&named)),
    ] {
        let arguments: Vec<_> = arguments.iter().copied().chain(show).collect();
        let ran = Program::run_amid(&environment, &arguments).await;
        assert_eq!(shown(&ran, "port"), (format!("port = {port}"), origin), "{environment:?}");
    }
}

#[tokio::test]
async fn a_secret_is_never_shown() {
    let directory = directory();
    let file = write(&directory.path().join("config.toml"), "auth-token = ['hush', 'hush2']\n");
    for (environment, flags, count, origin) in [
        (vec![], &[][..], 2, format!("file {file}:1")),
        (vec![("CHAT_AUTH_TOKEN", "hush")], &[], 1, "environment CHAT_AUTH_TOKEN".to_owned()),
        (vec![("CHAT_AUTH_TOKEN", "hush")], &["--auth-token", "hush", "--auth-token", "hush"], 2, "flag".to_owned()),
    ] {
        let arguments: Vec<_> = ["--config", &file].into_iter().chain(flags.iter().copied()).chain(["config", "show"]).collect();
        let plain = Program::run_amid(&environment, &arguments).await;
        let arguments: Vec<_> = arguments.into_iter().chain(["--origin"]).collect();
        let ran = Program::run_amid(&environment, &arguments).await;
        assert_eq!(shown(&ran, "auth-token"), (format!("auth-token = [{}]", vec!["\"…\""; count].join(", ")), origin));
        for text in [&ran.stdout, &ran.stderr, &plain.stdout, &plain.stderr] {
            assert!(!text.contains("hush"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_server_is_what_its_file_says_and_its_operator_finds_it_there() {
    let directory = directory();
    let store = directory.path().join("store");
    let text = format!("port = 1\nregistration = 'open'\nallow-origin = ['https://chat.example']\ndata-dir = {store:?}\n");
    let file = write(&directory.path().join("config.toml"), &text);
    // It starts it on a port of its own, by a flag.
    let program = Program::start(&["--config", &file]).await;
    assert_eq!(program.get("/api/registration").await.json(), json!({ "registration": "open" }));
    for (origin, status) in [("https://chat.example", 200), ("https://elsewhere.example", 403)] {
        let reply = program.http("GET", "/api/rooms", &[("origin", origin)], "").await;
        assert_eq!(reply.status, status, "{origin}");
    }
    let ran = Program::run(&["account", "add", "alice", "--config", &file]).await;
    assert!(ran.status.success(), "{}", ran.stderr);
    assert!(Program::run(&["--config", &file, "account", "list"]).await.stdout.contains("alice"));
    assert_eq!(program.terminate().await.status.code(), Some(0));
    assert!(store.is_dir());
}
