//! The one place where a refusal becomes a status, and a credential is asked for over HTTP.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chat_protocol::{ErrorCode, Refusal};
use serde_json::json;

use crate::{log::LogError, services::Services, session::Credential, shard::Closing};

/// A request refused.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    refusal: Refusal,
    retry_seconds: Option<u64>,
}

impl Refused {
    pub fn new(status: StatusCode, code: ErrorCode, text: impl Into<String>) -> Self {
        Self { status, refusal: Refusal::new(code, text), retry_seconds: None }
    }

    /// When to try again.
    pub fn retry(self, seconds: u64) -> Self {
        Self { retry_seconds: Some(seconds), ..self }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (status, retry_seconds) = match refusal.code {
            ErrorCode::BadJson | ErrorCode::UnknownType | ErrorCode::BadRequest | ErrorCode::BadName | ErrorCode::Unknown => {
                (StatusCode::BAD_REQUEST, None)
            }
            ErrorCode::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, None),
            ErrorCode::RateLimited => (StatusCode::TOO_MANY_REQUESTS, Some(1)),
            ErrorCode::NotJoined | ErrorCode::Forbidden | ErrorCode::Muted => (StatusCode::FORBIDDEN, None),
            ErrorCode::NoSuchRoom | ErrorCode::NoSuchUser | ErrorCode::NoSuchMessage => (StatusCode::NOT_FOUND, None),
            ErrorCode::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, Some(1)),
        };
        Self { status, refusal, retry_seconds }
    }
}

impl From<LogError> for Refused {
    fn from(error: LogError) -> Self {
        tracing::warn!(%error, "a read failed");
        Refusal::new(ErrorCode::Unavailable, "The server could not look that up. Try again in a moment.").into()
    }
}

impl From<Closing> for Refused {
    fn from(closing: Closing) -> Self {
        Refusal::new(ErrorCode::Unavailable, closing.reason).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.refusal.code, "text": self.refusal.text } });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What was shown of a token, in the header or on the URL.
pub fn shown(services: &Services, headers: &HeaderMap, query: Option<&str>) -> Credential {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match bearer.map(|(_, token)| token.trim()).or(query) {
        None => Credential::None,
        Some(token) if services.tokens.open(token) => Credential::Good,
        Some(_) => Credential::Bad,
    }
}

/// Asks for a credential where the server requires one.
///
/// # Errors
/// 401.
pub fn credential(services: &Services, headers: &HeaderMap, query: Option<&str>) -> Result<(), Refused> {
    if services.tokens.required() && shown(services, headers, query) != Credential::Good {
        return Err(Refused::new(StatusCode::UNAUTHORIZED, ErrorCode::Forbidden, "A token is needed: Authorization: Bearer …"));
    }
    Ok(())
}
