//! A connection's socket: frames in, answers out, and the goodbye. What waits in the queue goes out during every wait.
//!
//! tungstenite reads frames, and is there only while it has something to read: between two messages an idle connection holds
//! neither it nor a buffer. What comes then is read into the one buffer that its shard lends to all.

#[cfg(test)]
mod autobahn;

use std::{
    future::poll_fn,
    io::{self, Read, Write},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use chat_protocol::{CloseCode, Dialect, ServerFrame, ServerMessage, limits};
use tokio::{
    task::{coop::cooperative, yield_now},
    time::{Sleep, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::{
    Error, Message, Utf8Bytes,
    error::ProtocolError,
    protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext, frame::coding::CloseCode as RawCode},
};

use super::boundary::Boundary;
use crate::{
    fanout::frame,
    metrics::Reason,
    shard::{Closing, Connection, Shard},
};

/// A goodbye must be taken within this.
const GOODBYE_WITHIN: Duration = Duration::from_secs(5);
/// While an answer to it is waited for, no more than this is heard.
const GOODBYE_BYTES: usize = 128 * 1024;
/// And a frame is as much work as so many bytes of it.
const FRAME_WORK: usize = 128;
/// Whoever cannot be understood, or talks on, is told why, and that this was all (RFC 6455, 7.1.7). What comes then is taken in
/// without a look, because the system would drop the reason with it, until nothing comes for this.
const HANG_UP_WITHIN: Duration = Duration::from_millis(500);
/// And no more than this of it: of who does not know how much is too much, and of who knew.
const HANG_UP_BYTES: usize = 16 * 1024 * 1024;
const FLOOD_BYTES: usize = 1024 * 1024;
/// A message must be whole within this of its first byte.
const MESSAGE_WITHIN: Duration = Duration::from_secs(10);
/// What a close frame's reason may have.
const REASON_BYTES: usize = 123;
/// What a message may have. Autobahn's have more: they are about frames.
const LONGEST: usize = if cfg!(test) { 16 * 1024 * 1024 } else { limits::FRAME_BYTES };
/// What is read at a time of a message that comes in pieces.
const READ_BUFFER: usize = 4096;

/// Why a conversation is over.
pub(super) enum End {
    /// The peer is gone.
    Gone,
    /// The peer has said goodbye, and hears one.
    Farewell,
    /// The server ends it.
    Close(Box<Closing>),
}

impl<T: Into<Closing>> From<T> for End {
    fn from(closing: T) -> Self {
        Self::Close(Box::new(closing.into()))
    }
}

/// Something from the peer.
pub(super) enum Input {
    Text(Utf8Bytes),
    Control,
    /// Who belongs here has changed.
    LookAgain,
}

/// A socket that speaks WebSocket, and its queue.
pub(super) struct Line {
    pub(super) shard: Rc<Shard>,
    pub(super) connection: Rc<Connection>,
    /// While something is being read, or the goodbye said.
    socket: Option<Box<Reading>>,
    boundary: Boundary,
    /// The next that tungstenite writes is the answer to the last ping.
    owes_pong: bool,
    /// And that is not to go out.
    swallow: bool,
    leaving: bool,
}

/// A reader of frames, and how long it may take for the message that it reads.
struct Reading {
    socket: WebSocketContext,
    since: Instant,
    /// Where a message has come in part.
    overdue: Option<Pin<Box<Sleep>>>,
}

/// The connection as tungstenite sees it: it reads the socket and writes the queue.
struct Wire<'a, 'b> {
    connection: &'a Connection,
    boundary: &'a mut Boundary,
    swallow: &'a mut bool,
    cx: &'a mut Context<'b>,
}

impl Read for Wire<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.connection.poll_read(self.cx, buffer) {
            Poll::Ready(read) => read.inspect(|read| self.boundary.pass(&buffer[..*read])),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl Write for Wire<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !std::mem::take(self.swallow) {
            self.connection.queue(Bytes::copy_from_slice(bytes));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush();
        Ok(())
    }
}

/// A reader of frames that has these bytes already.
fn reader(bytes: &[u8]) -> Box<Reading> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(LONGEST))
        .max_frame_size(Some(LONGEST));
    let socket = WebSocketContext::from_partially_read(bytes.to_vec(), Role::Server, Some(config));
    Box::new(Reading { socket, since: Instant::now(), overdue: None })
}

/// What becomes of a conversation whose frames cannot be read.
fn unreadable(error: &Error) -> End {
    match error {
        Error::Capacity(_) => CloseCode::TooBig.into(),
        Error::Utf8(_) => CloseCode::NotUtf8.into(),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        Error::Protocol(_) => CloseCode::BadFrame.into(),
        _ => End::Gone,
    }
}

impl Line {
    /// A socket that has been upgraded; `leftover` came after the request.
    pub(super) fn new(shard: Rc<Shard>, connection: Rc<Connection>, leftover: &[u8]) -> Self {
        let mut boundary = Boundary::default();
        boundary.pass(leftover);
        let socket = (!leftover.is_empty()).then(|| reader(leftover));
        Self { shard, connection, socket, boundary, owes_pong: false, swallow: false, leaving: false }
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        let Self { shard, connection, socket, boundary, swallow, leaving, .. } = self;
        let reading = match socket {
            Some(reading) => reading,
            None => {
                let mut lent = shard.lend();
                let read = ready!(connection.poll_read(cx, &mut lent))?;
                if read == 0 {
                    return Poll::Ready(Err(ProtocolError::ResetWithoutClosingHandshake.into()));
                }
                boundary.pass(&lent[..read]);
                socket.insert(reader(&lent[..read]))
            }
        };
        match reading.socket.read(&mut Wire { connection, boundary, swallow, cx }) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                if self.boundary.is_clean() && !*leaving {
                    self.socket = None;
                }
                Poll::Pending
            }
            read => {
                if let Ok(Message::Text(_) | Message::Binary(_)) = read {
                    (reading.since, reading.overdue) = (Instant::now(), None);
                }
                self.owes_pong = matches!(read, Ok(Message::Ping(_)));
                Poll::Ready(read)
            }
        }
    }

    /// Why what has come of a message is not waited for any longer.
    fn poll_impatience(&mut self, cx: &mut Context<'_>) -> Poll<&'static str> {
        if self.boundary.is_in_too_many_pieces() {
            return Poll::Ready("A message is in too many pieces");
        }
        let Some(reading) = self.socket.as_mut().filter(|_| !self.boundary.is_clean()) else { return Poll::Pending };
        let until = reading.since + MESSAGE_WITHIN;
        let overdue = reading.overdue.get_or_insert_with(|| Box::pin(sleep_until(until.into())));
        overdue.as_mut().poll(cx).map(|()| "A message takes too long")
    }

    /// What was read last was a ping too many.
    pub(super) fn leave_unanswered(&mut self) {
        self.swallow = self.owes_pong;
    }

    /// The next frame, while what is queued goes out. Of many frames that came together the others are not kept waiting.
    ///
    /// No `async fn`: this is what an idle connection waits for, and it holds what it borrows once.
    pub(super) fn next(&mut self) -> impl Future<Output = Result<Input, End>> {
        cooperative(poll_fn(|cx| self.poll_next(cx)))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Input, End>> {
        self.connection.poll_drain(cx);
        if let Some(closing) = self.connection.take_closing() {
            return Poll::Ready(Err(closing.into()));
        }
        if self.connection.is_broken() {
            return Poll::Ready(Err(End::Gone));
        }
        if self.connection.takes_another_look() {
            return Poll::Ready(Ok(Input::LookAgain));
        }
        // Who does not take its answers is not asked for more questions.
        if self.connection.is_full() {
            return Poll::Pending;
        }
        let message = self.poll_message(cx);
        if message.is_pending() || self.boundary.is_in_too_many_pieces() {
            return self.poll_impatience(cx).map(|why| {
                self.shard.dropped(Reason::Piecemeal);
                Err(Closing::new(CloseCode::Policy, why).into())
            });
        }
        message.map(|message| {
            self.connection.hear(Instant::now());
            match message {
                Ok(Message::Text(text)) => {
                    self.connection.has_said(text.len());
                    Ok(Input::Text(text))
                }
                Ok(Message::Binary(_)) => Err(CloseCode::Binary.into()),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Ok(Input::Control),
                Ok(Message::Close(_)) => Err(End::Farewell),
                Err(error) => Err(unreadable(&error)),
            }
        })
    }

    /// The peer has said goodbye: the answer goes out behind all that waits.
    pub(super) async fn answer_goodbye(&mut self) {
        self.connection.shut();
        let _ = timeout(GOODBYE_WITHIN, async {
            // Reading on writes the answer to it, into the queue only: tungstenite ends before it would flush.
            let _ = poll_fn(|cx| self.poll_message(cx)).await;
            self.connection.emptied().await;
        })
        .await;
    }

    /// Says something. It goes out when the connection waits for something next, together with what else was said.
    pub(super) fn say(&self, dialect: Dialect, said: impl Into<ServerFrame>) {
        if let Some(text) = dialect.answer(&said.into()) {
            self.say_text(&text);
        }
    }

    pub(super) fn say_text(&self, text: &str) {
        self.connection.answer(frame(text));
    }

    /// The last words, and a moment for the peer to take them.
    pub(super) async fn goodbye(&mut self, closing: Closing, announced: bool) {
        let Closing { code, mut reason, retry_ms } = closing;
        (self.leaving, self.swallow) = (true, false);
        self.connection.shut();
        if announced {
            // Everybody who may come back at once is asked to come at a different moment.
            let spread = || 200 + self.connection.id.wrapping_mul(0x9e37_79b9) % 1800;
            let retry_ms = if code.reconnect() { Some(retry_ms.unwrap_or_else(spread)) } else { retry_ms };
            let message = ServerMessage::Closing { code, reason: reason.clone(), reconnect: code.reconnect(), retry_ms };
            self.connection.queue(frame(&ServerFrame::from(message).encode()));
        }
        while reason.len() > REASON_BYTES {
            reason.pop();
        }
        let close = CloseFrame { code: RawCode::from(code.number()), reason: reason.into() };
        poll_fn(|cx| {
            let Self { connection, socket, boundary, swallow, .. } = self;
            let reading = socket.get_or_insert_with(|| reader(&[]));
            // It may have been said already.
            let _ = reading.socket.close(&mut Wire { connection, boundary, swallow, cx }, Some(close.clone()));
            Poll::Ready(())
        })
        .await;
        let understood = !matches!(code, CloseCode::BadFrame | CloseCode::NotUtf8 | CloseCode::TooBig);
        // For what is the server's own affair, those who were talking have all the time that there is.
        let blameless =
            matches!(code, CloseCode::GoingAway | CloseCode::Restarting | CloseCode::Internal | CloseCode::Overloaded);
        let most = if blameless { usize::MAX } else { GOODBYE_BYTES };
        let _ = timeout(GOODBYE_WITHIN, async {
            if !understood {
                self.hang_up(HANG_UP_BYTES).await;
            } else if self.talks_on(most).await {
                self.hang_up(FLOOD_BYTES).await;
            }
        })
        .await;
    }

    /// Waits for the answer to the goodbye. Whether so much of something else came that it is not waited for any longer.
    async fn talks_on(&mut self, most: usize) -> bool {
        let mut heard = 0;
        poll_fn(|cx| {
            self.connection.poll_drain(cx);
            while heard < most {
                match ready!(self.poll_message(cx)) {
                    Ok(message) => heard += message.len() + FRAME_WORK,
                    Err(_) => return Poll::Ready(false),
                }
            }
            Poll::Ready(true)
        })
        .await
    }

    /// Ends our half, and takes in what is still sent, until there is nothing or too much of it.
    async fn hang_up(&mut self, mut left: usize) {
        while left > 0 {
            // The others go first.
            yield_now().await;
            let more = poll_fn(|cx| self.connection.poll_hush(cx, &mut self.shard.lend()));
            match timeout(HANG_UP_WITHIN, more).await {
                Ok(Ok(read)) if read > 0 => left = left.saturating_sub(read),
                _ => break,
            }
        }
    }
}
