//! The log: what was said, in one order, kept.
//!
//! [`Log`] is the seam. An implementation applies drafts in the order in which it is given them, in one transaction, and
//! depends on nothing but its store and the drafts: the same drafts give the same answers wherever they are applied. The order
//! is decided by whoever calls [`Log::apply`]: on one node the [`keeper`], which gathers drafts on one thread, commits them
//! together and hands what was committed to its tail.
//!
//! Does not know connections, rooms' members, dialects or sockets. An [`Asker`] is carried through and never looked at.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use chat_protocol::{Epoch, Event, Recorded, Refusal, RoomName, Seq, Timestamp, UserName, server::Message};
use tokio::sync::{oneshot, watch};

use self::retention::Retention;
use crate::realm::{AccountId, Decree, Decreed, Realm, Someone, TokenId};

pub mod keeper;
pub mod memory;
pub mod retention;
mod rules;
pub mod sqlite;

pub use self::keeper::Keeper;

/// Whose something is: an account or a guest's session, never just a name. Names can be taken over, authors cannot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Author(pub Arc<str>);

impl Author {
    /// An account of this server.
    #[must_use]
    pub fn account(id: AccountId) -> Self {
        Self(format!("{ACCOUNT}{}", id.0).into())
    }

    /// Which one, if it is one.
    #[must_use]
    pub fn account_id(&self) -> Option<AccountId> {
        self.0.strip_prefix(ACCOUNT)?.parse().ok().map(AccountId)
    }

    /// Whether it is one.
    #[must_use]
    pub fn is_account(&self) -> bool {
        self.account_id().is_some()
    }
}

/// How an account's author begins, as nobody else's does.
const ACCOUNT: &str = "account:";

/// Somebody who reads or writes.
#[derive(Clone, Debug)]
pub struct Who {
    pub name: UserName,
    pub author: Author,
    /// Of private rooms, only what was said since then is shown: a guest's name may have been another's before.
    pub since: Timestamp,
}

impl Who {
    /// As rights are asked for.
    #[must_use]
    pub fn someone(&self) -> Someone<'_> {
        Someone { name: &self.name, account: self.author.account_id() }
    }
}

/// A place in one log. It means nothing in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub epoch: Epoch,
    pub after: Seq,
}

/// Something that wants to be kept.
#[derive(Debug)]
pub enum Write {
    Event(Draft),
    /// A guest's session was made or used.
    Session(Session),
    /// Somebody has read a room up to here. A mark never goes back, and never past the end.
    Mark {
        author: Author,
        room: RoomName,
        seq: Seq,
        asker: Asker,
    },
    /// Something about who belongs here is to change.
    Decree(Motion),
    /// Nothing more of somebody is wanted, or again.
    Block {
        author: Author,
        name: UserName,
        on: bool,
        asker: Asker,
    },
    /// A token opened the door.
    Used {
        token: TokenId,
        at: Timestamp,
    },
    /// The oldest events of a room go, a bite of those up to here. Their numbers never come again.
    Prune {
        room: RoomName,
        upto: Seq,
        asker: Asker,
    },
    /// Messages of another log come into a room that is new, or was begun by the same source.
    Import(Import),
}

/// See [`Write::Import`].
#[derive(Debug)]
pub struct Import {
    pub room: RoomName,
    /// Whose they are from now on: nobody else's, and the same for the same file.
    pub source: Author,
    /// As they stood there, in order, with the places that they will have here: from 1 on, without a gap. Those that are there already
    /// are left out.
    pub messages: Vec<Message>,
    pub asker: Asker,
}

/// A decree before it has its place.
#[derive(Debug)]
pub struct Motion {
    /// Who wants it, in words.
    pub by: String,
    /// The account that wants it, if it must have the right; `None` for whoever runs the server.
    pub of: Option<AccountId>,
    pub decree: Decree,
    pub asker: Asker,
}

/// An event before it has its place.
#[derive(Debug)]
pub struct Draft {
    pub room: RoomName,
    pub from: UserName,
    pub author: Author,
    pub event: Event,
    pub asker: Asker,
}

/// Who waits to hear what became of a draft.
#[derive(Debug)]
pub enum Asker {
    Nobody,
    /// A connection; the tail carries the answer to its shard.
    Connection {
        shard: usize,
        connection: u64,
        reference: Option<String>,
    },
    /// A user who has read something, and the connection that said so: the user's others are told.
    Reader {
        user: UserName,
        connection: u64,
    },
    /// Somebody who awaits it, over HTTP.
    Waiting(oneshot::Sender<Outcome>),
}

/// What became of a [`Write`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log, here.
    Kept(Arc<Recorded>),
    /// It was in the log already, there: nobody sees it twice.
    Duplicate(Arc<Recorded>),
    /// It is so from now on.
    Decreed(Arc<Decreed>),
    /// It cannot be done.
    Refused(Refusal),
    /// The mark moved, and is here now.
    Marked(Seq),
    /// So many messages are gone, and with them all that was in the room up to here.
    Pruned { messages: u64, upto: Seq },
    /// So many messages came in; the others were there.
    Imported { messages: u64 },
    /// A session, a use, or a mark that stayed: nobody needs to hear of it.
    Noted,
}

/// A guest's proof of its name, as it is kept: never the secret, only its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub hash: [u8; 32],
    pub author: Author,
    pub name: UserName,
    pub made: Timestamp,
    pub used: Timestamp,
}

/// A session not used for so long is forgotten.
pub const SESSION_LASTS_MS: i64 = 30 * 24 * 3600 * 1000;

/// Why a log could not do its work. Nothing of the batch or the answer came to be.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No room, or an I/O error: it may work later.
    #[error("the log is unavailable: {0}")]
    Unavailable(String),
    /// The store is not what it was: a person must look.
    #[error("the log is damaged: {0}")]
    Damaged(String),
}

/// Something that keeps a log. One thread owns it and applies; readers are handed out.
pub trait Log: Send + 'static {
    /// Which log this is. A new or restored one has another.
    fn epoch(&self) -> Epoch;

    /// Who belongs here, and word of each change: it changes when [`Log::apply`] has kept the decree.
    fn realm(&self) -> watch::Receiver<Arc<Realm>>;

    /// Applies writes in this order, all in one transaction, and says of each what became of it. When this returns `Ok`, it
    /// is kept as durably as the log was told to; on `Err` nothing is.
    ///
    /// # Errors
    /// See [`LogError`]. The log stays usable: a later batch may find room again.
    fn apply(&mut self, writes: &[Write], now: Timestamp) -> Result<Vec<Outcome>, LogError>;

    /// A reader of its own, for another thread. It sees every batch whose `apply` returned before it was asked.
    ///
    /// # Errors
    /// See [`LogError`].
    fn reader(&self) -> Result<Box<dyn Reader>, LogError>;

    /// Brings the store to rest before the end. What was applied is kept without it.
    fn close(&mut self) {}
}

/// Reads a log. Each call sees one moment of it.
///
/// A room never used is empty, and so is one that somebody may not read ([`Realm::may_read`]): whoever asks has decided that before,
/// with better words. What a guest sees of a private conversation ([`Who::since`]) is decided here.
pub trait Reader: Send {
    /// What somebody who comes into a room is told: from a position on if that is whole, else the last messages.
    ///
    /// # Errors
    /// See [`LogError`]; likewise everywhere below.
    fn snapshot(&mut self, room: &RoomName, who: Option<&Who>, from: Option<&Position>) -> Result<Snapshot, LogError>;

    /// A page of messages as they stand now, oldest first. Of what was pruned there is nothing, here and everywhere.
    fn messages(&mut self, room: &RoomName, who: Option<&Who>, page: Page) -> Result<Messages, LogError>;

    /// Events after a place, as they were logged, oldest first; the text of what was deleted since is empty.
    fn events(&mut self, room: &RoomName, who: Option<&Who>, after: Seq, limit: usize) -> Result<Events, LogError>;

    /// Messages that hold every word, newest first: of one room, or of all that this reader may read.
    fn search(&mut self, search: &Search, who: Option<&Who>) -> Result<Messages, LogError>;

    /// The rooms that hold something and that somebody may read, but for private conversations; the most recently used first, at
    /// most so many.
    fn rooms(&mut self, who: Option<&Who>, limit: usize) -> Result<Vec<RoomState>, LogError>;

    /// The private rooms of one user that hold something for it, the most recently used first, at most so many.
    fn private(&mut self, who: &Who, limit: usize) -> Result<Vec<(RoomState, Seq)>, LogError>;

    /// The session of a hash, if there is one that was used in the last 30 days.
    fn session(&mut self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>, LogError>;

    /// The sessions used since then, the last used first, at most so many.
    fn sessions_since(&mut self, since: Timestamp, limit: usize) -> Result<Vec<Session>, LogError>;

    /// Every decree, in order.
    fn decrees(&mut self) -> Result<Vec<Decreed>, LogError>;

    /// What moderators did in a room, or everywhere (`None`), the last first, at most so many: decrees that `is_one` says are such.
    fn deeds(&mut self, limit: usize, is_one: &mut dyn FnMut(&Decreed) -> bool) -> Result<Vec<Decreed>, LogError>;

    /// Who wants to hear nothing more of whom.
    fn blocks(&mut self) -> Result<Vec<(Author, UserName)>, LogError>;

    /// When tokens opened the door last.
    fn token_uses(&mut self) -> Result<HashMap<TokenId, Timestamp>, LogError>;

    /// The rooms that hold something older than is kept, and up to where.
    fn overdue(&mut self, keep: &Retention, now: Timestamp) -> Result<Vec<(RoomName, Seq)>, LogError>;

    /// Looks at everything: the store's own check, and that every room's numbers are dense. `progress` is told 0 to 100 and
    /// may say «stop» with `false`. The answer is words for a person, empty if all is well; `None` if it was stopped.
    fn verify(&mut self, progress: &mut dyn FnMut(u8) -> bool) -> Result<Option<Vec<String>>, LogError>;
}

/// A room as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomState {
    pub name: RoomName,
    pub seq: Seq,
    pub topic: String,
}

/// See [`Reader::snapshot`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub state: RoomState,
    /// The reader's own mark, zero without one. What was pruned counts as read.
    pub read: Seq,
    pub filled: Filled,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled {
    /// The resume is whole: every event after the position, or the first of them.
    Events(Events),
    /// There was no position, or it cannot be filled whole.
    Messages(Messages),
}

/// Some messages as they stand now, and whether there are more in the direction asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    pub messages: Vec<Message>,
    pub more: bool,
}

/// Some events, and whether there are newer ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    pub events: Vec<Recorded>,
    pub more: bool,
}

/// Which messages. Both bounds are exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub from: From,
    pub limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    End,
    Before(Seq),
    After(Seq),
}

/// What to look for. `before` means nothing without a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    pub query: String,
    pub room: Option<RoomName>,
    pub before: Option<Seq>,
    pub limit: usize,
}

/// The reactions of one message.
pub type Reactions = BTreeMap<String, Vec<UserName>>;
