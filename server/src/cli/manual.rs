//! Manual pages and completions, made from the definition of the command line: what a flag is called, means and defaults to is
//! written once, there. What a page has beyond that (files, signals, exit codes) is here.

use clap::{Command, CommandFactory, builder::Resettable};
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Inline, Roff, bold, roman},
};

use super::Arguments;

/// How the commonest forms look; the flags are so many that they would hide it.
const SYNOPSIS: &str = "chat-server [OPTIONS]\nchat-server COMMAND [OPTIONS]";

/// Pages are the same whenever they are made. Left out altogether, what comes behind it would be taken for it.
const NO_DATE: &str = "\"\"";

/// What stands behind the flags of chat-server(1): a heading, and what is explained under it.
const MORE: &[(&str, &[(&str, &str)])] = &[
    (
        "ENVIRONMENT",
        &[
            (
                "CHAT_…",
                "Every flag has a variable of its name, which is said with it. A flag goes before its variable, and that before the file.",
            ),
            (
                "RUST_LOG",
                "How much is logged: error, warn, info (as it is without it), debug, trace; or for a part of the server, as in chat_server::tls=debug.",
            ),
            (
                "NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID",
                "Set by systemd for a service of Type=notify or notify-reload: it is told when the server listens, reads its configuration again and goes down, and that its threads turn.",
            ),
            ("XDG_CONFIG_HOME, XDG_DATA_HOME", "Where the configuration and the data are looked for, below chat-server/."),
        ],
    ),
    (
        "FILES",
        &[
            (
                "~/.config/chat-server/config.toml, /etc/chat-server/config.toml",
                "The configuration: the first that is there, unless --config names one. chat-server config print writes one with every key.",
            ),
            (
                "~/.local/share/chat-server/",
                "The data directory, unless --data-dir names one; /var/lib/chat-server/ where the package's unit runs it. It is its owner's alone (0700).",
            ),
            (
                "chat.db, chat.db-wal, chat.db-shm",
                "In it: the store. The three belong together; chat-server backup makes one file of them.",
            ),
            (
                "chat.db.version-N, chat.db.before-N",
                "In it: the store as it was before a newer server brought it up to date, and before a restore.",
            ),
            ("chat.lock, chat.sock", "In it: held by the server that runs; where it takes an operator's orders."),
            ("tls-cert.pem, tls-key.pem", "In it: the certificate of --tls-self-signed."),
            ("exports/", "In it: exports, for as long as the server runs."),
            ("backups/", "In it: backups that were begun from the chat or the console."),
            ("imports/", "In it: transcripts to be imported."),
        ],
    ),
    (
        "SIGNALS",
        &[
            (
                "SIGTERM, SIGINT",
                "Goes down: what was said is kept and answered, everybody is told, and 3.5 seconds later at most the connections are cut. A second one ends it at once; what was acknowledged is kept all the same.",
            ),
            (
                "SIGHUP",
                "Reads the configuration and the TLS files again. Where there are neither, it ends the server, unless a service manager waits for its word.",
            ),
        ],
    ),
    (
        "EXIT STATUS",
        &[
            ("0", "Served and went down in order; what was asked for is done; doctor found nothing that hinders."),
            (
                "1",
                "It could not be: the port is taken, the store cannot be opened, an order was refused, a backup is not whole, doctor found what hinders.",
            ),
            ("2", "A flag is wrong."),
            ("130", "Asked to go twice."),
        ],
    ),
    (
        "EXAMPLES",
        &[
            (
                "chat-server",
                "On this machine alone, with the usual data directory. Open http://localhost:8000/ in a browser, or run chat-tui.",
            ),
            ("chat-server --host :: --port 443 --tls-cert cert.pem --tls-key key.pem", "For everybody, with TLS."),
            ("chat-server doctor", "What would hinder it, and what to do."),
        ],
    ),
    ("SEE ALSO", &[("chat-tui(1)", "The chat in a terminal.")]),
];

/// A completion script.
#[must_use]
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "chat-server", &mut script);
    if shell == Shell::Bash {
        // The stroke in the program's name is written in two ways there, and no command of a command would be found.
        return String::from_utf8_lossy(&script).replace("chat__subcmd__server", "chat__server").into_bytes();
    }
    script
}

/// The manual, in the order of the help: the name of a file, and what is in it. The first is the program's own.
#[must_use]
pub fn manual() -> Vec<(String, String)> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    gather(&program, &mut pages);
    pages
}

/// A page for a command, and for each of its own.
fn gather(command: &Command, pages: &mut Vec<(String, String)>) {
    let is_program = pages.is_empty();
    // The version is at the foot already, and an address for the first time is among the examples.
    let mut shown = command.clone().version(Resettable::Reset).after_help(Resettable::Reset);
    if is_program {
        shown = shown.override_usage(SYNOPSIS);
    }
    let foot = concat!("chat-server ", env!("CARGO_PKG_VERSION"));
    let page = Man::new(shown).date(NO_DATE).source(foot).manual("Running the chat");
    let mut text = Vec::new();
    // A vector takes everything.
    let _ = page.render(&mut text);
    let mut text = String::from_utf8_lossy(&text).into_owned();
    text.push_str(&if is_program { more(MORE) } else { more(&[("SEE ALSO", &[("chat-server(1)", "")])]) });
    pages.push((page.get_filename(), text.replace('~', "\\(ti").replace('^', "\\(ha").replace('`', "\\(ga")));
    for command in command.get_subcommands() {
        gather(command, pages);
    }
}

fn more(sections: &[(&str, &[(&str, &str)])]) -> String {
    let mut roff = Roff::new();
    for (heading, entries) in sections {
        roff.control("SH", [*heading]);
        for (what, about) in *entries {
            if about.is_empty() {
                roff.text([roman(*what)]);
            } else {
                roff.control("TP", []).text([bold(*what)]).text([Inline::from(*about)]);
            }
        }
    }
    roff.to_roff()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::keys::keys;

    #[test]
    fn every_command_has_a_page_and_every_flag_stands_in_it() {
        let pages = manual();
        let names: Vec<_> = pages.iter().map(|(name, _)| name.as_str()).collect();
        for expected in
            ["chat-server.1", "chat-server-account.1", "chat-server-account-invite-list.1", "chat-server-config-show.1"]
        {
            assert!(names.contains(&expected), "{expected}: {names:?}");
        }
        assert!(!names.iter().any(|name| name.contains("help")), "{names:?}");
        let (_, program) = &pages[0];
        for key in keys() {
            assert!(program.contains(&format!("\\-\\-{}", key.name.replace('-', "\\-"))), "--{}", key.name);
            assert!(program.contains(&key.variable), "{}", key.variable);
        }
        for (heading, _) in MORE {
            let quoted = if heading.contains(' ') { format!("\"{heading}\"") } else { (*heading).to_owned() };
            assert_eq!(program.matches(&format!(".SH {quoted}\n")).count(), 1, "{heading}");
        }
        let add = &pages.iter().find(|(name, _)| name == "chat-server-account-add.1").expect("a page").1;
        assert!(add.contains("\\-\\-role") && add.contains("\\-\\-data\\-dir"), "{add}");
    }

    #[test]
    fn each_shell_is_told_every_flag() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let script = String::from_utf8(completions(shell)).unwrap();
            for key in keys() {
                assert!(script.contains(&key.name), "{shell}: {}", key.name);
            }
        }
    }
}
