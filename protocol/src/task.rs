//! The server's long work, as `/ws/tasks` speaks of it.

use serde::{Deserialize, Serialize};

use crate::{RoomName, json};

/// What a client may ask of the feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum TaskRequest {
    /// Begin some work. The same work that already runs is not begun twice.
    Start {
        /// Which.
        task: TaskKind,
        /// Of which room, for an export; into which, for an import.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<String>,
        /// In which form, for an export.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<ExportFormat>,
        /// Of which file, for an import: one that lies in the server's directory for them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// Stop some work.
    Cancel {
        /// Which.
        task_id: String,
    },
}

/// Kinds of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Writes a room's transcript.
    Export,
    /// Checks the whole log.
    Verify,
    /// Copies the whole store. For those who own the server, as are those below.
    Backup,
    /// Takes away what is kept no longer.
    Prune,
    /// Takes a transcript in.
    Import,
}

/// The form of a transcript.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// One message as in `history` on each line.
    #[default]
    Jsonl,
    /// Lines for people.
    Text,
    /// A page that stands alone.
    Html,
}

/// How far some work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// It waits for its turn.
    Queued,
    /// It is being done.
    Running,
    /// It is done.
    Completed,
    /// It could not be done.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl TaskStatus {
    /// Whether nothing more will come of it.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// News of some work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "task_update")]
pub struct TaskUpdate {
    /// Which.
    pub task_id: String,
    /// What kind.
    pub task: TaskKind,
    /// Of which room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    /// In which form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ExportFormat>,
    /// How far.
    pub status: TaskStatus,
    /// How far, of 100.
    pub progress: u8,
    /// In words.
    pub message: String,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<TaskResult>,
}

/// What came of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskResult {
    /// Where to fetch it.
    pub url: String,
    /// Its size.
    pub bytes: u64,
    /// How many messages it holds.
    pub messages: u64,
}

impl TaskUpdate {
    /// As the wire has it.
    #[must_use]
    pub fn encode(&self) -> String {
        json::line(self)
    }
}
