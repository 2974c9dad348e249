//! What the update asked for, done: the link, the store of sessions, the browser, the log on disk. What needs the screen is
//! handed back to whoever holds it. It decides nothing, and tells what failed in words.

mod base64;
pub(crate) mod browser;
pub(crate) mod editor;
pub(crate) mod sequence;

use std::sync::Arc;

use chat_protocol::{RoomName, UserName};
use tokio::sync::mpsc::{Sender, error::TrySendError};

use crate::{
    config::Settings,
    disklog::DiskLog,
    effect::{Effect, Told},
    msg::Msg,
    transport::Command,
};

/// What is kept for the next start.
#[derive(Clone, Copy)]
pub(crate) enum Kept<'a> {
    /// The proof of a name.
    Session(&'a str),
    /// The rooms that one is in.
    Rooms(&'a [RoomName]),
}

/// Keeps it for a name. The error is in words.
pub(crate) type Keep = Arc<dyn Fn(&UserName, Kept<'_>) -> Result<(), String> + Send + Sync>;
/// Reads the configuration again. The error is in words.
pub(crate) type Reload = Arc<dyn Fn() -> Result<Box<Settings>, String> + Send + Sync>;

/// The hands: everything outside that effects reach without a screen.
pub(crate) struct World {
    pub(crate) commands: Sender<Command>,
    /// What comes of it, for the next turn of the loop.
    pub(crate) own: Sender<Msg>,
    pub(crate) keep: Keep,
    pub(crate) reload: Reload,
    pub(crate) log: Option<DiskLog>,
    /// It was said that sessions cannot be kept; once is enough.
    pub(crate) keep_failed: bool,
}

impl World {
    /// Does it; or hands it back, if it needs a screen, or is to be printed, or is the end.
    pub(crate) fn perform(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Connect { resume, no_sooner } => self.command(Command::Connect { resume, no_sooner }),
            Effect::Wake => self.command(Command::Wake),
            Effect::Ask(request) => self.command(Command::Send(request.encode())),
            Effect::Keep { user, session } => self.keep(&user, Kept::Session(&session)),
            Effect::KeepRooms { user, rooms } => self.keep(&user, Kept::Rooms(&rooms)),
            Effect::Tell(told) => {
                self.write_down(&told);
                return Some(Effect::Tell(told));
            }
            Effect::Open(url) => browser::open(&url, self.own.clone()),
            Effect::Reload => {
                let settings = (self.reload)();
                let _ = self.own.try_send(Msg::Settings(settings));
            }
            other => return Some(other),
        }
        None
    }

    fn command(&self, command: Command) {
        let Err(TrySendError::Full(command)) = self.commands.try_send(command) else { return };
        // So much waits only when the server takes nothing, and then the connection is given up soon: what was to be sent is
        // dropped, as it is without one. To connect again must not be forgotten.
        if matches!(command, Command::Connect { .. }) {
            let commands = self.commands.clone();
            tokio::spawn(async move { commands.send(command).await });
        }
    }

    fn keep(&mut self, user: &UserName, kept: Kept<'_>) {
        if let Err(words) = (self.keep)(user, kept)
            && !self.keep_failed
        {
            self.keep_failed = true;
            let _ = self.own.try_send(Msg::Failed(format!("Nothing can be kept for the next start: {words}")));
        }
    }

    fn write_down(&mut self, told: &Told) {
        if let Some(Err(words)) = self.log.as_mut().map(|log| log.write(told)) {
            self.log = None;
            let _ = self.own.try_send(Msg::Failed(format!("Nothing is logged any more: {words}")));
        }
    }
}
