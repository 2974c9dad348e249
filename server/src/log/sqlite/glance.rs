//! What a store is, without touching it: neither its files nor their locks are another afterwards, whether a server has it open or
//! nobody does.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use chat_protocol::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::open::{APPLICATION_ID, DATABASE, MIGRATIONS, OpenError, flags, harden, open_reader};

/// Up to this size it is looked through.
const SMALL: u64 = 64 * 1024 * 1024;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Of its tables.
    pub version: i64,
    /// The version that this server brings it to.
    pub known: i64,
    pub bytes: u64,
    /// When something was said last.
    pub newest: Option<Timestamp>,
    /// Nobody has it open, and not all of it is in the database: whoever had it did not go in order.
    pub unfinished: bool,
    /// What SQLite finds wrong in it; nothing of a store that is too big to be looked through in passing.
    pub wrong: Option<String>,
}

impl Glance {
    /// Looks at the store of a data directory. None if there is none.
    ///
    /// # Errors
    /// It is not one, or may not be read.
    pub fn at(directory: &Path, a_server_runs: bool) -> Result<Option<Self>, OpenError> {
        let file = directory.join(DATABASE);
        let unreadable = |why: String| OpenError::Unreadable { file: file.clone(), why };
        let (head, bytes) = match head(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| unreadable(error.to_string()))?,
        };
        let known = MIGRATIONS.len() as i64;
        let empty = Self { version: 0, known, bytes, newest: None, unfinished: false, wrong: None };
        if bytes == 0 {
            return Ok(Some(empty));
        }
        let log = fs::metadata(directory.join(format!("{DATABASE}-wal"))).is_ok_and(|data| data.len() > 0);
        // Where the format of the file has them. A young store has all that it is in its log yet.
        let number =
            |place: usize| i64::from(u32::from_be_bytes([head[place], head[place + 1], head[place + 2], head[place + 3]]));
        let young = log && number(68) == 0 && number(60) == 0;
        if !head.starts_with(b"SQLite format 3\0") || number(68) != APPLICATION_ID && !young {
            return Err(unreadable("it is another program's file".into()));
        }
        let unfinished = log && !a_server_runs;
        let mut glance = Self { version: number(60), unfinished, ..empty };
        // Reading it would bring the rest of it into the database, or at least begin to.
        if !unfinished {
            let connection = if a_server_runs { open_reader(&file) } else { open_untouched(&file) };
            let read = connection.and_then(|connection| {
                glance.version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
                if glance.version > known {
                    return Ok(());
                }
                glance.newest = connection
                    .query_row("SELECT max(at) FROM rooms", [], |row| row.get(0).map(|at: Option<i64>| at.map(Timestamp)))?;
                if bytes <= SMALL {
                    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
                    glance.wrong = Some(found).filter(|found| found != "ok");
                }
                Ok(())
            });
            read.map_err(|error| unreadable(error.to_string()))?;
        }
        if glance.version > known {
            return Err(OpenError::TooNew { file, found: glance.version, known });
        }
        Ok(Some(glance))
    }
}

/// The first bytes of a file, as far as there are some, and how many it has.
fn head(file: &Path) -> io::Result<([u8; 100], u64)> {
    let (mut head, mut file) = ([0; 100], File::open(file)?);
    let bytes = file.metadata()?.len();
    if bytes > 0 {
        file.read_exact(&mut head)?;
    }
    Ok((head, bytes))
}

/// A connection for which a file is as unchangeable as on a disc: no lock is taken, and no other file is made.
fn open_untouched(file: &Path) -> rusqlite::Result<Connection> {
    let path = file.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let how = (flags() - OpenFlags::SQLITE_OPEN_NOFOLLOW) | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("file:{path}?immutable=1"), how)?;
    harden(&connection)?;
    Ok(connection)
}
