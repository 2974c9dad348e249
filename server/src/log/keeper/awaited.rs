//! What is appended by somebody who waits for what becomes of it: no connection that the tail would tell.

use std::sync::Arc;

use chat_protocol::{Refusal, RoomName, Seq, UserName, server::Message};
use tokio::sync::oneshot;

use super::{Keeper, unavailable};
use crate::{
    clock,
    log::{Asker, Author, Draft, Import, LogError, Motion, Outcome, Write, retention::Retention},
    realm::{AccountId, Decree, Decreed},
};

impl Keeper {
    /// Appends and waits for what became of it.
    pub async fn settle(&self, draft: Draft) -> Outcome {
        self.settled(|asker| Write::Event(Draft { asker, ..draft })).await
    }

    /// Has something decreed.
    ///
    /// # Errors
    /// It cannot be, or was not kept.
    pub async fn decree(&self, by: String, decree: Decree) -> Result<Arc<Decreed>, Refusal> {
        self.decreed(by, None, decree).await
    }

    /// Has something decreed that an account wants, if it has the right.
    ///
    /// # Errors
    /// It has not, or it cannot be, or was not kept.
    pub async fn decree_for(&self, by: String, of: AccountId, decree: Decree) -> Result<Arc<Decreed>, Refusal> {
        self.decreed(by, Some(of), decree).await
    }

    async fn decreed(&self, by: String, of: Option<AccountId>, decree: Decree) -> Result<Arc<Decreed>, Refusal> {
        match self.settled(|asker| Write::Decree(Motion { by, of, decree, asker })).await {
            Outcome::Decreed(decreed) => Ok(decreed),
            Outcome::Refused(refusal) => Err(refusal),
            Outcome::Kept(_)
            | Outcome::Duplicate(_)
            | Outcome::Marked(_)
            | Outcome::Pruned { .. }
            | Outcome::Imported { .. }
            | Outcome::Noted => Err(unavailable()),
        }
    }

    /// Has somebody hear nothing more of another, or again.
    ///
    /// # Errors
    /// There are too many, or it was not kept.
    pub async fn block(&self, author: Author, name: UserName, on: bool) -> Result<(), Refusal> {
        match self.settled(|asker| Write::Block { author, name, on, asker }).await {
            Outcome::Refused(refusal) => Err(refusal),
            _ => Ok(()),
        }
    }

    /// Has the oldest events of a room taken away, a bite of those up to there. Answers how many messages it was, and up to where.
    ///
    /// # Errors
    /// It was not kept so.
    pub async fn prune(&self, room: RoomName, upto: Seq) -> Result<(u64, Seq), Refusal> {
        match self.settled(|asker| Write::Prune { room, upto, asker }).await {
            Outcome::Pruned { messages, upto } => Ok((messages, upto)),
            Outcome::Refused(refusal) => Err(refusal),
            _ => Err(unavailable()),
        }
    }

    /// Has messages of another log taken in. Answers how many were not there yet.
    ///
    /// # Errors
    /// The room holds something else, or it was not kept.
    pub async fn import(&self, room: RoomName, source: Author, messages: Vec<Message>) -> Result<u64, Refusal> {
        match self.settled(|asker| Write::Import(Import { room, source, messages, asker })).await {
            Outcome::Imported { messages } => Ok(messages),
            Outcome::Refused(refusal) => Err(refusal),
            _ => Err(unavailable()),
        }
    }

    async fn settled(&self, write: impl FnOnce(Asker) -> Write) -> Outcome {
        let (sender, outcome) = oneshot::channel();
        if self.append(write(Asker::Waiting(sender))).await.is_err() {
            return Outcome::Refused(unavailable());
        }
        outcome.await.unwrap_or_else(|_| Outcome::Refused(unavailable()))
    }

    /// The rooms that hold something older than is kept, and up to where. Looked for where searches are, because it may take a while.
    ///
    /// # Errors
    /// As [`Keeper::read`].
    pub async fn overdue(&self, keep: Retention) -> Result<Vec<(RoomName, Seq)>, LogError> {
        self.look(move |reader| reader.overdue(&keep, clock::now())).await
    }
}
