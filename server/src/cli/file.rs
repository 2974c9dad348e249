//! The configuration file: where it is, and what is in it, each value checked by the command line's own definition. What is wrong
//! is said all at once, with its line. An empty text is as good as none.

use std::{
    collections::BTreeMap,
    error::Error as _,
    ffi::OsString,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use clap::{
    Command, FromArgMatches,
    error::{ContextKind, ContextValue, ErrorKind},
};
use etcetera::BaseStrategy;
use toml::{Spanned, Value};

use super::{
    Arguments,
    keys::{Key, Shape, keys, without_environment},
};

/// Where it is if it is nowhere else.
const OF_THE_MACHINE: &str = "/etc/chat-server/config.toml";
/// The first word of a command line, which says nothing.
const PROGRAM: &str = "chat-server";

/// Something that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    path: PathBuf,
    line: Option<usize>,
    why: String,
}

/// All that is wrong in it, in its order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults(pub Vec<Fault>);

/// A key of the file, and what it says there.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) line: usize,
    /// Never empty. Of a switch: `true` or `false`.
    values: Vec<String>,
}

/// A file, as far as it can be judged alone: every key is one, and every value is of its kind.
#[derive(Clone, Debug)]
pub struct File {
    pub(super) path: PathBuf,
    pub(super) entries: Vec<Entry>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.why)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if place == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl Entry {
    /// As it would be typed. A switch that is off is not there.
    pub(super) fn words(&self) -> Vec<OsString> {
        match self.key.shape {
            Shape::Switch if self.values == ["true"] => vec![format!("--{}", self.key.name).into()],
            Shape::Switch => Vec::new(),
            Shape::One | Shape::List => self.values.iter().map(|value| format!("--{}={value}", self.key.name).into()).collect(),
        }
    }
}

impl File {
    /// The one that was named, or the first that is there of the usual ones; none may be.
    ///
    /// # Errors
    /// It cannot be read, or not be used.
    pub(super) fn find(named: Option<&Path>) -> Result<Option<Self>, Faults> {
        if let Some(path) = named {
            return Self::read(path).map(Some);
        }
        let own = etcetera::choose_base_strategy().ok().map(|places| places.config_dir().join("chat-server/config.toml"));
        // One that may not be looked at is not taken for none: it may shut the door.
        let is_there = |path: &PathBuf| !fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        own.into_iter().chain([OF_THE_MACHINE.into()]).find(is_there).map(|path| Self::read(&path)).transpose()
    }

    /// This one.
    ///
    /// # Errors
    /// It cannot be read, or not be used.
    pub fn read(path: &Path) -> Result<Self, Faults> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) => Err(Faults(vec![Fault { path: path.to_owned(), line: None, why: error.to_string() }])),
        }
    }

    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, Faults> {
        let line_of = |place: usize| text.get(..place).map(|before| before.matches('\n').count() + 1);
        let fault = |place: Option<usize>, why| Fault { path: path.to_owned(), line: place.and_then(line_of), why };
        let table: BTreeMap<Spanned<String>, Spanned<Value>> = toml::from_str(text).map_err(|error| {
            let words = error.message().replace('\n', " ").replace('`', "'");
            Faults(vec![fault(error.span().map(|span| span.start), words)])
        })?;
        let mut said: Vec<_> = table.into_iter().collect();
        said.sort_by_key(|(name, _)| name.span().start);
        let (keys, command) = (keys(), without_environment());
        let (mut entries, mut faults) = (Vec::new(), Vec::new());
        for (name, value) in said {
            let (place, name) = (name.span().start, name.into_inner());
            let Some(key) = keys.iter().find(|key| key.name == name) else {
                faults.push(fault(Some(place), unknown(&command, &keys, &name, value.get_ref())));
                continue;
            };
            match values(key, value.into_inner()).and_then(|values| check(&command, key, &values).map(|()| values)) {
                Ok(values) if values.is_empty() => {}
                Ok(values) => entries.push(Entry { key: key.clone(), line: line_of(place).unwrap_or(1), values }),
                Err(why) => faults.push(fault(Some(place), format!("{name}: {why}"))),
            }
        }
        if faults.is_empty() { Ok(Self { path: path.to_owned(), entries }) } else { Err(Faults(faults)) }
    }

    /// Whether a server could be started with it and nothing else.
    ///
    /// # Errors
    /// Its keys contradict each other, or one is missing.
    pub fn check(&self) -> Result<(), Faults> {
        let words = [OsString::from(PROGRAM)].into_iter().chain(self.entries.iter().flat_map(Entry::words));
        let alone = without_environment().try_get_matches_from(words).and_then(|matches| Arguments::from_arg_matches(&matches));
        let fault = |line, why| Faults(vec![Fault { path: self.path.clone(), line, why }]);
        let arguments = alone.map_err(|error| {
            let (line, why) = self.contradiction(&error);
            fault(line, why)
        })?;
        arguments.config().map(drop).map_err(|error| fault(None, format!("{error:#}")))
    }

    /// Where two keys contradict each other, or one misses another, and how.
    fn contradiction(&self, error: &clap::Error) -> (Option<usize>, String) {
        let named = |kind| flags(error, kind).into_iter().next().unwrap_or_default();
        let line = |name: &str| self.entries.iter().find(|entry| entry.key.name == name).map(|entry| entry.line);
        match error.kind() {
            ErrorKind::ArgumentConflict => {
                let (one, other) = (named(ContextKind::InvalidArg), named(ContextKind::PriorArg));
                (line(&one).max(line(&other)), format!("{one} and {other} contradict each other"))
            }
            ErrorKind::MissingRequiredArgument => {
                (None, format!("{} is missing", flags(error, ContextKind::InvalidArg).join(", ")))
            }
            _ => (None, error.to_string()),
        }
    }
}

/// The flags that an error is about, without what stands around their names.
fn flags(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    let name = |flag: &String| flag.split([' ', '=']).next().unwrap_or(flag).trim_start_matches('-').to_owned();
    match error.get(kind) {
        Some(ContextValue::String(flag)) => vec![name(flag)],
        Some(ContextValue::Strings(flags)) => flags.iter().map(name).collect(),
        _ => Vec::new(),
    }
}

/// What is said of a key that is none.
fn unknown(command: &Command, keys: &[Key], name: &str, value: &Value) -> String {
    if value.is_table() {
        return format!("there are no sections here, so no [{name}]: every key stands alone");
    }
    // The command line knows what was meant as it would of a flag.
    let typed = command.clone().try_get_matches_from([PROGRAM.to_owned(), format!("--{name}")]);
    let meant = typed.err().map(|error| flags(&error, ContextKind::SuggestedArg)).unwrap_or_default();
    match meant.iter().find(|meant| keys.iter().any(|key| key.name == **meant)) {
        Some(meant) => format!("there is no key {name}; did you mean {meant}?"),
        None => format!("there is no key {name}; chat-server config print has all of them"),
    }
}

/// What a value says, as it would be typed.
fn values(key: &Key, value: Value) -> Result<Vec<String>, String> {
    let one = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Integer(number) => Ok(number.to_string()),
        _ => Err("a text or a number is wanted".to_owned()),
    };
    match (key.shape, value) {
        (Shape::Switch, Value::Boolean(on)) => Ok(vec![on.to_string()]),
        (Shape::Switch, _) => Err("true or false is wanted, without quotes".into()),
        (Shape::List, Value::Array(values)) => values.into_iter().map(one).collect(),
        (Shape::List | Shape::One, Value::String(text)) if text.is_empty() => Ok(Vec::new()),
        (Shape::One, Value::Array(_)) => Err("one value is wanted, and not a list".into()),
        (Shape::List | Shape::One, value) => Ok(vec![one(value)?]),
    }
}

/// Whether the definition takes these values.
fn check(command: &Command, key: &Key, values: &[String]) -> Result<(), String> {
    if key.shape == Shape::Switch {
        return Ok(());
    }
    for value in values {
        let typed = command.clone().try_get_matches_from([PROGRAM.to_owned(), format!("--{}={value}", key.name)]);
        let Err(error) = typed else { continue };
        let why = match (error.kind(), error.get(ContextKind::ValidValue)) {
            // It may be typed beside others.
            (ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument, _) => continue,
            (_, Some(ContextValue::Strings(words))) if !words.is_empty() => format!("one of {} is wanted", words.join(", ")),
            _ => error.source().map_or_else(|| error.kind().to_string(), ToString::to_string),
        };
        return Err(if key.is_secret { why } else { format!("«{value}»: {why}") });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a text, without its path.
    fn faults(text: &str) -> String {
        let read = File::parse(Path::new("f"), text).and_then(|file| file.check());
        read.err().map(|faults| faults.to_string().replace("f: ", "")).unwrap_or_default()
    }

    #[test]
    fn what_is_right_is_taken() {
        for text in [
            "",
            "# nothing\n",
            "port = 9000\nhost = '::1'\nrate-limit = 'off'\nshards = 2",
            "port = '9000'\ndurability = 'normal'",
            "data-dir = ''\nshards = ''\nauth-token = ''\nallow-origin = []",
            "allow-origin = 'https://a'\nauth-token = ['x', 'y']\ntrusted-proxy = ['10.0.0.0/8', '::1']",
            "ephemeral = false\ndata-dir = '/x'",
            "tls-cert = 'a'\ntls-key = 'b'",
            "ephemeral = true\nrequire-auth = true\nauth-token = '--x'",
        ] {
            assert_eq!(faults(text), "", "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("\nratelimit = 'off'", "line 2: there is no key ratelimit; did you mean rate-limit?"),
            ("rate_limit = 'off'", "line 1: there is no key rate_limit; did you mean rate-limit?"),
            ("config = 'x'", "line 1: there is no key config; chat-server config print has all of them"),
            ("help = true", "line 1: there is no key help; "),
            ("version = true", "line 1: there is no key version; "),
            ("'-=' = 1", "line 1: there is no key -=; "),
            ("[limits]\nrate-limit = 'off'", "line 1: there are no sections here, so no [limits]"),
            ("port = 70000", "line 1: port: «70000»: 70000 is not in 0..=65535"),
            ("port = -1", "line 1: port: «-1»: -1 is not in 0..=65535"),
            ("port = 1.5", "line 1: port: a text or a number is wanted"),
            ("port = [1]", "line 1: port: one value is wanted, and not a list"),
            ("host = 'here'", "line 1: host: «here»: invalid IP address syntax"),
            ("# x\n\nrate-limit = '5'", "line 3: rate-limit: «5»: BURST/PER_SECOND like 100/10, or off"),
            ("durability = 'half'", "line 1: durability: «half»: one of full, normal is wanted"),
            ("ephemeral = 'yes'", "line 1: ephemeral: true or false is wanted, without quotes"),
            ("ephemeral = 1", "line 1: ephemeral: true or false is wanted, without quotes"),
            ("allow-origin = [true]", "line 1: allow-origin: a text or a number is wanted"),
            ("trusted-proxy = ['::1',\n'x']", "line 1: trusted-proxy: «x»: an address like 192.0.2.1"),
            ("port = 1\nport = 2", "line 2: duplicate key"),
            ("port = ", "line 1: "),
            ("port = 'x'\n\nnope = 1", "line 1: port: «x»: invalid digit found in string\nline 3: there is no key nope"),
            ("tls-self-signed = true\ntls-cert = 'a'\ntls-key = 'b'", "line 2: tls-"),
            ("ephemeral = true\n\ndata-dir = 'x'", "line 3: ephemeral and data-dir contradict each other"),
            ("tls-cert = 'a'", "tls-key is missing"),
            ("shards = 0", "--shards needs at least one"),
            ("auth-token = ['']", "an empty --auth-token would open the door to everybody"),
        ] {
            let found = faults(text);
            assert!(found.contains(expected), "{text}: {found}");
        }
    }

    #[test]
    fn a_secret_is_in_no_fault() {
        for text in [
            "auth-token = { hush = 'hush' }",
            "auth-token = [['hush']]",
            "auth-token = 'hush\nport = 1",
            "auth-token = ['hush', '']",
        ] {
            let found = faults(text);
            assert!(!found.is_empty() && !found.contains("hush"), "{text}: {found}");
        }
    }
}
