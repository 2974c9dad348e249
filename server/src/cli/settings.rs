//! What holds, and who said it: a flag goes before an environment variable, that before the configuration file, and that before
//! the default. What the file says is put among the words of the command line wherever nothing goes before it, so that there is
//! one definition that judges all of it.

use std::{
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, CommandFactory, FromArgMatches, parser::ValueSource};

use super::{
    Arguments, Faults, File,
    file::Entry,
    keys::{Key, Shape, contradict, keys, without_relations},
};

/// Who said what holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag,
    Environment { variable: String },
    File { path: PathBuf, line: usize },
    Default,
}

/// Why it cannot be known what holds.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// What was typed, or the environment, is wrong; or help was asked for.
    #[error(transparent)]
    Words(#[from] clap::Error),
    /// The file is wrong.
    #[error(transparent)]
    File(#[from] Faults),
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Settings {
    matches: ArgMatches,
    file: Option<File>,
}

/// Something that was chosen anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub key: String,
    /// As the file would have them; a secret is in neither.
    pub from: String,
    pub to: String,
    pub origin: Origin,
    /// A running server takes it up; otherwise it waits for a restart.
    pub is_live: bool,
}

/// One key, as it is.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    key: String,
    is_live: bool,
    /// As they would be typed. Nothing prints them.
    values: Vec<String>,
    /// As the file would have it; a secret is not in it.
    value: String,
    origin: Origin,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment { variable } => write!(f, "environment {variable}"),
            Self::File { path, line } => write!(f, "file {}:{line}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Settings {
    /// Reads what was typed, the environment and the file. The first of `words` is the program's name.
    ///
    /// # Errors
    /// One of them is wrong.
    pub fn gather(words: &[OsString]) -> Result<Self, Unread> {
        let said = without_relations().try_get_matches_from(words)?;
        let arguments = Arguments::from_arg_matches(&said)?;
        let file = match &arguments.command {
            Some(command) if command.is_apart_from_the_file() => None,
            _ => File::find(arguments.config.as_deref())?,
        };
        Self::with(words, &said, file)
    }

    /// The settings of a server, whatever is to be done instead of serving. A file that is wrong is left out; why, comes beside.
    ///
    /// # Errors
    /// What was typed is wrong, or the environment.
    pub fn gather_what_can_be(words: &[OsString]) -> Result<(Self, Option<Unread>), Unread> {
        let said = without_relations().try_get_matches_from(words)?;
        let named = Arguments::from_arg_matches(&said)?.config;
        let whole = File::find(named.as_deref()).map_err(Into::into).and_then(|file| Self::with(words, &said, file));
        match whole {
            Ok(settings) => Ok((settings, None)),
            Err(wrong) => Ok((Self::with(words, &said, None)?, Some(wrong))),
        }
    }

    fn with(words: &[OsString], said: &ArgMatches, file: Option<File>) -> Result<Self, Unread> {
        let command = Arguments::command();
        let before: Vec<_> = keys().into_iter().filter(|key| is_said(said, key)).collect();
        let file = file.map(|mut file| {
            let contradicts = |key: &Key, entry: &Entry| {
                is_on(said, key) && !entry.words().is_empty() && contradict(&command, &key.id, &entry.key.id)
            };
            file.entries.retain(|entry| !before.iter().any(|key| key.id == entry.key.id || contradicts(key, entry)));
            file
        });
        let (program, typed) = words.split_at(words.len().min(1));
        let of_the_file = file.iter().flat_map(|file| &file.entries).flat_map(Entry::words);
        let all = program.iter().cloned().chain(of_the_file).chain(typed.iter().cloned());
        Ok(Self { matches: command.try_get_matches_from(all)?, file })
    }

    /// What holds.
    ///
    /// # Errors
    /// The definition of the command line contradicts itself.
    pub fn arguments(&self) -> Result<Arguments, Unread> {
        Ok(Arguments::from_arg_matches(&self.matches)?)
    }

    /// What `config show` prints: a line for each key, as the file would have it; with `origin`, who said so.
    #[must_use]
    pub fn show(&self, origin: bool) -> String {
        let line = |setting: Setting| {
            let said = format!("{} = {}", setting.key, setting.value);
            if origin { format!("{said:<44} # {}\n", setting.origin) } else { said + "\n" }
        };
        self.all().into_iter().map(line).collect()
    }

    /// The file that some of it was in.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|file| file.path.as_path())
    }

    /// Whether secrets stand in the file.
    #[must_use]
    pub fn keeps_secrets_in_its_file(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.entries.iter().any(|entry| entry.key.is_secret))
    }

    /// Whether some of it was in a file.
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// What holds here and did not hold there.
    #[must_use]
    pub fn changes(&self, since: &Self) -> Vec<Change> {
        let change = |(before, now): (Setting, Setting)| {
            let Setting { key, is_live, values, value, origin } = now;
            (before.values != values).then_some(Change { key, from: before.value, to: value, origin, is_live })
        };
        since.all().into_iter().zip(self.all()).filter_map(change).collect()
    }

    fn all(&self) -> Vec<Setting> {
        let entries = self.file.iter().flat_map(|file| file.entries.iter().map(|entry| (&file.path, entry)));
        let setting = |key: Key| {
            let values: Vec<_> = match key.shape {
                Shape::Switch => vec![self.matches.get_flag(&key.id).to_string()],
                Shape::One | Shape::List => {
                    let values = self.matches.get_raw(&key.id).into_iter().flatten();
                    values.map(|value| value.to_string_lossy().into_owned()).collect()
                }
            };
            let value = key.written(&values).to_string();
            let of_the_file = entries.clone().find(|(_, entry)| entry.key.id == key.id);
            let origin = match (of_the_file, self.matches.value_source(&key.id)) {
                (Some((path, entry)), _) => Origin::File { path: path.clone(), line: entry.line },
                (None, Some(ValueSource::CommandLine)) => Origin::Flag,
                (None, Some(ValueSource::EnvVariable)) => Origin::Environment { variable: key.variable },
                (None, _) => Origin::Default,
            };
            Setting { key: key.name, is_live: key.is_live, values, value, origin }
        };
        keys().into_iter().map(setting).collect()
    }
}

/// Whether a flag or a variable said something of it.
fn is_said(said: &ArgMatches, key: &Key) -> bool {
    matches!(said.value_source(&key.id), Some(ValueSource::CommandLine | ValueSource::EnvVariable))
}

/// A switch that is off contradicts nothing.
fn is_on(said: &ArgMatches, key: &Key) -> bool {
    key.shape != Shape::Switch || said.get_flag(&key.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What holds of a key, and where from, when this is typed and that is in the file. Nothing of the environment is in it.
    fn holds(line: &str, text: &str, key: &str) -> String {
        let words: Vec<OsString> = ["chat-server"].into_iter().chain(line.split_whitespace()).map(Into::into).collect();
        let said = match without_relations().try_get_matches_from(&words) {
            Ok(said) => said,
            Err(error) => return error.to_string(),
        };
        let file = File::parse(Path::new("f"), text).unwrap();
        match Settings::with(&words, &said, Some(file)) {
            Ok(settings) => {
                let setting = settings.all().into_iter().find(|setting| setting.key == key).unwrap();
                format!("{} of {}", setting.value, setting.origin)
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_flag_goes_before_the_file_and_that_before_the_default() {
        for (line, text, key, expected) in [
            ("", "", "port", "8000 of default"),
            ("", "port = 9", "port", "9 of file f:1"),
            ("--port 7", "port = 9", "port", "7 of flag"),
            ("-p 7", "\n\nport = 9", "port", "7 of flag"),
            ("--port 7", "\n\nhost = '::1'", "host", "\"::1\" of file f:3"),
            ("", "ephemeral = false", "ephemeral", "false of file f:1"),
            ("", "ephemeral = true", "ephemeral", "true of file f:1"),
            ("--ephemeral", "ephemeral = false", "ephemeral", "true of flag"),
            ("", "", "ephemeral", "false of default"),
            ("", "data-dir = ''", "data-dir", "\"\" of default"),
            ("", "", "data-dir", "\"\" of default"),
            ("", "auth-token = ['a', 'b']", "auth-token", "[\"…\", \"…\"] of file f:1"),
            ("--auth-token c", "auth-token = ['a', 'b']", "auth-token", "[\"…\"] of flag"),
            ("", "allow-origin = ['a', 'b']", "allow-origin", "[\"a\", \"b\"] of file f:1"),
            ("--allow-origin c,d", "allow-origin = ['a', 'b']", "allow-origin", "[\"c\", \"d\"] of flag"),
            ("", "final = true", "final", "true of file f:1"),
            // Also for what is done instead of serving.
            ("account list", "data-dir = '/x'", "data-dir", "\"/x\" of file f:1"),
            ("account list --data-dir /y", "data-dir = '/x'", "data-dir", "\"/y\" of flag"),
            ("account invite list", "data-dir = '/x'\nport = 1", "data-dir", "\"/x\" of file f:1"),
        ] {
            assert_eq!(holds(line, text, key), expected, "{line:?} {text:?}");
        }
    }

    #[test]
    fn what_a_flag_contradicts_gives_way_and_what_it_needs_may_come_from_the_file() {
        let files = "tls-cert = 'a'\ntls-key = 'b'";
        for (line, text, key, expected) in [
            ("--ephemeral", "data-dir = 'x'", "data-dir", "\"\" of default"),
            ("--data-dir x", "ephemeral = true", "ephemeral", "false of default"),
            ("--data-dir x", "ephemeral = false", "ephemeral", "false of file f:1"),
            ("--tls-self-signed", files, "tls-key", "\"\" of default"),
            ("--tls-self-signed", files, "tls-cert", "\"\" of default"),
            ("--tls-cert c --tls-key d", "tls-self-signed = true", "tls-self-signed", "false of default"),
            ("--tls-cert c", "tls-key = 'b'", "tls-key", "\"b\" of file f:1"),
            ("--tls-cert c", files, "tls-cert", "\"c\" of flag"),
        ] {
            assert_eq!(holds(line, text, key), expected, "{line:?} {text:?}");
        }
        assert!(holds("", "tls-cert = 'a'", "port").contains("--tls-key <FILE>"));
        assert!(holds("--ephemeral --data-dir x", "", "port").contains("cannot be used with"));
        assert!(holds("--nonsense", "", "port").contains("--nonsense"));
    }
}
