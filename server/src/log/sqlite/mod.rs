//! The log in SQLite: one file in the data directory, kept through crashes and power cuts.
//!
//! One connection writes, each batch in one transaction with one `fsync` (with [`Durability::Full`]); readers have connections
//! of their own, and WAL lets them read while it writes. The tables are in `migrations/`. Startup reads the
//! decrees and a few pages, whatever else the store holds. Does not know who calls it or what is done with the outcomes.
//!
//! | to find | look in |
//! |---|---|
//! | the directory, the lock, settings, versions | `open.rs` |
//! | what a write does to the tables | `apply.rs`, `change.rs`, `import.rs`, `prune.rs`, and what it remembers of them in `known.rs` |
//! | a store as one file, and back | `backup.rs` |
//! | what a store is, without touching it | `glance.rs` |
//! | how tables become answers | `read.rs`, `view.rs`, `rows.rs`, `search.rs`, `verify.rs` |

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use chat_protocol::{Epoch, Seq, Timestamp};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::watch;

use self::{apply::Batch, known::Known};
use super::{Log, LogError, Outcome, Reader, Write};
use crate::realm::{Book, Realm};

mod apply;
pub mod backup;
mod change;
pub mod glance;
mod import;
mod known;
mod open;
mod prune;
mod read;
mod rows;
mod search;
mod verify;
mod view;

pub use self::open::OpenError;

/// What an acknowledgement means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It survives a power cut.
    Full,
    /// It survives the end of the process; a power cut may take the last moments.
    Normal,
}

impl Durability {
    /// As it is chosen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Normal => "normal",
        }
    }
}

/// See the module.
pub struct Sqlite {
    connection: Connection,
    known: Known,
    book: Book,
    epoch: Epoch,
    database: PathBuf,
    /// Released when this is dropped, after the connection above it.
    _lock: File,
}

impl Sqlite {
    /// Opens the store of a data directory, or makes one.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(dir: &Path, durability: Durability) -> Result<Self, OpenError> {
        let open::Opened { connection, database, epoch, decrees, lock } = open::open(dir, durability)?;
        let book = Book::of(decrees.into_iter());
        Ok(Self { connection, known: Known::default(), book, epoch, database, _lock: lock })
    }

    /// Lets the file grow to so many pages only, as a full disk would. For tests.
    ///
    /// # Errors
    /// See [`LogError`].
    #[doc(hidden)]
    pub fn limit_pages(&self, pages: u32) -> Result<(), LogError> {
        Ok(self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?)
    }

    /// What the writer's connection was really told. For tests.
    ///
    /// # Errors
    /// See [`LogError`].
    #[doc(hidden)]
    pub fn settings(&self) -> Result<String, LogError> {
        let number = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let mode: String = self.connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let (synchronous, secure_delete) = (number("synchronous")?, number("secure_delete")?);
        Ok(format!("{mode} synchronous={synchronous} secure_delete={secure_delete}"))
    }

    fn try_apply(&mut self, writes: &[Write], now: Timestamp) -> rusqlite::Result<Vec<Outcome>> {
        self.known.trim();
        // Whatever fails from here on drops the transaction, which rolls it back.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut batch = Batch { db: &transaction, known: &mut self.known, book: &mut self.book, now };
        let outcomes = writes.iter().map(|write| batch.write(write)).collect::<rusqlite::Result<_>>()?;
        batch.finish()?;
        transaction.commit()?;
        self.book.keep();
        Ok(outcomes)
    }
}

impl Log for Sqlite {
    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn realm(&self) -> watch::Receiver<Arc<Realm>> {
        self.book.seen()
    }

    fn apply(&mut self, writes: &[Write], now: Timestamp) -> Result<Vec<Outcome>, LogError> {
        self.try_apply(writes, now).map_err(|error| {
            // What was learnt in the batch never came to be.
            self.known.forget();
            self.book.forget();
            error.into()
        })
    }

    fn reader(&self) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(read::SqliteReader {
            db: open::open_reader(&self.database)?,
            epoch: self.epoch.clone(),
            realm: self.book.seen(),
        }))
    }

    fn close(&mut self) {
        // What this cannot bring into the database is still in the WAL, and the next start finds it there.
        // Nobody waits for a reader that is not done: what this leaves in the WAL is kept as well.
        let patience = self.connection.busy_timeout(Duration::from_millis(200));
        if let Err(error) = patience.and_then(|()| self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))) {
            tracing::warn!(%error, "the log was not checkpointed");
        }
    }
}

impl From<rusqlite::Error> for LogError {
    fn from(error: rusqlite::Error) -> Self {
        let words = error.to_string();
        match &error {
            // Only what is not in the file as it was written there can fail to be read back.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Damaged(words),
            _ => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ConstraintViolation) => {
                    Self::Damaged(words)
                }
                _ => Self::Unavailable(words),
            },
        }
    }
}

/// Bits of an event's id that are its number in the room.
const SEQ_BITS: u32 = 32;
/// The rooms that ids have bits for.
const MOST_ROOMS: i64 = (1 << (63 - SEQ_BITS)) - 1;

/// The id of an event. A number past those that a room can have stands for the last of them.
fn id(room: i64, seq: Seq) -> i64 {
    let most = (1 << SEQ_BITS) - 1;
    room << SEQ_BITS | i64::try_from(seq.0).map_or(most, |seq| seq.min(most))
}

/// The number of an event in its room.
fn seq(id: i64) -> Seq {
    Seq((id & ((1 << SEQ_BITS) - 1)).unsigned_abs())
}
