//! The operator's side: an order is sent to the server that runs on a data directory, or carried out on its store when none does.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};

pub mod transcript;

use super::{Answer, OPERATOR, Order, perform, socket::SOCKET};
/// Backups need no server, and are no order: whoever may open the directory reads the store beside it.
pub use crate::log::sqlite::{OpenError, backup, glance::Glance};
use crate::{
    log::{
        Keeper, keeper,
        sqlite::{Durability, Sqlite},
    },
    metrics::Metrics,
    office::Hand,
};

/// A server answers within this, or is stuck.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

/// Has an order carried out.
///
/// # Errors
/// In words for the operator: there is no store, a server does not answer.
pub fn send(directory: &Path, order: Order) -> anyhow::Result<Answer> {
    let path = directory.join(SOCKET);
    match UnixStream::connect(&path) {
        Ok(stream) => ask(stream, &order).with_context(|| format!("the server at {} did not answer", path.display())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            on_store(directory, order)
        }
        Err(error) => Err(error).with_context(|| format!("cannot open {}", path.display())),
    }
}

/// Whether a server takes orders there.
#[must_use]
pub fn a_server_runs(directory: &Path) -> bool {
    UnixStream::connect(directory.join(SOCKET)).is_ok()
}

fn ask(mut stream: UnixStream, order: &Order) -> anyhow::Result<Answer> {
    stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
    stream.set_write_timeout(Some(ANSWERS_WITHIN))?;
    match stream.write_all(format!("{}\n", serde_json::to_string(order)?).as_bytes()) {
        // Who was turned away at the door is told why, and that can still be read.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    let mut line = String::new();
    if BufReader::new(stream).read_line(&mut line)? == 0 {
        bail!("it closed the socket");
    }
    Ok(serde_json::from_str(&line)?)
}

fn on_store(directory: &Path, order: Order) -> anyhow::Result<Answer> {
    with_store(directory, async |keeper| perform(order, &Hand::operator(OPERATOR), keeper, None).await)
}

/// Has something done on a store that no server has.
fn with_store<T>(directory: &Path, work: impl AsyncFnOnce(&Keeper) -> T) -> anyhow::Result<T> {
    let store = Sqlite::open(directory, Durability::Full).map_err(|error| match error {
        OpenError::InUse(path) => {
            anyhow::anyhow!("a server has {} open, but takes no orders there", path.display())
        }
        error => error.into(),
    })?;
    let keeper = Keeper::start(store, Arc::new(Metrics::default()), keeper::answer)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let done = work(&keeper).await;
        let _ = keeper.finish().await.await;
        Ok(done)
    })
}
