//! An account of one's own, where the server lets people make one.

use chat_protocol::UserName;
use chat_terminal::reach::{get, not_a_chat, post, words};
use serde::Deserialize;
use serde_json::json;

use super::{
    Server,
    login::{LABEL, token},
};
use crate::token::Token;

#[derive(Deserialize)]
struct Choice {
    registration: String,
}

/// Whether somebody may make an account there, with an invitation or without: asked before a password is.
///
/// # Errors
/// In words, why not.
pub(crate) async fn may_register(server: &Server, invited: bool) -> Result<(), String> {
    let address = &server.address;
    let (status, answer) = get(server.site(), "registration").await?;
    match status {
        200 => {}
        404 | 405 => return Err(format!("{address} lets nobody make an account")),
        _ => return Err(words(&answer).unwrap_or_else(|| not_a_chat(&server.address))),
    }
    let Choice { registration } = serde_json::from_str(&answer).map_err(|_| not_a_chat(&server.address))?;
    match (registration.as_str(), invited) {
        ("closed", _) => Err(format!("{address} lets nobody make an account: ask whoever runs it for one")),
        ("invite", false) => Err(format!("{address} asks for an invitation: --invite, with the link or its code")),
        // A choice of a later version is the server's to explain.
        _ => Ok(()),
    }
}

/// Makes an account. Who has the name as a guest shows it by their session.
///
/// # Errors
/// In words, which may be the server's.
pub(crate) async fn register(
    server: &Server,
    user: &UserName,
    password: &str,
    invite: Option<&str>,
    session: Option<&str>,
) -> Result<Token, String> {
    let body = json!({ "user": user, "password": password, "invite": invite, "session": session, "label": LABEL }).to_string();
    let (status, answer) = post(server.site(), "register", "", &body).await?;
    match status {
        201 => token(server, &answer),
        _ => Err(words(&answer).unwrap_or_else(|| not_a_chat(&server.address))),
    }
}
