//! What is asked for in one line of words, and what the words mean.

use std::net::IpAddr;

use chat_protocol::{
    Action, RoomName, display,
    rights::{duration, lasting},
};

use super::model::Deed;
use crate::admin::Act;

/// The longest line that is taken, in bytes.
const LONGEST: usize = 1000;
/// In seconds.
const DAY: u64 = 24 * 3600;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Only those in which this stands.
    Filter,
    Notice {
        room: Option<RoomName>,
    },
    Punish {
        action: Action,
        user: String,
        room: Option<RoomName>,
    },
    /// Whose penalty is to be lifted.
    Lift {
        action: Action,
        room: Option<RoomName>,
    },
    Slow {
        room: RoomName,
    },
    Leave,
    LogFilter,
}

/// A line, as far as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub want: Want,
    pub text: String,
    /// What is wrong with it.
    pub fault: Option<String>,
}

impl Prompt {
    pub fn new(want: Want, text: impl Into<String>) -> Self {
        Self { want, text: text.into(), fault: None }
    }

    /// Text put in at the end, on one line.
    pub fn put(&mut self, text: &str) {
        self.fault = None;
        let line = display::line(text);
        let room = LONGEST.saturating_sub(self.text.len());
        self.text.push_str(&line[..line.floor_char_boundary(room)]);
    }

    /// The last character goes, or the last word.
    pub fn take_back(&mut self, word: bool) {
        self.fault = None;
        if !word {
            self.text.pop();
            return;
        }
        let kept = self.text.trim_end().rfind(' ').map_or(0, |space| space + 1);
        self.text.truncate(kept);
    }

    /// What is asked, and how it is answered.
    pub fn words(&self) -> (String, &'static str) {
        let place = |room: &Option<RoomName>| room.as_ref().map_or_else(|| "everywhere".to_owned(), |room| format!("in {room}"));
        match &self.want {
            Want::Filter => ("Only those with".into(), "a part of a name or an address; empty: all"),
            Want::Notice { room: Some(room) } => (format!("Say to {room}"), "everybody who is there reads it"),
            Want::Notice { room: None } => ("Say to everybody".into(), "everybody who is here reads it"),
            Want::Punish { action: Action::Kick, user, room } => {
                (format!("Kick {} {}", display::line(user), place(room)), "a reason, which they are told; or nothing")
            }
            Want::Punish { action, user, room } => {
                let what = if *action == Action::Mute { "Mute" } else { "Ban" };
                let how = "how long (30m, 2h, 7d; nothing: for ever), and a reason; --address: all guests from there";
                (format!("{what} {} {}", display::line(user), place(room)), how)
            }
            Want::Lift { action, room } => {
                let what = if *action == Action::Unmute { "mute" } else { "ban" };
                (format!("Lift the {what} {} of", place(room)), "a name, or an address; --address NAME: all guests from there")
            }
            Want::Slow { room } => {
                (format!("Slow down {room} to one message in"), "seconds, or 30s, 5m; 0: as fast as they like")
            }
            Want::Leave => ("Go down in".into(), "30s, 5m, 1h; 0: now"),
            Want::LogFilter => ("Write log lines of".into(), "as RUST_LOG: warn, info, debug, chat_server::log=debug"),
        }
    }

    /// What the words mean, and whether that has to be meant: in words, where it cannot be undone.
    ///
    /// # Errors
    /// In words: they mean nothing.
    pub fn deed(&self) -> Result<(Deed, Option<String>), String> {
        let text = self.text.trim();
        let room_name = |room: &Option<RoomName>| room.as_ref().map(|room| room.shown().to_owned());
        let place = |room: &Option<RoomName>| room.as_ref().map_or_else(|| "everywhere".to_owned(), |room| format!("in {room}"));
        Ok(match &self.want {
            Want::Filter => return Err("that is looked for at once".into()),
            Want::Notice { .. } if text.is_empty() => return Err("there is nothing to say".into()),
            Want::Notice { room } => {
                let whom = room.as_ref().map_or_else(|| "everybody".to_owned(), |room| format!("everybody in {room}"));
                let words = format!("Say to {whom}: {text}");
                (Deed::Act(Act::Notice { room: room_name(room), text: text.to_owned() }), Some(words))
            }
            Want::Punish { action, user, room } => {
                let (seconds, address, reason) =
                    if *action == Action::Kick { (None, false, text.to_owned()) } else { penalty(text) };
                let what = match action {
                    Action::Kick => "Kick",
                    Action::Mute => "Mute",
                    _ => "Ban",
                };
                let whom = if address {
                    format!("all guests from where {} is", display::line(user))
                } else {
                    display::line(user).into_owned()
                };
                let time = match (action, seconds) {
                    (Action::Kick, _) => String::new(),
                    (_, Some(seconds)) => format!(" for {}", lasting(seconds)),
                    (_, None) => " for ever".to_owned(),
                };
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                let words = format!("{what} {whom} {}{time}{why}?", place(room));
                let (action, user, room) = (*action, user.clone(), room_name(room));
                (Deed::Act(Act::Punish { action, user, address, room, seconds, reason }), Some(words))
            }
            Want::Lift { .. } if text.is_empty() => return Err("a name is needed".into()),
            Want::Lift { action, room } => {
                let (named, user) = text.strip_prefix("--address").map_or((false, text), |rest| (true, rest.trim()));
                let address = named || user.parse::<IpAddr>().is_ok();
                let (action, user, room) = (*action, user.to_owned(), room_name(room));
                (Deed::Act(Act::Punish { action, user, address, room, seconds: None, reason: String::new() }), None)
            }
            Want::Slow { room } => {
                let seconds = time(text)?;
                let seconds = u32::try_from(seconds).map_err(|_| "that is too slow".to_owned())?;
                (Deed::Act(Act::Slow { room: room.shown().to_owned(), seconds }), None)
            }
            Want::Leave => {
                let seconds = time(text)?;
                if seconds > DAY {
                    return Err("a day at most".into());
                }
                let when = if seconds == 0 { "now".to_owned() } else { format!("in {}", lasting(seconds)) };
                (Deed::Act(Act::Leave { seconds }), Some(format!("Let the server go down {when}? Everybody is told.")))
            }
            Want::LogFilter if text.is_empty() => return Err("which?".into()),
            Want::LogFilter => (Deed::Act(Act::LogFilter { filter: text.to_owned() }), None),
        })
    }
}

/// How long, whether for all from there, and why.
fn penalty(text: &str) -> (Option<u64>, bool, String) {
    let (mut seconds, mut address, mut rest) = (None, false, text);
    loop {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        match (duration(word), word) {
            (Some(time), _) if seconds.is_none() => seconds = Some(time),
            (_, "--address") => address = true,
            _ => return (seconds, address, rest.to_owned()),
        }
        rest = after.trim_start();
    }
}

/// Seconds, as a number or with a unit.
fn time(text: &str) -> Result<u64, String> {
    let number = text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    number.or_else(|| duration(text)).ok_or_else(|| "a time looks like 30s, 5m, 1h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(want: Want, text: &str, expected: &str) {
        let found = match Prompt::new(want, text).deed() {
            Ok((Deed::Act(act), question)) => {
                let act = serde_json::to_string(&act).unwrap();
                question.map_or(act.clone(), |question| format!("{question} {act}"))
            }
            Ok((other, _)) => panic!("{other:?}"),
            Err(words) => words,
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn words_mean_a_deed_or_say_why_not() {
        let room = || RoomName::parse("tea").ok();
        let punish = |action, room| Want::Punish { action, user: "al".into(), room };
        let act = |action, address, room, seconds, reason| {
            format!(
                r#"{{"act":"punish","action":"{action}","user":"al","address":{address},"room":{room},"seconds":{seconds},"reason":"{reason}"}}"#
            )
        };
        for (text, question, expected) in [
            ("", "Ban al everywhere for ever?", act("ban", false, "null", "null", "")),
            ("2h spam, again", "Ban al everywhere for 2 h: spam, again?", act("ban", false, "null", "7200", "spam, again")),
            ("--address 7d", "Ban all guests from where al is everywhere for 7 d?", act("ban", true, "null", "604800", "")),
            ("2h 3h", "Ban al everywhere for 2 h: 3h?", act("ban", false, "null", "7200", "3h")),
        ] {
            check(punish(Action::Ban, None), text, &format!("{question} {expected}"));
        }
        let kicked = act("kick", false, "\"tea\"", "null", "2h ago");
        check(punish(Action::Kick, room()), "2h ago", &format!("Kick al in tea: 2h ago? {kicked}"));
        check(Want::Slow { room: room().unwrap() }, "5m", r#"{"act":"slow","room":"tea","seconds":300}"#);
        check(Want::Slow { room: room().unwrap() }, "x", "a time looks like 30s, 5m, 1h");
        check(Want::Slow { room: room().unwrap() }, "-1", "a time looks like 30s, 5m, 1h");
        check(Want::Leave, "90", r#"Let the server go down in 1 min 30 s? Everybody is told. {"act":"leave","seconds":90}"#);
        check(Want::Leave, "2d", "a day at most");
        check(Want::Leave, "", "a time looks like 30s, 5m, 1h");
        check(Want::Notice { room: None }, "  ", "there is nothing to say");
        check(Want::Notice { room: room() }, " hi ", r#"Say to everybody in tea: hi {"act":"notice","room":"tea","text":"hi"}"#);
        for (text, user, address) in [("al", "al", false), ("--address al", "al", true), ("192.0.2.7", "192.0.2.7", true)] {
            let lifted = act("unban", address, "null", "null", "").replace("\"al\"", &format!("\"{user}\""));
            check(Want::Lift { action: Action::Unban, room: None }, text, &lifted);
        }
        check(Want::LogFilter, "debug", r#"{"act":"log_filter","filter":"debug"}"#);
    }

    #[test]
    fn a_line_takes_one_line_of_so_much() {
        let mut prompt = Prompt::new(Want::Leave, "");
        prompt.put("one\ntwo\u{1b}[2J three");
        assert!(!prompt.text.contains(['\n', '\u{1b}']), "{}", prompt.text);
        prompt.take_back(true);
        assert!(prompt.text.ends_with(' '));
        prompt.put(&"é".repeat(2000));
        assert!(prompt.text.len() <= LONGEST);
        (0..3000).for_each(|_| prompt.take_back(false));
        assert_eq!(prompt.text, "");
        prompt.take_back(true);
    }
}
