//! What the update asked for, done: the link, the store of sessions, the browser, the log on disk. What needs the screen is
//! handed back to whoever holds it. It decides nothing, and tells what failed in words.

mod base64;
pub(crate) mod browser;
pub(crate) mod editor;
mod keeper;
pub(crate) mod sequence;

use std::sync::Arc;

use tokio::{
    sync::mpsc::{Sender, error::TrySendError},
    task::JoinHandle,
};

pub(crate) use self::keeper::{Keep, Keeper, Kept};
use crate::{
    config::Settings,
    disklog::DiskLog,
    effect::{Effect, Told},
    msg::Msg,
    transport::Command,
};

/// Reads the configuration again. The error is in words.
pub(crate) type Reload = Arc<dyn Fn() -> Result<Box<Settings>, String> + Send + Sync>;

/// The hands: everything outside that effects reach without a screen.
pub(crate) struct World {
    pub(crate) commands: Sender<Command>,
    /// What comes of it, for the next turn of the loop.
    pub(crate) own: Sender<Msg>,
    pub(crate) keeper: Keeper,
    pub(crate) reload: Reload,
    pub(crate) log: Option<DiskLog>,
    /// The connection is being told to break.
    pub(crate) breaking: Option<JoinHandle<()>>,
}

impl World {
    /// Does it; or hands it back, if it needs a screen, or is to be printed, or is the end.
    pub(crate) fn perform(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Connect { resume, no_sooner } => self.command(Command::Connect { resume, no_sooner }),
            Effect::Wake => self.command(Command::Wake),
            Effect::Ask(request) => self.command(Command::Send(request.encode())),
            Effect::Keep { user, session } => self.keeper.keep(user, Kept::Session(session)),
            Effect::KeepRooms { user, rooms } => self.keeper.keep(user, Kept::Rooms(rooms)),
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

    /// So much waits only when the server takes nothing. What was to be sent then is lost, and with it the connection: on the next
    /// one everything is asked for again. To connect must not be forgotten.
    fn command(&mut self, command: Command) {
        let Err(TrySendError::Full(command)) = self.commands.try_send(command) else { return };
        let commands = self.commands.clone();
        match command {
            Command::Connect { .. } => drop(tokio::spawn(async move { commands.send(command).await })),
            // For whatever is lost until it is heard. It is heard before any `Connect` that comes of it.
            Command::Send(_) | Command::Break if self.breaking.as_ref().is_none_or(JoinHandle::is_finished) => {
                self.breaking = Some(tokio::spawn(async move {
                    let _ = commands.send(Command::Break).await;
                }));
            }
            Command::Send(_) | Command::Break | Command::Wake => {}
        }
    }

    fn write_down(&mut self, told: &Told) {
        if let Some(Err(words)) = self.log.as_mut().map(|log| log.write(told)) {
            self.log = None;
            let _ = self.own.try_send(Msg::Failed(format!("Nothing is logged any more: {words}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use chat_protocol::{ClientMessage, Request};
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn what_the_transport_cannot_take_breaks_the_connection_once() {
        let (commands, mut asked) = mpsc::channel(2);
        let (own, _made) = mpsc::channel(2);
        let (keeper, _) = Keeper::start(Box::new(|_, _| Ok(())), own.clone());
        let reload: Reload = Arc::new(|| Err("not here".into()));
        let mut world = World { commands, own, keeper, reload, log: None, breaking: None };
        let mut ask = |count| {
            for _ in 0..count {
                assert_eq!(world.perform(Effect::Ask(Request::from(ClientMessage::Rooms {}))), None);
            }
        };
        ask(2);
        assert!(matches!((asked.try_recv(), asked.try_recv()), (Ok(Command::Send(_)), Ok(Command::Send(_)))));
        ask(9);
        let mut heard = Vec::new();
        for _ in 0..3 {
            heard.push(asked.recv().await);
        }
        assert!(matches!(&heard[..], [Some(Command::Send(_)), Some(Command::Send(_)), Some(Command::Break)]), "{heard:?}");
        tokio::task::yield_now().await;
        assert!(asked.try_recv().is_err(), "once, however much was lost");
        ask(3);
        asked.recv().await;
        asked.recv().await;
        assert!(matches!(asked.recv().await, Some(Command::Break)), "and once more the next time");
    }
}
