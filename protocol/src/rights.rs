//! The words for who may do what in a room, and for what is done to those who may not: on the wire, in the log and when typed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A small set of words, each of which is written as it is typed.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$what])* $variant),+ }

        impl $name {
            /// Each of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As it is written and typed.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().copied().find(|one| one.word() == text);
                found.ok_or_else(|| Self::ALL.iter().map(|one| one.word()).collect::<Vec<_>>().join(", "))
            }
        }
    };
}

words! {
    /// What an account is, on a server or in a room, the least first.
    Role {
        /// Belongs to it.
        Member = "member",
        /// Keeps order.
        Moderator = "moderator",
        /// Decides.
        Owner = "owner",
    }
}

words! {
    /// Whose a room is to read.
    Access {
        /// Everybody's.
        Public = "public",
        /// Its members' alone. Nobody else is told of it.
        Private = "private",
    }
}

words! {
    /// Who does something in a room.
    Voice {
        /// Everybody who may read it.
        All = "all",
        /// Those who keep order there.
        Moderators = "moderators",
    }
}

words! {
    /// What a moderator does to somebody.
    Action {
        /// Out, once.
        Kick = "kick",
        /// May not say anything.
        Mute = "mute",
        /// May again.
        Unmute = "unmute",
        /// Out, and not in again.
        Ban = "ban",
        /// May come in again.
        Unban = "unban",
    }
}

/// What is to be otherwise in a room. What is left out stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Whose it is to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// Who may say something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speak: Option<Voice>,
    /// Who may set the topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<Voice>,
    /// Seconds between two messages of one user, who is no moderator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<u32>,
}

/// A time as people type it: `30s`, `10m`, `2h`, `7d`, `4w`. In seconds.
#[must_use]
pub fn duration(text: &str) -> Option<u64> {
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| number.parse::<u64>().ok()?.checked_mul(unit)).flatten().filter(|seconds| *seconds > 0)
}

/// A time in words: `10 min`, `2 h`, `1 d 2 h`.
#[must_use]
pub fn lasting(seconds: u64) -> String {
    let units = [(24 * 3600, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (size, name) in units {
        if left >= size && parts.len() < 2 {
            parts.push(format!("{} {name}", left / size));
            left %= size;
        }
    }
    if parts.is_empty() { "0 s".into() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_typed_and_told_in_words() {
        for (text, expected) in [
            ("30s", Some(30)),
            ("10m", Some(600)),
            ("2h", Some(7200)),
            ("7d", Some(604_800)),
            ("4w", Some(2_419_200)),
            ("0s", None),
            ("10", None),
            ("m", None),
            ("-1m", None),
            ("+1m", None),
            ("1é", None),
            ("99999999999999999999w", None),
            ("9999999999999999999w", None),
            ("", None),
        ] {
            assert_eq!(duration(text), expected, "{text}");
        }
        for (seconds, words) in [(0, "0 s"), (59, "59 s"), (600, "10 min"), (3660, "1 h 1 min"), (90_061, "1 d 1 h")] {
            assert_eq!(lasting(seconds), words);
        }
    }

    #[test]
    fn a_word_is_written_as_it_is_typed() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.word());
            assert_eq!(action.word().parse::<Action>(), Ok(*action));
        }
        assert_eq!("king".parse::<Role>(), Err("member, moderator, owner".into()));
    }
}
