//! What keeps order, as it is asked for: rooms of one's own, ranks, penalties, what was done by whom, and what one does for oneself
//! alone. Whether it may be, the log decides.

use std::net::IpAddr;

use chat_protocol::{Action, ClientMessage, ErrorCode, Refusal, Role, RoomName, Rules, UserName};

/// Deeds that are told when nobody says how many, and at most.
const DEEDS: usize = 20;
const DEEDS_MOST: usize = 200;
/// A penalty that would last longer is for ever.
const LONGEST_SECONDS: u64 = 10 * 365 * 24 * 3600;

/// Something of the kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Govern {
    Found { room: RoomName, rules: Rules },
    Rules { room: RoomName, rules: Rules },
    Rank { room: RoomName, user: UserName, role: Option<Role> },
    Punish { action: Action, aim: Aim, room: Option<RoomName>, seconds: Option<u64>, reason: String },
    Deeds { room: Option<RoomName>, limit: usize },
    Block { user: UserName, on: bool },
}

/// Whom a penalty is meant for.
#[derive(Clone, Debug, PartialEq)]
pub enum Aim {
    User(UserName),
    /// Where this user is.
    Whereabouts(UserName),
    Address(IpAddr),
}

impl Govern {
    /// Reads a request. `room` finds the room that one names, or the first.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(message: ClientMessage, room: impl Fn(Option<String>) -> Result<RoomName, Refusal>) -> Result<Self, Refusal> {
        let user = |name: &str| UserName::known(name).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()));
        let there = |named: Option<String>, everywhere: bool| match everywhere {
            true => Ok(None),
            false => room(named).map(Some),
        };
        Ok(match message {
            ClientMessage::Create { room, rules } => {
                let room = RoomName::parse(&room).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
                Self::Found { room, rules }
            }
            ClientMessage::Rules { room: named, rules } => Self::Rules { room: room(named)?, rules },
            ClientMessage::Rank { room: named, user: name, role } => Self::Rank { room: room(named)?, user: user(&name)?, role },
            ClientMessage::Moderate { action, user: name, address, room, everywhere, seconds, reason } => {
                let aim = match (address, name.parse::<IpAddr>()) {
                    (true, Ok(address)) => Aim::Address(address),
                    (true, Err(_)) => Aim::Whereabouts(user(&name)?),
                    (false, _) => Aim::User(user(&name)?),
                };
                if seconds == Some(0) {
                    return Err(Refusal::new(ErrorCode::BadRequest, "A penalty lasts a second at least"));
                }
                let seconds = seconds.filter(|seconds| *seconds <= LONGEST_SECONDS);
                Self::Punish { action, aim, room: there(room, everywhere)?, seconds, reason: reason.unwrap_or_default() }
            }
            ClientMessage::Deeds { room, everywhere, limit } => {
                let limit = limit.map_or(DEEDS, |limit| limit.clamp(1, DEEDS_MOST as i64).unsigned_abs() as usize);
                Self::Deeds { room: there(room, everywhere)?, limit }
            }
            ClientMessage::Block { user: name, on } => Self::Block { user: user(&name)?, on },
            _ => return Err(Refusal::new(ErrorCode::BadRequest, "That keeps no order")),
        })
    }
}
