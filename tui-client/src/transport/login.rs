//! A password becomes a token, and a token is given back. What else is done about accounts is in the files beside it.

use chat_protocol::UserName;
use chat_terminal::reach::{not_a_chat, post, words};
use serde::Deserialize;
use serde_json::json;

use super::Server;
use crate::token::Token;

/// What a token of this client is for.
pub(super) const LABEL: &str = concat!("chat-tui ", env!("CARGO_PKG_VERSION"));

#[derive(Deserialize)]
struct LoggedIn {
    token: String,
}

/// Exchanges a password for a token.
///
/// # Errors
/// In words, which may be the server's.
pub(crate) async fn login(server: &Server, user: &UserName, password: &str) -> Result<Token, String> {
    let body = json!({ "user": user, "password": password, "label": LABEL }).to_string();
    let (status, answer) = post(server.site(), "login", "", &body).await?;
    match status {
        200 => token(server, &answer),
        404 | 405 => Err(format!("{} knows no passwords", server.address)),
        _ => Err(words(&answer).unwrap_or_else(|| not_a_chat(&server.address))),
    }
}

/// Gives a token back: it opens nothing any more.
///
/// # Errors
/// As [`login`].
pub(crate) async fn logout(server: &Server, token: &Token) -> Result<(), String> {
    let (status, answer) = post(server.site(), "logout", &format!("Authorization: Bearer {}\r\n", token.secret()), "").await?;
    match status {
        // It ended before.
        204 | 401 => Ok(()),
        _ => Err(words(&answer).unwrap_or_else(|| not_a_chat(&server.address))),
    }
}

/// The token of an answer that has one.
pub(super) fn token(server: &Server, answer: &str) -> Result<Token, String> {
    let LoggedIn { token } = serde_json::from_str(answer).map_err(|_| not_a_chat(&server.address))?;
    Token::parse(&token).map_err(Into::into)
}
