//! Connections as an operator sees them: who, from where, since when, how it goes; and which of them are wanted. Each shard answers
//! for its own, cut to what is asked for, so that neither a crowd nor who looks at it costs the others much.

use std::{cmp::Reverse, net::IpAddr};

use chat_protocol::Timestamp;
use serde::{Deserialize, Serialize};

/// The most that is shown of a list.
pub const MOST: usize = 500;

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionLine {
    pub id: u64,
    /// As it is compared; none before it is greeted, and where there are no names.
    pub user: Option<String>,
    pub account: bool,
    pub address: IpAddr,
    pub dialect: String,
    pub encrypted: bool,
    pub since: Timestamp,
    pub silent_ms: u64,
    /// How long the last sign of life that it was asked for took.
    pub lag_ms: Option<u32>,
    pub queued: u64,
    /// Both begin anew when they are full.
    pub said: u32,
    pub took: u32,
    /// Where it is, if it alone was asked for.
    pub rooms: Vec<String>,
}

/// By what a list is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sorting {
    /// The oldest first.
    #[default]
    Since,
    Name,
    Address,
    /// The most first; likewise below.
    Queued,
    Lag,
    Silent,
    Said,
    Took,
}

impl Sorting {
    /// In the order in which one goes through them.
    pub const ALL: [Self; 8] =
        [Self::Since, Self::Name, Self::Address, Self::Queued, Self::Lag, Self::Silent, Self::Said, Self::Took];
}

/// Which connections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Only those in whose name or address this stands.
    pub filter: String,
    pub sorting: Sorting,
    pub limit: usize,
    /// This one alone, with where it is.
    pub only: Option<u64>,
}

impl Asked {
    /// Whether a line is among those asked for.
    pub fn is_wanted(&self, line: &ConnectionLine) -> bool {
        let wanted = self.filter.trim().to_lowercase();
        wanted.is_empty()
            || line.user.as_ref().is_some_and(|user| user.contains(&wanted))
            || line.address.to_string().contains(&wanted)
            || line.dialect.contains(&wanted)
    }

    /// Orders lines, and keeps as many as were asked for.
    pub fn cut(&self, lines: &mut Vec<ConnectionLine>) {
        match self.sorting {
            Sorting::Since => lines.sort_unstable_by_key(|line| (line.since, line.id)),
            Sorting::Name => lines.sort_unstable_by(|one, other| {
                let key = |line: &ConnectionLine| (line.user.is_none(), line.user.clone(), line.id);
                key(one).cmp(&key(other))
            }),
            Sorting::Address => lines.sort_unstable_by_key(|line| (line.address, line.id)),
            Sorting::Queued => lines.sort_unstable_by_key(|line| (Reverse(line.queued), line.id)),
            Sorting::Lag => lines.sort_unstable_by_key(|line| (Reverse(line.lag_ms), line.id)),
            Sorting::Silent => lines.sort_unstable_by_key(|line| (Reverse(line.silent_ms), line.id)),
            Sorting::Said => lines.sort_unstable_by_key(|line| (Reverse(line.said), line.id)),
            Sorting::Took => lines.sort_unstable_by_key(|line| (Reverse(line.took), line.id)),
        }
        lines.truncate(self.limit.clamp(1, MOST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: u64, user: Option<&str>, address: [u8; 4], queued: u64) -> ConnectionLine {
        ConnectionLine {
            id,
            user: user.map(Into::into),
            account: false,
            address: address.into(),
            dialect: "chat".into(),
            encrypted: false,
            since: Timestamp(100 - id as i64),
            silent_ms: id,
            lag_ms: (id > 1).then_some(id as u32),
            queued,
            said: 0,
            took: 0,
            rooms: Vec::new(),
        }
    }

    #[test]
    fn those_who_are_wanted_come_in_the_order_that_is_asked_for() {
        let all =
            [line(1, Some("bob"), [10, 0, 0, 2], 5), line(2, Some("alice"), [10, 0, 0, 1], 0), line(3, None, [192, 0, 2, 1], 9)];
        for (filter, order, limit, expected) in [
            ("", Sorting::Since, 9, &[3, 2, 1][..]),
            ("", Sorting::Name, 9, &[2, 1, 3]),
            ("", Sorting::Address, 9, &[2, 1, 3]),
            ("", Sorting::Queued, 9, &[3, 1, 2]),
            ("", Sorting::Queued, 2, &[3, 1]),
            ("", Sorting::Lag, 9, &[3, 2, 1]),
            ("10.0", Sorting::Since, 9, &[2, 1]),
            (" BO", Sorting::Since, 9, &[1]),
            ("nobody", Sorting::Since, 9, &[]),
            ("chat", Sorting::Since, 0, &[3]),
        ] {
            let asked = Asked { filter: filter.into(), sorting: order, limit, only: None };
            let mut lines: Vec<_> = all.iter().filter(|line| asked.is_wanted(line)).cloned().collect();
            asked.cut(&mut lines);
            assert_eq!(lines.iter().map(|line| line.id).collect::<Vec<_>>(), expected, "{filter} {order:?} {limit}");
        }
    }
}
