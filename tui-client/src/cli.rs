//! The arguments, as they are typed. What they mean beside the environment and the configuration file is decided in
//! [`crate::config`], which is also where their values are checked.

use std::path::PathBuf;

use clap::{ArgGroup, Parser, error::ErrorKind, value_parser};
use clap_complete::Shell;

use crate::config::{Colors, ThemeChoice};

const AFTER: &str = "\
Flags go before the environment, that before the configuration file.
A token is never an argument, because others on the machine can see those: it is in CHAT_TOKEN,
in a file, or printed by a command.

Exit codes:
  0  all is done
  1  something here failed: the terminal, a file, the editor
  2  a flag, a URL, a name or the configuration is wrong
  3  the server does not let us in: a name that is taken, a token, a ban
  4  not everything was sent

In the chat: F1 shows the keys, /help the commands; /quit or Ctrl-C twice leaves.";

/// The chat in a terminal.
#[derive(Clone, Debug, Default, PartialEq, Parser)]
#[command(
    name = "chat-tui",
    version,
    after_help = AFTER,
    group = ArgGroup::new("mode").args(["pipe", "tail", "once", "plain"]),
    group = ArgGroup::new("sends").args(["pipe", "once", "plain"]).multiple(true),
)]
pub(crate) struct Args {
    /// Your name in the chat [env: CHAT_USER]
    #[arg(short, long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Room to talk in; several: those to be in, the first is shown [env: CHAT_ROOM] [default: where you were, or general]
    #[arg(short, long, value_name = "ROOM", value_delimiter = ',')]
    pub(crate) room: Vec<String>,
    /// Where the server is: ws://host:port, wss://host [env: CHAT_SERVER] [default: ws://127.0.0.1:8000]
    #[arg(short, long, value_name = "URL")]
    pub(crate) server: Option<String>,

    /// Configuration [env: CHAT_CONFIG] [default: chat-tui/config.toml where configuration lives]
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    pub(crate) config: Option<PathBuf>,
    /// Print a configuration with everything in it, and why
    #[arg(long, help_heading = "Configuration")]
    pub(crate) print_config: bool,
    /// Print what a shell needs to complete these flags
    #[arg(long, value_name = "SHELL", help_heading = "Configuration")]
    pub(crate) print_completions: Option<Shell>,
    /// Print the manual page
    #[arg(long, help_heading = "Configuration")]
    pub(crate) print_man: bool,
    /// Keep what is said in files in this directory, one for each room
    #[arg(long, value_name = "DIR", help_heading = "Configuration")]
    pub(crate) log_dir: Option<PathBuf>,

    /// File whose first line is the token
    #[arg(long, value_name = "FILE", help_heading = "Who may come in", conflicts_with = "token_command")]
    pub(crate) token_file: Option<PathBuf>,
    /// Command that prints the token
    #[arg(long, value_name = "COMMAND", help_heading = "Who may come in")]
    pub(crate) token_command: Option<String>,
    /// Ask for the password of your account, once: what the server gives for it is kept for the next time
    #[arg(long, help_heading = "Who may come in", conflicts_with_all = ["token_file", "token_command"])]
    pub(crate) login: bool,
    /// Make an account of this name, where the server lets you: asks for a password twice, and keeps what it gives as --login does
    #[arg(long, help_heading = "Who may come in", conflicts_with_all = ["token_file", "token_command", "login"])]
    pub(crate) register: bool,
    /// With --register: the link that you were given, or its code; the link says where the server is, too
    #[arg(long, requires = "register", value_name = "LINK", help_heading = "Who may come in")]
    pub(crate) invite: Option<String>,
    /// Give back what --login or --register was given, forget it, and leave
    #[arg(long, help_heading = "Who may come in", conflicts_with_all = ["login", "register", "mode"])]
    pub(crate) logout: bool,
    /// Authorities to trust beside the system's, in PEM
    #[arg(long, value_name = "FILE", help_heading = "Who may come in")]
    pub(crate) ca_file: Option<PathBuf>,
    /// SHA-256 of the one certificate to trust, as its server printed it
    #[arg(long, value_name = "SHA256", help_heading = "Who may come in", conflicts_with = "ca_file")]
    pub(crate) fingerprint: Option<String>,

    /// Colours: as the terminal has them, or these
    #[arg(long, value_name = "WHICH", help_heading = "How it looks")]
    pub(crate) color: Option<Colors>,
    /// For a dark or a light background
    #[arg(long, value_name = "WHICH", help_heading = "How it looks")]
    pub(crate) theme: Option<ThemeChoice>,
    /// Use the mouse (selecting text is then Shift and the mouse, in most terminals)
    #[arg(long, help_heading = "How it looks")]
    pub(crate) mouse: bool,

    /// Send what comes on standard input, line by line; leave when all is kept
    #[arg(long, help_heading = "Without a screen")]
    pub(crate) pipe: bool,
    /// Print what is said
    #[arg(long, help_heading = "Without a screen")]
    pub(crate) tail: bool,
    /// Send this, and leave; what is too long is split
    #[arg(long, value_name = "TEXT", help_heading = "Without a screen")]
    pub(crate) once: Option<String>,
    /// Talk line by line: for screen readers and simple terminals
    #[arg(long, help_heading = "Without a screen")]
    pub(crate) plain: bool,
    /// With --tail: a JSON object a line
    #[arg(long, requires = "tail", help_heading = "Without a screen")]
    pub(crate) json: bool,
    /// With --tail: keep here what was printed last, and go on from there
    #[arg(long, requires = "tail", value_name = "FILE", help_heading = "Without a screen")]
    pub(crate) position: Option<PathBuf>,
    /// With --tail: the last so many messages of each room first, 0 for none; never more than the server shows to those who come
    /// in, which are 50 [default: those]
    #[arg(long, requires = "tail", value_name = "COUNT", help_heading = "Without a screen")]
    pub(crate) limit: Option<u64>,
    /// With --pipe and --once, and where the input of --plain ends: how long to try without getting on [default: 30]
    #[arg(long, requires = "sends", value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=86_400), help_heading = "Without a screen")]
    pub(crate) timeout: Option<u64>,
}

impl Args {
    /// What was typed. Help and version are printed here, and end the program.
    ///
    /// # Errors
    /// In one line, for whoever typed it.
    pub(crate) fn read() -> Result<Self, String> {
        Self::try_parse().map_err(|error| match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
            _ => one_line(&error),
        })
    }
}

/// What clap says before it shows the usage.
fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let words = text.split("Usage:").next().unwrap_or_default().split("For more information").next().unwrap_or_default();
    let words: Vec<_> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("{} (--help shows all)", words.join("; ").trim_start_matches("error: "))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_table_of_arguments_is_sound() {
        Args::command().debug_assert();
        let help = Args::command().render_long_help().to_string();
        for words in ["CHAT_USER", "CHAT_ROOM", "CHAT_SERVER", "CHAT_CONFIG", "CHAT_TOKEN", "Exit codes:", "  4  not everything"]
        {
            assert!(help.contains(words), "{words}");
        }
        assert!(!help.contains("--token "), "a token is no argument");
    }

    #[test]
    fn what_contradicts_itself_is_refused_in_one_line() {
        for (line, expected) in [
            ("-u alice -r ops -r tea,lab -s ws://h", Ok(())),
            ("--pipe --timeout 5", Ok(())),
            ("--once hi --timeout 5", Ok(())),
            ("--plain --timeout 5", Ok(())),
            ("--tail --json --position p --limit 3", Ok(())),
            ("--pipe --tail", Err("cannot be used with")),
            ("--once x --plain", Err("cannot be used with")),
            ("--json", Err("--tail")),
            ("--limit 3", Err("--tail")),
            ("--timeout 3", Err("--pipe")),
            ("--timeout x --pipe", Err("invalid value 'x'")),
            ("--timeout 0 --pipe", Err("0 is not in 1..=86400")),
            ("--color pink", Err("[possible values: auto, never, 16, 256, true]")),
            ("--theme pink", Err("[possible values: auto, dark, light]")),
            ("--token-file a --token-command b", Err("cannot be used with")),
            ("--ca-file a --fingerprint b", Err("cannot be used with")),
            ("--login -u alice", Ok(())),
            ("--login --token-file a", Err("cannot be used with")),
            ("--register --invite x -u alice", Ok(())),
            ("--register --login", Err("cannot be used with")),
            ("--register --token-file a", Err("cannot be used with")),
            ("--invite x", Err("--register")),
            ("--logout --register", Err("cannot be used with")),
            ("--logout --login", Err("cannot be used with")),
            ("--logout --tail", Err("cannot be used with")),
            ("--usr x", Err("unexpected argument '--usr' found; tip: a similar argument exists: '--user'")),
            ("--token x", Err("unexpected argument '--token'")),
        ] {
            let found = Args::try_parse_from(["chat-tui"].into_iter().chain(line.split(' '))).map(drop).map_err(|e| one_line(&e));
            match (found, expected) {
                (Ok(()), Ok(())) => {}
                (Err(words), Err(part)) => assert!(words.contains(part) && !words.contains('\n'), "{line}: {words}"),
                (found, _) => panic!("{line}: {found:?}"),
            }
        }
        let args = Args::try_parse_from("chat-tui -r ops -r tea,lab".split(' ')).unwrap();
        assert_eq!(args.room, ["ops", "tea", "lab"]);
    }
}
