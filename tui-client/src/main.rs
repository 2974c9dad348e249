//! `chat-tui`: the chat in a terminal.
//!
//! | to find | look in |
//! |---|---|
//! | arguments; what they, the environment and the file come to | [`cli`]; [`config`] |
//! | the loop: gather, update, perform, draw | [`app`] |
//! | everything that can happen | [`msg`]; what keys mean: [`keys`] |
//! | everything that the update may ask for | [`effect`] |
//! | what is known, as plain data | [`model`] |
//! | how it changes | [`update`] |
//! | how it looks | [`view`] |
//! | the WebSocket, and coming back | [`transport`] |
//! | a token; the proofs of names, kept | [`token`]; [`sessions`] |
//! | the terminal's state, and giving it back | [`terminal`] |
#![allow(dead_code, unused_imports, reason = "being built")]

mod app;
mod cli;
mod config;
mod effect;
mod keys;
mod model;
mod msg;
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
};

use anyhow::{Context as _, ensure};
use chat_protocol::{RoomName, UserName, display};
use clap::Parser as _;

use crate::{cli::Args, terminal::Screen};

fn main() -> ExitCode {
    let complain = |text: &str, code| {
        // The words may be the server's: they are made safe like any other.
        let _ = writeln!(io::stderr(), "chat-tui: {}", display::line(text));
        ExitCode::from(code)
    };
    let args = match Args::read() {
        Ok(args) => args,
        Err(words) => return complain(&words, 2),
    };
    if args.print_config {
        return match io::stdout().write_all(config::example().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&error.to_string(), 1),
        };
    }
    let start = match config::load(&args) {
        Ok(start) => start,
        Err(words) => return complain(&words, 2),
    };
    match run(start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{error:#}"), 1),
    }
}

fn run(start: config::Start) -> anyhow::Result<()> {
    let user = start.user.context("--user")?;
    let room = start.rooms.into_iter().next().map_or_else(|| RoomName::parse("general"), Ok)?;
    ensure!(io::stdin().is_terminal() && io::stdout().is_terminal(), "this needs a terminal to draw on, and to type in");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime")?;
    let mut screen = Screen::enter().context("the terminal")?;
    let ended = runtime.block_on(app::run(&mut screen, start.server, user, room));
    drop(screen);
    // A name that is still being looked up would hold the process.
    runtime.shutdown_background();
    ended
}
