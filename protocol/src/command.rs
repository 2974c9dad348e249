//! What a person may type: one table of commands that the server, the page and the terminal client share. `/help`, the
//! completion of clients and the documents are made from it, so that none of them can drift.

mod words;

use std::fmt::Write as _;

use self::words::Words;
use crate::{Access, Action, ClientMessage, Role, Rules, Seq, Voice, display, rights};

/// One command.
#[derive(Debug)]
pub struct Command {
    /// What is typed after the slash.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// What follows, as it is shown: `<must>`, `[may]`.
    pub usage: &'static str,
    /// One line of help.
    pub help: &'static str,
    read: fn(&mut Words<'_>) -> Option<Typed>,
}

/// What a typed line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A request like any other.
    Request(ClientMessage),
    /// The help text, for one command or all.
    Help(Option<String>),
    /// How one comes by an account here.
    Register,
    /// Goodbye.
    Quit,
}

/// A line that begins like a command and is none, in words for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Not in the table.
    #[error("There is no command /{0}. /help lists them; //{0} says it as text.")]
    Unknown(String),
    /// In the table, but not like this.
    #[error("Like this: {0}")]
    Usage(String),
}

/// Every command, in the order of the help.
pub static COMMANDS: &[Command] = &[
    Command { name: "me", aliases: &[], usage: "<text>", help: "say what you do", read: |words| send(words.rest()?, None, true) },
    Command {
        name: "pm",
        aliases: &["msg", "query"],
        usage: "<user> <text>",
        help: "say something to one user; a name with spaces in quotes",
        read: |words| {
            let to = words.word()?;
            Some(Typed::Request(ClientMessage::Private { to, text: words.rest()?, cid: None }))
        },
    },
    Command {
        name: "reply",
        aliases: &["r"],
        usage: "<seq> <text>",
        help: "answer one message",
        read: |words| {
            let seq = words.seq()?;
            send(words.rest()?, Some(seq), false)
        },
    },
    Command {
        name: "edit",
        aliases: &[],
        usage: "<seq> <text>",
        help: "give a message of yours other words",
        read: |words| {
            let seq = words.seq()?;
            Some(Typed::Request(ClientMessage::Edit { room: None, seq, text: words.rest()? }))
        },
    },
    Command {
        name: "delete",
        aliases: &["del"],
        usage: "<seq>",
        help: "take a message away: yours, or as a moderator another's",
        read: |words| {
            let seq = words.seq()?;
            words.end(ClientMessage::Delete { room: None, seq })
        },
    },
    Command {
        name: "react",
        aliases: &[],
        usage: "<seq> <emoji>",
        help: "put a reaction on a message",
        read: |words| {
            let (seq, emoji) = (words.seq()?, words.word()?);
            words.end(ClientMessage::React { room: None, seq, emoji, on: true })
        },
    },
    Command {
        name: "unreact",
        aliases: &[],
        usage: "<seq> <emoji>",
        help: "take a reaction back",
        read: |words| {
            let (seq, emoji) = (words.seq()?, words.word()?);
            words.end(ClientMessage::React { room: None, seq, emoji, on: false })
        },
    },
    Command {
        name: "topic",
        aliases: &[],
        usage: "<text>",
        help: "set the room's topic; \"\" clears it",
        read: |words| {
            let text = words.rest()?;
            let text = if text == "\"\"" { String::new() } else { text };
            Some(Typed::Request(ClientMessage::Topic { room: None, text }))
        },
    },
    Command {
        name: "join",
        aliases: &["j"],
        usage: "<room>",
        help: "go into a room too",
        read: |words| {
            let room = words.name()?;
            words.end(ClientMessage::Join { room, after: None, epoch: None })
        },
    },
    Command {
        name: "leave",
        aliases: &["part"],
        usage: "[room]",
        help: "leave a room",
        read: |words| {
            let room = words.name();
            words.end(ClientMessage::Leave { room })
        },
    },
    Command {
        name: "users",
        aliases: &["names", "who"],
        usage: "[room]",
        help: "who is here",
        read: |words| {
            let room = words.name();
            words.end(ClientMessage::Users { room })
        },
    },
    Command {
        name: "rooms",
        aliases: &["list"],
        usage: "",
        help: "which rooms there are",
        read: |words| words.end(ClientMessage::Rooms {}),
    },
    Command {
        name: "history",
        aliases: &[],
        usage: "[count]",
        help: "the last messages",
        read: |words| {
            let limit = match words.word() {
                Some(word) => Some(word.parse().ok()?),
                None => None,
            };
            words.end(ClientMessage::History { room: None, before: None, after: None, limit })
        },
    },
    Command {
        name: "search",
        aliases: &["find"],
        usage: "<words>",
        help: "messages that hold every word",
        read: |words| Some(Typed::Request(ClientMessage::Search { query: words.rest()?, room: None, before: None, limit: None })),
    },
    Command {
        name: "create",
        aliases: &[],
        usage: "<room> [private] [read-only]",
        help: "make a room of your own; a name with spaces in quotes",
        read: |words| {
            let room = words.word()?;
            let mut rules = Rules::default();
            while let Some(word) = words.word() {
                rule(&mut rules, &word)?;
            }
            words.end(ClientMessage::Create { room, rules })
        },
    },
    Command {
        name: "rules",
        aliases: &["mode"],
        usage: "[words]",
        help: "how this room is; or is to be: public, private, open, read-only, topic=all, topic=moderators",
        read: |words| {
            let mut rules = Rules::default();
            while let Some(word) = words.word() {
                rule(&mut rules, &word)?;
            }
            words.end(ClientMessage::Rules { room: None, rules })
        },
    },
    Command {
        name: "slow",
        aliases: &[],
        usage: "<seconds>",
        help: "let each say something once in so many seconds; 0 ends it",
        read: |words| {
            let slow = Some(words.word()?.parse().ok()?);
            words.end(ClientMessage::Rules { room: None, rules: Rules { slow, ..Rules::default() } })
        },
    },
    Command {
        name: "invite",
        aliases: &[],
        usage: "<user>",
        help: "make an account a member of this room",
        read: |words| {
            let user = words.name()?;
            words.end(ClientMessage::Rank { room: None, user, role: Some(Role::Member) })
        },
    },
    Command {
        name: "rank",
        aliases: &[],
        usage: "<user> <rank>",
        help: "what an account is in this room: member, moderator, owner or none",
        read: |words| {
            let (user, role) = (words.word()?, words.word()?);
            let role = if role == "none" { None } else { Some(role.parse().ok()?) };
            words.end(ClientMessage::Rank { room: None, user, role })
        },
    },
    Command {
        name: "kick",
        aliases: &[],
        usage: "[--everywhere] <user> [reason]",
        help: "put somebody out of this room, or off the server",
        read: |words| moderate(Action::Kick, words),
    },
    Command {
        name: "mute",
        aliases: &[],
        usage: "[--everywhere] [--address] <user> [time] [reason]",
        help: "take somebody's voice; --address: of all guests from where they are",
        read: |words| moderate(Action::Mute, words),
    },
    Command {
        name: "unmute",
        aliases: &[],
        usage: "[--everywhere] [--address] <user>",
        help: "give it back",
        read: |words| moderate(Action::Unmute, words),
    },
    Command {
        name: "ban",
        aliases: &[],
        usage: "[--everywhere] [--address] <user> [time] [reason]",
        help: "put somebody out and keep them out: for 10m, 2h, 7d, or for ever",
        read: |words| moderate(Action::Ban, words),
    },
    Command {
        name: "unban",
        aliases: &[],
        usage: "[--everywhere] [--address] <user>",
        help: "let them in again",
        read: |words| moderate(Action::Unban, words),
    },
    Command {
        name: "deeds",
        aliases: &["modlog"],
        usage: "[--everywhere] [count]",
        help: "what moderators did here, and who did it",
        read: |words| {
            let everywhere = words.flags(&["--everywhere"])?[0];
            let limit = match words.word() {
                Some(word) => Some(word.parse().ok()?),
                None => None,
            };
            words.end(ClientMessage::Deeds { room: None, everywhere, limit })
        },
    },
    Command {
        name: "block",
        aliases: &[],
        usage: "<user>",
        help: "hear nothing more of somebody",
        read: |words| {
            let user = words.name()?;
            words.end(ClientMessage::Block { user, on: true })
        },
    },
    Command {
        name: "unblock",
        aliases: &[],
        usage: "<user>",
        help: "hear them again",
        read: |words| {
            let user = words.name()?;
            words.end(ClientMessage::Block { user, on: false })
        },
    },
    Command {
        name: "ping",
        aliases: &[],
        usage: "",
        help: "is the server there?",
        read: |words| words.end(ClientMessage::Ping {}),
    },
    Command {
        name: "register",
        aliases: &[],
        usage: "",
        help: "how to make an account",
        // Whatever follows may be a password by mistake: it is neither said nor repeated.
        read: |_| Some(Typed::Register),
    },
    Command {
        name: "help",
        aliases: &["?"],
        usage: "[command]",
        help: "this list, or one command",
        read: |words| Some(Typed::Help(words.word().map(|word| word.trim_start_matches('/').to_owned()))),
    },
    Command { name: "quit", aliases: &["exit", "bye"], usage: "", help: "leave the chat", read: |_| Some(Typed::Quit) },
];

/// Reads a line that a person typed: text to say, or a command.
///
/// # Errors
/// In words for that person.
pub fn parse(line: &str) -> Result<Typed, CommandError> {
    let Some(command) = line.strip_prefix('/') else {
        return Ok(say(line));
    };
    if command.starts_with('/') {
        return Ok(say(command));
    }
    let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let found = find(name).ok_or_else(|| CommandError::Unknown(display::clip(name, 32)))?;
    (found.read)(&mut Words(rest.trim())).ok_or_else(|| CommandError::Usage(found.synopsis()))
}

/// The command of a name or an alias, in whatever case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Command> {
    let name = name.to_lowercase();
    COMMANDS.iter().find(|command| command.name == name || command.aliases.contains(&name.as_str()))
}

/// The help text: one command, or all of them.
#[must_use]
pub fn help(command: Option<&str>) -> String {
    if let Some(found) = command.and_then(find) {
        let mut text = format!("{}  {}", found.synopsis(), found.help);
        if !found.aliases.is_empty() {
            let _ = write!(text, " (also /{})", found.aliases.join(", /"));
        }
        return text;
    }
    let width = COMMANDS.iter().map(|command| command.synopsis().len()).max().unwrap_or(0);
    let mut text = String::from("Commands; //x says «/x» as text:");
    for command in COMMANDS {
        let _ = write!(text, "\n{:width$}  {}", command.synopsis(), command.help);
    }
    text
}

impl Command {
    /// How it is typed: `/pm <user> <text>`.
    #[must_use]
    pub fn synopsis(&self) -> String {
        format!("/{} {}", self.name, self.usage).trim_end().to_owned()
    }
}

fn say(text: &str) -> Typed {
    Typed::Request(ClientMessage::Send { room: None, text: text.to_owned(), cid: None, reply_to: None, action: false })
}

fn send(text: String, reply_to: Option<Seq>, action: bool) -> Option<Typed> {
    Some(Typed::Request(ClientMessage::Send { room: None, text, cid: None, reply_to, action }))
}

/// One word of `/rules`.
fn rule(rules: &mut Rules, word: &str) -> Option<()> {
    match word {
        "public" => rules.access = Some(Access::Public),
        "private" => rules.access = Some(Access::Private),
        "open" => rules.speak = Some(Voice::All),
        "read-only" => rules.speak = Some(Voice::Moderators),
        _ => rules.topic = Some(word.strip_prefix("topic=")?.parse().ok()?),
    }
    Some(())
}

fn moderate(action: Action, words: &mut Words<'_>) -> Option<Typed> {
    let [everywhere, address] = words.flags(&["--everywhere", "--address"])?;
    let user = words.word()?;
    let lasts = matches!(action, Action::Mute | Action::Ban);
    let seconds = words.0.split_whitespace().next().filter(|_| lasts).and_then(rights::duration);
    if seconds.is_some() {
        words.word()?;
    }
    let ends = matches!(action, Action::Unmute | Action::Unban);
    let reason = if ends { None } else { words.rest() };
    words.end(ClientMessage::Moderate { action, user, address, room: None, everywhere, seconds, reason })
}

#[cfg(test)]
mod tests;
