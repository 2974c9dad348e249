//! A store as one file, and back: copied while a server writes, looked through before it counts as a backup, and put in its place
//! at once or not at all.
//!
//! The copy is one moment of the store, as a reader sees it; the writer does not wait for it. What comes back begins a new epoch,
//! so that clients who have seen more than it holds begin anew. Does not know who wants it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use chat_protocol::Epoch;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::{
    OpenError,
    open::{self, DATABASE, LOCK},
    read::SqliteReader,
    verify,
};
use crate::{
    log::{Reader, rules},
    realm::Realm,
};

/// How far it is, in bytes: so many of so many. `false` stops it.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{} cannot be written: {why}", .path.display())]
    Write { path: PathBuf, why: io::Error },
    #[error("{} is there, and is no backup: give another name", .0.display())]
    InTheWay(PathBuf),
    #[error("{} is an older server's: start this one on it once, which brings it up to date", .0.display())]
    Older(PathBuf),
    #[error("there is no store at {}", .0.display())]
    NoStore(PathBuf),
    #[error("{} is damaged: {}", .file.display(), .chat_protocol::display::line(&findings.join("; ")))]
    Damaged { file: PathBuf, findings: Vec<String> },
    #[error("the store could not be read: {0}")]
    Unreadable(#[from] rusqlite::Error),
}

fn cannot_write(path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |why| BackupError::Write { path: path.clone(), why }
}

/// Copies the store of a data directory into a file, whether a server has it or not. An older backup of that name is replaced.
/// Answers its bytes.
///
/// # Errors
/// There is none then, and what was there before is as it was.
pub fn backup(directory: &Path, to: &Path, progress: Progress<'_>) -> Result<u64, BackupError> {
    let database = directory.join(DATABASE);
    if !database.is_file() {
        return Err(BackupError::NoStore(directory.into()));
    }
    // Nothing but a backup is replaced, and not what a server has open.
    if to.exists() && (is_a_store(to) || open::look(to).is_err()) {
        return Err(BackupError::InTheWay(to.into()));
    }
    let part = beside(to, "part");
    let made = copy(&database, &part, progress)
        .and_then(|()| verified(&part))
        .and_then(|()| settle(&part, to).map_err(cannot_write(to)));
    if made.is_err() {
        let _ = fs::remove_file(&part);
    }
    made?;
    fs::metadata(to).map(|file| file.len()).map_err(cannot_write(to))
}

/// Puts a backup in the place of a data directory's store, which no server may have. What was there is kept beside it, under the
/// name that is answered.
///
/// # Errors
/// The store is as it was.
pub fn restore(directory: &Path, from: &Path, progress: Progress<'_>) -> Result<Option<PathBuf>, BackupError> {
    open::look(from)?;
    verified(from)?;
    let _lock = open::take(directory)?;
    let database = directory.join(DATABASE);
    let part = beside(&database, "restoring");
    // A copy, and not the backup itself: that stays good for another time.
    let mut restored = || {
        copy(from, &part, progress).and_then(|()| begin_anew(&part))?;
        let before = if database.exists() { Some(keep_aside(&database)?) } else { None };
        settle(&part, &database).map_err(cannot_write(&database))?;
        Ok(before)
    };
    let restored = restored();
    if restored.is_err() {
        let _ = fs::remove_file(&part);
    }
    restored
}

/// Looks through a store or a backup. What is wrong with it.
///
/// # Errors
/// It cannot be read.
pub fn look_through(file: &Path, progress: &mut dyn FnMut(u8)) -> Result<Vec<String>, BackupError> {
    open::look(file)?;
    let connection = open::open_reader(file)?;
    let mut on = |percent| {
        progress(percent);
        true
    };
    Ok(verify::verify(&connection, &mut on)?.unwrap_or_default())
}

/// A reader of a store that a server has or not, for whoever may open its file: no room is closed to them.
///
/// # Errors
/// It cannot be read, or not as it is.
pub fn reader(file: &Path) -> Result<Box<dyn Reader>, BackupError> {
    open::look(file)?;
    let db = open::open_reader(file)?;
    if !open::is_up_to_date(&db)? {
        return Err(BackupError::Older(file.into()));
    }
    let epoch: String = db.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0))?;
    let (_, realm) = watch::channel(Arc::new(Realm::default()));
    Ok(Box::new(SqliteReader { db, epoch: Epoch(epoch.into()), realm }))
}

/// The store of a data directory.
///
/// # Errors
/// There is none.
pub fn store_of(directory: &Path) -> Result<PathBuf, BackupError> {
    let database = directory.join(DATABASE);
    if database.is_file() { Ok(database) } else { Err(BackupError::NoStore(directory.into())) }
}

/// One moment of a store in a file of its own, which is on the disk when this returns.
pub(super) fn copy(from: &Path, to: &Path, progress: Progress<'_>) -> Result<(), BackupError> {
    let _ = fs::remove_file(to);
    // Before SQLite makes it, which would let everybody read it.
    OpenOptions::new().create_new(true).write(true).mode(0o600).open(to).map_err(cannot_write(to))?;
    let connection = open::open_reader(from)?;
    let pages: u64 =
        connection.query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| {
            row.get::<_, i64>(0).map(i64::unsigned_abs)
        })?;
    let named = || io::Error::new(io::ErrorKind::InvalidInput, "its name is not UTF-8");
    // No link is followed: where root copies into a directory of somebody else's, one may lie there in a moment.
    let to = &open::without_links(to);
    let path = to.to_str().ok_or_else(named).map_err(cannot_write(to))?;
    let interrupt = connection.get_interrupt_handle();
    std::thread::scope(|scope| {
        let copying = scope.spawn(|| connection_into(connection, path));
        while !copying.is_finished() {
            std::thread::park_timeout(std::time::Duration::from_millis(100));
            if !progress(fs::metadata(to).map_or(0, |file| file.len()).min(pages), pages) {
                interrupt.interrupt();
            }
        }
        copying.join().unwrap_or(Err(rusqlite::Error::InvalidQuery))
    })?;
    File::open(to).and_then(|file| file.sync_all()).map_err(cannot_write(to))
}

fn connection_into(connection: Connection, path: &str) -> rusqlite::Result<()> {
    connection.execute("VACUUM INTO ?1", [path]).map(drop)
}

fn verified(file: &Path) -> Result<(), BackupError> {
    let findings = look_through(file, &mut |_| ())?;
    if findings.is_empty() { Ok(()) } else { Err(BackupError::Damaged { file: file.into(), findings }) }
}

/// What was told of this log is nothing to whoever comes from now on.
fn begin_anew(file: &Path) -> Result<(), BackupError> {
    let how = open::flags() | OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = Connection::open_with_flags(open::without_links(file), how)?;
    let epoch = rules::new_epoch().map_err(|why| rusqlite::Error::ToSqlConversionFailure(why.into()))?;
    connection.execute("UPDATE meta SET value = ?1 WHERE key = 'epoch'", [&*epoch.0])?;
    connection.close().map_err(|(_, error)| error)?;
    File::open(file).and_then(|file| file.sync_all()).map_err(cannot_write(file))
}

/// Gives a store another name too, whole: with what is in its WAL. It keeps its own until something else has that, so that there is
/// a store at every moment.
fn keep_aside(database: &Path) -> Result<PathBuf, BackupError> {
    let aside = (1..).map(|number| beside(database, &format!("before-{number}"))).find(|path| !path.exists());
    let aside = aside.unwrap_or_else(|| beside(database, "before"));
    // Brings the WAL into it and takes it away. A store that cannot be read is kept as it is.
    let how = open::flags() | OpenFlags::SQLITE_OPEN_READ_WRITE;
    if let Ok(connection) = Connection::open_with_flags(open::without_links(database), how) {
        let _ = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
    fs::hard_link(database, &aside).map_err(cannot_write(&aside))?;
    // What is left of it must not be taken for the new one's.
    for ending in ["-wal", "-shm"] {
        let (of, to) = (with(database, ending), with(&aside, ending));
        if of.exists() {
            fs::rename(&of, &to).map_err(cannot_write(&to))?;
        }
    }
    Ok(aside)
}

/// Puts a file that is on the disk in its place.
pub(crate) fn settle(part: &Path, place: &Path) -> io::Result<()> {
    fs::rename(part, place)?;
    let directory = place.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    with(path, &format!(".{ending}"))
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether a file is SQLite's, whoever's: a backup, for one.
pub(crate) fn is_a_database(file: &Path) -> bool {
    let mut head = [0; 16];
    File::open(file).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *b"SQLite format 3\0"
}

/// Whether a file is a store in its data directory, a server's or not: that is no backup.
pub(crate) fn is_a_store(file: &Path) -> bool {
    fs::canonicalize(file).is_ok_and(|file| file.ends_with(DATABASE) && file.with_file_name(LOCK).exists())
}
