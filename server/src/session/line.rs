//! A connection's socket: frames in, answers out, and the goodbye. What waits in the queue goes out during every wait.

use std::{
    rc::Rc,
    task::Poll,
    time::{Duration, Instant},
};

use chat_protocol::{CloseCode, Dialect, ServerFrame, ServerMessage, limits};
use futures::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::ProtocolError,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode as RawCode},
    },
};

use crate::{
    fanout::frame,
    shard::{Closing, Connection, Wire},
};

/// A goodbye must be taken within this.
const GOODBYE_WITHIN: Duration = Duration::from_secs(5);
/// What a close frame's reason may have.
const REASON_BYTES: usize = 123;
/// Held for every connection for as long as it is open. Bigger frames get room of their own while they come.
const READ_BUFFER: usize = 1024;

/// Why a conversation is over.
pub(super) enum End {
    /// The peer is gone, or has said goodbye itself.
    Gone,
    /// The server ends it.
    Close(Closing),
}

impl<T: Into<Closing>> From<T> for End {
    fn from(closing: T) -> Self {
        Self::Close(closing.into())
    }
}

/// Something from the peer.
pub(super) enum Input {
    Text(Utf8Bytes),
    Control,
}

/// A socket that speaks WebSocket, and its queue.
pub(super) struct Line {
    pub(super) connection: Rc<Connection>,
    socket: WebSocketStream<Wire>,
}

impl Line {
    /// A socket that has been upgraded; `leftover` came after the request.
    pub(super) async fn new(connection: Rc<Connection>, leftover: Vec<u8>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(limits::FRAME_BYTES))
            .max_frame_size(Some(limits::FRAME_BYTES));
        let wire = Wire(Rc::clone(&connection));
        let socket = WebSocketStream::from_partially_read(wire, leftover, Role::Server, Some(config)).await;
        Self { connection, socket }
    }

    /// The next frame, while what is queued goes out.
    pub(super) async fn next(&mut self) -> Result<Input, End> {
        let Self { connection, socket } = self;
        let message = std::future::poll_fn(|cx| {
            connection.poll_drain(cx);
            if let Some(closing) = connection.take_closing() {
                return Poll::Ready(Err(End::Close(closing)));
            }
            if connection.is_broken() {
                return Poll::Ready(Err(End::Gone));
            }
            // Who does not take its answers is not asked for more questions.
            if connection.is_full() {
                return Poll::Pending;
            }
            socket.poll_next_unpin(cx).map(Ok)
        })
        .await?;
        self.connection.hear(Instant::now());
        match message {
            Some(Ok(Message::Text(text))) => Ok(Input::Text(text)),
            Some(Ok(Message::Binary(_))) => Err(CloseCode::Binary.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Input::Control),
            Some(Ok(Message::Close(_))) => {
                // Reading on writes the answer to it, into the queue only: tungstenite ends before it would flush.
                let _ = timeout(GOODBYE_WITHIN, self.socket.next()).await;
                self.connection.flush();
                Err(End::Gone)
            }
            Some(Err(Error::Capacity(_))) => Err(CloseCode::TooBig.into()),
            Some(Err(Error::Utf8(_))) => Err(CloseCode::NotUtf8.into()),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => Err(End::Gone),
            Some(Err(Error::Protocol(_))) => Err(CloseCode::BadFrame.into()),
            Some(Err(_)) | None => Err(End::Gone),
        }
    }

    pub(super) fn say(&self, dialect: Dialect, said: impl Into<ServerFrame>) {
        if let Some(text) = dialect.answer(&said.into()) {
            self.say_text(&text);
        }
    }

    pub(super) fn say_text(&self, text: &str) {
        self.connection.answer(frame(text));
        self.connection.flush();
    }

    /// The last words, and a moment for the peer to take them.
    pub(super) async fn goodbye(&mut self, closing: Closing, announced: bool) {
        let Closing { code, mut reason, retry_ms } = closing;
        self.connection.shut();
        if announced {
            // Everybody who may come back at once is asked to come at a different moment.
            let spread = || 200 + self.connection.id.wrapping_mul(0x9e37_79b9) % 1800;
            let retry_ms = if code.reconnect() { Some(retry_ms.unwrap_or_else(spread)) } else { retry_ms };
            let message = ServerMessage::Closing { code, reason: reason.clone(), reconnect: code.reconnect(), retry_ms };
            self.connection.last_words(frame(&ServerFrame::from(message).encode()));
        }
        while reason.len() > REASON_BYTES {
            reason.pop();
        }
        let close = CloseFrame { code: RawCode::from(code.number()), reason: reason.into() };
        let Self { connection, socket } = self;
        let parting = async {
            let _ = socket.send(Message::Close(Some(close))).await;
            while let Some(Ok(_)) = socket.next().await {}
        };
        let _ = timeout(GOODBYE_WITHIN, connection.meanwhile(parting)).await;
    }
}
