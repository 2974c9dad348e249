//! What there is to do, and what it is done with.

use std::{
    path::{Path, PathBuf},
    sync::Weak,
};

use chat_protocol::{
    ErrorCode, Refusal, RoomName,
    task::{ExportFormat, TaskKind},
};
use tokio::sync::watch;

use super::import;
use crate::log::{Author, Keeper, Who, retention::Retention};

/// A piece of work.
#[derive(Clone, Debug)]
pub enum Work {
    Export {
        room: RoomName,
        who: Option<Who>,
        format: ExportFormat,
        /// Nobody else is told of it: what it holds is what this one may see, which others may not.
        own: bool,
    },
    Verify,
    /// The whole store, into a file of its own beside it.
    Backup,
    /// What is kept no longer goes now.
    Prune,
    /// A transcript out of the directory for them.
    Import {
        room: RoomName,
        file: String,
    },
}

/// Who is told of a piece of work, and may stop it unless it is somebody's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    Everybody,
    One(Author),
    /// Those who own the server.
    Operators,
}

impl Audience {
    /// Whether somebody belongs to it.
    #[must_use]
    pub fn has(&self, author: Option<&Author>, is_operator: bool) -> bool {
        match self {
            Self::Everybody => true,
            Self::One(one) => author == Some(one),
            Self::Operators => is_operator,
        }
    }
}

/// What the work is done with, beside a reader: known when the log is at work.
pub struct Tools {
    pub keeper: Weak<Keeper>,
    pub retention: watch::Receiver<Retention>,
    /// None if nothing is kept.
    pub store: Option<Kept>,
}

/// A store, for who does not know what it is.
pub struct Kept {
    pub directory: PathBuf,
    /// Copies the store of that directory into a file, and answers its bytes. It is told how many bytes of how many are there, and may
    /// say «stop» with `false`.
    pub backup: Backup,
}

/// See [`Kept`].
pub type Backup = fn(&Path, &Path, &mut dyn FnMut(u64, u64) -> bool) -> Result<u64, String>;

impl Work {
    /// Work for those who own the server.
    ///
    /// # Errors
    /// It is not asked for as it has to be.
    pub fn of_operators(kind: TaskKind, room: Option<&str>, file: Option<&str>) -> Result<Self, Refusal> {
        let bad = |text: String| Refusal::new(ErrorCode::BadRequest, text);
        match kind {
            TaskKind::Export => Err(bad("An export is anybody's".into())),
            TaskKind::Verify => Ok(Self::Verify),
            TaskKind::Backup => Ok(Self::Backup),
            TaskKind::Prune => Ok(Self::Prune),
            TaskKind::Import => {
                let (Some(room), Some(file)) = (room, file) else {
                    return Err(bad("An import needs a room and a file".into()));
                };
                let room = RoomName::parse(room).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
                if !import::is_plain(file) {
                    return Err(bad("A file of the directory «imports», by its name alone".into()));
                }
                Ok(Self::Import { room, file: file.to_owned() })
            }
        }
    }

    /// Whether it is for those who own the server alone.
    #[must_use]
    pub fn is_operators(&self) -> bool {
        matches!(self, Self::Backup | Self::Prune | Self::Import { .. })
    }

    /// What cannot be where nothing is kept.
    pub(super) fn needs_a_store(&self) -> bool {
        matches!(self, Self::Backup | Self::Import { .. })
    }

    pub(super) fn kind(&self) -> TaskKind {
        match self {
            Self::Export { .. } => TaskKind::Export,
            Self::Verify => TaskKind::Verify,
            Self::Backup => TaskKind::Backup,
            Self::Prune => TaskKind::Prune,
            Self::Import { .. } => TaskKind::Import,
        }
    }

    pub(super) fn room(&self) -> Option<&RoomName> {
        match self {
            Self::Export { room, .. } | Self::Import { room, .. } => Some(room),
            Self::Verify | Self::Backup | Self::Prune => None,
        }
    }

    pub(super) fn format(&self) -> Option<ExportFormat> {
        match self {
            Self::Export { format, .. } => Some(*format),
            _ => None,
        }
    }

    pub(super) fn audience(&self) -> Audience {
        match self {
            Self::Export { own: true, who: Some(who), .. } => Audience::One(who.author.clone()),
            _ if self.is_operators() => Audience::Operators,
            _ => Audience::Everybody,
        }
    }
}

/// Where imports are taken from.
pub(super) fn imports(directory: &Path) -> PathBuf {
    directory.join(super::IMPORTS)
}

/// Where backups are put that are begun here.
pub(super) fn backups(directory: &Path) -> PathBuf {
    directory.join(super::BACKUPS)
}
