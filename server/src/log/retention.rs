//! How long messages are kept: for so long, or so many of a room, or for ever. A room's own word goes before the general one.
//!
//! Pure: says what is chosen. What is too old by it, the log knows ([`Reader::overdue`](crate::log::Reader::overdue)), and who takes
//! it away is [`sweep`](crate::sweep).

use std::{collections::HashMap, str::FromStr, sync::Arc};

use chat_protocol::{RoomName, Timestamp};

/// What is chosen for all rooms. By default everything is kept for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    ages: Choice,
    counts: Choice,
}

/// What is kept of one room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// What was said since then; before that, nothing.
    pub since: Option<Timestamp>,
    /// So many messages, the last ones.
    pub messages: Option<u64>,
}

/// One number for all rooms, and others for some. `None` is for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Choice {
    general: Option<u64>,
    rooms: HashMap<Arc<str>, Option<u64>>,
}

impl Choice {
    fn of<T>(said: &[Kept<T>], number: impl Fn(&T) -> Option<u64>) -> Self {
        let mut choice = Self::default();
        for kept in said {
            match &kept.room {
                Some(room) => drop(choice.rooms.insert(room.key(), number(&kept.what))),
                None => choice.general = number(&kept.what),
            }
        }
        choice
    }

    fn keeps_all(&self) -> bool {
        self.general.is_none() && self.rooms.values().all(Option::is_none)
    }

    fn for_room(&self, room: &RoomName) -> Option<u64> {
        self.rooms.get(room.folded()).copied().unwrap_or(self.general)
    }
}

impl Retention {
    /// As it was said; of two that speak of the same, the last one holds.
    #[must_use]
    pub fn new(ages: &[Kept<Age>], counts: &[Kept<Count>]) -> Self {
        Self { ages: Choice::of(ages, |age| age.0), counts: Choice::of(counts, |count| count.0) }
    }

    /// Nothing is ever taken away.
    #[must_use]
    pub fn keeps_all(&self) -> bool {
        self.ages.keeps_all() && self.counts.keeps_all()
    }

    /// What is kept of a room now.
    #[must_use]
    pub fn of(&self, room: &RoomName, now: Timestamp) -> Keep {
        let since = |age: u64| Timestamp(now.0.saturating_sub(i64::try_from(age).unwrap_or(i64::MAX)));
        Keep { since: self.ages.for_room(room).map(since), messages: self.counts.for_room(room) }
    }
}

/// One word of it, as it is typed: `90d`, or `general=90d` for one room alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept<T> {
    room: Option<RoomName>,
    what: T,
}

/// In milliseconds; none is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Age(Option<u64>);

/// How many; none is all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count(Option<u64>);

/// What keeps all, in either.
const FOR_EVER: &str = "forever";

impl<T: FromStr<Err = String>> FromStr for Kept<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // No name of a room holds this character.
        match text.split_once('=') {
            None => Ok(Self { room: None, what: text.parse()? }),
            Some((room, what)) => {
                // Of private conversations, which the two of them name, the general word holds.
                let known = RoomName::known(room).map_err(|error| error.to_string());
                let public = known.and_then(|room| if room.is_private() { Err("it is private".into()) } else { Ok(room) });
                let room = public.map_err(|error| format!("{room:?} is no room to choose for: {error}"))?;
                Ok(Self { room: Some(room), what: what.parse()? })
            }
        }
    }
}

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == FOR_EVER {
            return Ok(Self(None));
        }
        // A unit is asked for: what goes by a wrong guess does not come back.
        let each = match text.chars().next_back() {
            Some('d') => 24 * 3_600_000,
            Some('h') => 3_600_000,
            Some('m') => 60_000,
            _ => 0,
        };
        let number = if each > 0 { text[..text.len() - 1].parse::<u64>().ok() } else { None };
        let age = number.filter(|number| *number > 0).and_then(|number| number.checked_mul(each));
        age.map(|age| Self(Some(age))).ok_or_else(|| "a time like 90d, 12h or 30m, or «forever»".into())
    }
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == FOR_EVER {
            return Ok(Self(None));
        }
        let count = text.parse().ok().filter(|count: &u64| *count > 0);
        count.map(|count| Self(Some(count))).ok_or_else(|| "a number of messages, at least 1, or «forever»".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000 * 24 * 3_600_000);

    fn retention(ages: &[&str], counts: &[&str]) -> Result<Retention, String> {
        let ages = ages.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>()?;
        let counts = counts.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>()?;
        Ok(Retention::new(&ages, &counts))
    }

    /// Days and messages that are kept of a room.
    fn check(ages: &[&str], counts: &[&str], room: &str, expected: (Option<i64>, Option<u64>)) {
        let kept = retention(ages, counts).unwrap().of(&RoomName::known(room).unwrap(), NOW);
        let days = kept.since.map(|since| (NOW.0 - since.0) / (24 * 3_600_000));
        assert_eq!((days, kept.messages), expected, "{ages:?} {counts:?} {room}");
    }

    #[test]
    fn a_rooms_own_word_goes_before_the_general_one() {
        check(&[], &[], "tea", (None, None));
        check(&["90d"], &[], "tea", (Some(90), None));
        check(&["90d", "Tea=7d"], &["100"], "tea", (Some(7), Some(100)));
        check(&["tea=7d", "90d"], &["100", "tea=forever"], "tea", (Some(7), None));
        check(&["90d", "tea=forever"], &["tea=5"], "TEA", (None, Some(5)));
        check(&["90d", "tea=forever"], &["tea=5"], "@ann,bob", (Some(90), None));
        check(&["90d", "60d"], &["7", "3"], "tea", (Some(60), Some(3)));
        check(&["48h", "tea=2880m"], &[], "tea", (Some(2), None));
    }

    #[test]
    fn nothing_chosen_or_all_for_ever_keeps_all() {
        for (ages, counts, all) in [
            (&[][..], &[][..], true),
            (&["forever"], &["forever", "tea=forever"], true),
            (&["1d"], &[], false),
            (&[], &["tea=1"], false),
        ] {
            assert_eq!(retention(ages, counts).unwrap().keeps_all(), all, "{ages:?} {counts:?}");
        }
    }

    #[test]
    fn what_is_not_clear_is_refused() {
        for text in [
            "",
            "7",
            "0d",
            "-1d",
            "1.5d",
            "7 d",
            "7w",
            "d",
            "=7d",
            "#tea=7d",
            "tea=",
            "tea=7",
            "a=b=7d",
            "@ann,bob=7d",
            "999999999999999d",
            "7é",
        ] {
            assert!(text.parse::<Kept<Age>>().is_err(), "{text:?}");
        }
        for text in ["", "0", "-1", "1k", "7d", "tea=0", "tea="] {
            assert!(text.parse::<Kept<Count>>().is_err(), "{text:?}");
        }
    }
}
