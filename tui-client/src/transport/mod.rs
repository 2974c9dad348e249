//! The WebSocket: connects when told to, waits as long as is polite before that, passes frames both ways. Who we are to the
//! room and what we have seen of it is told to it with each [`Command::Connect`]; it knows no model and no screen.

mod backoff;
mod ending;
mod login;
mod place;
mod pulse;
mod register;
mod socket;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chat_protocol::UserName;
use chat_terminal::reach::{Address, Trust};
use tokio::{
    sync::mpsc::{Receiver, Sender},
    task::spawn_blocking,
    time::{Instant, sleep_until},
};
use tokio_tungstenite::Connector;

use self::{backoff::Backoff, ending::Ending};
pub(crate) use self::{
    login::{login, logout},
    register::{may_register, register},
};
use crate::{effect::Resume, msg::LinkEvent, token::Token};

/// Attempts that a person asks for are not closer together than this: somebody who types while offline wakes us with each key.
const WAKE: Duration = Duration::from_secs(1);
/// To come back after this, where nothing will be better soon unless somebody does something about it.
const SLOWLY: Duration = Duration::from_secs(30);

/// Where to connect to, what opens it, and whom to believe that it is there.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) address: Address,
    pub(crate) token: Option<Token>,
    pub(crate) trust: Trust,
}

impl Server {
    /// For one request.
    fn site(&self) -> (&Address, &Trust) {
        (&self.address, &self.trust)
    }
}

/// What the transport can be told.
#[derive(Debug)]
pub(crate) enum Command {
    /// Connect, after at least so long. While one is waited for, this is what it will be. While a connection is there or comes
    /// about, nothing happens, unless this is for another user: then it is let go without a word, and the other one is made.
    Connect { resume: Resume, no_sooner: Duration },
    /// Do not wait any longer with connecting than the server asked for. The waits after this one are as long as they would have
    /// been.
    Wake,
    /// Send a text frame. Without a connection it is dropped: the outbox sends messages again.
    Send(String),
    /// Something that was to be sent could not even wait: let the connection go, so that everything is asked for again.
    Break,
}

/// Runs until nobody commands or listens any more.
pub(crate) async fn run(server: Server, mut commands: Receiver<Command>, events: Sender<LinkEvent>, random: fn() -> u64) {
    let mut backoff = Backoff::default();
    let mut tls = None;
    let mut last: Option<(UserName, Instant)> = None;
    // Until when the server does not want to be tried.
    let mut welcome_back = Instant::now();
    let mut next = None;
    loop {
        let (mut resume, no_sooner) = match next.take() {
            Some(next) => next,
            None => match commands.recv().await {
                Some(Command::Connect { resume, no_sooner }) => (resume, no_sooner),
                Some(Command::Wake | Command::Send(_) | Command::Break) => continue,
                None => return,
            },
        };
        // Another name is a wish of a person, and owes nothing to what went wrong with the one before.
        let soonest = match &last {
            Some((user, last)) if *user == resume.user => welcome_back.max(*last + WAKE),
            _ => {
                backoff = Backoff::default();
                Instant::now()
            }
        };
        let (delay, attempt) = backoff.next(no_sooner, random());
        if !delay.is_zero() {
            if events.send(LinkEvent::Waiting { delay, attempt }).await.is_err() {
                return;
            }
            match wait(&mut commands, &mut resume, Instant::now() + delay, soonest).await {
                Some(true) => backoff.woken(),
                Some(false) => {}
                None => return,
            }
        }
        if events.send(LinkEvent::Trying { attempt }).await.is_err() {
            return;
        }
        let began = Instant::now();
        last = Some((resume.user.clone(), began));
        let ending = match connector(&server, &mut tls).await {
            Ok(tls) => socket::converse(&server, tls, &resume, &mut commands, &events).await,
            Err(reason) => Ending::Hopeless { reason },
        };
        backoff.lived(began.elapsed());
        welcome_back = Instant::now();
        match ending {
            Ending::Left => return,
            Ending::Replaced { resume, no_sooner } => next = Some((*resume, no_sooner)),
            Ending::Hopeless { reason } => {
                if events.send(LinkEvent::Lost { reason, come_back: Some(SLOWLY) }).await.is_err() {
                    return;
                }
            }
            Ending::Lost { reason, come_back } => {
                welcome_back += come_back.unwrap_or_default();
                if events.send(LinkEvent::Lost { reason, come_back }).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// What TLS is made with, where it is asked for. The first time it reads the system's authorities, which are many.
async fn connector(server: &Server, made: &mut Option<Connector>) -> Result<Option<Connector>, String> {
    if server.address.is_secure() && made.is_none() {
        let trust = server.trust.clone();
        let config = spawn_blocking(move || trust.config()).await.map_err(|error| error.to_string())??;
        *made = Some(Connector::Rustls(config));
    }
    Ok(made.clone())
}

/// Waits until then; or until woken, but no sooner than `soonest`; or until there is another to be. Answers whether it was woken;
/// nothing, if we are no longer needed.
async fn wait(commands: &mut Receiver<Command>, resume: &mut Resume, mut until: Instant, soonest: Instant) -> Option<bool> {
    let mut woken = false;
    loop {
        tokio::select! {
            () = sleep_until(until) => return Some(woken),
            command = commands.recv() => match command? {
                Command::Connect { resume: newer, no_sooner } => {
                    if newer.user != resume.user {
                        until = Instant::now() + no_sooner;
                    }
                    *resume = newer;
                }
                Command::Wake => (until, woken) = (until.min(soonest), true),
                Command::Send(_) | Command::Break => {}
            },
        }
    }
}
