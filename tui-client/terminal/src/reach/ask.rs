//! One request over HTTP to the server that the WebSocket goes to, for what is to be known before there is one. It does not know
//! what is asked.
//!
//! It is spoken as HTTP/1.0, in which an answer is what comes until the end.

use std::time::Duration;

use serde::Deserialize;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

use super::{Address, Trust, reach, unreached};

/// How long all of it may take. A server hashes passwords one after the other.
const WITHIN: Duration = Duration::from_secs(20);
/// The most that is read of an answer.
const LARGEST: u64 = 64 * 1024;
/// And of one that is long.
const MUCH: u64 = 8 << 20;

#[derive(Deserialize)]
struct Refused {
    error: Words,
}

#[derive(Deserialize)]
struct Words {
    text: String,
}

/// Why a request was refused, as the server says it.
pub fn words(answer: &str) -> Option<String> {
    serde_json::from_str::<Refused>(answer).ok().map(|refused| refused.error.text)
}

/// What is said of something else that answers.
#[must_use]
pub fn not_a_chat(address: &Address) -> String {
    format!("what answers at {address} is no chat server")
}

/// Posts to the API; the status of the answer, and its body.
///
/// # Errors
/// In words for a person: there was none.
pub async fn post(server: (&Address, &Trust), what: &str, header: &str, body: &str) -> Result<(u16, String), String> {
    ask(server, &format!("POST {}/api/{what}", server.0.path()), header, body, LARGEST).await
}

/// The same where a long answer is looked for.
///
/// # Errors
/// Likewise.
pub async fn post_for_much(server: (&Address, &Trust), what: &str, header: &str, body: &str) -> Result<(u16, String), String> {
    ask(server, &format!("POST {}/api/{what}", server.0.path()), header, body, MUCH).await
}

/// Asks the API for something, as [`post`].
///
/// # Errors
/// Likewise.
pub async fn get(server: (&Address, &Trust), what: &str) -> Result<(u16, String), String> {
    ask(server, &format!("GET {}/api/{what}", server.0.path()), "", "", LARGEST).await
}

/// The status of the answer, and its body.
async fn ask(
    (address, trust): (&Address, &Trust),
    line: &str,
    header: &str,
    body: &str,
    most: u64,
) -> Result<(u16, String), String> {
    let request = format!(
        "{line} HTTP/1.0\r\nHost: {}\r\n{header}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        address.place(),
        body.len(),
    );
    let exchanged = async {
        let stream = reach(address.host(), address.port()).await.map_err(|error| unreached(&error, address))?;
        if !address.is_secure() {
            return exchange(stream, &request, most).await;
        }
        let config = trust.config()?;
        let name = ServerName::try_from(address.host().to_owned()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            inner.map_or_else(|| error.to_string(), |inner| super::distrust(inner, address.host()))
        })?;
        exchange(stream, &request, most).await
    };
    let answer = timeout(WITHIN, exchanged).await.map_err(|_| format!("no answer from {}", address.place()))??;
    parse(&answer).ok_or_else(|| not_a_chat(address))
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str, most: u64) -> Result<Vec<u8>, String> {
    stream.write_all(request.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    // Who does not say goodbye has said what it had to say.
    let read = stream.take(most).read_to_end(&mut answer).await;
    if answer.is_empty() {
        read.map_err(|error| error.to_string())?;
    }
    if answer.len() as u64 == most {
        return Err("the server says more at once than is taken".into());
    }
    Ok(answer)
}

/// Status and body.
fn parse(answer: &[u8]) -> Option<(u16, String)> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        for (answer, expected) in [
            ("HTTP/1.0 200 OK\r\na: b\r\n\r\n{}", Some((200, "{}"))),
            ("HTTP/1.1 204 No Content\r\n\r\n", Some((204, ""))),
            ("HTTP/1.1 401\r\n\r\nx", Some((401, "x"))),
            ("HTTP/1.1 200 OK\r\n", None),
            ("SSH-2.0-OpenSSH\r\n\r\n", None),
            ("", None),
        ] {
            let found = parse(answer.as_bytes());
            assert_eq!(found.as_ref().map(|(status, body)| (*status, body.as_str())), expected, "{answer:?}");
        }
        assert_eq!(words(r#"{"error":{"code":"forbidden","text":"no"}}"#).as_deref(), Some("no"));
        assert_eq!(words("<html>"), None);
    }
}
