//! One endpoint's way of reading and writing what everybody shares: a room is the same room on every endpoint, and each
//! shows it in its own words.
//!
//! A dialect is a small file with the same four functions: `parse` (a text frame → what is asked), `recorded` (an event in a
//! room), `signal` (something passing) and `answer` (said to one connection alone). `None` means: not said here.

mod channel;
mod chat;
mod echo;
mod envelope;
mod plain;

use serde_json::Value;

use crate::{
    Recorded, Request, ServerFrame, ServerMessage, Signal,
    client::Misread,
    command::{self, Typed},
};

/// Which way an endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The chat protocol.
    Chat,
    /// `/ws`: plain text, echoed to its sender.
    Echo,
    /// `/ws/{integer}`: plain text.
    Plain,
    /// `/ws/{name}`: text in, a JSON envelope out.
    Envelope,
    /// `/ws/json`: channels.
    Channel,
}

/// What a text frame turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// Something asked.
    Request(Request),
    /// The help text is wanted, for one command or all.
    Help(Option<String>),
    /// Somebody asks how to make an account.
    Register,
    /// Goodbye.
    Quit,
    /// Something that the dialect answers by itself: any JSON value on `/ws/json`.
    Value(Value),
    /// It could not be taken.
    Misread(Misread),
}

impl Dialect {
    /// Every dialect, in the order of [`Dialect::index`].
    pub const ALL: [Self; 5] = [Self::Chat, Self::Echo, Self::Plain, Self::Envelope, Self::Channel];

    /// A small number for tables.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// What an operator calls it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Echo => "echo",
            Self::Plain => "plain",
            Self::Envelope => "envelope",
            Self::Channel => "channels",
        }
    }

    /// Reads a text frame.
    #[must_use]
    pub fn parse(self, frame: &str) -> Heard {
        match self {
            Self::Chat => chat::parse(frame),
            Self::Echo | Self::Envelope => said(frame),
            Self::Plain => plain::parse(frame),
            Self::Channel => channel::parse(frame),
        }
    }

    /// An event, as everybody in the room sees it.
    #[must_use]
    pub fn recorded(self, recorded: &Recorded) -> Option<String> {
        match self {
            Self::Chat => Some(chat::recorded(recorded)),
            Self::Echo | Self::Plain => plain::recorded(recorded),
            Self::Envelope => envelope::recorded(recorded),
            Self::Channel => channel::recorded(recorded),
        }
    }

    /// Whether the connection that said it gets the event too, as everybody does, or only the answer of [`Dialect::kept`].
    #[must_use]
    pub fn shows_sender(self, recorded: &Recorded) -> bool {
        match self {
            Self::Echo => false,
            Self::Plain => !recorded.room.is_private(),
            Self::Chat | Self::Envelope | Self::Channel => true,
        }
    }

    /// The answer to the connection that said it: the log has it.
    #[must_use]
    pub fn kept(self, recorded: &Recorded, duplicate: bool, reference: Option<String>) -> Option<String> {
        match self {
            Self::Chat => Some(chat::kept(recorded, duplicate, reference)),
            Self::Echo => echo::kept(recorded),
            Self::Plain => plain::kept(recorded),
            Self::Envelope | Self::Channel => None,
        }
    }

    /// Something passing, as everybody in the room sees it.
    #[must_use]
    pub fn signal(self, signal: &Signal) -> Option<String> {
        match self {
            Self::Chat => chat::signal(signal),
            Self::Echo => echo::signal(signal),
            Self::Plain => plain::signal(signal),
            Self::Envelope => envelope::signal(signal),
            Self::Channel => None,
        }
    }

    /// Something said to one connection alone.
    #[must_use]
    pub fn answer(self, frame: &ServerFrame) -> Option<String> {
        match self {
            Self::Chat => Some(frame.encode()),
            Self::Echo | Self::Plain => plain::answer(&frame.message),
            Self::Envelope => envelope::answer(&frame.message),
            Self::Channel => channel::answer(&frame.message),
        }
    }

    /// The answer to a [`Heard::Value`].
    #[must_use]
    pub fn value(self, value: &Value) -> Option<String> {
        match self {
            Self::Channel => Some(channel::value(value)),
            _ => None,
        }
    }

    /// Whether it is part of the chat protocol that a room must be joined before one speaks in it.
    #[must_use]
    pub fn joins_before_speaking(self) -> bool {
        self != Self::Channel
    }

    /// Whether an empty line is something to say: the tutorials pass it on.
    #[must_use]
    pub fn says_nothing_too(self) -> bool {
        matches!(self, Self::Echo | Self::Plain | Self::Envelope)
    }
}

/// A line as a person typed it, where lines can be commands.
fn typed(line: &str) -> Heard {
    match command::parse(line) {
        Ok(Typed::Request(message)) => Heard::Request(message.into()),
        Ok(Typed::Help(command)) => Heard::Help(command),
        Ok(Typed::Register) => Heard::Register,
        Ok(Typed::Quit) => Heard::Quit,
        Err(error) => Heard::Misread(Misread {
            reference: None,
            refusal: crate::Refusal::new(crate::ErrorCode::BadRequest, error.to_string()),
        }),
    }
}

/// A line where every line is text.
fn said(line: &str) -> Heard {
    let message = crate::ClientMessage::Send { room: None, text: line.to_owned(), cid: None, reply_to: None, action: false };
    Heard::Request(message.into())
}

/// What a person is told, where there is no other form for it than words.
fn words(message: &ServerMessage) -> Option<&str> {
    match message {
        ServerMessage::Error { text, .. } | ServerMessage::Notice { text, .. } => Some(text),
        _ => None,
    }
}
