//! `chat-tui`: the chat in a terminal.
//!
//! | to find | look in |
//! |---|---|
//! | arguments | [`cli`] |
//! | the loop: gather, update, perform, draw | [`app`] |
//! | everything that can happen | [`msg`]; what keys mean: [`keys`] |
//! | everything that the update may ask for | [`effect`] |
//! | what is known, as plain data | [`model`] |
//! | how it changes | [`update`] |
//! | how it looks | [`view`] |
//! | the WebSocket, and coming back | [`transport`] |
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

use crate::{cli::Args, terminal::Screen, transport::Address};

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The words may be the server's: they are made safe like any other.
            let _ = writeln!(io::stderr(), "chat-tui: {}", display::line(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> anyhow::Result<()> {
    let user = UserName::parse(&args.user).context("--user")?;
    let room = RoomName::parse(&args.room).context("--room")?;
    let address = Address::parse(&args.server).context("--server")?;
    ensure!(io::stdin().is_terminal() && io::stdout().is_terminal(), "this needs a terminal to draw on, and to type in");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime")?;
    let mut screen = Screen::enter().context("the terminal")?;
    let ended = runtime.block_on(app::run(&mut screen, &address, user, room));
    drop(screen);
    // A name that is still being looked up would hold the process.
    runtime.shutdown_background();
    ended
}
