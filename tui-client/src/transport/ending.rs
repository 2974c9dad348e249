//! How a connection ended, in words for a person, and what that means for coming back. The words may be the server's: whoever
//! shows them makes them safe, as with any other text of a peer.

use std::{io, time::Duration};

use chat_protocol::{CloseCode, display};
use chat_terminal::reach::{Address, broken, distrust, unreached};
use serde_json::Value;
use tokio_tungstenite::tungstenite::{
    Error,
    error::{ProtocolError, TlsError},
    http::{Response, StatusCode, header},
};

use crate::effect::Resume;

/// A server that asks for more patience than this does not get it.
const MOST: Duration = Duration::from_secs(300);
/// The longest words of a refusal that are passed on, in characters.
const WORDS: usize = 200;

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nobody here needs it any more.
    Left,
    /// It was let go for the one of somebody else.
    Replaced { resume: Box<Resume>, no_sooner: Duration },
    /// It will fail again unless somebody does something about it.
    Hopeless { reason: String },
    /// It went, or never came. To come back after as long as the server asks for, or not at all.
    Lost { reason: String, come_back: Option<Duration> },
}

/// What the server said of the end before it came.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: CloseCode,
    pub(super) reason: String,
    pub(super) come_back: Option<Duration>,
}

impl Ending {
    /// It broke; the next attempt may be better.
    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self::Lost { reason: reason.into(), come_back: Some(Duration::ZERO) }
    }

    fn hopeless(reason: impl Into<String>) -> Self {
        Self::Hopeless { reason: reason.into() }
    }

    /// A close, with what the server said before it. That goes first: it knows codes of a later version and how long to wait.
    pub(super) fn closed(frame: Option<(CloseCode, String)>, said: Option<Said>, had_token: bool) -> Self {
        let (code, words) = frame.unwrap_or((CloseCode::Other(1005), String::new()));
        let (code, words, come_back) = match said {
            Some(said) => (if code == CloseCode::Other(1005) { said.code } else { code }, said.reason, said.come_back),
            // No code at all is a proxy or a crash, not a decision.
            None if code == CloseCode::Other(1005) => return Self::broken("the connection broke"),
            None => (code, words, code.reconnect().then_some(Duration::ZERO)),
        };
        let reason = match (code, had_token) {
            (CloseCode::InvalidToken, false) => {
                "this server asks for a token: --token-file, CHAT_TOKEN or --token-command".into()
            }
            _ if words.is_empty() => code.reason().into(),
            _ => display::clip(&words, WORDS),
        };
        let reason = if come_back.is_none() { format!("{reason} ({})", code.number()) } else { reason };
        Self::Lost { reason, come_back: come_back.map(|retry| retry.min(MOST)) }
    }

    /// No TCP connection came about.
    pub(super) fn unreached(error: &io::Error, address: &Address) -> Self {
        Self::broken(unreached(error, address))
    }

    /// A handshake that failed, or an error of the socket later.
    pub(super) fn failed(error: &Error, address: &Address) -> Self {
        match error {
            Error::Http(response) => refused(response),
            Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(tls) => Self::hopeless(distrust(tls, address.host())),
                None => Self::broken(broken(error)),
            },
            Error::Tls(TlsError::InvalidDnsName) => {
                Self::Lost { reason: format!("«{}» is not a name that TLS knows", address.host()), come_back: None }
            }
            Error::Protocol(ProtocolError::HttparseError(_)) if address.is_secure() => {
                Self::hopeless("what answers there is not a chat server")
            }
            Error::Protocol(ProtocolError::HttparseError(_)) => {
                Self::hopeless("what answers there is not a chat server; if it speaks TLS, use wss://")
            }
            Error::Protocol(ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake) => {
                Self::broken("the connection broke")
            }
            Error::Url(_) | Error::HttpFormat(_) => Self::Lost { reason: error.to_string(), come_back: None },
            Error::Capacity(_) => Self::hopeless("the server sent more at once than this client takes"),
            _ => Self::broken(error.to_string()),
        }
    }
}

/// A handshake that HTTP refused: for good, unless the status speaks of now.
fn refused(response: &Response<Option<Vec<u8>>>) -> Ending {
    let status = response.status();
    let passing = status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let body = response.body().as_deref().and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default().trim();
    let json = serde_json::from_str::<Value>(body).ok();
    let words = match (&json, header(header::LOCATION)) {
        (_, Some(elsewhere)) if status.is_redirection() => format!("it points to {elsewhere}"),
        (Some(json), _) => json["error"]["text"].as_str().unwrap_or_default().to_owned(),
        // A page is not for a status line.
        (None, _) if body.len() <= WORDS && !body.starts_with('<') => body.to_owned(),
        (None, _) => String::new(),
    };
    let colon = if words.is_empty() { "" } else { ": " };
    let seconds = header(header::RETRY_AFTER).and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    Ending::Lost {
        reason: format!("refused: {status}{colon}{}", display::clip(&words, WORDS)),
        come_back: passing.then_some(Duration::from_secs(seconds).min(MOST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_says_whether_to_come_back() {
        let said = |code, reason: &str, retry: Option<u64>| {
            let come_back = retry.map(Duration::from_millis);
            Some(Said { code: CloseCode::from_number(code), reason: reason.into(), come_back })
        };
        for (code, closing, reason, come_back) in [
            (Some(1012), said(1012, "Restarting", Some(800)), "Restarting", Some(800)),
            (Some(1012), None, "The server is restarting", Some(0)),
            (Some(4009), None, "Name is taken (4009)", None),
            (Some(4009), said(4009, "Taken by bob", None), "Taken by bob (4009)", None),
            (Some(4001), None, "Invalid token (4001)", None),
            (Some(4003), said(4003, "Be\u{1b}[2J kind", None), "Be\u{fffd}[2J kind (4003)", None),
            (Some(1008), said(1008, "There is no such room", None), "There is no such room (1008)", None),
            (Some(1011), None, "Internal error", Some(0)),
            (Some(4777), said(4777, "Later version", Some(5)), "Later version", Some(5)),
            (Some(4777), said(4777, "Next year", Some(u64::MAX)), "Next year", Some(300_000)),
            (Some(4777), None, "Closed (4777)", None),
            (Some(1001), None, "The server is going down (1001)", None),
            (None, None, "the connection broke", Some(0)),
            (None, said(1012, "Restarting", Some(800)), "Restarting", Some(800)),
            (None, said(4009, "", None), "Name is taken (4009)", None),
        ] {
            let frame = code.map(|code| (CloseCode::from_number(code), String::new()));
            let expected = Ending::Lost { reason: reason.into(), come_back: come_back.map(Duration::from_millis) };
            assert_eq!(Ending::closed(frame, closing, true), expected, "{code:?}");
        }
        let Ending::Lost { reason, come_back: None } = Ending::closed(Some((CloseCode::InvalidToken, "x".into())), None, false)
        else {
            panic!("without a token there is nothing to try again")
        };
        assert!(reason.contains("--token-file") && reason.ends_with("(4001)"), "{reason}");
    }

    #[test]
    fn a_refusal_of_http_is_passed_on_in_few_safe_words() {
        let json = r#"{"error":{"code":"forbidden","text":"Pages of other sites may not connect here"}}"#;
        let long = "x".repeat(500);
        for (status, header, body, reason, come_back) in [
            (403, ("x", "y"), json, "refused: 403 Forbidden: Pages of other sites may not connect here", None),
            (503, ("retry-after", "7"), "", "refused: 503 Service Unavailable", Some(7)),
            (503, ("retry-after", "86400"), "soon", "refused: 503 Service Unavailable: soon", Some(300)),
            (429, ("retry-after", "Wed, 21 Oct 2026"), "", "refused: 429 Too Many Requests", Some(0)),
            (404, ("x", "y"), "<html>", "refused: 404 Not Found", None),
            (404, ("x", "y"), "\u{1b}]0;x\u{7}gone", "refused: 404 Not Found: \u{fffd}]0;x\u{fffd}gone", None),
            (404, ("x", "y"), &long, "refused: 404 Not Found", None),
            (404, ("x", "y"), "{}", "refused: 404 Not Found", None),
            (301, ("location", "https://h/"), "x", "refused: 301 Moved Permanently: it points to https://h/", None),
        ] {
            let response = Response::builder().status(status).header(header.0, header.1).body(Some(body.as_bytes().to_vec()));
            let expected = Ending::Lost { reason: reason.into(), come_back: come_back.map(Duration::from_secs) };
            assert_eq!(refused(&response.unwrap()), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_cannot_be_reached_is_told_in_few_words() {
        let address = Address::parse("ws://[::1]:8000").unwrap();
        for (error, expected) in [
            (io::ErrorKind::ConnectionRefused.into(), "cannot reach [::1]:8000: connection refused"),
            (io::ErrorKind::TimedOut.into(), "cannot reach [::1]:8000: no answer"),
            (io::ErrorKind::NetworkUnreachable.into(), "cannot reach [::1]:8000: this machine has no way to its network"),
            (
                io::Error::other("failed to lookup address information: Name or service not known"),
                "cannot find ::1: Name or service not known",
            ),
        ] {
            let expected = Ending::Lost { reason: expected.into(), come_back: Some(Duration::ZERO) };
            assert_eq!(Ending::unreached(&error, &address), expected);
        }
    }
}
