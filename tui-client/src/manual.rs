//! The manual page and completions, made from the definition of the command line: what a flag is called, means and defaults to is
//! written once, there. What the page has beyond that (variables, files, exit codes) is here.

use clap::{Command, builder::Resettable};
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};

/// How the commonest forms look; the flags are so many that they would hide it.
const SYNOPSIS: &str =
    "chat-tui [--user NAME] [--room ROOM] [--server URL] [OPTIONS]\nchat-tui --pipe|--tail|--once TEXT|--plain [OPTIONS]";

/// Pages are the same whenever they are made. Left out altogether, what comes behind it would be taken for it.
const NO_DATE: &str = "\"\"";

/// What stands behind the flags: a heading, and what is explained under it.
const MORE: &[(&str, &[(&str, &str)])] = &[
    (
        "ENVIRONMENT",
        &[
            (
                "CHAT_USER, CHAT_ROOM, CHAT_SERVER, CHAT_CONFIG",
                "As --user, --room, --server and --config. Flags go before them, and they before the configuration file.",
            ),
            ("CHAT_TOKEN", "The token to come in with. It is no argument, because others on the machine can see those."),
            ("VISUAL, EDITOR, BROWSER", "What a long message is written with, and what links are opened with."),
            ("TERM, COLORTERM, COLORFGBG, NO_COLOR", "Which colours the terminal has, and whether they are wanted."),
            ("XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR", "Where the files below are, and where an editor's file lies."),
        ],
    ),
    (
        "FILES",
        &[
            (
                "~/.config/chat-tui/config.toml",
                "The configuration, if there is one. --print-config prints one with everything in it.",
            ),
            (
                "~/.local/state/chat-tui/sessions.json",
                "The proofs of names, and what --login was given. For its owner's eyes only (0600).",
            ),
        ],
    ),
    (
        "SIGNALS",
        &[
            ("SIGINT, SIGTERM, SIGHUP", "Leaves, and gives the terminal back as it was."),
            ("SIGTSTP, SIGCONT", "Goes to sleep and comes back, as Ctrl-Z has it."),
        ],
    ),
    (
        "EXIT STATUS",
        &[
            ("0", "All is done."),
            ("1", "Something here failed: the terminal, a file, the editor."),
            ("2", "A flag, a URL, a name or the configuration is wrong."),
            ("3", "The server does not let us in: a name that is taken, a token, a ban."),
            ("4", "Not everything was sent."),
        ],
    ),
    (
        "EXAMPLES",
        &[
            (
                "chat-tui --user alice --room general",
                "Talk. F1 shows the keys, /help the commands; /quit or Ctrl-C twice leaves.",
            ),
            ("make 2>&1 | chat-tui --user builder --room ops --pipe", "A message a line; leaves when all are kept."),
            ("chat-tui --user reader --room ops --tail --json", "What is said, as the protocol has it."),
        ],
    ),
    ("SEE ALSO", &[("chat-server(1)", "The server.")]),
];

/// A completion script.
pub(crate) fn completions(mut command: Command, shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "chat-tui", &mut script);
    script
}

/// The page.
pub(crate) fn page(command: Command) -> Vec<u8> {
    let foot = concat!("chat-tui ", env!("CARGO_PKG_VERSION"));
    // The version is at the foot already, and what stands behind the flags is said below, in sections of its own.
    let shown = command.version(Resettable::Reset).after_help(Resettable::Reset).override_usage(SYNOPSIS);
    let mut text = Vec::new();
    // A vector takes everything.
    let _ = Man::new(shown).date(NO_DATE).source(foot).manual("The chat").render(&mut text);
    let mut roff = Roff::new();
    for (heading, entries) in MORE {
        roff.control("SH", [*heading]);
        for (what, about) in *entries {
            roff.control("TP", []).text([bold(*what)]).text([roman(*about)]);
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned() + &roff.to_roff();
    text.replace('~', "\\(ti").replace('^', "\\(ha").replace('`', "\\(ga").into_bytes()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Args;

    #[test]
    fn every_flag_stands_in_the_page_and_is_completed() {
        let page = String::from_utf8(page(Args::command())).unwrap();
        for arg in Args::command().get_arguments() {
            let flag = arg.get_long().expect("a long flag");
            assert!(page.contains(&format!("\\-\\-{}", flag.replace('-', "\\-"))), "--{flag}");
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                let script = String::from_utf8(completions(Args::command(), shell)).unwrap();
                assert!(script.contains(flag), "{shell}: --{flag}");
            }
        }
        for words in [".SH ENVIRONMENT", ".SH FILES", ".SH SIGNALS", ".SH \"EXIT STATUS\"", "CHAT_TOKEN", "sessions.json"] {
            assert!(page.contains(words), "{words}");
        }
    }
}
