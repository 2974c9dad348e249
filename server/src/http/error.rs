//! The one place where a refusal becomes a status, and a credential is asked for over HTTP.

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRequestParts, Path},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use chat_protocol::{CloseCode, ErrorCode, Refusal};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{auth::Credential, log::LogError, services::Services, shard::Closing};

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

    /// Asked for too often; welcome again after so long.
    pub fn too_soon(text: impl Into<String>, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::new(StatusCode::TOO_MANY_REQUESTS, ErrorCode::RateLimited, text).retry(seconds.max(1))
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
            ErrorCode::RateLimited => {
                (StatusCode::TOO_MANY_REQUESTS, Some(refusal.retry_ms.map_or(1, |retry| retry.div_ceil(1000)).max(1)))
            }
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
        match closing.code {
            CloseCode::NameTaken => Self::new(StatusCode::CONFLICT, ErrorCode::Forbidden, closing.reason),
            CloseCode::Kicked => Self::new(StatusCode::FORBIDDEN, ErrorCode::Forbidden, closing.reason),
            CloseCode::InvalidToken => no_credential(),
            _ => Refusal::new(ErrorCode::Unavailable, closing.reason).into(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.refusal.code, "text": self.refusal.text } });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The names in a path. What is not UTF-8 once it is decoded is none, and is refused like any other.
pub struct Segments<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let found = Path::from_request_parts(parts, state).await;
        found.map(|Path(segments)| Self(segments)).map_err(|error| Refusal::new(ErrorCode::BadName, error.body_text()).into())
    }
}

/// What was shown of a token, in the header or on the URL.
pub fn shown(services: &Services, headers: &HeaderMap, query: Option<&str>) -> Credential {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match bearer.map(|(_, token)| token.trim()).or(query) {
        None => Credential::None,
        Some(token) => services.credential(token),
    }
}

/// Asks for a credential where the server requires one.
///
/// # Errors
/// 401.
pub fn credential(services: &Services, headers: &HeaderMap, query: Option<&str>) -> Result<Credential, Refused> {
    let shown = shown(services, headers, query);
    if services.live().tokens.required() && !shown.is_good() {
        return Err(no_credential());
    }
    Ok(shown)
}

/// Who asks has none, or one that opens nothing.
pub fn no_credential() -> Refused {
    Refused::new(StatusCode::UNAUTHORIZED, ErrorCode::Forbidden, "A token is needed: Authorization: Bearer …")
}
