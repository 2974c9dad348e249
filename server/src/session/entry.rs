//! The door: credentials and names are checked here, once, before a conversation begins.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use chat_protocol::{ClientMessage, CloseCode, Dialect, ErrorCode, RoomName, UserName, dialect::Heard};
use tokio::time::timeout;

use super::{
    Endpoint, Opening,
    identity::{self, Identity, Keeping, Secret},
    line::{End, Input, Line},
};
use crate::{
    admission::Place,
    auth::Credential,
    limits::{Allowance, Verdict},
    metrics::Reason,
    realm::Someone,
    services::Services,
    shard::Closing,
};

/// A credential must be shown within this.
const CREDENTIAL_WITHIN: Duration = Duration::from_secs(10);

/// Checks the credential and the names, and takes the user's name. Answers who it is now, its secret, and the room of the URL.
/// Whoever is refused has taken no name, and keeps nobody from it.
pub(super) async fn enter(
    services: &Services,
    line: &mut Line,
    dialect: Dialect,
    opening: &Opening,
    place: Option<&Place>,
) -> Result<(Identity, Secret, Option<RoomName>), End> {
    let (identity, secret, room) = identify(services, line, dialect, opening, place).await?;
    // Again, because taking a name may wait for the log.
    let read = identity.may_stay(services, opening.address);
    let read = read.and_then(|()| may_enter(services, room.as_ref(), Some(identity.who.someone()), opening.address));
    if let Err(closing) = read {
        identity.depart(services);
        return Err(closing.into());
    }
    Ok((identity, secret, room))
}

async fn identify(
    services: &Services,
    line: &mut Line,
    dialect: Dialect,
    opening: &Opening,
    place: Option<&Place>,
) -> Result<(Identity, Secret, Option<RoomName>), End> {
    let pass = credential(services, line, dialect, opening, place).await?.pass();
    // The tutorials' nameless endpoints have names of their own, whoever comes.
    let made = match &opening.endpoint {
        Endpoint::Echo => Some((UserName::nameless(services.numbers.nameless()), "echo")),
        Endpoint::Client(id) => Some((UserName::client(*id), "lobby")),
        _ => None,
    };
    if let Some((name, room)) = made {
        let room = to_enter(room)?;
        services.may_stay(pass, Some(&name), opening.address)?;
        may_enter(services, Some(&room), None, opening.address)?;
        pass.map_or(Ok(()), |pass| services.may_be_nameless(pass, &room))?;
        return Ok((Identity::made(services, name, pass)?, None, Some(room)));
    }
    let (user, room) = match &opening.endpoint {
        Endpoint::Chat { room, user } => (Some(user), Some(room.as_str())),
        Endpoint::Auth { room, user } => (user.as_ref(), Some(room.as_str())),
        Endpoint::Named(name) => (Some(name), Some("lobby")),
        Endpoint::Channels { user } => (user.as_ref(), None),
        Endpoint::Echo | Endpoint::Client(_) | Endpoint::Tasks => return Err(CloseCode::Internal.into()),
    };
    // An account may be called what a guest may not.
    let parse = if pass.is_some() { UserName::parse } else { UserName::guest };
    let name = user.map(|name| parse(name).map_err(|error| identity::policy(&error))).transpose()?;
    if let Some(pass) = pass {
        let who = services.member(pass).ok_or(CloseCode::InvalidToken)?;
        if name.is_some_and(|name| name != who.name) {
            return Err(Closing::new(CloseCode::Policy, format!("This token is {}'s: come in by that name", who.name)).into());
        }
        let room = room.map(to_enter).transpose()?;
        services.may_stay(Some(pass), None, opening.address)?;
        may_enter(services, room.as_ref(), Some(who.someone()), opening.address)?;
        return Ok((Identity::member(services, who, pass)?, None, room));
    }
    let keeping = match dialect {
        Dialect::Chat => Keeping::Session,
        Dialect::Echo | Dialect::Plain | Dialect::Envelope | Dialect::Channel => Keeping::WhileOpen,
    };
    let room = room.map(to_enter).transpose()?;
    services.may_stay(None, name.as_ref(), opening.address)?;
    let someone = name.as_ref().map(|name| Someone { name, account: None });
    may_enter(services, room.as_ref(), someone, opening.address)?;
    let (identity, secret) = match name {
        Some(name) => Identity::take(services, name, opening.session.as_deref(), keeping).await?,
        None => Identity::unnamed(services, keeping).await?,
    };
    Ok((identity, secret, room))
}

/// A room by its name.
fn to_enter(name: &str) -> Result<RoomName, Closing> {
    RoomName::to_enter(name).map_err(|error| identity::policy(&error))
}

/// Whether somebody may come into the room of the URL.
fn may_enter(services: &Services, room: Option<&RoomName>, who: Option<Someone<'_>>, address: IpAddr) -> Result<(), Closing> {
    let read = room.map_or(Ok(()), |room| services.may_read(room, who, address));
    read.map_err(|refusal| match refusal.code {
        ErrorCode::Forbidden => Closing::new(CloseCode::Kicked, refusal.text),
        _ => Closing::new(CloseCode::Policy, refusal.text),
    })
}

/// What was shown, on the URL or with the first frame, if it is enough to come in.
async fn credential(
    services: &Services,
    line: &mut Line,
    dialect: Dialect,
    opening: &Opening,
    place: Option<&Place>,
) -> Result<Credential, End> {
    let (auth, required) = (opening.endpoint.is_auth(), services.live().tokens.required());
    let owned = match &opening.endpoint {
        Endpoint::Chat { user, .. } => UserName::parse(user).is_ok_and(|name| !services.is_for_guests(&name)),
        _ => false,
    };
    let mut credential = opening.credential;
    if credential == Credential::None && dialect == Dialect::Chat && !auth && (required || owned) {
        let address = place.and_then(Place::address);
        let hello = timeout(CREDENTIAL_WITHIN, hello(services, line, dialect, address));
        credential = match address {
            Some(address) => {
                let (_stranger, mut cut) = services.admission.strangers.enter(address);
                tokio::select! {
                    said = hello => said,
                    () = cut.comes() => {
                        services.refused(Reason::Stranger, Some(address));
                        return Err(CloseCode::Overloaded.into());
                    }
                }
            }
            None => hello.await,
        }
        .unwrap_or(Ok(credential))?;
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
async fn hello(services: &Services, line: &mut Line, dialect: Dialect, address: Option<IpAddr>) -> Result<Credential, End> {
    let mut allowance = Allowance::new(Instant::now());
    loop {
        let Input::Text(text) = line.next().await? else {
            match allowance.control(services.admission.rates(), Instant::now()) {
                Verdict::Welcome => {}
                Verdict::TooSoon(_) => line.leave_unanswered(),
                Verdict::Flooding => {
                    services.refused(Reason::Flooding, address);
                    return Err(CloseCode::Flooding.into());
                }
            }
            continue;
        };
        let Heard::Request(request) = dialect.parse(&text) else { return Ok(Credential::None) };
        return Ok(match request.message {
            ClientMessage::Hello { token: Some(token), .. } => services.credential(&token),
            _ => Credential::None,
        });
    }
}
