//! The operator's console in this program: alone, or beside the server, on a thread of its own.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::bail;
use chat_server::{
    admin::Running,
    console::{self, link::Way},
};
use chat_terminal::signals::{Signals, Word};
use tokio::sync::oneshot;

/// How long a terminal may take to be given back. One whose other end is not read takes nothing, and whoever writes to it waits.
const TAKES: Duration = Duration::from_secs(2);

/// The console that runs beside the server in this program, on a thread of its own.
pub(crate) struct Beside {
    /// Told when it was left.
    pub(crate) left: oneshot::Receiver<()>,
    pub(crate) beside: Ended,
}

/// The end of it.
pub(crate) struct Ended {
    /// Dropped when the server has gone.
    server: oneshot::Sender<()>,
    thread: thread::JoinHandle<anyhow::Result<()>>,
}

impl Beside {
    pub(crate) fn start(running: Running) -> anyhow::Result<Self> {
        let (server, gone) = oneshot::channel();
        let (leaves, left) = oneshot::channel();
        let thread = thread::Builder::new().name("console".into()).spawn(move || {
            let ended = looked_at(Way::Here(running), gone);
            let _ = leaves.send(());
            ended
        })?;
        Ok(Self { left, beside: Ended { server, thread } })
    }
}

impl Ended {
    pub(crate) fn wait(self) -> anyhow::Result<()> {
        drop(self.server);
        let until = Instant::now() + TAKES;
        while !self.thread.is_finished() {
            if Instant::now() >= until {
                bail!("the terminal takes nothing: it is left as it is");
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.thread.join().unwrap_or_else(|_| bail!("the console broke"))
    }
}

/// Shows the console alone, until it is left; told to go, it goes, whatever the terminal takes.
pub(crate) fn alone(way: Way) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            let Ok(mut signals) = Signals::new() else { return };
            while signals.next().await == Word::GoOn {}
            tokio::time::sleep(TAKES).await;
            std::process::exit(1);
        });
    })?;
    // Nobody ends it but who looks.
    let (_server, gone) = oneshot::channel();
    looked_at(way, gone)
}

/// Shows the console until it is left.
fn looked_at(way: Way, gone: oneshot::Receiver<()>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(console::run(way, gone))
}

/// Waits until it is left, if there is one.
pub(crate) async fn gone(left: Option<oneshot::Receiver<()>>) {
    match left {
        // It is over, too, where it broke.
        Some(left) => drop(left.await),
        None => std::future::pending().await,
    }
}
