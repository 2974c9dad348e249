//! The door: credentials and names are checked here, once, before a conversation begins.

use std::time::Duration;

use chat_protocol::{ClientMessage, CloseCode, Dialect, RoomName, UserName, dialect::Heard};
use tokio::time::timeout;

use super::{
    Endpoint, Opening,
    identity::{self, Identity, Keeping, Secret},
    line::{End, Input, Line},
};
use crate::{auth::Credential, realm::Pass, services::Services, shard::Closing};

/// A credential must be shown within this.
const CREDENTIAL_WITHIN: Duration = Duration::from_secs(10);

/// Checks the credential and the names, and takes the user's name. Answers who it is now, its secret, and the room of the URL.
pub(super) async fn enter(
    services: &Services,
    line: &mut Line,
    dialect: Dialect,
    opening: &Opening,
) -> Result<(Identity, Secret, Option<RoomName>), End> {
    if let Some(pass) = credential(services, line, dialect, opening).await?.pass() {
        return member(services, opening, pass);
    }
    let user = |name: &str| UserName::parse(name).map_err(|error| identity::policy(&error));
    let shown = opening.session.as_deref();
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

/// Somebody with an account comes in. The tutorials' nameless endpoints have names of their own.
fn member(services: &Services, opening: &Opening, pass: Pass) -> Result<(Identity, Secret, Option<RoomName>), End> {
    let who = services.member(pass).ok_or(CloseCode::InvalidToken)?;
    let (name, room) = match &opening.endpoint {
        Endpoint::Chat { room, user } | Endpoint::Auth { room, user: Some(user) } => (Some(user), Some(room.as_str())),
        Endpoint::Auth { room, user: None } => (None, Some(room.as_str())),
        Endpoint::Named(name) => (Some(name), Some("lobby")),
        Endpoint::Channels { user } => (user.as_ref(), None),
        Endpoint::Echo | Endpoint::Client(_) => {
            let (name, room) = match &opening.endpoint {
                Endpoint::Client(id) => (UserName::client(*id), "lobby"),
                _ => (UserName::nameless(services.numbers.nameless()), "echo"),
            };
            return Ok((Identity::made(services, name)?, None, Some(fixed(room)?)));
        }
        Endpoint::Tasks => return Err(CloseCode::Internal.into()),
    };
    if let Some(name) = name
        && UserName::parse(name).map_err(|error| identity::policy(&error))? != who.name
    {
        return Err(Closing::new(CloseCode::Policy, format!("This token is {}'s: come in by that name", who.name)).into());
    }
    let room = room.map(|room| chat_room(room, &who.name)).transpose()?;
    Ok((Identity::member(services, who, pass)?, None, room))
}

/// A room by its name.
fn fixed(name: &str) -> Result<RoomName, Closing> {
    RoomName::parse(name).map_err(|error| identity::policy(&error))
}

/// The room on the URL: a public one, or one of the user's own conversations.
fn chat_room(room: &str, user: &UserName) -> Result<RoomName, Closing> {
    let room = RoomName::known(room).map_err(|error| identity::policy(&error))?;
    if room.admits(Some(user)) { Ok(room) } else { Err(Closing::new(CloseCode::Policy, "There is no such room")) }
}

/// What was shown, on the URL or with the first frame, if it is enough to come in.
async fn credential(services: &Services, line: &mut Line, dialect: Dialect, opening: &Opening) -> Result<Credential, End> {
    let (auth, required) = (opening.endpoint.is_auth(), services.tokens.required());
    let owned = match &opening.endpoint {
        Endpoint::Chat { user, .. } => UserName::parse(user).is_ok_and(|name| !services.is_for_guests(&name)),
        _ => false,
    };
    let mut credential = opening.credential;
    if credential == Credential::None && dialect == Dialect::Chat && !auth && (required || owned) {
        credential = timeout(CREDENTIAL_WITHIN, hello(services, line, dialect)).await.unwrap_or(Ok(credential))?;
    }
    // An account's token that ended is not taken for none: its bearer would come in as somebody else.
    let enough = match credential {
        Credential::Door | Credential::Account(_) => true,
        Credential::None => !required && !auth,
        Credential::Bad => !required && !auth && !owned,
        Credential::Over => false,
    };
    if enough { Ok(credential) } else { Err(CloseCode::InvalidToken.into()) }
}

/// Waits for the credential that the URL did not have. The first frame has it, or none has.
async fn hello(services: &Services, line: &mut Line, dialect: Dialect) -> Result<Credential, End> {
    loop {
        let Input::Text(text) = line.next().await? else { continue };
        let Heard::Request(request) = dialect.parse(&text) else { return Ok(Credential::None) };
        return Ok(match request.message {
            ClientMessage::Hello { token: Some(token), .. } => services.credential(&token),
            _ => Credential::None,
        });
    }
}
