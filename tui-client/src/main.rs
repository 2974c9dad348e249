//! `chat-tui`: the chat in a terminal.
//!
//! | to find | look in |
//! |---|---|
//! | arguments; what they, the environment and the file come to | [`cli`]; [`config`] |
//! | the loop: gather, update, perform, draw | [`app`] |
//! | everything that can happen | [`msg`]; what keys mean: [`keys`] |
//! | everything that the update may ask for | [`effect`]; doing it: [`perform`] |
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
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use chat_protocol::{RoomName, UserName, display};

use crate::{
    app::{Sight, Start},
    cli::Args,
    disklog::DiskLog,
    effect::Ending,
    sessions::Sessions,
    terminal::Background,
};

/// What the exit code says, as the help lists it.
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
    let args = match Args::read() {
        Ok(args) => args,
        Err(words) => return say(exit::USAGE, &words),
    };
    if args.print_config {
        return match io::stdout().write_all(config::example().as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => say(exit::FAULT, &error.to_string()),
        };
    }
    let chosen = match config::load(&args) {
        Ok(chosen) => chosen,
        Err(words) => return say(exit::USAGE, &words),
    };
    match run(chosen) {
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

fn run(chosen: config::Start) -> anyhow::Result<Ending> {
    anyhow::ensure!(io::stdin().is_terminal() && io::stdout().is_terminal(), "this needs a terminal to draw on, and to type in");
    let user = chosen.user.clone().context("--user")?;
    let (start, sight) = begin(chosen, user)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime")?;
    let ended = runtime.block_on(app::run(start, sight));
    // A name that is still being looked up would hold the process.
    runtime.shutdown_background();
    ended
}

/// What was chosen, and what is known from earlier starts, in the hands of those who need it.
fn begin(chosen: config::Start, user: UserName) -> anyhow::Result<(Start, Sight)> {
    let address = chosen.server.address.clone();
    let sessions = chosen.sessions.clone().map(|path| Arc::new(Sessions::open(path)));
    let session = sessions.as_ref().and_then(|sessions| sessions.find(&address, &user));
    let mut rooms = chosen.rooms.clone();
    if rooms.is_empty() {
        rooms = sessions.as_ref().map_or_else(Vec::new, |sessions| sessions.rooms(&address, &user));
    }
    if rooms.is_empty() {
        rooms.push(RoomName::parse("general").context("the first room")?);
    }
    let origin = Arc::new(Mutex::new(chosen.origin.clone()));
    let reload = Arc::clone(&origin);
    let reload = move || {
        let origin = reload.lock().unwrap_or_else(PoisonError::into_inner).clone();
        origin.reload().map(Box::new)
    };
    let keep = move |user: &UserName, session: &str| match &sessions {
        Some(sessions) => sessions.keep(&address, user, session).map_err(|error| error.to_string()),
        None => Ok(()),
    };
    let sight = Sight {
        mouse: chosen.settings.mouse,
        notify: chosen.settings.alerts.notify,
        themes: chosen.asks_background().then(|| {
            let (dark, light) = (chosen.theme(true), chosen.theme(false));
            let themes: app::Themes = Box::new(move |background| {
                let is_dark = background == Background::Dark;
                origin.lock().unwrap_or_else(PoisonError::into_inner).dark = is_dark;
                if is_dark { dark } else { light }
            });
            themes
        }),
    };
    let start = Start {
        server: chosen.server,
        user,
        session,
        room: rooms.remove(0),
        rooms,
        settings: chosen.settings,
        keep: Arc::new(keep),
        reload: Arc::new(reload),
        log: chosen.log_dir.map(DiskLog::new),
    };
    Ok((start, sight))
}
