//! The WebSocket handshake: who may pass, and what was asked for. The conversation is held elsewhere.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header},
    response::{IntoResponse, Response},
};
use chat_protocol::{ErrorCode, Seq};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{
    Peer,
    error::{Refused, Segments},
    origin, shown,
};
use crate::{
    services::Services,
    session::{Endpoint, Opening},
};

/// What may stand on the URL of any endpoint.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Params {
    token: Option<String>,
    session: Option<String>,
    user: Option<String>,
    room: Option<String>,
    after: Option<Seq>,
    epoch: Option<String>,
}

type Asked = (State<Arc<Services>>, Extension<Peer>, Result<Query<Params>, QueryRejection>, (Method, Version), HeaderMap);

pub(super) async fn echo(asked: Asked) -> Result<Response, Refused> {
    open(asked, |_| Endpoint::Echo)
}

/// Digits are a number, as in the tutorials that number their clients; anything else is a name.
pub(super) async fn tutorial(Segments(id): Segments<String>, asked: Asked) -> Result<Response, Refused> {
    let number = id.bytes().all(|byte| byte.is_ascii_digit()).then(|| id.parse().ok()).flatten();
    open(asked, |_| number.map_or(Endpoint::Named(id), Endpoint::Client))
}

pub(super) async fn chat(Segments((room, user)): Segments<(String, String)>, asked: Asked) -> Result<Response, Refused> {
    open(asked, |_| Endpoint::Chat { room, user })
}

pub(super) async fn auth(asked: Asked) -> Result<Response, Refused> {
    open(asked, |params| Endpoint::Auth {
        room: params.room.clone().unwrap_or_else(|| "general".into()),
        user: params.user.clone(),
    })
}

pub(super) async fn channels(asked: Asked) -> Result<Response, Refused> {
    open(asked, |params| Endpoint::Channels { user: params.user.clone() })
}

pub(super) async fn tasks(asked: Asked) -> Result<Response, Refused> {
    open(asked, |_| Endpoint::Tasks)
}

fn open(
    (State(services), Extension(peer), params, (method, version), headers): Asked,
    endpoint: impl FnOnce(&Params) -> Endpoint,
) -> Result<Response, Refused> {
    // The router takes HEAD for GET; an upgrade it is not.
    if method != Method::GET {
        return Err(bad(StatusCode::METHOD_NOT_ALLOWED, "A WebSocket begins with GET"));
    }
    if version < Version::HTTP_11 {
        return Err(bad(StatusCode::UPGRADE_REQUIRED, "A WebSocket begins with HTTP/1.1"));
    }
    let key = handshake(&headers)?;
    let Query(params) = params.map_err(|error| bad(StatusCode::BAD_REQUEST, error.body_text()))?;
    let endpoint = endpoint(&params);
    let tutorial = matches!(endpoint, Endpoint::Echo | Endpoint::Client(_) | Endpoint::Named(_));
    let live = services.live();
    let from_disk = tutorial && !live.tokens.required();
    if !origin::welcome(&headers, &live.allow_origin, from_disk) {
        return Err(Refused::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "Pages of other sites may not connect here"));
    }
    if services.is_draining() {
        return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable, "The server is restarting").retry(1));
    }
    let credential = shown::credential(&services, &headers, params.token.as_deref());
    let Params { session, after, epoch, .. } = params;
    let session = shown::session(&headers, session);
    let subprotocol = shown::subprotocol(&headers);
    let opening = Opening { endpoint, credential, session, after, epoch, address: peer.address, place: peer.place.ok() };
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.clear();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()))
        .map_err(|_| bad(StatusCode::BAD_REQUEST, "That key cannot be answered"))?;
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(subprotocol) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    response.extensions_mut().insert(opening);
    Ok(response)
}

fn bad(status: StatusCode, text: impl Into<String>) -> Refused {
    Refused::new(status, ErrorCode::BadRequest, text)
}

/// Checks that this is a handshake of RFC 6455; answers its key.
fn handshake(headers: &HeaderMap) -> Result<String, Refused> {
    let has = |name: header::HeaderName, word: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        return Err(bad(StatusCode::UPGRADE_REQUIRED, "This is a WebSocket: connect with ws:// or wss://"));
    }
    if !has(header::SEC_WEBSOCKET_VERSION, "13") {
        return Err(bad(StatusCode::UPGRADE_REQUIRED, "WebSocket version 13 is spoken here"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    let (body, end) = key.split_at_checked(22).unwrap_or_default();
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    if end != "==" || !body.bytes().all(base64) {
        return Err(bad(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is 16 bytes of base64"));
    }
    Ok(key.to_owned())
}
