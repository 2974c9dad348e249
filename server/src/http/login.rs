//! A password becomes a token, and a token ends. How an account of one's own is made is in [`register`](super::register).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chat_protocol::{ErrorCode, Refusal, Timestamp, UserName, json};
use serde::{Deserialize, Serialize};

use super::{
    Peer, api,
    error::{self, Refused},
    shown,
};
use crate::{
    auth::{self, Secret},
    clock,
    metrics::Reason,
    realm::{AccountId, Decree, SecretHash, TokenId},
    services::Services,
};

/// So long a token lets somebody in who came with a password.
const LASTS_MS: i64 = 90 * 24 * 3600 * 1000;
/// What such a token is for, unless it is said.
const LABEL: &str = "login";
/// Tokens of one purpose that an account has by logging in.
pub(crate) const REMEMBERED: usize = 50;

#[derive(Debug, Deserialize)]
struct Login {
    user: String,
    password: Secret,
    label: Option<String>,
}

#[derive(Serialize)]
struct LoggedIn {
    user: UserName,
    token: Secret,
    expires: Timestamp,
}

pub(super) async fn login(
    Extension(peer): Extension<Peer>,
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refused> {
    api::same_site(&services, &headers)?;
    let Login { user, password, label } = api::posted(&headers, request.into_body()).await?;
    let name = UserName::known(&user).ok();
    let key = name.as_ref().map_or("", UserName::folded);
    in_time(&services, &peer, services.passwords.attempt(key, peer.address, Instant::now()))?;
    let account = name.and_then(|name| services.realm().named(&name).filter(|account| !account.disabled).cloned());
    let hash = account.as_ref().and_then(|account| account.password.clone());
    let fits = services.passwords.fits(password, hash).await?;
    let Some(account) = account.filter(|_| fits) else {
        if let Some(unsaid) = services.failed_logins.again(Instant::now()) {
            tracing::info!(address = %peer.address, unsaid, "a login failed");
        }
        return Err(Refused::new(
            StatusCode::UNAUTHORIZED,
            ErrorCode::Forbidden,
            "There is no account with that name and password",
        ));
    };
    let (token, hash) = self::token()?;
    let expires = expiry();
    let label = label.unwrap_or_else(|| LABEL.to_owned());
    if let Some(token) = superseded(&services, account.id, &label) {
        // Somebody else may have been as quick.
        let _ = services.keeper.decree(account.name.to_string(), Decree::Revoked { token }).await;
    }
    let decree = Decree::Token { account: account.id, hash, label, expires: Some(expires) };
    services.keeper.decree(account.name.to_string(), decree).await?;
    Ok(came_in(StatusCode::OK, account.name, token, expires))
}

/// The oldest token of this purpose, where there are so many that it is presumably forgotten: who comes in again and again is not
/// locked out by it.
fn superseded(services: &Services, account: AccountId, label: &str) -> Option<TokenId> {
    let (realm, now) = (services.realm(), clock::now());
    let mut same = realm.tokens().filter(|token| token.account == account && token.label == label && !token.is_expired(now));
    let oldest = same.next()?.id;
    (same.count() + 1 >= REMEMBERED).then_some(oldest)
}

/// Whether an attempt is not one too many, by how long the next one has to wait.
pub(super) fn in_time(services: &Services, peer: &Peer, wait: Duration) -> Result<(), Refused> {
    if wait.is_zero() {
        return Ok(());
    }
    services.refused(Reason::Login, Some(peer.address));
    Err(Refused::too_soon("Too many attempts: wait a moment", wait))
}

pub(super) fn token() -> Result<(Secret, SecretHash), Refusal> {
    auth::token().map_err(|_| Refusal::new(ErrorCode::Unavailable, "There is no randomness"))
}

/// Until when somebody is let in by a token that is made now.
pub(super) fn expiry() -> Timestamp {
    Timestamp(clock::now().0 + LASTS_MS)
}

/// The token is told here once, and kept nowhere.
pub(super) fn came_in(status: StatusCode, user: UserName, token: Secret, expires: Timestamp) -> Response {
    let body = json::line(&LoggedIn { user, token, expires });
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

pub(super) async fn logout(State(services): State<Arc<Services>>, headers: HeaderMap) -> Result<Response, Refused> {
    api::same_site(&services, &headers)?;
    let pass = shown::credential(&services, &headers, None).pass().ok_or_else(error::no_credential)?;
    let name = services.member(pass).map(|who| who.name.to_string()).unwrap_or_default();
    services.keeper.decree(name, Decree::Revoked { token: pass.token }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
