//! The running server's long work, as an operator begins it, asks for it and stops it. Where no server runs there is none: a
//! terminal does the same by itself.

use std::sync::Arc;

use chat_protocol::{
    ErrorCode, Refusal, RoomName,
    task::{ExportFormat, TaskKind},
};

use super::Answer;
use crate::{
    clock,
    log::Keeper,
    tasks::{Tasks, Work},
};

/// What work an order is about.
pub(super) struct Asked {
    pub(super) task: TaskKind,
    pub(super) room: Option<String>,
    pub(super) format: Option<ExportFormat>,
    pub(super) file: Option<String>,
}

pub(super) fn begin(asked: Asked, keeper: &Keeper, tasks: Option<&Arc<Tasks>>) -> Result<Answer, Refusal> {
    let Asked { task, room, format, file } = asked;
    let work = match task {
        TaskKind::Export => {
            let room = room.ok_or_else(|| Refusal::new(ErrorCode::BadRequest, "An export needs a room"))?;
            let room = RoomName::known(&room).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
            // Everybody hears of it, and may fetch it.
            if !keeper.realm().borrow().may_read(&room, None, clock::now()) {
                let text = "That room is not for everybody: chat-server export writes it into a file";
                return Err(Refusal::new(ErrorCode::Forbidden, text));
            }
            Work::Export { room, who: None, format: format.unwrap_or_default(), own: false }
        }
        task => Work::of_operators(task, room.as_deref(), file.as_deref())?,
    };
    let (task, _) = running(tasks)?.begin(work)?;
    Ok(Answer::Tasks { tasks: vec![task] })
}

pub(super) fn list(tasks: Option<&Arc<Tasks>>) -> Result<Answer, Refusal> {
    Ok(Answer::Tasks { tasks: running(tasks)?.known_to(None, true) })
}

pub(super) fn stop(task_id: &str, tasks: Option<&Arc<Tasks>>) -> Result<Answer, Refusal> {
    running(tasks)?.cancel(task_id, None, true)?;
    Ok(Answer::Done { words: "It stops".into() })
}

fn running(tasks: Option<&Arc<Tasks>>) -> Result<&Arc<Tasks>, Refusal> {
    tasks.ok_or_else(|| Refusal::new(ErrorCode::BadRequest, "No server runs here, so there is no work of its own"))
}
