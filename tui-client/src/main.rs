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
//! | the terminal's state, and giving it back | [`chat_terminal`] |
//! | without a screen: pipes, printing, line by line | [`headless`] |
//! | the question for those who did not say who they are | [`door`] |
//! | coming in with an account, or making one | [`account`] |
//! | the manual page, completions | [`manual`] |
//! | the log on disk | [`disklog`] |
//! | what was said, as lines of text | [`words`] |

mod account;
mod app;
mod cli;
mod config;
mod disklog;
#[cfg(test)]
mod documents;
mod door;
mod effect;
mod headless;
mod keys;
mod manual;
mod model;
mod msg;
mod perform;
mod sessions;
mod token;
mod transport;
mod update;
mod view;
mod words;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use chat_protocol::{RoomName, UserName, display};
/// What the chat's programs in a terminal share is known here by its own names.
use chat_terminal::{screen as terminal, theme};
use clap::CommandFactory as _;

use crate::{
    app::{Start, Themes},
    cli::Args,
    config::Mode,
    disklog::DiskLog,
    effect::Ending,
    headless::Tail,
    perform::Kept,
    sessions::Sessions,
    terminal::{Background, Kind},
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
    if let Some(text) = asked_to_print(&args) {
        return match io::stdout().write_all(&text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => say(exit::FAULT, &error.to_string()),
        };
    }
    let chosen = match config::load(&args) {
        Ok(chosen) => chosen,
        Err(words) => return say(exit::USAGE, &words),
    };
    chosen.warnings.iter().for_each(|warning| warn(warning));
    if args.logout {
        return match account::log_out(&chosen) {
            Ok(()) => ExitCode::SUCCESS,
            Err(words) => say(exit::FAULT, &words),
        };
    }
    let (mode, start, themes) = match prepare(chosen, &args) {
        Ok(prepared) => prepared,
        Err(Unprepared::Wrong(words)) => return say(exit::USAGE, &words),
        Err(Unprepared::Refused(words)) => return say(exit::REFUSED, &words),
    };
    match run(mode, start, themes) {
        Ok(Ending::Wished) => ExitCode::SUCCESS,
        Ok(Ending::Refused(reason)) => say(exit::REFUSED, &reason),
        Ok(Ending::Unsent(words)) => say(exit::UNSENT, &words),
        Err(error) => say(exit::FAULT, &format!("{error:#}")),
    }
}

/// What is printed instead of chatting.
fn asked_to_print(args: &Args) -> Option<Vec<u8>> {
    if let Some(shell) = args.print_completions {
        return Some(manual::completions(Args::command(), shell));
    }
    if args.print_man {
        return Some(manual::page(Args::command()));
    }
    args.print_config.then(|| config::example().into())
}

/// For the person who started us.
fn warn(words: &str) {
    let _ = writeln!(io::stderr(), "chat-tui: {}", display::line(words));
}

/// The one line about how it ended. The words may be the server's: they are made safe like any other.
fn say(code: u8, words: &str) -> ExitCode {
    warn(words);
    ExitCode::from(code)
}

fn run(mode: Mode, start: Start, themes: Option<Themes>) -> anyhow::Result<Ending> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime")?;
    let ended = runtime.block_on(async {
        match mode {
            Mode::Screen => app::run(start, themes).await,
            Mode::Plain { timeout } => headless::plain(start, timeout).await,
            Mode::Pipe { timeout } => headless::pipe(start, timeout).await,
            Mode::Once { text, timeout } => headless::once(start, text, timeout).await,
            Mode::Tail { json, position, limit } => headless::tail(start, Tail { json, position, limit }).await,
        }
    });
    // A name that is still being looked up, or a line that nobody types, would hold the process.
    runtime.shutdown_background();
    ended
}

/// Why nothing is begun.
enum Unprepared {
    /// What was asked for cannot be.
    Wrong(String),
    /// The server has no token for us.
    Refused(String),
}

impl<T: Into<String>> From<T> for Unprepared {
    fn from(words: T) -> Self {
        Self::Wrong(words.into())
    }
}

/// What kind of program this is to be, who comes in, and everything that it takes.
fn prepare(mut chosen: config::Start, args: &Args) -> Result<(Mode, Start, Option<Themes>), Unprepared> {
    let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if chosen.mode == Mode::Screen && !terminal {
        return Err(
            "this needs a terminal to draw on, and to type in; without one there are --pipe, --tail, --once, --plain".into()
        );
    }
    if chosen.mode == Mode::Screen && Kind::of_environment().is_dumb() {
        chosen.mode = Mode::Plain { timeout: config::TIMEOUT };
    }
    let sessions = chosen.sessions.clone().map(|path| Arc::new(Sessions::open(path)));
    let earlier = |user: &UserName| {
        let sessions = sessions.as_ref().filter(|_| chosen.mode.is_for_a_person());
        sessions.map_or_else(Vec::new, |sessions| sessions.rooms(&chosen.server.address, user))
    };
    let mut rooms = chosen.rooms.clone();
    let user = match chosen.user.clone() {
        Some(user) => {
            rooms = if rooms.is_empty() { earlier(&user) } else { rooms };
            user
        }
        None if !terminal => return Err("no name to go by: --user NAME, CHAT_USER, or user in the configuration".into()),
        None => {
            let (mut input, mut out) = (io::stdin().lock(), io::stdout());
            // Who was here last is most likely here again.
            let last = sessions.as_ref().and_then(|sessions| sessions.last(&chosen.server.address));
            let usual = last.map(|user| user.shown().to_owned()).or_else(|| std::env::var("USER").ok());
            let user = answered(door::ask_user(&mut input, &mut out, usual.as_deref()))?;
            rooms = if rooms.is_empty() { earlier(&user) } else { rooms };
            if rooms.is_empty() {
                rooms.push(answered(door::ask_room(&mut input, &mut out))?);
            }
            user
        }
    };
    if rooms.is_empty() {
        rooms.push(RoomName::parse(door::ROOM).map_err(|error| error.to_string())?);
    }
    if args.login {
        chosen.server.token = Some(account::log_in(&chosen.server, &user, sessions.as_deref())?);
    } else if args.register {
        chosen.server.token = Some(account::register(&chosen.server, &user, chosen.invite.as_ref(), sessions.as_deref())?);
    } else if chosen.server.token.is_none() {
        chosen.server.token = sessions.as_ref().and_then(|sessions| sessions.token(&chosen.server.address, &user));
        if chosen.server.token.is_some() {
            chosen.server.address.exposes("the token").iter().for_each(|words| warn(words));
        }
    }
    let mode = chosen.mode.clone();
    let (start, themes) = begin(chosen, user, rooms, sessions);
    Ok((mode, start, themes))
}

fn answered<T>(answer: io::Result<Option<T>>) -> Result<T, String> {
    answer.map_err(|error| error.to_string())?.ok_or_else(|| "nobody answered at the door".into())
}

/// What was chosen, and what is known from earlier starts, in the hands of those who need it.
fn begin(
    chosen: config::Start,
    user: UserName,
    mut rooms: Vec<RoomName>,
    sessions: Option<Arc<Sessions>>,
) -> (Start, Option<Themes>) {
    let address = chosen.server.address.clone();
    let known = sessions.as_ref().map(|sessions| sessions.all(&address)).unwrap_or_default();
    let origin = Arc::new(Mutex::new(chosen.origin.clone()));
    let reload = Arc::clone(&origin);
    let reload = move || {
        let origin = reload.lock().unwrap_or_else(PoisonError::into_inner).clone();
        origin.reload().map(Box::new)
    };
    let keep = move |user: &UserName, kept: &Kept| match &sessions {
        Some(sessions) => match kept {
            Kept::Session(session) => sessions.keep(&address, user, session),
            Kept::Rooms(rooms) => sessions.keep_rooms(&address, user, rooms),
        }
        .map_err(|error| error.to_string()),
        None => Ok(()),
    };
    let mut settings = chosen.settings.clone();
    let mut themes = chosen.asks_background().then(|| {
        let (dark, light) = (chosen.theme(true), chosen.theme(false));
        let themes: Themes = Box::new(move |background| {
            let is_dark = background == Background::Dark;
            origin.lock().unwrap_or_else(PoisonError::into_inner).dark = is_dark;
            if is_dark { dark } else { light }
        });
        themes
    });
    // What the environment says need not be asked of the terminal.
    if let Some(background) = Kind::of_environment().background() {
        settings.look.theme = themes.take().map_or(settings.look.theme, |themes| themes(background));
    }
    let server = chosen.server.address.to_string();
    let start = Start {
        server: chosen.server,
        user,
        sessions: known,
        room: rooms.remove(0),
        rooms,
        settings,
        keep: Box::new(keep),
        reload: Arc::new(reload),
        log: chosen.log_dir.map(|directory| DiskLog::new(&directory, &server)),
    };
    (start, themes)
}
