//! The running server's side: a Unix socket in the data directory, on which an order is a line of JSON and so is its answer.
//!
//! Only its owner may open it. What it costs is bounded all the same: an operator's script may be wrong, too.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::Semaphore,
    time::timeout,
};

use super::{Answer, OPERATOR, Order, Running};
use crate::office::Hand;

/// The socket in the data directory.
pub const SOCKET: &str = "chat.sock";
/// The longest line.
const LINE: u64 = 64 * 1024;
/// How long an open socket may be silent.
const SILENCE: Duration = Duration::from_secs(60);
/// Sockets that are served at a time.
const AT_ONCE: usize = 32;

/// Where orders are taken.
pub struct Desk {
    listener: UnixListener,
    path: PathBuf,
}

impl Desk {
    /// Opens it in a data directory that is ours: what lies there of that name was left by a server that is gone.
    ///
    /// # Errors
    /// The path is too long for a socket, or the system will not have it.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let path = directory.join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // The directory lets nobody else in, in the moment before the mode is set.
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Takes orders, for ever.
    pub async fn serve(&self, running: &Running) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // Said at once: nothing is carried out later, for somebody who has given up.
                    let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                        turn_away(&stream);
                        continue;
                    };
                    let running = running.clone();
                    tokio::spawn(async move {
                        if let Err(error) = converse(stream, &running).await {
                            tracing::debug!(%error, "an operator's socket ended");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "an operator's socket could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // Another server may have tidied up.
        let _ = fs::remove_file(&self.path);
    }
}

fn turn_away(stream: &UnixStream) {
    let words = format!("The server has {AT_ONCE} consoles and orders open already: close one");
    if let Ok(text) = serde_json::to_string(&Answer::Refused { words }) {
        // There is room for it in a socket that was made just now.
        let _ = stream.try_write(format!("{text}\n").as_bytes());
    }
}

async fn converse(stream: UnixStream, running: &Running) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let (mut read, hand) = (BufReader::new(read), Hand::operator(OPERATOR));
    loop {
        let mut line = String::new();
        let read = timeout(SILENCE, (&mut read).take(LINE).read_line(&mut line)).await.map_err(io::Error::from)??;
        if read == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_str::<Order>(&line) {
            Ok(order) => running.perform(order, &hand).await,
            Err(error) => Answer::Refused { words: format!("This server does not know that order: {error}") },
        };
        let mut text = serde_json::to_string(&answer)?;
        text.push('\n');
        timeout(SILENCE, write.write_all(text.as_bytes())).await.map_err(io::Error::from)??;
    }
}
