//! One connection's conversation, from the upgrade to the goodbye: [`mod@line`] reads frames, [`state`] decides what they lead to,
//! [`conversation`] performs it with the shard, the hub and the log.
//!
//! Does not know HTTP: it is handed a socket and an [`Opening`].

mod conversation;
mod entry;
mod feed;
pub mod identity;
mod join;
mod line;
mod opening;
pub mod state;

use std::{rc::Rc, sync::Arc, time::Instant};

use chat_protocol::{CloseCode, Dialect};
use tokio::net::TcpStream;

pub use self::{
    conversation::rooms,
    opening::{Credential, Endpoint, Opening},
};
use self::{
    conversation::{Conversation, manner},
    line::{End, Line},
    state::State,
};
use crate::{
    clock,
    services::Services,
    shard::{Connection, Shard},
};

/// Talks with a peer until one of the two has enough. The socket has been upgraded; `leftover` came after the request.
pub async fn converse(shard: Rc<Shard>, services: Arc<Services>, stream: TcpStream, leftover: Vec<u8>, opening: Opening) {
    let dialect = opening.endpoint.dialect();
    let connection = Rc::new(Connection::new(services.numbers.connection(), dialect, stream, Instant::now()));
    shard.admit(&connection);
    // It came while everybody was told to go, and was not told.
    if services.is_draining() {
        connection.close(services.parting().into());
    }
    // What is needed for a moment only is boxed: an idle connection holds what waiting for the next frame takes.
    let mut line = Box::pin(Line::new(connection, leftover)).await;
    let end = match dialect {
        Some(dialect) => Box::pin(talk(&shard, &services, &mut line, dialect, &opening)).await,
        None => Box::pin(feed::watch(&shard, &services, &mut line, &opening)).await,
    };
    if let End::Close(closing) = end {
        // Where the chat protocol was never spoken, it is not begun with a goodbye.
        let announced =
            dialect == Some(Dialect::Chat) && !(opening.endpoint.is_auth() && closing.code == CloseCode::InvalidToken);
        Box::pin(line.goodbye(closing, announced)).await;
    }
    shard.dismiss(&line.connection);
}

/// Opens the conversation, holds it, and gives everything back.
async fn talk(shard: &Rc<Shard>, services: &Arc<Services>, line: &mut Line, dialect: Dialect, opening: &Opening) -> End {
    let (identity, room) = match Box::pin(entry::enter(services, line, dialect, opening)).await {
        Ok(entered) => entered,
        Err(end) => return end,
    };
    let who = identity.who.clone();
    let hears_private = match dialect {
        Dialect::Chat | Dialect::Echo | Dialect::Plain => true,
        Dialect::Channel => identity.proven,
        Dialect::Envelope => false,
    };
    if hears_private {
        shard.listen(&line.connection, dialect, &who.name);
    }
    let state = State::new(dialect, who.name.clone(), hears_private, services.config.rate, Instant::now());
    let mut talk = Conversation { shard, services, line, dialect, who: &who, state };
    let Err(end) = talk.hold(&identity, room, opening).await;
    let rooms = talk.state.rooms().to_vec();
    if hears_private {
        shard.unlisten(&line.connection, &who.name);
    }
    for room in rooms {
        shard.unsubscribe(&line.connection, dialect, &room);
        services.hub.leave(&room, &who.name, manner(dialect), true, clock::now(), Instant::now());
    }
    Box::pin(identity.depart(services)).await;
    end
}
