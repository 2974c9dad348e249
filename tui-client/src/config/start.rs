//! Flags before the environment, that before the file, that before the defaults: everything that was chosen, checked, in one
//! [`Start`]. After this nobody asks where a choice came from; only [`Origin`] remembers, to read the file again.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use chat_protocol::{RoomName, UserName};
use chat_terminal::reach::{Address, Trust};
use etcetera::BaseStrategy as _;

use super::{Alerts, File, Invite, Look, Settings, ThemeChoice};
use crate::{
    cli::Args,
    config::Colors,
    keys::KeyMap,
    theme::{Depth, Theme},
    token::{Source, Token},
    transport::Server,
};

/// How long the ways without a screen try, unless told.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// Everything to begin with.
#[derive(Debug)]
pub(crate) struct Start {
    /// None: to be asked for at the door.
    pub(crate) user: Option<UserName>,
    /// None: those of the last time, or what is asked for at the door. Never none without a screen.
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) server: Server,
    pub(crate) mode: Mode,
    /// To make an account with.
    pub(crate) invite: Option<Invite>,
    pub(crate) settings: Settings,
    pub(crate) origin: Origin,
    /// Where what is said is kept, if it is.
    pub(crate) log_dir: Option<PathBuf>,
    /// Where the proofs of names are kept, unless there is no place for it.
    pub(crate) sessions: Option<PathBuf>,
    /// For the person who started us, before anything else.
    pub(crate) warnings: Vec<String>,
    file: File,
}

/// What kind of program this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Screen,
    /// Line by line, for a person.
    Plain {
        timeout: Duration,
    },
    Pipe {
        timeout: Duration,
    },
    Once {
        text: String,
        timeout: Duration,
    },
    Tail {
        json: bool,
        position: Option<PathBuf>,
        limit: Option<u64>,
    },
}

impl Mode {
    /// Whether somebody sits there who can be asked.
    pub(crate) fn is_for_a_person(&self) -> bool {
        matches!(self, Self::Screen | Self::Plain { .. })
    }
}

/// Where the choices came from: what `/reload` needs.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    path: Option<PathBuf>,
    /// It was named, so it must be there.
    named: bool,
    colors: Option<Colors>,
    theme: Option<ThemeChoice>,
    mouse: bool,
    /// What the terminal said of its background.
    pub(crate) dark: bool,
}

/// Reads the file, and gathers.
///
/// # Errors
/// In words for the one who wrote the flag, the variable or the file.
pub(crate) fn load(args: &Args) -> Result<Start, String> {
    let origin = Origin::of(args, &variable);
    let file = origin.read()?;
    gather(args, &variable, origin, file)
}

/// An empty variable is as good as none.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

fn gather(args: &Args, env: Env<'_>, origin: Origin, file: File) -> Result<Start, String> {
    let user = match flag_or_variable(args.user.as_ref(), "--user", env, "CHAT_USER") {
        Some((from, text)) => Some(UserName::parse(&text).map_err(|error| format!("{from} «{text}»: {error}"))?),
        None => file.user.clone(),
    };
    let rooms = match flag_or_variable(Some(&args.room.join(",")), "--room", env, "CHAT_ROOM") {
        Some((from, text)) => {
            let parse =
                |text: &str| RoomName::parse(text.trim_start_matches('#')).map_err(|error| format!("{from} «{text}»: {error}"));
            text.split(',').map(|text| parse(text.trim())).collect::<Result<Vec<_>, _>>()?
        }
        None => file.rooms.clone(),
    };
    let invite = args.invite.as_deref().map(Invite::parse).transpose()?;
    // A code is for the server of its link, and for no other that the environment or the file has.
    let invited = invite.as_ref().and_then(|invite| invite.address.clone()).filter(|_| args.server.is_none());
    let address = match (invited, flag_or_variable(args.server.as_ref(), "--server", env, "CHAT_SERVER")) {
        (Some(address), _) => address,
        (None, Some((from, text))) => Address::parse(&text).map_err(|error| format!("{from}: {error:#}"))?,
        (None, None) => file.server.clone(),
    };
    let mode = mode(args);
    let mut warnings = Vec::new();
    let token = token(args, env, &file, &address, &mut warnings)?;
    if token.is_some() {
        warnings.extend(address.exposes("the token"));
    }
    let trust = trust(args, &file, &address)?;
    if user.is_none() && !mode.is_for_a_person() {
        return Err("no name to go by: --user NAME, CHAT_USER, or user in the configuration".into());
    }
    let rooms = distinct(rooms, !mode.is_for_a_person());
    Ok(Start {
        user,
        rooms,
        server: Server { address, token, trust },
        mode,
        invite,
        settings: origin.settings(&file, env)?,
        origin,
        log_dir: args.log_dir.clone().or_else(|| file.log_dir.clone()),
        sessions: place(|xdg| xdg.state_dir(), "sessions.json"),
        warnings,
        file,
    })
}

fn flag_or_variable(
    flag: Option<&String>,
    flag_name: &'static str,
    env: Env<'_>,
    name: &'static str,
) -> Option<(&'static str, String)> {
    let flag = flag.filter(|text| !text.is_empty()).map(|text| (flag_name, text.clone()));
    flag.or_else(|| env(name).filter(|text| !text.is_empty()).map(|text| (name, text)))
}

/// Each room once; the usual one where nobody can be asked.
fn distinct(rooms: Vec<RoomName>, needed: bool) -> Vec<RoomName> {
    let mut each: Vec<RoomName> = Vec::with_capacity(rooms.len());
    for room in rooms {
        if !each.contains(&room) {
            each.push(room);
        }
    }
    if each.is_empty() && needed {
        each.extend(RoomName::parse("general"));
    }
    each
}

fn mode(args: &Args) -> Mode {
    let timeout = args.timeout.map_or(TIMEOUT, Duration::from_secs);
    match &args.once {
        Some(text) => Mode::Once { text: text.clone(), timeout },
        None if args.pipe => Mode::Pipe { timeout },
        None if args.tail => Mode::Tail { json: args.json, position: args.position.clone(), limit: args.limit },
        None if args.plain => Mode::Plain { timeout },
        None => Mode::Screen,
    }
}

fn token(args: &Args, env: Env<'_>, file: &File, address: &Address, warnings: &mut Vec<String>) -> Result<Option<Token>, String> {
    let (in_file, in_command) = (file.token_file.clone().map(Source::File), file.token_command.clone().map(Source::Command));
    if in_file.is_some() && in_command.is_some() {
        return Err("the configuration has both a token_file and a token_command".into());
    }
    let flag = args.token_file.clone().map(Source::File).or_else(|| args.token_command.clone().map(Source::Command));
    let asked = flag.or_else(|| env("CHAT_TOKEN").map(Source::Here));
    let source = match asked {
        Some(source) => source,
        None => match in_file.or(in_command) {
            // It belongs to the server that stands beside it. Another one must not get it by being named on the command line.
            Some(_) if *address != file.server => {
                warnings.push(format!("the configuration's token is for {}: {address} does not get it", file.server));
                return Ok(None);
            }
            Some(source) => source,
            None => return Ok(None),
        },
    };
    let (token, warning) = source.read()?;
    warnings.extend(warning);
    Ok(Some(token))
}

/// The file's fingerprint belongs to the server that stands beside it, as its token does.
fn trust(args: &Args, file: &File, address: &Address) -> Result<Trust, String> {
    let filed = || file.fingerprint.filter(|_| *address == file.server && args.ca_file.is_none());
    let pinned = match &args.fingerprint {
        Some(text) => Some(text.parse().map_err(|words| format!("--fingerprint «{text}»: {words}"))?),
        None => filed(),
    };
    match (pinned, args.ca_file.as_ref().or(file.ca_file.as_ref())) {
        (Some(_), _) if !address.is_secure() => {
            Err(format!("a fingerprint proves nothing at {address}, where nothing is encrypted; use wss://"))
        }
        (Some(pinned), _) => Ok(Trust::pinned(pinned)),
        (None, Some(path)) => Trust::with_file(path),
        (None, None) => Ok(Trust::default()),
    }
}

/// A file of ours in one of the places that XDG names, on macOS as well.
fn place(directory: impl FnOnce(&etcetera::base_strategy::Xdg) -> Option<PathBuf>, name: &str) -> Option<PathBuf> {
    let xdg = etcetera::base_strategy::Xdg::new().ok()?;
    Some(directory(&xdg)?.join("chat-tui").join(name))
}

impl Start {
    /// Whether the terminal is to be asked for its background.
    pub(crate) fn asks_background(&self) -> bool {
        let chosen = self.origin.theme.unwrap_or(self.file.look.theme);
        let depth = self.origin.colors.unwrap_or(self.file.look.colors).depth(&variable);
        self.mode == Mode::Screen && chosen == ThemeChoice::Auto && depth != Depth::None
    }

    /// The theme of each background, for when the terminal says what its own is.
    pub(crate) fn theme(&self, dark: bool) -> Theme {
        let origin = Origin { dark, ..self.origin.clone() };
        // Both themes were built once already, so this cannot fail.
        origin.settings(&self.file, &variable).map_or_else(|_| self.settings.look.theme.clone(), |settings| settings.look.theme)
    }
}

impl Origin {
    fn of(args: &Args, env: Env<'_>) -> Self {
        let named = args.config.clone().or_else(|| env("CHAT_CONFIG").map(PathBuf::from));
        Self {
            named: named.is_some(),
            path: named.or_else(|| place(|xdg| Some(xdg.config_dir()), "config.toml")),
            colors: args.color,
            theme: args.theme,
            mouse: args.mouse,
            dark: true,
        }
    }

    /// The file as it is now. None is fine, unless it was named.
    fn read(&self) -> Result<File, String> {
        let Some(path) = &self.path else { return Ok(File::default()) };
        match fs::read_to_string(path) {
            Ok(text) => File::parse(&text).map_err(|why| said_of(path, &why)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.named => Ok(File::default()),
            Err(error) => Err(said_of(path, &error.to_string())),
        }
    }

    fn settings(&self, file: &File, env: Env<'_>) -> Result<Settings, String> {
        let depth = self.colors.unwrap_or(file.look.colors).depth(env);
        let theme = |dark: bool| {
            let (name, changes) = if dark { ("dark", &file.theme.dark) } else { ("light", &file.theme.light) };
            let changes: Vec<_> = changes.iter().map(|(role, style)| (role.clone(), style.clone())).collect();
            Theme::build(dark, depth, &changes).map_err(|why| format!("[theme.{name}]: {why}"))
        };
        // Both, so that what is wrong with the other one does not wait for a brighter day.
        let (dark, light) = (theme(true)?, theme(false)?);
        let is_dark = match self.theme.unwrap_or(file.look.theme) {
            ThemeChoice::Dark => true,
            ThemeChoice::Light => false,
            ThemeChoice::Auto => self.dark,
        };
        let keys: Vec<_> = file.keys.iter().map(|(action, keys)| (action.clone(), keys.clone())).collect();
        let columns = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        Ok(Settings {
            keys: KeyMap::new(&keys).map_err(|why| format!("[keys]: {why}"))?,
            look: Look {
                theme: if is_dark { dark } else { light },
                time: file.look.time.clone(),
                date: file.look.date.clone(),
                text_width: columns(file.look.text_width),
                nick_width: columns(file.look.nick_width),
                rooms_width: columns(file.look.rooms_width),
                users_width: columns(file.look.users_width),
                links: file.look.links,
                presence: file.look.presence,
            },
            alerts: Alerts {
                words: file.alerts.words.clone(),
                mute: file.alerts.mute.clone(),
                show_text: file.alerts.show_text,
                notify: file.alerts.notify,
            },
            send_typing: file.typing.send,
            show_typing: file.typing.show,
            scrollback: usize::try_from(file.scrollback).unwrap_or(usize::MAX),
            ignore: file.alerts.ignore.clone(),
            mouse: self.mouse || file.look.mouse,
        })
    }

    /// The settings as the file has them now; flags stay as they were.
    ///
    /// # Errors
    /// In words, with the file's name and the line.
    pub(crate) fn reload(&self) -> Result<Settings, String> {
        self.settings(&self.read()?, &variable)
    }
}

fn said_of(path: &Path, why: &str) -> String {
    format!("{}: {why}", path.display())
}

#[cfg(test)]
#[path = "start_tests.rs"]
mod tests;
