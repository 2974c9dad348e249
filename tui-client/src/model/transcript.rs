//! What the message pane holds: messages in the order of their `seq`, with notices between them.

use chat_protocol::{Seq, ServerMessage, server::Message};

/// The most entries that are kept; older ones can be fetched again.
const KEPT: usize = 5000;

/// One thing in the message pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Said(Box<Message>),
    Notice(String),
    Fault(String),
}

/// The entries, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    pub(crate) entries: Vec<Entry>,
    /// The server has older messages.
    pub(crate) more: bool,
    /// They have been asked for.
    pub(crate) asked: bool,
}

impl Transcript {
    /// Something new at the end.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        if self.entries.len() > KEPT {
            self.entries.drain(..KEPT / 10);
            self.more = true;
        }
    }

    /// A message in its place, once. Answers whether it is a new one.
    pub(crate) fn insert(&mut self, message: Message) -> bool {
        let seq = message.seq;
        let entry = Entry::Said(Box::new(message));
        let before = self.entries.iter().rposition(|entry| seq_of(entry).is_some_and(|other| other <= seq));
        match before {
            Some(at) if seq_of(&self.entries[at]) == Some(seq) => {
                self.entries[at] = entry;
                return false;
            }
            _ if self.entries.iter().rev().find_map(seq_of).is_none_or(|last| last < seq) => self.push(entry),
            Some(at) => self.entries.insert(at + 1, entry),
            None => {
                let first = self.entries.iter().position(|entry| seq_of(entry).is_some()).unwrap_or(0);
                self.entries.insert(first, entry);
            }
        }
        true
    }

    /// The oldest message here.
    pub(crate) fn first(&self) -> Option<Seq> {
        self.entries.iter().find_map(seq_of)
    }

    /// What an event does to the message that it is about, if that is here.
    pub(crate) fn change(&mut self, event: &ServerMessage) {
        let (ServerMessage::Edited { target, .. }
        | ServerMessage::Deleted { target, .. }
        | ServerMessage::Reacted { target, .. }) = event
        else {
            return;
        };
        let said = self.entries.iter_mut().rev().find_map(|entry| match entry {
            Entry::Said(message) if message.seq == *target => Some(message),
            _ => None,
        });
        let Some(message) = said else { return };
        match event {
            ServerMessage::Edited { text, at, deleted, .. } => {
                message.text.clone_from(text);
                message.edited_at = Some(*at);
                message.deleted |= *deleted;
            }
            ServerMessage::Deleted { .. } => {
                message.text.clear();
                message.deleted = true;
            }
            ServerMessage::Reacted { from, emoji, on, .. } => {
                let users = message.reactions.entry(emoji.clone()).or_default();
                users.retain(|user| user != from);
                if *on {
                    users.push(from.clone());
                }
                message.reactions.retain(|_, users| !users.is_empty());
            }
            _ => {}
        }
    }
}

fn seq_of(entry: &Entry) -> Option<Seq> {
    match entry {
        Entry::Said(message) => Some(message.seq),
        Entry::Notice(_) | Entry::Fault(_) => None,
    }
}
