//! One connection from its handshake to its end, and what that end means for coming back.

use std::time::Duration;

use chat_protocol::{CloseCode, ServerFrame, ServerMessage, limits};
use futures::{SinkExt as _, StreamExt as _};
use tokio::{
    sync::mpsc::{Receiver, Sender},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    connect_async_with_config,
    tungstenite::{Error, Message, http::StatusCode},
};

use super::{Command, unless_left};
use crate::msg::LinkEvent;

/// How long a handshake may take, name lookup included.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the server may take nothing of what we send.
const WRITE: Duration = Duration::from_secs(10);

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nobody here needs it any more.
    Left,
    /// It went, or never came. To come back after at least so long, or not at all.
    Lost { reason: String, come_back: Option<Duration> },
}

/// Connects, and talks until the end.
pub(super) async fn converse(url: &str, commands: &mut Receiver<Command>, events: &Sender<LinkEvent>) -> Ending {
    let connecting = timeout(CONNECT, connect_async_with_config(url, None, true));
    let mut socket = match unless_left(commands, connecting).await {
        Some(Ok(Ok((socket, _)))) => socket,
        Some(Ok(Err(error))) => return failed(&error),
        Some(Err(_)) => return broken("no answer"),
        None => return Ending::Left,
    };
    let mut silence = limits::SILENCE;
    let mut heard = Instant::now();
    let mut closing = None;
    loop {
        let frame = tokio::select! {
            frame = socket.next() => frame,
            command = commands.recv() => match command {
                Some(Command::Send(text)) => match timeout(WRITE, socket.send(Message::text(text))).await {
                    // What the server said last is still to be read; if there is nothing, reading ends this.
                    Ok(_) => continue,
                    Err(_) => return broken("the server takes nothing"),
                },
                Some(Command::Connect { .. }) => continue,
                None => {
                    let _ = socket.close(None).await;
                    return Ending::Left;
                }
            },
            // The server pings, so a connection that says nothing for so long leads nowhere.
            () = sleep_until(heard + silence) => return broken("no sign of life"),
        };
        heard = Instant::now();
        let text = match frame {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => {
                let frame = frame.map(|frame| (CloseCode::from_number(frame.code.into()), frame.reason.to_string()));
                return closed(frame, closing);
            }
            Some(Ok(_)) => continue,
            Some(Err(error)) => return closing.map_or_else(|| failed(&error), |said| closed(None, Some(said))),
            None => return closing.map_or_else(|| broken("the connection broke"), |said| closed(None, Some(said))),
        };
        // What cannot be read is of a later version, or none of our business.
        let Ok(frame) = ServerFrame::decode(text.as_str()) else { continue };
        match &frame.message {
            ServerMessage::Welcome(welcome) => silence = silence.max(Duration::from_secs(welcome.ping_seconds.saturating_mul(2))),
            ServerMessage::Closing { reason, reconnect, retry_ms, .. } => {
                let retry = Duration::from_millis(retry_ms.unwrap_or(0));
                closing = Some((reason.clone(), reconnect.then_some(retry)));
            }
            _ => {}
        }
        if events.send(LinkEvent::Frame(Box::new(frame))).await.is_err() {
            return Ending::Left;
        }
    }
}

/// A close, with what the server said before it. That goes first: it knows codes of a later version and how long to wait.
fn closed(frame: Option<(CloseCode, String)>, closing: Option<(String, Option<Duration>)>) -> Ending {
    let (code, words) = frame.unwrap_or((CloseCode::Other(1005), String::new()));
    let (reason, come_back) = match closing {
        Some(said) => said,
        // No code at all is a proxy or a crash, not a decision.
        None if code == CloseCode::Other(1005) => ("the connection broke".into(), Some(Duration::ZERO)),
        None => (words, code.reconnect().then_some(Duration::ZERO)),
    };
    let reason = if reason.is_empty() { code.reason().into() } else { reason };
    let reason = if come_back.is_none() { format!("{reason} ({})", code.number()) } else { reason };
    Ending::Lost { reason, come_back }
}

fn broken(reason: impl Into<String>) -> Ending {
    Ending::Lost { reason: reason.into(), come_back: Some(Duration::ZERO) }
}

/// An error of the socket, or a handshake that was refused: for good, unless the status speaks of now.
fn failed(error: &Error) -> Ending {
    match error {
        Error::Http(response) => {
            let status = response.status();
            let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            Ending::Lost { reason: format!("refused: {status}"), come_back: passing.then_some(Duration::ZERO) }
        }
        Error::Url(_) | Error::HttpFormat(_) => Ending::Lost { reason: error.to_string(), come_back: None },
        Error::Io(error) => broken(error.to_string()),
        _ => broken(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_says_whether_to_come_back() {
        let said = |reason: &str, retry: Option<u64>| Some((reason.to_owned(), retry.map(Duration::from_millis)));
        for (code, closing, reason, come_back) in [
            (Some(1012), said("Restarting", Some(800)), "Restarting", Some(800)),
            (Some(1012), None, "The server is restarting", Some(0)),
            (Some(4009), None, "Name is taken (4009)", None),
            (Some(4009), said("Taken by bob", None), "Taken by bob (4009)", None),
            (Some(4777), said("Later version", Some(5)), "Later version", Some(5)),
            (Some(4777), None, "Closed (4777)", None),
            (Some(1001), None, "The server is going down (1001)", None),
            (None, None, "the connection broke", Some(0)),
            (None, said("Restarting", Some(800)), "Restarting", Some(800)),
        ] {
            let frame = code.map(|code| (CloseCode::from_number(code), String::new()));
            let expected = Ending::Lost { reason: reason.into(), come_back: come_back.map(Duration::from_millis) };
            assert_eq!(closed(frame, closing), expected, "{code:?}");
        }
    }
}
