//! What a person may type: one table of commands that the server, the page and the terminal client share. `/help`, the
//! completion of clients and the documents are made from it, so that none of them can drift.

use std::fmt::Write as _;

use crate::{ClientMessage, Seq, display};

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
        help: "take a message of yours away",
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

/// What follows a command, taken from the front.
struct Words<'a>(&'a str);

impl Words<'_> {
    /// The next word; one in quotes may hold spaces.
    fn word(&mut self) -> Option<String> {
        let quoted = self.0.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (word, rest) = quoted.unwrap_or_else(|| self.0.split_once(char::is_whitespace).unwrap_or((self.0, "")));
        let word = word.to_owned();
        self.0 = rest.trim_start();
        (!word.is_empty()).then_some(word)
    }

    /// A name that is all there is: its spaces need no quotes.
    fn name(&mut self) -> Option<String> {
        if self.0.starts_with('"') {
            return self.word();
        }
        let name = std::mem::take(&mut self.0).to_owned();
        (!name.is_empty()).then_some(name)
    }

    fn seq(&mut self) -> Option<Seq> {
        let word = self.word()?;
        word.parse().ok().filter(|seq| *seq <= crate::names::HIGHEST).map(Seq)
    }

    /// All that is left, as it was typed.
    fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.0).to_owned();
        (!rest.is_empty()).then_some(rest)
    }

    /// The request, if nothing is left over.
    fn end(&self, message: ClientMessage) -> Option<Typed> {
        self.0.is_empty().then_some(Typed::Request(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, json: &str) {
        match parse(line) {
            Ok(Typed::Request(message)) => assert_eq!(serde_json::to_string(&message).unwrap(), json, "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn lines_become_requests() {
        check("hi there", r#"{"type":"send","text":"hi there"}"#);
        check("//shrug", r#"{"type":"send","text":"/shrug"}"#);
        check("/me waves", r#"{"type":"send","text":"waves","action":true}"#);
        check("/PM bob hi  there ", r#"{"type":"private","to":"bob","text":"hi  there"}"#);
        check("/msg \"Ann Lee\" hi", r#"{"type":"private","to":"Ann Lee","text":"hi"}"#);
        check("/reply 7 yes", r#"{"type":"send","text":"yes","reply_to":7}"#);
        check("/edit 7 better", r#"{"type":"edit","seq":7,"text":"better"}"#);
        check("/delete 7", r#"{"type":"delete","seq":7}"#);
        check("/react 7 👍", r#"{"type":"react","seq":7,"emoji":"👍","on":true}"#);
        check("/unreact 7 👍", r#"{"type":"react","seq":7,"emoji":"👍","on":false}"#);
        check("/topic tea & cake", r#"{"type":"topic","text":"tea & cake"}"#);
        check("/topic \"\"", r#"{"type":"topic","text":""}"#);
        check("/join Tea Room", r#"{"type":"join","room":"Tea Room"}"#);
        check("/j \"Tea Room\"", r#"{"type":"join","room":"Tea Room"}"#);
        check("/leave", r#"{"type":"leave"}"#);
        check("/who", r#"{"type":"users"}"#);
        check("/rooms", r#"{"type":"rooms"}"#);
        check("/history 20", r#"{"type":"history","limit":20}"#);
        check("/search tea cake", r#"{"type":"search","query":"tea cake"}"#);
        check("/ping", r#"{"type":"ping"}"#);
    }

    #[test]
    fn what_cannot_be_read_is_explained() {
        for (line, said) in [
            ("/dance", "There is no command /dance. /help lists them; //dance says it as text."),
            ("/", "There is no command /. /help lists them; // says it as text."),
            ("/pm bob", "Like this: /pm <user> <text>"),
            ("/edit x y", "Like this: /edit <seq> <text>"),
            ("/delete 7 8", "Like this: /delete <seq>"),
            ("/history many", "Like this: /history [count]"),
            ("/rooms all", "Like this: /rooms"),
        ] {
            assert_eq!(parse(line).unwrap_err().to_string(), said);
        }
        assert_eq!(parse("/help /pm"), Ok(Typed::Help(Some("pm".into()))));
        assert_eq!(parse("/bye"), Ok(Typed::Quit));
    }

    #[test]
    fn names_and_aliases_are_all_different() {
        let mut names: Vec<_> = COMMANDS.iter().flat_map(|c| c.aliases.iter().copied().chain([c.name])).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(COMMANDS.iter().all(|c| help(None).contains(&c.synopsis())));
        assert!(help(Some("pm")).contains("/msg"));
    }
}
