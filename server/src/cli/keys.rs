//! What can be set, read from the command line's own definition: whatever has a flag and an environment variable there is a key of
//! the configuration file, by the flag's name. So a new flag is a key without anybody thinking of it, and the two cannot differ.

use clap::{Arg, ArgAction, Command, CommandFactory, builder::Resettable};
use toml::Value;

use super::Arguments;

/// It says where the file is, and cannot stand in it.
const THE_FILE_ITSELF: &str = "config";
/// What a running server takes up when it reads its configuration again; the rest waits for a restart.
const LIVE: [&str; 17] = [
    "log-filter",
    "allow-origin",
    "auth-token",
    "require-auth",
    "registration",
    "rate-limit",
    "account-rate",
    "ip-rate",
    "control-rate",
    "connect-rate",
    "max-per-ip",
    "max-connections",
    "max-strangers",
    "max-strangers-per-ip",
    "final",
    "retain",
    "retain-messages",
];
/// Stands where a secret would.
const HIDDEN: &str = "…";

/// How many values a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// None: it is there or not.
    Switch,
    One,
    List,
}

/// One thing that can be set.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// As the flag is called.
    pub(super) name: String,
    /// As the definition calls it.
    pub(super) id: String,
    pub(super) variable: String,
    pub(super) heading: String,
    pub(super) help: String,
    /// The words that it is one of, if it is one of a few.
    pub(super) words: Vec<String>,
    pub(super) default: Vec<String>,
    pub(super) shape: Shape,
    /// Nothing prints it.
    pub(super) is_secret: bool,
    /// A running server takes it up.
    pub(super) is_live: bool,
}

impl Key {
    fn of(arg: &Arg) -> Option<Self> {
        let (name, variable) = (arg.get_long()?, arg.get_env()?.to_str()?);
        if name == THE_FILE_ITSELF {
            return None;
        }
        let shape = match arg.get_action() {
            ArgAction::SetTrue => Shape::Switch,
            ArgAction::Append => Shape::List,
            _ => Shape::One,
        };
        Some(Self {
            name: name.to_owned(),
            id: arg.get_id().to_string(),
            variable: variable.to_owned(),
            heading: arg.get_help_heading().unwrap_or_default().to_owned(),
            help: arg.get_help().map(ToString::to_string).unwrap_or_default(),
            words: arg.get_possible_values().iter().map(|word| word.get_name().to_owned()).collect(),
            default: arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect(),
            shape,
            is_secret: arg.is_hide_env_values_set(),
            is_live: LIVE.contains(&name),
        })
    }

    /// The values as the file would have them. What is not there is empty.
    pub(super) fn written(&self, values: &[String]) -> Value {
        let one = |text: &String| match text.parse() {
            _ if self.is_secret => Value::String(HIDDEN.to_owned()),
            Ok(number) => Value::Integer(number),
            Err(_) => Value::String(text.clone()),
        };
        match self.shape {
            Shape::Switch => Value::Boolean(values.iter().any(|value| value == "true")),
            Shape::List => Value::Array(values.iter().map(one).collect()),
            Shape::One => values.last().map_or(Value::String(String::new()), one),
        }
    }
}

/// All of them, in the order of the help.
pub(super) fn keys() -> Vec<Key> {
    Arguments::command().get_arguments().filter_map(Key::of).collect()
}

/// What the terminal client has of its own, in the same environment.
const OF_THE_CLIENT: [&str; 4] = ["CHAT_USER", "CHAT_ROOM", "CHAT_SERVER", "CHAT_TOKEN"];

/// Whether a variable means something to one of the programs.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    let of_a_flag = |arg: &Arg| arg.get_env().is_some_and(|variable| variable == name);
    OF_THE_CLIENT.contains(&name) || Arguments::command().get_arguments().any(of_a_flag)
}

/// The definition as if there were no environment.
pub(super) fn without_environment() -> Command {
    Arguments::command().mut_args(|arg| arg.env(Resettable::Reset))
}

/// The definition for looking who said what, before it is known what else is said: no key needs or excludes another.
pub(super) fn without_relations() -> Command {
    Arguments::command().mut_args(|arg| arg.requires(Resettable::Reset).conflicts_with(Resettable::Reset))
}

/// Whether the definition says that the two contradict each other.
pub(super) fn contradict(command: &Command, one: &str, other: &str) -> bool {
    let excludes = |one: &str, other: &str| {
        let arg = command.get_arguments().find(|arg| arg.get_id() == one);
        arg.is_some_and(|arg| command.get_arg_conflicts_with(arg).iter().any(|arg| arg.get_id() == other))
    };
    excludes(one, other) || excludes(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_a_key_and_a_variable_of_one_name() {
        let (command, keys) = (Arguments::command(), keys());
        for arg in command.get_arguments() {
            let flag = arg.get_long().expect("a long flag");
            let variable = arg.get_env().and_then(|name| name.to_str()).unwrap_or_else(|| panic!("--{flag} has no variable"));
            assert_eq!(variable, format!("CHAT_{}", flag.to_uppercase().replace('-', "_")), "--{flag}");
            assert_eq!(keys.iter().any(|key| key.name == flag), flag != THE_FILE_ITSELF, "--{flag}");
            assert!(arg.get_help().is_some() && arg.get_help_heading().is_some(), "--{flag}");
        }
        assert!(keys.len() > 20);
        let secrets: Vec<_> = keys.iter().filter(|key| key.is_secret).map(|key| key.name.as_str()).collect();
        assert_eq!(secrets, ["auth-token"]);
        assert_eq!(keys.iter().filter(|key| key.is_live).count(), LIVE.len(), "each of them is a key");
        assert!(keys.iter().all(|key| key.is_live || key.heading != "Limits"));
    }

    #[test]
    fn values_are_written_as_the_file_has_them() {
        let (keys, texts) = (keys(), |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        for (name, values, expected) in [
            ("port", &["8000"][..], "8000"),
            ("host", &["::1"], "\"::1\""),
            ("rate-limit", &["5/1"], "\"5/1\""),
            ("data-dir", &[], "\"\""),
            ("data-dir", &["/a \"b\" \\c"], "'/a \"b\" \\c'"),
            ("ephemeral", &[], "false"),
            ("ephemeral", &["true"], "true"),
            ("allow-origin", &["https://a", "https://b"], "[\"https://a\", \"https://b\"]"),
            ("auth-token", &["secret", "12"], "[\"…\", \"…\"]"),
            ("auth-token", &[], "[]"),
        ] {
            let key = keys.iter().find(|key| key.name == name).unwrap();
            assert_eq!(key.written(&texts(values)).to_string(), expected, "{name}");
        }
    }

    #[test]
    fn what_contradicts_does_so_both_ways() {
        let command = Arguments::command();
        for (one, other, expected) in [
            ("ephemeral", "data_dir", true),
            ("data_dir", "ephemeral", true),
            ("tls_key", "tls_self_signed", true),
            ("tls_cert", "tls_key", false),
            ("port", "host", false),
        ] {
            assert_eq!(contradict(&command, one, other), expected, "{one} {other}");
        }
    }
}
