//! The operator's console in this program: alone, or beside the server, on a thread of its own.

use std::thread;

use anyhow::bail;
use chat_server::{
    admin::Running,
    console::{self, link::Way},
};
use tokio::sync::oneshot;

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
        self.thread.join().unwrap_or_else(|_| bail!("the console broke"))
    }
}

/// Shows the console until it is left.
pub(crate) fn looked_at(way: Way, gone: oneshot::Receiver<()>) -> anyhow::Result<()> {
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
