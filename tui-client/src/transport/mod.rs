//! The WebSocket: connects when told to, waits as long as is polite before that, passes frames both ways. Who we are to the
//! room and what we have seen of it is told to it with each [`Command::Connect`]; it knows no model and no screen.

mod address;
mod backoff;
mod socket;

use std::{pin::pin, time::Duration};

use tokio::{
    sync::mpsc::{Receiver, Sender},
    time::{Instant, sleep},
};

pub(crate) use self::address::Address;
use self::{backoff::Backoff, socket::Ending};
use crate::{effect::Resume, msg::LinkEvent};

/// What the transport can be told.
#[derive(Debug)]
pub(crate) enum Command {
    /// Connect, after at least so long.
    Connect { resume: Resume, no_sooner: Duration },
    /// Send a text frame. Without a connection it is dropped: the outbox sends messages again.
    Send(String),
}

/// Runs until nobody commands or listens any more.
pub(crate) async fn run(address: Address, mut commands: Receiver<Command>, events: Sender<LinkEvent>, random: fn() -> u64) {
    let mut backoff = Backoff::default();
    while let Some(command) = commands.recv().await {
        let Command::Connect { resume, no_sooner } = command else { continue };
        let delay = backoff.next(no_sooner, random());
        if !delay.is_zero() {
            if events.send(LinkEvent::Waiting { delay, attempt: 1 }).await.is_err() {
                return;
            }
            if unless_left(&mut commands, sleep(delay)).await.is_none() {
                return;
            }
        }
        if events.send(LinkEvent::Trying { attempt: 1 }).await.is_err() {
            return;
        }
        let began = Instant::now();
        let ending = socket::converse(&address.of(&resume.room, &resume.user).url(&resume), &mut commands, &events).await;
        backoff.lived(began.elapsed());
        let Ending::Lost { reason, come_back } = ending else { return };
        if events.send(LinkEvent::Lost { reason, come_back }).await.is_err() {
            return;
        }
    }
}

/// Waits for something, unless we are no longer needed. What is to be sent meanwhile is dropped.
async fn unless_left<T>(commands: &mut Receiver<Command>, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    loop {
        tokio::select! {
            done = &mut future => return Some(done),
            command = commands.recv() => drop(command?),
        }
    }
}
