//! Coming in with an account, making one, and giving up what that gave: what is asked of a person and of the server before there
//! is a connection.

use chat_protocol::UserName;

use crate::{
    Unprepared, answered,
    config::{self, Invite},
    door,
    sessions::Sessions,
    token::Token,
    transport::{self, Server},
    warn,
};

/// A password becomes a token, which is kept where the proofs of names are.
pub(crate) fn log_in(server: &Server, user: &UserName, sessions: Option<&Sessions>) -> Result<Token, Unprepared> {
    // Before it is typed.
    server.address.exposes("the password").iter().for_each(|words| warn(words));
    let password = answered(door::ask_password(user))?;
    let token = waited_for(transport::login(server, user, &password)).map_err(Unprepared::Refused)?;
    keep(server, user, token, sessions)
}

/// A name and a new password become an account; the token that it gives is kept likewise.
pub(crate) fn register(
    server: &Server,
    user: &UserName,
    invite: Option<&Invite>,
    sessions: Option<&Sessions>,
) -> Result<Token, Unprepared> {
    waited_for(transport::may_register(server, invite.is_some())).map_err(Unprepared::Refused)?;
    server.address.exposes("the password").iter().for_each(|words| warn(words));
    let password = answered(door::ask_new_password(user))?;
    // Who has the name as a guest takes it along.
    let session = sessions.and_then(|sessions| sessions.all(&server.address).remove(user));
    let made = transport::register(server, user, &password, invite.map(Invite::code), session.as_deref());
    let token = waited_for(made).map_err(Unprepared::Refused)?;
    keep(server, user, token, sessions)
}

fn keep(server: &Server, user: &UserName, token: Token, sessions: Option<&Sessions>) -> Result<Token, Unprepared> {
    let kept = sessions.map_or(Ok(()), |sessions| sessions.keep_token(&server.address, user, Some(&token)));
    kept.map_err(|error| format!("the token cannot be kept: {error}"))?;
    Ok(token)
}

/// Gives the token back that was kept, and forgets it.
pub(crate) fn log_out(chosen: &config::Start) -> Result<(), String> {
    let (Some(user), Some(path)) = (&chosen.user, &chosen.sessions) else { return Err("whose? --user NAME".into()) };
    let (sessions, server) = (Sessions::open(path.clone()), &chosen.server);
    let token = sessions.token(&server.address, user);
    let token = token.ok_or_else(|| format!("no login of {user} at {} is known here", server.address))?;
    waited_for(transport::logout(server, &token))?;
    sessions.keep_token(&server.address, user, None).map_err(|error| error.to_string())
}

/// What has to be asked of the server before anything else.
fn waited_for<T>(request: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let answer = runtime.block_on(request);
    runtime.shutdown_background();
    answer
}
