//! What an operator sees of the running server: its vitals and log lines, its rooms, its connections.

use std::{cmp::Reverse, sync::Arc, time::Duration};

use chat_protocol::{Access, ErrorCode, Refusal, RoomName, UserName, task::TaskUpdate};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Answer;
use crate::{journal::Line, log::RoomState, roster::MOST, services::Services, vitals::Vitals};

/// Log lines that are told at once.
const LINES: usize = 500;
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
    let unseen = |_| Refusal::new(ErrorCode::Unavailable, "The server cannot look at itself now");
    let journal = services.journal();
    Ok(Answer::Sight(Box::new(Sight {
        vitals: vitals.map_err(unseen)?,
        lines: journal.after(log_after, LINES),
        log_filter: journal.filter(),
        leaves_in: services.departure.left(Instant::now()),
        tasks: services.tasks.known_to(None, true),
    })))
}

/// Those rooms in whose name this stands.
pub(super) async fn rooms(services: &Services, filter: &str, sorting: RoomSorting, limit: usize) -> Result<Answer, Refusal> {
    let read = services.keeper.read(|reader| reader.rooms(None, MOST)).await;
    let unread = |error| Refusal::new(ErrorCode::Unavailable, format!("That could not be read: {error}"));
    let mut rooms: Vec<_> = read.map_err(unread)?.into_iter().map(|state| line(services, state)).collect();
    for (name, online) in services.hub.rooms() {
        let online = u64::try_from(online).unwrap_or(u64::MAX);
        match rooms.iter_mut().find(|room| room.name.folded() == name.folded()) {
            Some(room) => room.online = online,
            None => {
                let state = RoomState { name, seq: chat_protocol::Seq(0), topic: String::new() };
                rooms.push(RoomLine { online, seq: None, ..line(services, state) });
            }
        }
    }
    let wanted = filter.trim().to_lowercase();
    rooms.retain(|room| wanted.is_empty() || room.name.folded().contains(&wanted));
    match sorting {
        RoomSorting::Online => rooms.sort_by_key(|room| (Reverse(room.online), Reverse(room.seq), room.name.key())),
        RoomSorting::Name => rooms.sort_by_key(|room| room.name.key()),
        RoomSorting::Messages => rooms.sort_by_key(|room| (Reverse(room.seq), room.name.key())),
    }
    rooms.truncate(limit.clamp(1, MOST));
    Ok(Answer::Rooms { rooms })
}

/// One room, and who is there.
pub(super) fn room(services: &Services, name: &str) -> Result<Answer, Refusal> {
    let room = RoomName::parse(name).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
    let users = services.hub.users(&room).iter().take(USERS).map(UserName::to_string).collect();
    let about = services.realm().describe(&room);
    Ok(Answer::Room { name: room, users, about })
}

fn line(services: &Services, state: RoomState) -> RoomLine {
    let mode = services.realm().mode(&state.name);
    let private = mode.access == Access::Private;
    RoomLine { name: state.name, online: 0, seq: Some(state.seq.0), private, slow: mode.slow, topic: state.topic }
}
