//! Somebody makes an account of their own, where the operator lets them: a name and a password become an account and its first
//! token, in one step. What is cheap to refuse is refused before the password is hashed, and that is hashed once at most.
//!
//! Whether an invitation is good, and whose a name is, the realm judges once more when the decree has its place: of two who come
//! for the same at once, one gets it.

use std::{sync::Arc, time::Instant};

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use chat_protocol::{ErrorCode, Refusal, UserName};
use serde::Deserialize;
use serde_json::json;

use super::{Peer, api, error::Refused, login};
use crate::{
    auth::{self, Secret},
    clock,
    log::Author,
    passwords,
    realm::{Decree, Newcomer, SecretHash},
    registration::Registration,
    services::Services,
    session::identity,
};

/// What the first token is for, unless it is said.
const LABEL: &str = "registration";

#[derive(Debug, Deserialize)]
struct Asked {
    user: String,
    password: Secret,
    invite: Option<Secret>,
    label: Option<String>,
    /// Of the guest who has the name until now.
    session: Option<Secret>,
}

pub(super) async fn registration(State(services): State<Arc<Services>>, headers: HeaderMap) -> Result<Response, Refused> {
    api::same_site(&services, &headers)?;
    Ok(Json(json!({ "registration": services.live().registration.word() })).into_response())
}

pub(super) async fn register(
    Extension(peer): Extension<Peer>,
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Refused> {
    api::same_site(&services, &headers)?;
    let choice = services.live().registration;
    if choice == Registration::Closed {
        return Err(forbidden("Accounts are made by whoever runs this server: registration is closed"));
    }
    let Asked { user, password, invite, label, session } = api::posted(&headers, request.into_body()).await?;
    let name = UserName::guest(&user).map_err(|error| Refusal::new(ErrorCode::BadName, error.to_string()))?;
    // Who is kept out as a guest does not come in as somebody new. Whose the name is, is looked at in its turn.
    services.may_register(&name, peer.address)?;
    passwords::check(&password)?;
    login::in_time(&services, &peer, services.passwords.attempt_anew(peer.address, Instant::now()))?;
    // Where anybody may come, no invitation is asked for, and none is used up.
    let invitation = match (choice, &invite) {
        (Registration::Invite, Some(secret)) => {
            let hash = SecretHash(auth::hash(secret.tell()));
            Some(services.realm().invitation(&hash, clock::now())?)
        }
        (Registration::Invite, None) => return Err(forbidden("One comes to an account here by invitation: open its link")),
        (Registration::Open | Registration::Closed, _) => None,
    };
    let guest = match &session {
        Some(secret) => identity::session(&services, secret.tell(), clock::now()).await?.map(|session| session.author),
        None => None,
    };
    // Who shows no session is nobody whom a name waits for.
    let guest = guest.unwrap_or_else(|| Author("registers".into()));
    free(&services, &name, &guest)?;
    let password = services.passwords.hashed(password).await?;
    // Somebody may have come in by it meanwhile.
    free(&services, &name, &guest)?;
    let (token, hash) = login::token()?;
    let (expires, label) = (login::expiry(), label.unwrap_or_else(|| LABEL.to_owned()));
    let newcomer = Newcomer { name: name.clone(), password, token: hash, label, expires, invitation };
    match services.keeper.decree(name.to_string(), Decree::Registered(newcomer)).await {
        Ok(_) => {
            tracing::info!(address = %peer.address, %name, "an account was made");
            Ok(login::came_in(StatusCode::CREATED, name, token, expires))
        }
        // The realm is what it was judged against: the name was lost to somebody quicker.
        Err(_) if !services.is_for_guests(&name) => Err(taken(&name)),
        Err(refusal) => Err(refusal.into()),
    }
}

/// A name that is no account's, looks like none, and that nobody has but this guest.
fn free(services: &Services, name: &UserName, guest: &Author) -> Result<(), Refused> {
    let is_free = services.is_for_guests(name) && services.hub.may_enter(name, guest, Instant::now()).is_ok();
    if is_free { Ok(()) } else { Err(taken(name)) }
}

fn taken(name: &UserName) -> Refused {
    Refused::new(StatusCode::CONFLICT, ErrorCode::Forbidden, format!("{name} is taken, or looks like a name that is"))
}

fn forbidden(words: &str) -> Refused {
    Refusal::new(ErrorCode::Forbidden, words).into()
}
