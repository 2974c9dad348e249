//! `chat-tui`: the chat in a terminal.
//!
//! | to find | look in |
//! |---|---|
//! | arguments | [`cli`] |
//! | the loop: gather, update, perform, draw | [`app`] |
//! | everything that can happen | [`msg`]; what keys mean: [`keys`] |
//! | everything that the update may ask for | [`effect`]; doing it: [`perform`] |
//! | what is known, as plain data | [`model`] |
//! | how it changes | [`update`] |
//! | how it looks | [`view`] |
//! | the WebSocket, and coming back | [`transport`] |
//! | the terminal's state, and giving it back | [`terminal`] |
#![allow(dead_code, unused_imports, reason = "being built")]

mod app;
mod cli;
mod config;
mod disklog;
mod effect;
mod keys;
mod model;
mod msg;
mod perform;
mod sessions;
mod terminal;
mod theme;
mod token;
mod transport;
mod update;
mod view;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context as _;
use chat_protocol::{RoomName, UserName, display};
use clap::Parser as _;

use crate::{
    app::{Sight, Start},
    cli::Args,
    config::Settings,
    effect::Ending,
    perform::sequence::Notify,
    transport::Address,
};

/// What the exit code says, as README.md lists it.
mod exit {
    /// Something went wrong that is none of the others.
    pub(super) const FAULT: u8 = 1;
    /// The arguments, the environment or the file say something that cannot be.
    pub(super) const USAGE: u8 = 2;
    /// The server does not let us in.
    pub(super) const REFUSED: u8 = 3;
    /// Not everything was sent.
    pub(super) const UNSENT: u8 = 4;
}

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if error.use_stderr() => return say(exit::USAGE, &first_paragraph(&error.to_string())),
        // What was asked for: the help, the version.
        Err(error) => return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(exit::FAULT) },
    };
    let start = match prepare(&args) {
        Ok(start) => start,
        Err(error) => return say(exit::USAGE, &format!("{error:#}")),
    };
    match run(start) {
        Ok(Ending::Wished) => ExitCode::SUCCESS,
        Ok(Ending::Refused(reason)) => say(exit::REFUSED, &reason),
        Ok(Ending::Unsent(words)) => say(exit::UNSENT, &words),
        Err(error) => say(exit::FAULT, &format!("{error:#}")),
    }
}

/// The one line about how it ended. The words may be the server's: they are made safe like any other.
fn say(code: u8, words: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "chat-tui: {}", display::line(words));
    ExitCode::from(code)
}

/// What clap says before it shows how to use it, on one line.
fn first_paragraph(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.is_empty());
    let joined = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    joined.strip_prefix("error: ").map(str::to_owned).unwrap_or(joined)
}

fn prepare(args: &Args) -> anyhow::Result<Start> {
    let user = UserName::parse(&args.user).context("--user")?;
    let room = RoomName::parse(&args.room).context("--room")?;
    let address = Address::parse(&args.server).context("--server")?;
    anyhow::ensure!(io::stdin().is_terminal() && io::stdout().is_terminal(), "this needs a terminal to draw on, and to type in");
    Ok(Start {
        address,
        user,
        session: None,
        room,
        rooms: Vec::new(),
        settings: Settings::default(),
        keep: Arc::new(|_, _| Ok(())),
        reload: Arc::new(|| Ok(Box::default())),
        log: None,
    })
}

fn run(start: Start) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime")?;
    let ended = runtime.block_on(app::run(start, Sight { mouse: false, notify: Notify::Auto, themes: None }));
    // A name that is still being looked up would hold the process.
    runtime.shutdown_background();
    ended
}
