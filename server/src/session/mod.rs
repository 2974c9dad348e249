//! One connection's conversation, from the upgrade to the goodbye: [`mod@line`] reads frames, [`state`] decides what they lead to,
//! [`conversation`] performs it with the shard, the hub and the log.
//!
//! What is needed for a moment only is boxed and gone with the moment: an idle connection holds what waiting for the next frame
//! takes. Does not know HTTP: it is handed a socket and an [`Opening`].

mod boundary;
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

use self::{
    conversation::Conversation,
    line::{End, Line},
};
pub use self::{
    conversation::rooms,
    opening::{Credential, Endpoint, Opening},
};
use crate::{
    services::Services,
    shard::{Connection, Shard},
};

/// A socket that has been upgraded, and what was asked for.
pub struct Knock {
    pub stream: TcpStream,
    /// What came after the request.
    pub leftover: Vec<u8>,
    pub opening: Opening,
}

/// Talks with a peer until one of the two has enough.
pub async fn converse(shard: Rc<Shard>, services: Arc<Services>, mut knock: Box<Knock>) {
    let dialect = knock.opening.endpoint.dialect();
    // Held for as long as the conversation lasts.
    let _place = knock.opening.place.take();
    // Where the chat protocol was never spoken, it is not begun with a goodbye.
    let speaks = |is_auth: bool, code| dialect == Some(Dialect::Chat) && !(is_auth && code == CloseCode::InvalidToken);
    let is_auth = knock.opening.endpoint.is_auth();
    let (mut line, opening) = pick_up(shard, &services, knock);
    let end = match dialect {
        Some(dialect) => talk(&services, &mut line, dialect, opening).await,
        None => Box::pin(feed::watch(&services, &mut line, &opening)).await,
    };
    if let End::Close(closing) = end {
        let announced = speaks(is_auth, closing.code);
        Box::pin(line.goodbye(closing, announced)).await;
    }
    line.shard.dismiss(&line.connection);
}

fn pick_up(shard: Rc<Shard>, services: &Services, knock: Box<Knock>) -> (Line, Box<Opening>) {
    let Knock { stream, leftover, opening } = *knock;
    let dialect = opening.endpoint.dialect();
    let connection = Rc::new(Connection::new(services.numbers.connection(), dialect, stream, Instant::now()));
    shard.admit(&connection);
    // It came while everybody was told to go, and was not told.
    if services.is_draining() {
        connection.close(services.parting().into());
    }
    (Line::new(shard, connection, &leftover), Box::new(opening))
}

/// Opens the conversation, holds it, and gives everything back.
async fn talk(services: &Services, line: &mut Line, dialect: Dialect, opening: Box<Opening>) -> End {
    match Box::pin(Conversation::begin(services, line, dialect, opening)).await {
        Ok(mut talk) => {
            let Err(end) = talk.go_on().await;
            Box::pin(talk.finish()).await;
            end
        }
        Err(end) => end,
    }
}
