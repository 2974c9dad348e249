//! What the system tells the process.

use std::future::poll_fn;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal, as the program takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// SIGTERM, SIGHUP: to leave.
    Leave,
    /// SIGINT: to leave as well, unless it was meant for somebody else.
    Interrupt,
    /// SIGCONT: we were stopped, and go on.
    GoOn,
}

/// The signals that are taken.
pub struct Signals([(Word, Signal); 4]);

impl Signals {
    /// From here on they no longer end the process by themselves.
    pub fn new() -> anyhow::Result<Self> {
        let take = |kind| signal(kind).context("signals");
        Ok(Self([
            (Word::Leave, take(SignalKind::terminate())?),
            (Word::Leave, take(SignalKind::hangup())?),
            (Word::Interrupt, take(SignalKind::interrupt())?),
            (Word::GoOn, take(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?),
        ]))
    }

    pub async fn next(&mut self) -> Word {
        poll_fn(|context| {
            let ready = self.0.iter_mut().find_map(|(word, signal)| signal.poll_recv(context).is_ready().then_some(*word));
            ready.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}
