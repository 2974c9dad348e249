//! The door: credentials and names are checked here, once, before a conversation begins.

use std::time::Duration;

use chat_protocol::{ClientMessage, CloseCode, Dialect, RoomName, UserName, dialect::Heard};
use tokio::time::timeout;

use super::{
    Credential, Endpoint, Opening,
    identity::{self, Identity, Keeping, Secret},
    line::{End, Input, Line},
};
use crate::{services::Services, shard::Closing};

/// A credential must be shown within this.
const CREDENTIAL_WITHIN: Duration = Duration::from_secs(10);

/// Checks the credential and the names, and takes the user's name. Answers who it is now, its secret, and the room of the URL.
pub(super) async fn enter(
    services: &Services,
    line: &mut Line,
    dialect: Dialect,
    opening: &Opening,
) -> Result<(Identity, Secret, Option<RoomName>), End> {
    if opening.endpoint.is_auth() && opening.credential != Credential::Good {
        return Err(CloseCode::InvalidToken.into());
    }
    if services.tokens.required() {
        match opening.credential {
            Credential::Good => {}
            Credential::None if dialect == Dialect::Chat => {
                let greeted = timeout(CREDENTIAL_WITHIN, hello(services, line, dialect)).await;
                greeted.unwrap_or_else(|_| Err(CloseCode::InvalidToken.into()))?;
            }
            Credential::None | Credential::Bad => return Err(CloseCode::InvalidToken.into()),
        }
    }
    let user = |name: &str| UserName::guest(name).map_err(|error| identity::policy(&error));
    let shown = opening.session.as_deref();
    let fixed = |name: &str| RoomName::parse(name).map_err(|error| identity::policy(&error));
    let nobody = |user| Ok::<_, Closing>((Identity::made(services, user)?, None));
    let ((identity, secret), room) = match &opening.endpoint {
        Endpoint::Chat { room, user: name } | Endpoint::Auth { room, user: Some(name) } => {
            let name = user(name)?;
            let room = chat_room(room, &name)?;
            (Identity::take(services, name, shown, Keeping::Session).await?, Some(room))
        }
        Endpoint::Auth { room, user: None } => {
            let room = fixed(room)?;
            (Identity::unnamed(services, Keeping::Session).await?, Some(room))
        }
        Endpoint::Echo => (nobody(UserName::nameless(services.numbers.nameless()))?, Some(fixed("echo")?)),
        Endpoint::Client(id) => (nobody(UserName::client(*id))?, Some(fixed("lobby")?)),
        Endpoint::Named(name) => (Identity::take(services, user(name)?, shown, Keeping::WhileOpen).await?, Some(fixed("lobby")?)),
        Endpoint::Channels { user: Some(name) } => {
            (Identity::take(services, user(name)?, shown, Keeping::WhileOpen).await?, None)
        }
        Endpoint::Channels { user: None } => (Identity::unnamed(services, Keeping::WhileOpen).await?, None),
        Endpoint::Tasks => return Err(CloseCode::Internal.into()),
    };
    Ok((identity, secret, room))
}

/// The room on the URL: a public one, or one of the user's own conversations.
fn chat_room(room: &str, user: &UserName) -> Result<RoomName, Closing> {
    let room = RoomName::to_enter(room).map_err(|error| identity::policy(&error))?;
    if room.admits(Some(user)) { Ok(room) } else { Err(Closing::new(CloseCode::Policy, "There is no such room")) }
}

/// Waits for the credential that the URL did not have.
async fn hello(services: &Services, line: &mut Line, dialect: Dialect) -> Result<(), End> {
    loop {
        let Input::Text(text) = line.next().await? else { continue };
        return match dialect.parse(&text) {
            Heard::Request(request) => match request.message {
                ClientMessage::Hello { token: Some(token), .. } if services.tokens.open(&token) => Ok(()),
                _ => Err(CloseCode::InvalidToken.into()),
            },
            _ => Err(CloseCode::InvalidToken.into()),
        };
    }
}
