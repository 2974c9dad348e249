//! Opening a store: its directory, its lock, its file, its settings and its version.
//!
//! Apart from the rest because none of it matters once a store is open, and because every way in which somebody else's
//! file or a newer version must be left alone is here. Does not know what the tables mean.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use chat_protocol::Epoch;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};
use rustix::fs::OFlags;

use super::{
    Durability,
    backup::{self, BackupError},
    rows,
};
use crate::{log::rules, realm::Decreed};

/// The database in the data directory.
pub(super) const DATABASE: &str = "chat.db";
/// Held for as long as a store is open.
pub(super) const LOCK: &str = "chat.lock";
/// «chat» in ASCII: tells our file from anybody else's.
pub(super) const APPLICATION_ID: i64 = 0x6368_6174;
/// One step from each version of the tables to the next.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/0001_log.sql"),
    include_str!("../../../migrations/0002_realm.sql"),
    include_str!("../../../migrations/0003_rights.sql"),
    include_str!("../../../migrations/0004_retention.sql"),
];

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another server has it.
    #[error("{} is in use by another chat server", .0.display())]
    InUse(PathBuf),
    /// A newer server made it, and this one must not touch it.
    #[error("{} was made by a newer chat server (version {found} of the tables; this one knows up to {known})", .file.display())]
    TooNew { file: PathBuf, found: i64, known: i64 },
    /// It is not a chat server's file, or cannot be read.
    #[error("{} cannot be used: {why}", .file.display())]
    Unreadable { file: PathBuf, why: String },
    /// The directory or a file in it cannot be made.
    #[error("{} cannot be used: {why}", .path.display())]
    Directory { path: PathBuf, why: io::Error },
}

/// What an open store consists of.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) database: PathBuf,
    pub(super) epoch: Epoch,
    pub(super) decrees: Vec<Decreed>,
    pub(super) lock: File,
}

pub(super) fn open(dir: &Path, durability: Durability) -> Result<Opened, OpenError> {
    make_directory(dir).map_err(|why| OpenError::Directory { path: dir.into(), why })?;
    let lock = lock(dir)?;
    let database = without_links(&dir.join(DATABASE));
    let new = make_file(&database).map_err(|why| OpenError::Directory { path: database.clone(), why })?;
    let unreadable = |error: rusqlite::Error| OpenError::Unreadable { file: database.clone(), why: error.to_string() };
    let mut connection =
        Connection::open_with_flags(&database, flags() | OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(unreadable)?;
    harden(&connection).map_err(unreadable)?;
    let version = version(&connection, &database)?;
    settings(&connection, durability).map_err(unreadable)?;
    if (1..MIGRATIONS.len() as i64).contains(&version) {
        // A way back, should the newer server be the wrong one.
        let kept = dir.join(format!("{DATABASE}.version-{version}"));
        let failed = |error: BackupError| OpenError::Unreadable { file: database.clone(), why: error.to_string() };
        backup::copy(&database, &kept, &mut |_, _| true).map_err(failed)?;
        tracing::info!(kept = %kept.display(), "the store is brought up to date; this is how it was");
    }
    migrate(&mut connection, version).map_err(unreadable)?;
    if new {
        // The names of the files must be on disk before anything in them is promised.
        sync_directory(dir).map_err(|why| OpenError::Directory { path: dir.into(), why })?;
    }
    let epoch: String =
        connection.query_row("SELECT value FROM meta WHERE key = 'epoch'", [], |row| row.get(0)).map_err(unreadable)?;
    let decrees = rows::decrees(&connection).map_err(unreadable)?;
    Ok(Opened { connection, epoch: Epoch(epoch.into()), decrees, lock, database })
}

/// A data directory's lock, for who changes its files.
pub(super) fn take(dir: &Path) -> Result<File, OpenError> {
    make_directory(dir).map_err(|why| OpenError::Directory { path: dir.into(), why })?;
    lock(dir)
}

/// Whether a file is a store that this server knows, or an older one's.
pub(super) fn look(file: &Path) -> Result<(), OpenError> {
    let unreadable = |why: String| OpenError::Unreadable { file: file.into(), why };
    let connection = open_reader(file).map_err(|error| unreadable(error.to_string()))?;
    match version(&connection, file)? {
        0 => Err(unreadable("it is empty".into())),
        _ => Ok(()),
    }
}

/// Whether a store has the tables of this server.
pub(super) fn is_up_to_date(connection: &Connection) -> rusqlite::Result<bool> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(version == MIGRATIONS.len() as i64)
}

/// A connection that can only read, for another thread.
pub(super) fn open_reader(database: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(without_links(database), flags() | OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    harden(&connection)?;
    Ok(connection)
}

/// A connection is used by one thread at a time, and file names are never URIs.
pub(super) fn flags() -> OpenFlags {
    // A data directory may be somebody else's than ours, if we are root: nothing in it leads elsewhere.
    OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW
}

fn make_directory(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent),
        _ => sync_directory(Path::new(".")),
    }
}

fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// A file by the directory that its name leads to, which may be by links; what the file itself is, is left as it is.
pub(super) fn without_links(file: &Path) -> PathBuf {
    let directory = file.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (fs::canonicalize(directory), file.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => file.to_owned(),
    }
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK);
    let failed = |why| OpenError::Directory { path: path.clone(), why };
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).custom_flags(no_link).open(&path);
    let lock = lock.map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(dir.into())),
        Err(TryLockError::Error(why)) => Err(failed(why)),
    }
}

/// Makes the file before SQLite does, because SQLite would let everybody read it; its `-wal` and `-shm` take its mode over.
fn make_file(database: &Path) -> io::Result<bool> {
    match OpenOptions::new().create_new(true).write(true).mode(0o600).open(database) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// What holds for every connection: a file that was tampered with must not make SQLite do more than read it.
pub(super) fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")
}

/// What the writer needs beyond that.
fn settings(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA wal_autocheckpoint = 1000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA secure_delete = ON;
         PRAGMA cache_size = -65536;",
    )?;
    connection.pragma_update(
        None,
        "synchronous",
        match durability {
            Durability::Full => "FULL",
            Durability::Normal => "NORMAL",
        },
    )
}

/// The version of the tables, zero in an empty file. Nothing was written yet: this may be anybody's file.
fn version(connection: &Connection, database: &Path) -> Result<i64, OpenError> {
    let unreadable = |why: String| OpenError::Unreadable { file: database.into(), why };
    let number =
        |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| unreadable(error.to_string()));
    let (application, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let empty = application == 0 && version == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0;
    if application != APPLICATION_ID && !empty {
        return Err(unreadable("it is another program's database".into()));
    }
    let known = MIGRATIONS.len() as i64;
    if version > known {
        return Err(OpenError::TooNew { file: database.into(), found: version, known });
    }
    Ok(version)
}

/// Brings the tables up to date, all of the way or not at all.
fn migrate(connection: &mut Connection, version: i64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (known, step) in (1..).zip(MIGRATIONS).skip_while(|(known, _)| *known <= version) {
        transaction.execute_batch(step)?;
        if known == 1 {
            let epoch = rules::new_epoch().map_err(|why| rusqlite::Error::ToSqlConversionFailure(why.into()))?;
            transaction.execute("INSERT INTO meta (key, value) VALUES ('epoch', ?1)", [&*epoch.0])?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", known)?;
    }
    transaction.commit()
}
