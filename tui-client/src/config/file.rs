//! The configuration file: every key with its type, its bounds and its default. What is wrong with one is said with its line.

use std::{collections::BTreeMap, path::PathBuf};

use chat_protocol::{RoomName, UserName};
use jiff::{Timestamp, fmt::strtime, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{Alerts, Colors, Notify, Settings, ThemeChoice};
use chat_terminal::reach::{Address, Fingerprint};

/// Everything that can stand in it. An empty text is as good as none.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct File {
    #[serde(deserialize_with = "user")]
    pub(super) user: Option<UserName>,
    #[serde(deserialize_with = "address")]
    pub(super) server: Address,
    #[serde(deserialize_with = "rooms")]
    pub(super) rooms: Vec<RoomName>,
    #[serde(deserialize_with = "path")]
    pub(super) token_file: Option<PathBuf>,
    #[serde(deserialize_with = "text")]
    pub(super) token_command: Option<String>,
    #[serde(deserialize_with = "path")]
    pub(super) ca_file: Option<PathBuf>,
    #[serde(deserialize_with = "fingerprint")]
    pub(super) fingerprint: Option<Fingerprint>,
    #[serde(deserialize_with = "path")]
    pub(super) log_dir: Option<PathBuf>,
    #[serde(deserialize_with = "within::<_, 100, 10_000_000>")]
    pub(super) scrollback: u32,
    pub(super) look: Look,
    pub(super) alerts: AlertKeys,
    pub(super) typing: Typing,
    pub(super) theme: Themes,
    pub(super) keys: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Look {
    pub(super) theme: ThemeChoice,
    pub(super) colors: Colors,
    #[serde(deserialize_with = "time_format")]
    pub(super) time: String,
    #[serde(deserialize_with = "time_format")]
    pub(super) date: String,
    #[serde(deserialize_with = "within::<_, 20, 1000>")]
    pub(super) text_width: u32,
    #[serde(deserialize_with = "within::<_, 4, 40>")]
    pub(super) nick_width: u32,
    #[serde(deserialize_with = "within::<_, 8, 60>")]
    pub(super) rooms_width: u32,
    #[serde(deserialize_with = "within::<_, 8, 60>")]
    pub(super) users_width: u32,
    pub(super) links: bool,
    pub(super) presence: bool,
    pub(super) mouse: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AlertKeys {
    pub(super) words: Vec<String>,
    #[serde(deserialize_with = "room_names")]
    pub(super) mute: Vec<String>,
    pub(super) ignore: Vec<String>,
    pub(super) notify: Notify,
    pub(super) show_text: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typing {
    pub(super) send: bool,
    pub(super) show: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Themes {
    pub(super) dark: BTreeMap<String, String>,
    pub(super) light: BTreeMap<String, String>,
}

impl File {
    /// Reads it.
    ///
    /// # Errors
    /// The line, and what is wrong there.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let words = error.message().replace('\n', " ").replace('`', "'");
            match error.span().and_then(|span| text.get(..span.start)) {
                Some(before) => format!("line {}: {words}", before.matches('\n').count() + 1),
                None => words,
            }
        })
    }
}

impl Default for File {
    fn default() -> Self {
        let Settings { look, alerts, send_typing, show_typing, scrollback, ignore, mouse, keys: _ } = Settings::default();
        let Alerts { words, mute, show_text, notify } = alerts;
        Self {
            user: None,
            server: Address::local(),
            rooms: Vec::new(),
            token_file: None,
            token_command: None,
            ca_file: None,
            fingerprint: None,
            log_dir: None,
            scrollback: u32::try_from(scrollback).unwrap_or(u32::MAX),
            look: Look {
                theme: ThemeChoice::Auto,
                colors: Colors::Auto,
                time: look.time,
                date: look.date,
                text_width: look.text_width.into(),
                nick_width: look.nick_width.into(),
                rooms_width: look.rooms_width.into(),
                users_width: look.users_width.into(),
                links: look.links,
                presence: look.presence,
                mouse,
            },
            alerts: AlertKeys { words, mute, ignore, notify, show_text },
            typing: Typing { send: send_typing, show: show_typing },
            theme: Themes::default(),
            keys: BTreeMap::new(),
        }
    }
}

impl Default for Look {
    fn default() -> Self {
        File::default().look
    }
}

impl Default for AlertKeys {
    fn default() -> Self {
        File::default().alerts
    }
}

impl Default for Typing {
    fn default() -> Self {
        File::default().typing
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(deserializer)?).filter(|text| !text.is_empty()))
}

/// `~/` is at home, as in a shell.
fn path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let Some(text) = text(deserializer)? else { return Ok(None) };
    let Some(rest) = text.strip_prefix("~/") else { return Ok(Some(text.into())) };
    Ok(Some(etcetera::home_dir().map_err(D::Error::custom)?.join(rest)))
}

fn user<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UserName>, D::Error> {
    let text = text(deserializer)?;
    text.map(|text| UserName::parse(&text).map_err(|error| D::Error::custom(format!("«{text}»: {error}")))).transpose()
}

fn fingerprint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fingerprint>, D::Error> {
    let text = text(deserializer)?;
    text.map(|text| text.parse().map_err(|words| D::Error::custom(format!("«{text}»: {words}")))).transpose()
}

fn room<E: serde::de::Error>(text: &str) -> Result<RoomName, E> {
    RoomName::parse(text).map_err(|error| E::custom(format!("«{text}»: {error}")))
}

fn rooms<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RoomName>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| room(text)).collect()
}

fn room_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().try_for_each(|text| room::<D::Error>(text).map(drop))?;
    Ok(names)
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    Address::parse(&String::deserialize(deserializer)?).map_err(|error| D::Error::custom(format!("{error:#}")))
}

fn within<'de, D: Deserializer<'de>, const LEAST: u32, const MOST: u32>(deserializer: D) -> Result<u32, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let fits = u32::try_from(number).ok().filter(|number| (LEAST..=MOST).contains(number));
    fits.ok_or_else(|| D::Error::custom(format!("{number} is not from {LEAST} to {MOST}")))
}

/// It is tried out here, so that showing a time cannot fail.
fn time_format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let format = String::deserialize(deserializer)?;
    let moment = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let wrong = |why: &dyn std::fmt::Display| D::Error::custom(format!("«{format}» is no format of strftime: {why}"));
    let shown = strtime::format(&format, &moment).map_err(|error| wrong(&error))?;
    if shown.chars().any(char::is_control) || shown.chars().count() > 64 {
        return Err(wrong(&"it is to be one short line"));
    }
    Ok(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("usr = 'x'", "line 1: unknown field 'usr', expected one of 'user', 'server', 'rooms'"),
            ("\n[look]\nlinx = true", "line 3: unknown field 'linx'"),
            ("[alerts]\nwords = 'one'", "line 2: invalid type: string"),
            ("user = 'a b  c'", "line 1: «a b  c»: a name holds single spaces"),
            ("user = 'x'\nserver = 'http://h'", "line 2: «http://h» begins with http://"),
            ("rooms = ['tea', '#x']", "line 1: «#x»: a name begins with a letter"),
            ("[look]\n\ntime = '%Q%'", "line 3: «%Q%» is no format of strftime"),
            ("[look]\ntime = '%H%n%M'", "line 2: «%H%n%M» is no format of strftime: it is to be one short line"),
            ("[look]\ntext_width = 5", "line 2: 5 is not from 20 to 1000"),
            ("[look]\ntext_width = -1", "line 2: -1 is not from 20 to 1000"),
            ("scrollback = 99", "line 1: 99 is not from 100 to"),
            ("[look]\ntheme = 'pink'", "line 2: unknown variant 'pink', expected one of 'auto', 'dark', 'light'"),
            ("[look]\ncolors = '8'", "line 2: unknown variant '8'"),
            ("[alerts]\nnotify = 'loud'", "line 2: unknown variant 'loud'"),
            ("[alerts]\nmute = ['']", "line 2: «»: a name cannot be empty"),
            ("[theme.dim]\nx = 'y'", "unknown field 'dim'"),
            ("fingerprint = '12'", "line 1: «12»: a fingerprint is the 64 hexadecimal digits"),
            ("user = ", "line 1: "),
        ] {
            let error = File::parse(text).expect_err(text);
            assert!(error.contains(expected) && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn an_empty_text_is_as_good_as_none() {
        let file =
            File::parse("user = ''\ntoken_file = ''\ntoken_command = ''\nca_file = ''\nfingerprint = ''\nlog_dir = ''").unwrap();
        assert_eq!(file, File::default());
        let file = File::parse("log_dir = '~/x'\nca_file = '/y'").unwrap();
        assert!(file.log_dir.is_some_and(|path| path.is_absolute() && path.ends_with("x")));
        assert_eq!(file.ca_file, Some("/y".into()));
    }
}
