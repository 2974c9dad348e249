//! What one connection may ask for now, decided purely: `(state, frame, now) → step`. Whoever holds the socket performs it.
//!
//! Everything from a peer is checked here once: rate, size, names, membership. Whether a message is there and whose it is, only
//! the log can say.

use std::time::{Duration, Instant};

use chat_protocol::{
    ClientId, ClientMessage, CloseCode, Dialect, Epoch, ErrorCode, Event, NameError, Refusal, RoomName, Seq, ServerFrame,
    ServerMessage, UserName, command, dialect::Heard, is_reaction, limits,
};
use serde_json::Value;

use crate::{
    govern::Govern,
    limits::{Allowance, Rates, Verdict, cost},
    log::{From, Page, Position, Search},
    metrics::Reason,
};

/// One connection's side of the conversation.
#[derive(Debug)]
pub struct State {
    dialect: Dialect,
    user: UserName,
    /// Whether its user's private conversations are for it to know: on some endpoints a name alone does not prove that.
    private: bool,
    /// In the order in which they were joined: the first is meant when a request names none.
    rooms: Vec<RoomName>,
    allowance: Allowance,
}

/// What a frame leads to.
#[derive(Debug, PartialEq)]
pub enum Step {
    Nothing,
    Say(ServerFrame),
    SayValue(Value),
    /// Into the log with it.
    Keep {
        room: RoomName,
        event: Event,
        reference: Option<String>,
    },
    Join {
        room: RoomName,
        from: Option<Position>,
        reference: Option<String>,
    },
    Leave {
        room: RoomName,
        reference: Option<String>,
    },
    Look {
        at: Look,
        reference: Option<String>,
    },
    Govern {
        what: Govern,
        reference: Option<String>,
    },
    Typing {
        room: RoomName,
        active: bool,
    },
    Read {
        room: RoomName,
        seq: Seq,
    },
    /// In the words of what the operator chose.
    TellHowToRegister,
    Close {
        code: CloseCode,
        retry_ms: Option<u64>,
    },
    /// Refused for asking too often.
    TooSoon(ServerFrame),
    /// A ping too many.
    LeaveUnanswered,
}

/// Something to look up.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    History { room: RoomName, page: Page },
    Search(Search),
    Rooms,
    Users(RoomName),
}

impl Step {
    /// Why a step is counted as a drop.
    pub fn dropped(&self) -> Option<Reason> {
        match self {
            Self::TooSoon(_) => Some(Reason::RateLimited),
            Self::LeaveUnanswered => Some(Reason::Control),
            Self::Close { code: CloseCode::Flooding, .. } => Some(Reason::Flooding),
            _ => None,
        }
    }
}

/// How long a flooder should stay away.
const FLOOD_RETRY_MS: u64 = 10_000;

impl State {
    pub fn new(dialect: Dialect, user: UserName, private: bool, now: Instant) -> Self {
        Self { dialect, user, private, rooms: Vec::new(), allowance: Allowance::new(now) }
    }

    /// Rooms that the connection is in, in the order in which it came.
    pub fn rooms(&self) -> &[RoomName] {
        &self.rooms
    }

    pub fn is_in(&self, room: &RoomName) -> bool {
        self.rooms.contains(room)
    }

    /// The connection is in this room now.
    pub fn entered(&mut self, room: RoomName) {
        if !self.is_in(&room) {
            // Most are in one room, and there are many of them.
            self.rooms.reserve_exact(1);
            self.rooms.push(room);
        }
    }

    /// It is no longer.
    pub fn went(&mut self, room: &RoomName) {
        self.rooms.retain(|other| other != room);
    }

    /// A control frame came.
    pub fn control(&mut self, rates: Rates, now: Instant) -> Step {
        match self.allowance.control(rates, now) {
            Verdict::Flooding => flooding(),
            Verdict::TooSoon(_) => Step::LeaveUnanswered,
            Verdict::Welcome => Step::Nothing,
        }
    }

    /// A text frame came. `others` is [`Allowance::line`]'s.
    pub fn hear(&mut self, frame: &str, rates: Rates, now: Instant, others: impl FnOnce(u32) -> Duration) -> Step {
        // Read even when it is refused: the answer carries its `ref`. The flood limit bounds how often.
        let heard = self.dialect.parse(frame);
        let verdict = self.allowance.line(rates, now, cost(frame, &heard), others);
        if verdict == Verdict::Flooding {
            return flooding();
        }
        if let Verdict::TooSoon(wait) = verdict {
            let reference = match heard {
                Heard::Request(request) => request.reference,
                Heard::Misread(misread) => misread.reference,
                Heard::Help(_) | Heard::Register | Heard::Quit | Heard::Value(_) => None,
            };
            let retry_ms = u64::try_from(wait.as_micros().div_ceil(1000)).unwrap_or(u64::MAX).max(1);
            let text = format!("Too fast. The next one is welcome in {:.1} s.", wait.as_secs_f32());
            let message = ServerMessage::Error { code: ErrorCode::RateLimited, text, retry_ms: Some(retry_ms) };
            return Step::TooSoon(ServerFrame { message, reference });
        }
        match heard {
            Heard::Request(request) => {
                let reference = request.reference;
                self.ask(request.message, reference.clone()).unwrap_or_else(|refusal| refuse(refusal, reference))
            }
            Heard::Help(command) => {
                Step::Say(ServerMessage::Notice { text: command::help(command.as_deref()), room: None }.into())
            }
            Heard::Register => Step::TellHowToRegister,
            Heard::Quit => Step::Close { code: CloseCode::Normal, retry_ms: None },
            Heard::Value(value) => Step::SayValue(value),
            Heard::Misread(misread) => refuse(misread.refusal, misread.reference),
        }
    }

    fn ask(&self, message: ClientMessage, reference: Option<String>) -> Result<Step, Refusal> {
        Ok(match message {
            // Where a credential is needed, it was asked for before there was a state.
            ClientMessage::Hello { .. } => Step::Nothing,
            ClientMessage::Send { room, text, cid, reply_to, action } => {
                let room = self.speakable(room)?;
                let event = self.message(text, cid, reply_to, action)?;
                Step::Keep { room, event, reference }
            }
            ClientMessage::Private { to, text, cid } => {
                let to = UserName::known(&to).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
                let event = self.message(text, cid, None, false)?;
                Step::Keep { room: RoomName::private(&self.user, &to), event, reference }
            }
            ClientMessage::Edit { room, seq, text } => {
                let room = self.joined(room)?;
                let event = Event::Edited { target: seq, text: self.text(text)? };
                Step::Keep { room, event, reference }
            }
            ClientMessage::Delete { room, seq } => {
                Step::Keep { room: self.joined(room)?, event: Event::Deleted { target: seq }, reference }
            }
            ClientMessage::React { room, seq, emoji, on } => {
                let room = self.joined(room)?;
                if !is_reaction(&emoji) {
                    let text = format!("A reaction is one emoji or word of at most {} bytes", limits::EMOJI_BYTES);
                    return Err(Refusal::new(ErrorCode::BadRequest, text));
                }
                Step::Keep { room, event: Event::Reacted { target: seq, emoji, on }, reference }
            }
            ClientMessage::Topic { room, text } => {
                let room = self.joined(room)?;
                if text.len() > limits::TOPIC_BYTES {
                    return Err(too_long("A topic", limits::TOPIC_BYTES));
                }
                Step::Keep { room, event: Event::Topic { text }, reference }
            }
            ClientMessage::Typing { room, active } => Step::Typing { room: self.joined(room)?, active },
            ClientMessage::Read { room, seq } => Step::Read { room: self.joined(room)?, seq },
            ClientMessage::Join { room, after, epoch } => {
                let room = enterable(&room, self.knows_as())?;
                if !self.is_in(&room) && self.rooms.len() >= limits::ROOMS_PER_CONNECTION {
                    let text = format!("One connection may be in {} rooms", limits::ROOMS_PER_CONNECTION);
                    return Err(Refusal::new(ErrorCode::BadRequest, text));
                }
                let from = after.zip(epoch).map(|(after, epoch)| Position { epoch: Epoch(epoch.into()), after });
                Step::Join { room, from, reference }
            }
            ClientMessage::Leave { room } => {
                let room = self.joined(room)?;
                if room.is_private() {
                    return Err(Refusal::new(ErrorCode::BadRequest, "A private conversation has no door to leave by"));
                }
                Step::Leave { room, reference }
            }
            ClientMessage::History { room, before, after, limit } => {
                let room = self.named_or_first(room)?;
                let page = page(before, after, limit)?;
                Step::Look { at: Look::History { room, page }, reference }
            }
            ClientMessage::Search { query, room, before, limit } => {
                if query.len() > limits::QUERY_BYTES {
                    return Err(too_long("A search", limits::QUERY_BYTES));
                }
                if query.trim().is_empty() {
                    return Err(Refusal::new(ErrorCode::BadRequest, "There is nothing to search for"));
                }
                if before.is_some() && room.is_none() {
                    return Err(Refusal::new(ErrorCode::BadRequest, "A search before a seq needs its room"));
                }
                let room = room.map(|room| self.readable(&room)).transpose()?;
                Step::Look { at: Look::Search(Search { query, room, before, limit: page_limit(limit) }), reference }
            }
            message @ (ClientMessage::Create { .. }
            | ClientMessage::Rules { .. }
            | ClientMessage::Rank { .. }
            | ClientMessage::Moderate { .. }
            | ClientMessage::Deeds { .. }
            | ClientMessage::Block { .. }) => {
                Step::Govern { what: Govern::read(message, |room| self.named_or_first(room))?, reference }
            }
            ClientMessage::Rooms {} => Step::Look { at: Look::Rooms, reference },
            ClientMessage::Users { room } => Step::Look { at: Look::Users(self.named_or_first(room)?), reference },
            ClientMessage::Ping {} => Step::Say(ServerFrame { message: ServerMessage::Pong {}, reference }),
        })
    }

    fn message(&self, text: String, cid: Option<ClientId>, reply_to: Option<Seq>, action: bool) -> Result<Event, Refusal> {
        Ok(Event::Message { text: self.text(text)?, cid, reply_to, action })
    }

    fn text(&self, text: String) -> Result<String, Refusal> {
        check_text(&text, self.dialect.says_nothing_too()).map(|()| text)
    }

    /// A room that the user may know of.
    fn readable(&self, room: &str) -> Result<RoomName, Refusal> {
        readable(room, self.knows_as())
    }

    /// Whose private conversations the connection may know of.
    fn knows_as(&self) -> Option<&UserName> {
        Some(&self.user).filter(|_| self.private)
    }

    fn named_or_first(&self, room: Option<String>) -> Result<RoomName, Refusal> {
        match room {
            Some(room) => self.readable(&room),
            None => self.rooms.first().cloned().ok_or_else(|| Refusal::new(ErrorCode::NotJoined, "You are in no room")),
        }
    }

    /// A room that the connection is in. Its user's private conversations it always is.
    fn joined(&self, room: Option<String>) -> Result<RoomName, Refusal> {
        let room = self.named_or_first(room)?;
        if room.is_private() || self.is_in(&room) {
            return Ok(room);
        }
        Err(Refusal::new(ErrorCode::NotJoined, format!("You are not in {room}")))
    }

    /// A room to say something in.
    fn speakable(&self, room: Option<String>) -> Result<RoomName, Refusal> {
        match room {
            room if self.dialect.joins_before_speaking() => self.joined(room),
            Some(room) => enterable(&room, self.knows_as()),
            None => self.named_or_first(None),
        }
    }
}

/// A room of this name that this user may know of.
///
/// # Errors
/// `bad_name`, or `no_such_room` for somebody else's conversation.
pub fn readable(room: &str, user: Option<&UserName>) -> Result<RoomName, Refusal> {
    admitted(RoomName::known(room), user)
}

/// The same for a room to go into or to speak in: what is not yet there must be of a name that is chosen today.
///
/// # Errors
/// As [`readable`].
pub fn enterable(room: &str, user: Option<&UserName>) -> Result<RoomName, Refusal> {
    admitted(RoomName::to_enter(room), user)
}

fn admitted(room: Result<RoomName, NameError>, user: Option<&UserName>) -> Result<RoomName, Refusal> {
    let room = room.map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
    if room.admits(user) {
        return Ok(room);
    }
    Err(Refusal::new(ErrorCode::NoSuchRoom, "There is no such room"))
}

/// Whether a text can be said.
///
/// # Errors
/// `too_long`, or `bad_request` for an empty one.
pub fn check_text(text: &str, may_be_empty: bool) -> Result<(), Refusal> {
    if text.len() > limits::TEXT_BYTES {
        return Err(too_long("A message", limits::TEXT_BYTES));
    }
    if !may_be_empty && text.trim().is_empty() {
        return Err(Refusal::new(ErrorCode::BadRequest, "There is nothing to say"));
    }
    Ok(())
}

/// Which messages are asked for.
///
/// # Errors
/// `bad_request` for both directions at once.
pub fn page(before: Option<Seq>, after: Option<Seq>, limit: Option<i64>) -> Result<Page, Refusal> {
    let from = match (before, after) {
        (None, None) => From::End,
        (Some(before), None) => From::Before(before),
        (None, Some(after)) => From::After(after),
        (Some(_), Some(_)) => return Err(Refusal::new(ErrorCode::BadRequest, "Either before or after, not both")),
    };
    Ok(Page { from, limit: page_limit(limit) })
}

/// How many of something an answer holds.
fn page_limit(asked: Option<i64>) -> usize {
    let most = limits::HISTORY as i64;
    asked.map_or(limits::HISTORY_DEFAULT, |limit| limit.clamp(1, most).unsigned_abs() as usize)
}

fn too_long(what: &str, bytes: usize) -> Refusal {
    Refusal::new(ErrorCode::TooLong, format!("{what} has at most {bytes} bytes"))
}

fn flooding() -> Step {
    Step::Close { code: CloseCode::Flooding, retry_ms: Some(FLOOD_RETRY_MS) }
}

/// A refusal as the asker is told.
pub fn refuse(refusal: Refusal, reference: Option<String>) -> Step {
    let message = ServerMessage::Error { code: refusal.code, text: refusal.text, retry_ms: refusal.retry_ms };
    Step::Say(ServerFrame { message, reference })
}

#[cfg(test)]
mod tests;
