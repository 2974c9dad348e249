//! HTTP: every route on one screen. A request for a WebSocket is only judged here; the answer carries an
//! [`Opening`](crate::session::Opening), and whoever has the socket hands it over.

mod api;
pub mod error;
mod login;
mod operator;
mod origin;
mod page;
mod register;
mod shown;
mod ws;

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, HeaderValue, Method, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chat_protocol::ErrorCode;

use self::error::Refused;
use crate::{
    admission::{Full, Place, TurnedAway},
    limits,
    services::Services,
    vitals::Vitals,
};

/// Who asks. Put into every request by whoever accepted the connection.
#[derive(Clone, Debug)]
pub struct Peer {
    pub address: IpAddr,
    pub place: Result<Arc<Place>, Arc<TurnedAway>>,
}

/// Every route.
pub fn routes(services: Arc<Services>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/static/{hash}/{file}", get(page::asset))
        .route("/favicon.ico", get(page::favicon))
        .route("/ws", get(ws::echo))
        .route("/ws/{id}", get(ws::tutorial))
        .route("/ws/chat/{room}/{user}", get(ws::chat))
        .route("/ws/auth", get(ws::auth))
        .route("/ws/json", get(ws::channels))
        .route("/ws/tasks", get(ws::tasks))
        .route("/api/rooms", get(api::rooms))
        .route("/api/rooms/{room}/messages", get(api::messages).post(api::say))
        .route("/api/rooms/{room}/tail", get(api::tail))
        .route("/api/exports/{task_id}", get(api::export))
        .route("/api/login", post(login::login))
        .route("/api/logout", post(login::logout))
        .route("/api/registration", get(register::registration))
        .route("/api/register", post(register::register))
        .route("/api/operator", post(operator::order))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .fallback(|| async { Refused::new(StatusCode::NOT_FOUND, ErrorCode::BadRequest, "There is nothing here") })
        .method_not_allowed_fallback(|| async {
            Refused::new(StatusCode::METHOD_NOT_ALLOWED, ErrorCode::BadRequest, "That method means nothing here")
        })
        .with_state(services)
}

async fn ready(State(services): State<Arc<Services>>) -> Response {
    let (status, words) = match (services.is_draining(), services.keeper.is_writable()) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "going down\n"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "the log takes no writes\n"),
        (false, true) => (StatusCode::OK, "ready\n"),
    };
    (status, words).into_response()
}

async fn metrics(State(services): State<Arc<Services>>, headers: axum::http::HeaderMap) -> Result<Response, Refused> {
    shown::required(&services, &headers, None)?;
    let text = tokio::task::spawn_blocking(move || Vitals::of(&services).prometheus()).await;
    let unavailable =
        |_| Refused::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, "The server cannot look at itself now");
    let kind = [(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    Ok((kind, text.map_err(unavailable)?).into_response())
}

/// What a connection that has no place is told, whatever it asks.
pub fn no_place(full: Full) -> Response {
    match full {
        Full::Address => {
            Refused::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, "Your address has too many connections")
                .retry(10)
                .into_response()
        }
        Full::TooOften(wait) => too_soon(wait),
        Full::Server => {
            Refused::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, "The server is full").retry(10).into_response()
        }
    }
}

/// What a request costs its address, if it is of the API.
pub fn cost<B>(request: &Request<B>) -> Option<u32> {
    let path = request.uri().path();
    (path.starts_with("/api/") || path == "/metrics").then(|| limits::cost_of_request(request.method() != Method::POST))
}

/// What whoever asks too often is told.
pub fn too_soon(wait: Duration) -> Response {
    Refused::too_soon("Too much at once from your address: wait a moment", wait).into_response()
}

/// What a connection that speaks plain HTTP is told where TLS is spoken, whatever it asks.
pub fn wants_tls() -> Response {
    let words = "TLS is spoken on this port: use https:// in a browser, and wss:// for a WebSocket";
    Refused::new(StatusCode::BAD_REQUEST, ErrorCode::BadRequest, words).into_response()
}

/// Headers on everything that leaves: nothing runs, loads, frames or sniffs what it should not.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cache-control", "no-store"),
];

/// Puts the headers on that the answer does not have already.
pub fn harden(response: &mut Response) {
    for (name, value) in HEADERS {
        response.headers_mut().entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
}

/// Tells browsers to come by TLS from now on. For a month: who goes back to plain HTTP has not shut the others out for ever.
pub fn insist_on_tls(response: &mut Response) {
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=2592000"));
}
