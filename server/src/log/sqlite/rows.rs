//! How a row is an event or a message, and back.
//!
//! Alone so that what a column holds is said in one place. Does not know which rows were asked for.

use chat_protocol::{ClientId, Event, Recorded, RoomName, Seq, Timestamp, UserName, server::Message};
use rusqlite::{Connection, OptionalExtension, Result, Row, types::Type};

use super::id;
use crate::{
    log::Reactions,
    realm::{Decree, Decreed},
};

/// The columns of `messages` that [`said`] and [`message`] read.
pub(super) const MESSAGE: &str = "id, at, name, text, cid, reply_to, action, deleted, now, edited_at";
/// The columns of `changes` that [`changed`] reads.
pub(super) const CHANGE: &str = "id, at, name, kind, target, text, flag";

const EDITED: i64 = 1;
const DELETED: i64 = 2;
const REACTED: i64 = 3;
const TOPIC: i64 = 4;

/// Every decree, in order.
pub(super) fn decrees(db: &Connection) -> Result<Vec<Decreed>> {
    let mut statement = db.prepare("SELECT seq, at, by, decree FROM decrees ORDER BY seq")?;
    statement.query_map([], decreed)?.collect()
}

/// Some of the decrees, the last first.
pub(super) fn deeds(db: &Connection, limit: usize, is_one: &mut dyn FnMut(&Decreed) -> bool) -> Result<Vec<Decreed>> {
    let mut statement = db.prepare_cached("SELECT seq, at, by, decree FROM decrees ORDER BY seq DESC")?;
    let decrees = statement.query_map([], decreed)?;
    decrees.filter(|decreed| decreed.as_ref().map_or(true, &mut *is_one)).take(limit).collect()
}

fn decreed(row: &Row<'_>) -> Result<Decreed> {
    let wrong = |error: serde_json::Error| rusqlite::Error::FromSqlConversionFailure(3, Type::Text, error.into());
    let decree: Decree = serde_json::from_str(row.get_ref(3)?.as_str()?).map_err(wrong)?;
    Ok(Decreed { seq: seq(row, 0)?, at: at(row, 1)?, by: row.get(2)?, decree })
}

/// An event that is not a message, as its columns hold it. Targets are ids.
pub(super) enum Change<'a> {
    Edited { target: i64, text: &'a str },
    Deleted { target: i64 },
    Reacted { target: i64, emoji: &'a str, on: bool },
    Topic { text: &'a str },
}

impl<'a> Change<'a> {
    /// `kind`, `target`, `text`, `flag`.
    pub(super) fn columns(&self) -> (i64, Option<i64>, &'a str, bool) {
        match *self {
            Self::Edited { target, text } => (EDITED, Some(target), text, false),
            Self::Deleted { target } => (DELETED, Some(target), "", false),
            Self::Reacted { target, emoji, on } => (REACTED, Some(target), emoji, on),
            Self::Topic { text } => (TOPIC, None, text, false),
        }
    }
}

pub(super) fn seq(row: &Row<'_>, column: usize) -> Result<Seq> {
    Ok(Seq(row.get::<_, i64>(column)?.unsigned_abs()))
}

pub(super) fn at(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(Timestamp(row.get(column)?))
}

pub(super) fn user(row: &Row<'_>, column: usize) -> Result<UserName> {
    UserName::known(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

/// A room's name as it was first used. The name by which it was asked for compares the same and stands in if need be.
pub(super) fn room_name(shown: &str, asked: &RoomName) -> RoomName {
    if shown == asked.shown() { asked.clone() } else { RoomName::known(shown).unwrap_or_else(|_| asked.clone()) }
}

/// A room's name when nobody asked for it by name. A name that can no longer be one is left out of lists.
pub(super) fn known_room(row: &Row<'_>, column: usize) -> Result<Option<RoomName>> {
    Ok(RoomName::known(row.get_ref(column)?.as_str()?).ok())
}

fn cid(row: &Row<'_>, column: usize) -> Result<Option<ClientId>> {
    Ok(row.get_ref(column)?.as_str_or_null()?.and_then(ClientId::parse))
}

/// A message as it was logged.
pub(super) fn said(row: &Row<'_>, room: &RoomName) -> Result<Recorded> {
    let reply_to = row.get::<_, Option<i64>>(5)?.map(|seq| Seq(seq.unsigned_abs()));
    let event = Event::Message { text: row.get(3)?, cid: cid(row, 4)?, reply_to, action: row.get(6)? };
    let deleted = row.get::<_, Option<i64>>(7)?.is_some();
    Ok(Recorded { room: room.clone(), seq: super::seq(row.get(0)?), at: at(row, 1)?, from: user(row, 2)?, event, deleted })
}

/// A message as it stands now, without its reactions.
pub(super) fn message(row: &Row<'_>, room: &RoomName) -> Result<Message> {
    let now = row.get_ref(8)?.as_str_or_null()?;
    Ok(Message {
        room: room.clone(),
        seq: super::seq(row.get(0)?),
        from: user(row, 2)?,
        text: now.map_or_else(|| row.get(3), |now| Ok(now.into()))?,
        at: at(row, 1)?,
        cid: cid(row, 4)?,
        reply_to: row.get::<_, Option<i64>>(5)?.map(|seq| Seq(seq.unsigned_abs())),
        action: row.get(6)?,
        edited_at: row.get::<_, Option<i64>>(9)?.map(Timestamp),
        deleted: row.get::<_, Option<i64>>(7)?.is_some(),
        reactions: Reactions::new(),
    })
}

/// An event that is not a message, as it was logged.
pub(super) fn changed(row: &Row<'_>, room: &RoomName) -> Result<Recorded> {
    let kind: i64 = row.get(3)?;
    let target = super::seq(row.get::<_, Option<i64>>(4)?.unwrap_or_default());
    let (text, flag): (String, bool) = (row.get(5)?, row.get(6)?);
    let (event, deleted) = match kind {
        EDITED => (Event::Edited { target, text }, flag),
        DELETED => (Event::Deleted { target }, false),
        REACTED => (Event::Reacted { target, emoji: text, on: flag }, false),
        TOPIC => (Event::Topic { text }, false),
        _ => return Err(rusqlite::Error::IntegralValueOutOfRange(3, kind)),
    };
    Ok(Recorded { room: room.clone(), seq: super::seq(row.get(0)?), at: at(row, 1)?, from: user(row, 2)?, event, deleted })
}

/// One event as it was logged.
pub(super) fn recorded(db: &Connection, room: i64, name: &RoomName, seq: Seq) -> Result<Option<Recorded>> {
    let mut statement = db.prepare_cached(&format!("SELECT {MESSAGE} FROM messages WHERE id = ?1"))?;
    if let Some(there) = statement.query_row([id(room, seq)], |row| said(row, name)).optional()? {
        return Ok(Some(there));
    }
    let mut statement = db.prepare_cached(&format!("SELECT {CHANGE} FROM changes WHERE id = ?1"))?;
    statement.query_row([id(room, seq)], |row| changed(row, name)).optional()
}
