//! What somebody shows of who they are: a token, or a guest's session. In a header it stands in no address, which browsers remember
//! and proxies write down; a browser's WebSocket has no header of its own but the list of subprotocols, so it may stand there;
//! and what cannot do either puts it on the URL.

use axum::http::{HeaderMap, HeaderValue, header};

use super::error::{self, Refused};
use crate::{auth::Credential, services::Services};

/// A guest's session.
const SESSION: &str = "chat-session";
/// The subprotocol that a client may name, and by which what it shows beside it is not answered.
const SUBPROTOCOL: &str = "chat";

/// What was shown of a token: the header goes before the subprotocol, and that before the URL.
pub(super) fn credential(services: &Services, headers: &HeaderMap, query: Option<&str>) -> Credential {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let shown = bearer.map(|(_, token)| token.trim()).or_else(|| beside(headers, "token."));
    shown.or(query).map_or(Credential::None, |token| services.credential(token))
}

/// The same where the server may require one.
///
/// # Errors
/// 401.
pub(super) fn required(services: &Services, headers: &HeaderMap, query: Option<&str>) -> Result<Credential, Refused> {
    let shown = credential(services, headers, query);
    if services.live().tokens.required() && !shown.is_good() {
        return Err(error::no_credential());
    }
    Ok(shown)
}

/// A guest's session, likewise.
pub(super) fn session(headers: &HeaderMap, query: Option<String>) -> Option<String> {
    let header = headers.get(SESSION).and_then(|value| value.to_str().ok());
    header.or_else(|| beside(headers, "session.")).map(str::to_owned).or(query)
}

/// The subprotocol to agree to, if the client named it.
pub(super) fn subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    subprotocols(headers).any(|name| name == SUBPROTOCOL).then(|| HeaderValue::from_static(SUBPROTOCOL))
}

/// What stands beside our own subprotocol under this word.
fn beside<'a>(headers: &'a HeaderMap, word: &str) -> Option<&'a str> {
    subprotocol(headers)?;
    subprotocols(headers).find_map(|name| name.strip_prefix(word))
}

fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_taken_from_the_first_place_that_has_one() {
        let check = |headers: &[(&'static str, &'static str)], query: Option<&str>, expected: Option<&str>| {
            let made = headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
            assert_eq!(session(&made, query.map(str::to_owned)).as_deref(), expected, "{headers:?} {query:?}");
        };
        check(&[], None, None);
        check(&[], Some("q"), Some("q"));
        check(&[("chat-session", "h")], Some("q"), Some("h"));
        check(&[("sec-websocket-protocol", "chat, session.p")], Some("q"), Some("p"));
        check(&[("sec-websocket-protocol", "session.p,chat")], None, Some("p"));
        check(&[("sec-websocket-protocol", "chat, session.p"), ("chat-session", "h")], None, Some("h"));
        // Whoever does not speak of this protocol means something else by it.
        check(&[("sec-websocket-protocol", "session.p")], None, None);
        check(&[("sec-websocket-protocol", "chat, token.t")], None, None);
    }
}
