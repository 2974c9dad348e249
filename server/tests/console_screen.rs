//! The operator's console at a terminal, with a real server behind it: under load, restarted, far away, in one program with it, and at a
//! terminal that takes nothing.

mod common;

use chat_protocol::CloseCode;
use chat_server::realm::Role;
use common::{TestClient, operator::Stage, program::Program, screen::Terminal};
use rustix::process::Signal;
use serde_json::{Value, json};

async fn notice(client: &mut TestClient, words: &str) -> Value {
    client.find(|value| value["type"] == "notice" && value["text"] == words).await
}

#[tokio::test]
async fn a_terminal_that_takes_nothing_does_not_keep_the_program_from_going() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("a path");
    for arguments in [&["--data-dir", data, "--port", "0", "--console"][..], &["--data-dir", data, "console"]] {
        let mut terminal = Terminal::start(arguments, (120, 40));
        terminal.shows("Overview").await;
        terminal.stall();
        // More than any terminal holds is to be drawn.
        for number in 0..200 {
            terminal.resize((100 + number % 2 * 100, 30 + number % 2 * 30));
        }
        terminal.signal(Signal::TERM);
        terminal.is_gone().await;
    }
}

#[tokio::test]
async fn at_a_terminal_it_shows_a_server_under_load_and_acts_on_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("a path");
    let file = directory.path().join("config.toml");
    std::fs::write(&file, format!("data-dir = '{data}'\nrate-limit = 'off'\nshards = 2\n")).unwrap();
    let program = Program::start_by(file.to_str().expect("a path")).await;
    let mut eve = program.join("tea", "eve").await;
    let mut clients = Vec::new();
    for number in 0..10 {
        clients.push(program.join("general", &format!("user{number}")).await);
    }
    let load = tokio::spawn(async move {
        loop {
            for client in &mut clients {
                client.say("over and over again").await;
                client.forget();
            }
        }
    });
    let mut terminal = Terminal::start(&["--data-dir", data, "console"], (120, 40));
    terminal.shows("attached").await;
    // As a figure that is not nothing, and as bars.
    terminal
        .shows_line(|line| line.contains("messages/s") && line.split_whitespace().nth(1).is_some_and(|rate| rate != "0"))
        .await;
    terminal.shows("11 in 2 rooms").await;
    terminal.resize((60, 20));
    terminal.shows_line(|line| line.starts_with(" deliveries/s") && line.contains(['▁', '▄', '▇', '█'])).await;
    terminal.types("2");
    terminal.shows_line(|line| line.trim_start().starts_with("general") && line.contains("10")).await;
    terminal.types("3/eve");
    terminal.shows("1 of 1 · with eve").await;
    terminal.types("\rK");
    terminal.shows("Kick eve everywhere").await;
    terminal.types("too quiet\r");
    terminal.shows("Kick eve everywhere: too quiet?").await;
    terminal.types("y");
    terminal.shows("you kicked eve").await;
    assert!(eve.closed_with(CloseCode::Kicked).await.reason.contains("too quiet"));
    std::fs::write(&file, format!("data-dir = '{data}'\nrate-limit = '500/500'\nshards = 1\n")).unwrap();
    terminal.types("R");
    terminal.shows("Taken up: rate-limit; a restart is").await;
    terminal.types("4");
    terminal.shows("the operator orders").await;
    load.abort();
    program.signal(Signal::TERM);
    terminal.shows("no server runs on").await;
    terminal.types("q");
    assert_eq!(terminal.ends().await, 0);
}

#[tokio::test]
async fn beside_the_server_in_one_program_it_ends_with_it_and_gives_the_terminal_back() {
    let mut terminal = Terminal::start(&["--ephemeral", "--port", "0", "--console"], (100, 30));
    terminal.shows("● here").await;
    terminal.shows("keeps nothing").await;
    terminal.types("q");
    terminal.shows("goes down with its console").await;
    terminal.types("n4L");
    terminal.shows("Write log lines of").await;
    terminal.types("\x15debug\r");
    terminal.shows("written: debug").await;
    terminal.types("d");
    terminal.shows("Go down in").await;
    terminal.types("\x150\r");
    terminal.shows("go down now").await;
    terminal.types("y");
    assert_eq!(terminal.ends().await, 0);
    assert!(terminal.is_given_back());
}

#[tokio::test]
async fn where_there_may_be_nothing_to_read_again_that_is_said_at_once() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path().to_str().expect("a path");
    let mut terminal =
        Terminal::start_in(&["--ephemeral", "--port", "0", "--console"], (100, 30), &[("XDG_CONFIG_HOME", home), ("HOME", home)]);
    terminal.shows("● here").await;
    terminal.types("R");
    // A machine may have a configuration of its own.
    terminal
        .shows_line(|line| line.contains(" configuration file to read again") || line.contains("in the configuration is"))
        .await;
    terminal.types("qy");
    assert_eq!(terminal.ends().await, 0);
}

#[tokio::test]
async fn where_none_runs_that_is_said_and_one_that_comes_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().to_str().expect("a path");
    let mut terminal = Terminal::start(&["--data-dir", data, "console"], (80, 24));
    terminal.shows("no server runs on").await;
    let program = Program::start(&["--data-dir", data]).await;
    terminal.shows("● attached").await;
    drop(program);
    terminal.types("\x03");
    assert_eq!(terminal.ends().await, 0);
    assert!(terminal.is_given_back());
}

#[tokio::test]
async fn over_the_network_it_comes_with_a_token_of_an_owner() {
    let stage = Stage::start().await;
    let (olga, paul) = (stage.account_as("olga", Role::Owner).await, stage.account("paul").await);
    let url = format!("ws://{}", stage.server.address);
    let token = stage.directory.path().join("token");
    let mut alice = stage.server.join("tea", "alice").await;
    for (secret, shown) in [(paul, "Only owners of the server may do that"), ("nonsense".into(), "the token opens nothing")] {
        std::fs::write(&token, secret).unwrap();
        let arguments = ["console", "--server", &url, "--token-file", token.to_str().expect("a path")];
        let mut terminal = Terminal::start(&arguments, (80, 24));
        terminal.shows(shown).await;
    }
    std::fs::write(&token, format!("{olga}\n")).unwrap();
    // Far more than a first answer may have: rooms with long topics.
    for number in 0..120 {
        alice.does(json!({ "type": "join", "room": format!("room{number}") })).await;
        alice.does(json!({ "type": "topic", "room": format!("room{number}"), "text": "t".repeat(1000) })).await;
    }
    let mut terminal = Terminal::start(&["console", "--server", &url, "--token-file", token.to_str().expect("a path")], (80, 24));
    terminal.shows("● attached").await;
    terminal.types("2");
    terminal.shows("1 of 121").await;
    terminal.types("1nmind the gap\r");
    terminal.shows("Say to everybody: mind the gap").await;
    terminal.types("y");
    terminal.shows("Everybody was told").await;
    notice(&mut alice, "mind the gap").await;
    terminal.types("q");
    assert_eq!(terminal.ends().await, 0);
}
