//! What an operator sees of the running server: its vitals and log lines, its rooms, its connections.

use std::{cmp::Reverse, collections::HashMap, sync::Arc, time::Duration};

use chat_protocol::{Access, ErrorCode, Refusal, RoomName, Seq, UserName, task::TaskUpdate};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Answer;
use crate::{journal::Line, log::RoomState, roster::MOST, services::Services, vitals::Vitals};

/// Log lines that are told at once.
const LINES: usize = 500;
/// Rooms that nobody is in are looked for among so many, those that were used last.
const USED_LAST: usize = 5000;
/// Who is in a room, told of one at once.
const USERS: usize = 200;

/// Everything that changes by the second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sight {
    pub vitals: Vitals,
    /// What was logged since.
    pub lines: Vec<Line>,
    /// Which lines are.
    pub log_filter: Option<String>,
    /// It goes down in so long.
    pub leaves_in: Option<Duration>,
    pub tasks: Vec<TaskUpdate>,
}

/// By what rooms are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoomSorting {
    /// Those with the most people first.
    #[default]
    Online,
    Name,
    /// Those with the most messages first.
    Messages,
}

impl RoomSorting {
    /// In the order in which one goes through them.
    pub const ALL: [Self; 3] = [Self::Online, Self::Name, Self::Messages];
}

/// A room as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomLine {
    pub name: RoomName,
    pub online: u64,
    /// Where its log is; not known of what is private.
    pub seq: Option<u64>,
    pub private: bool,
    /// Seconds between two messages of one user.
    pub slow: u32,
    pub topic: String,
}

/// The vitals, and what was logged behind a line.
pub(super) async fn look(services: &Arc<Services>, log_after: u64) -> Result<Answer, Refusal> {
    let seen = Arc::clone(services);
    let vitals = tokio::task::spawn_blocking(move || Vitals::of(&seen)).await;
    let journal = services.journal();
    Ok(Answer::Sight(Box::new(Sight {
        vitals: vitals.map_err(unseen)?,
        lines: journal.after(log_after, LINES),
        log_filter: journal.filter(),
        leaves_in: services.departure.left(Instant::now()),
        tasks: services.tasks.known_to(None, true),
    })))
}

/// Those rooms in whose name this stands: of those in use, and of those that were used last.
pub(super) async fn rooms(
    services: &Arc<Services>,
    filter: String,
    sorting: RoomSorting,
    limit: usize,
) -> Result<Answer, Refusal> {
    let read = services.keeper.read(|reader| reader.rooms(None, USED_LAST)).await;
    let unread = |error| Refusal::new(ErrorCode::Unavailable, format!("That could not be read: {error}"));
    let (states, seen, wanted) = (read.map_err(unread)?, Arc::clone(services), filter.trim().to_lowercase());
    // There may be many: not on a thread that serves.
    let gathered = tokio::task::spawn_blocking(move || {
        let is_wanted = |name: &RoomName| wanted.is_empty() || name.folded().contains(&wanted);
        let mut online: HashMap<_, _> = seen.hub.rooms().into_iter().map(|(name, users)| (name.key(), (name, users))).collect();
        let mut rooms: Vec<(RoomState, Option<u64>, usize)> = Vec::new();
        for state in states {
            let users = online.remove(state.name.folded()).map_or(0, |(_, users)| users);
            let seq = state.seq.0;
            rooms.push((state, Some(seq), users));
        }
        rooms.extend(online.into_values().map(|(name, users)| {
            let state = RoomState { name, seq: Seq(0), topic: String::new() };
            (state, None, users)
        }));
        rooms.retain(|(state, ..)| is_wanted(&state.name));
        match sorting {
            RoomSorting::Online => rooms.sort_by_key(|(state, seq, users)| (Reverse(*users), Reverse(*seq), state.name.key())),
            RoomSorting::Name => rooms.sort_by_key(|(state, ..)| state.name.key()),
            RoomSorting::Messages => rooms.sort_by_key(|(state, seq, _)| (Reverse(*seq), state.name.key())),
        }
        rooms.truncate(limit.clamp(1, MOST));
        rooms.into_iter().map(|(state, seq, users)| line(&seen, state, seq, users)).collect()
    });
    Ok(Answer::Rooms { filter, sorting, rooms: gathered.await.map_err(unseen)? })
}

/// One room, and who is there.
pub(super) fn room(services: &Services, name: &str) -> Result<Answer, Refusal> {
    let room = RoomName::parse(name).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
    let users = services.hub.users(&room).iter().take(USERS).map(UserName::to_string).collect();
    let about = services.realm().describe(&room);
    Ok(Answer::Room { name: room, users, about })
}

fn line(services: &Services, state: RoomState, seq: Option<u64>, users: usize) -> RoomLine {
    let mode = services.realm().mode(&state.name);
    let online = u64::try_from(users).unwrap_or(u64::MAX);
    RoomLine { name: state.name, online, seq, private: mode.access == Access::Private, slow: mode.slow, topic: state.topic }
}

fn unseen(_: tokio::task::JoinError) -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "The server cannot look at itself now")
}
