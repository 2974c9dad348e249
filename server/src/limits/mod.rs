//! How much a peer may ask of the server. Pure: time comes in. The numbers of the wire are in [`chat_protocol::limits`], and
//! those that an operator chooses in [`Limits`].
//!
//! | file | owns |
//! |---|---|
//! | [`bucket`] | tokens: a burst of them, and what comes back each second |
//! | [`allowance`] | what one connection may say, and how often it may run against that |
//! | [`dial`] | a rate that may be chosen anew |
//! | [`shared`] | the buckets that several connections share, by whose they are |
//! | [`seldom`] | how often the log speaks of the same thing |

mod allowance;
mod bucket;
mod dial;
mod seldom;
mod shared;

use std::{num::NonZeroU32, str::FromStr};

use chat_protocol::{ClientMessage, dialect::Heard, json};

pub use self::{
    allowance::{Allowance, Rates, Verdict},
    bucket::Bucket,
    dial::Dial,
    seldom::Seldom,
    shared::Shared,
};

/// A burst and what comes back each second: `100/10`, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub burst: NonZeroU32,
    pub per_second: NonZeroU32,
}

/// What `--rate-limit` and its kin say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    Off,
    Limited(RateLimit),
}

impl Rate {
    /// So many in one go, and per second after that; `off` if either is none.
    #[must_use]
    pub const fn new(burst: u32, per_second: u32) -> Self {
        match (NonZeroU32::new(burst), NonZeroU32::new(per_second)) {
            (Some(burst), Some(per_second)) => Self::Limited(RateLimit { burst, per_second }),
            _ => Self::Off,
        }
    }

    /// The limit, if there is one.
    #[must_use]
    pub fn limit(self) -> Option<RateLimit> {
        match self {
            Self::Off => None,
            Self::Limited(limit) => Some(limit),
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let parse = || {
            let (burst, per_second) = text.split_once('/')?;
            Some(Self::Limited(RateLimit { burst: burst.parse().ok()?, per_second: per_second.parse().ok()? }))
        };
        parse().ok_or_else(|| "BURST/PER_SECOND like 100/10, or off".into())
    }
}

/// What an operator may choose beside the rate of one connection and the number of them. Limits of 0 are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of all connections of an account.
    pub account: Rate,
    /// Of all connections of an address, and its requests to the HTTP API.
    pub address: Rate,
    /// Pings and pongs of one connection.
    pub control: Rate,
    /// Connections that an address begins.
    pub connects: Rate,
    /// Sockets that have not said yet who they are, in all.
    pub strangers: usize,
    /// The same of one address.
    pub strangers_per_address: usize,
}

impl Limits {
    /// None at all.
    pub const OFF: Self = Self {
        account: Rate::Off,
        address: Rate::Off,
        control: Rate::Off,
        connects: Rate::Off,
        strangers: 0,
        strangers_per_address: 0,
    };
}

/// Bytes that a frame may pass on to everybody for one more token.
const BYTES_PER_TOKEN: usize = 4096;
/// Messages in a page of history for one more token: a page is read from the disk for its asker alone.
const MESSAGES_PER_TOKEN: i64 = 50;
/// A list of many, gathered and written for its asker alone.
const LIST: u32 = 5;
/// Something decreed: kept in the log, and everybody looks whether it is about them.
const DECREE: u32 = 5;
/// Reads more of the store than anything else.
const SEARCH: u32 = 10;

/// What a frame costs: one token, and one more for each 4 KiB that it will weigh once it is passed on; more for what the server
/// has to look up.
#[must_use]
pub fn cost(frame: &str, heard: &Heard) -> u32 {
    let weight = u32::try_from(json::weight(frame) / BYTES_PER_TOKEN).unwrap_or(u32::MAX);
    let looking_up = match heard {
        Heard::Request(request) => match &request.message {
            ClientMessage::History { limit, .. } => page(*limit),
            ClientMessage::Search { .. } | ClientMessage::Deeds { .. } => SEARCH - 1,
            ClientMessage::Rooms {} | ClientMessage::Users { .. } => LIST - 1,
            ClientMessage::Create { .. }
            | ClientMessage::Rules { .. }
            | ClientMessage::Rank { .. }
            | ClientMessage::Moderate { .. } => DECREE - 1,
            _ => 0,
        },
        _ => 0,
    };
    weight.saturating_add(1 + looking_up)
}

/// What a page of so many messages costs beside the asking.
fn page(limit: Option<i64>) -> u32 {
    let most = chat_protocol::limits::HISTORY as i64;
    let asked = limit.unwrap_or(chat_protocol::limits::HISTORY_DEFAULT as i64).clamp(1, most);
    u32::try_from(1 + (asked - 1) / MESSAGES_PER_TOKEN).unwrap_or(1)
}

/// What a request to the HTTP API costs its address: a post one token, a look as much as a list.
#[must_use]
pub fn cost_of_request(looks: bool) -> u32 {
    if looks { LIST } else { 1 }
}

#[cfg(test)]
mod tests {
    use chat_protocol::Dialect;

    use super::*;

    #[test]
    fn what_is_heavy_or_has_to_be_looked_up_costs_more() {
        let check = |frame: &str, expected| assert_eq!(cost(frame, &Dialect::Chat.parse(frame)), expected, "{frame:.80}");
        check("hi", 1);
        check(&"x".repeat(4095), 1);
        check(&"x".repeat(4096), 2);
        check(&"\u{1}".repeat(4096), 7);
        check(r#"{"type":"history"}"#, 2);
        for (limit, expected) in [(-7, 2), (1, 2), (50, 2), (51, 3), (200, 5), (1_000_000, 5)] {
            check(&format!(r#"{{"type":"history","limit":{limit}}}"#), expected);
        }
        check(r#"{"type":"search","query":"tea"}"#, 10);
        check("/search tea", 10);
        check(r#"{"type":"rooms"}"#, 5);
        check(r#"{"type":"users"}"#, 5);
        check("/deeds", 10);
        check("/kick eve", 5);
        check(r#"{"type":"create","room":"tea"}"#, 5);
        check(r#"{"type":"join","room":"tea"}"#, 1);
        check("{", 1);
    }

    #[test]
    fn rates_are_read() {
        assert_eq!("100/10".parse(), Ok(Rate::new(100, 10)));
        assert_eq!("off".parse(), Ok(Rate::Off));
        for bad in ["", "0/1", "1/0", "5", "a/b", "1/2/3"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
