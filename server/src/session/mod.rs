//! One connection's conversation, from the upgrade to the goodbye: [`mod@line`] reads frames, [`state`] decides what they lead to,
//! [`conversation`] performs it with the shard, the hub and the log.
//!
//! What is needed for a moment only is boxed and gone with the moment: an idle connection holds what waiting for the next frame
//! takes. Does not know HTTP: it is handed a socket and an [`Opening`].

mod boundary;
mod conversation;
mod entry;
mod feed;
mod governing;
pub mod identity;
mod join;
mod line;
mod opening;
mod permission;
pub mod state;

use std::{rc::Rc, sync::Arc, time::Instant};

use chat_protocol::{CloseCode, Dialect};

use self::{
    conversation::Conversation,
    line::{End, Line},
};
pub use self::{
    conversation::rooms,
    opening::{Endpoint, Opening},
};
use crate::{
    admission::Place,
    services::Services,
    shard::{Closing, Connection, Shard},
    stream::Stream,
};

/// A socket that has been upgraded, and what was asked for.
pub struct Knock {
    pub stream: Stream,
    /// What HTTP answered. Nothing goes out before it.
    pub answer: Vec<u8>,
    /// What came after the request.
    pub leftover: Vec<u8>,
    pub opening: Opening,
}

/// Talks with a peer until one of the two has enough.
///
/// No `async fn`, which would hold what it was given beside what it makes of it.
pub fn converse(shard: Rc<Shard>, services: Arc<Services>, mut knock: Box<Knock>) -> impl Future<Output = ()> {
    // Held for as long as the conversation lasts.
    let place = knock.opening.place.take();
    let is_auth = knock.opening.endpoint.is_auth();
    let (mut line, opening) = pick_up(shard, &services, knock);
    async move {
        let end = 'talk: {
            let Some(dialect) = line.connection.dialect else {
                let shares = place.as_deref().and_then(Place::address);
                break 'talk Box::pin(feed::watch(&services, &mut line, opening, shares)).await;
            };
            let begun = Conversation::begin(&services, &mut line, dialect, opening, place.as_deref());
            let mut talk = match Box::pin(begun).await {
                Ok(talk) => talk,
                Err(end) => break 'talk end,
            };
            let Err(end) = talk.go_on().await;
            Box::pin(talk.finish()).await;
            end
        };
        match end {
            End::Gone => {}
            End::Farewell => Box::pin(line.answer_goodbye()).await,
            End::Close(closing) => Box::pin(part(&mut line, closing, is_auth)).await,
        }
        line.shard.dismiss(&line.connection);
    }
}

#[allow(clippy::boxed_local, reason = "taken out of its box only here, where nothing is held over a wait")]
fn pick_up(shard: Rc<Shard>, services: &Services, knock: Box<Knock>) -> (Line, Box<Opening>) {
    let Knock { stream, answer, leftover, opening } = *knock;
    let dialect = opening.endpoint.dialect();
    let connection = Rc::new(Connection::new(services.numbers.connection(), dialect, opening.address, stream, Instant::now()));
    connection.queue(answer.into());
    shard.admit(&connection);
    // It came while everybody was told to go, and was not told.
    if services.is_draining() {
        connection.close(services.parting().into());
    }
    (Line::new(shard, connection, &leftover), Box::new(opening))
}

async fn part(line: &mut Line, closing: Box<Closing>, is_auth: bool) {
    // Where the chat protocol was never spoken, it is not begun with a goodbye.
    let spoken = !(is_auth && closing.code == CloseCode::InvalidToken);
    let announced = line.connection.dialect == Some(Dialect::Chat) && spoken;
    line.goodbye(*closing, announced).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size<A, B, C, F: Future>(_: fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    /// There are many of them: who adds to one adds to all.
    #[test]
    fn an_idle_connection_is_small() {
        let (waiting, conversation, connection) = (size(converse), size_of::<Conversation<'_>>(), size_of::<Connection>());
        // A task takes whole blocks of 128 bytes, and 104 of them are tokio's.
        assert!(waiting <= 152 && conversation <= 216 && connection <= 160, "{waiting}, {conversation}, {connection} bytes");
    }
}
