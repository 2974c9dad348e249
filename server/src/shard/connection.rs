//! One connection's way out: a socket that only its shard writes, and a bounded queue for what the socket would not take.
//!
//! A reader that keeps up has nothing queued and is written to directly, from the buffer that everybody shares. What tungstenite
//! writes (pongs, closes) goes through the same queue, so that all frames have one order and meet only at their boundaries.
//! An idle connection holds no queue and no buffer.
//!
//! Does not know rooms, sessions or what the bytes mean.

use std::{
    cell::{Cell, RefCell},
    io::{self, IoSlice},
    net::IpAddr,
    num::NonZero,
    task::{Context, Poll, Waker},
    time::Instant,
};

use bytes::Bytes;
use chat_protocol::{CloseCode, Dialect, Timestamp};

use super::{life::Life, measure, outbox::Outbox};
use crate::{clock, closing::Closing, realm::AccountId, roster::ConnectionLine, stream::Stream};

/// With so much waiting, signals are not worth adding.
const SIGNALS: usize = 16 * 1024;
/// With so much waiting, the connection is not asked for more: answers that were asked for wait in the queue too.
const ASK_NO_MORE: usize = 64 * 1024;
/// Slices in one vectored write.
const SLICES: usize = 64;

/// What became of something told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Written or queued.
    Yes,
    /// The connection is ending.
    No,
    /// The queue was full: the connection is closed as too slow.
    TooSlow,
}

/// A socket, its queue, and when it was last heard.
pub struct Connection {
    pub id: u64,
    /// None speaks of tasks only.
    pub dialect: Option<Dialect>,
    /// From where it came.
    pub address: IpAddr,
    /// Whose it is, if it is somebody's of whom more is known than a name.
    account: Cell<Option<NonZero<u64>>>,
    stream: Stream,
    /// Nothing for a reader that keeps up.
    outbox: RefCell<Option<Box<Outbox>>>,
    /// The task that reads this connection; it also writes what waits.
    task: RefCell<Option<Waker>>,
    closing: RefCell<Option<Box<Closing>>>,
    /// Nothing more is told to it.
    shut: Cell<bool>,
    broken: Cell<bool>,
    /// Who belongs here has changed: its task is to look whether it may stay.
    look: Cell<bool>,
    life: Life,
    /// Since when it is here, in seconds as clocks count them.
    since: u32,
    /// Messages that it said, and bytes that it took; both begin anew when they are full.
    said: Cell<u32>,
    took: Cell<u32>,
    /// Drafts whose answer has not come back from the log.
    unsettled: Cell<u32>,
}

impl Connection {
    pub fn new(id: u64, dialect: Option<Dialect>, address: IpAddr, stream: Stream, now: Instant) -> Self {
        Self {
            id,
            dialect,
            address,
            account: Cell::new(None),
            stream,
            outbox: RefCell::default(),
            task: RefCell::default(),
            closing: RefCell::default(),
            shut: Cell::new(false),
            broken: Cell::new(false),
            look: Cell::new(false),
            life: Life::new(now),
            since: u32::try_from(clock::now().0 / 1000).unwrap_or(0),
            said: Cell::new(0),
            took: Cell::new(0),
            unsettled: Cell::new(0),
        }
    }

    /// It is this account's.
    pub fn belongs_to(&self, account: Option<AccountId>) {
        self.account.set(account.and_then(|account| NonZero::new(account.0)));
    }

    /// The account that it is of.
    pub fn account(&self) -> Option<AccountId> {
        self.account.get().map(|account| AccountId(account.get()))
    }

    /// Tells something that everybody is told, straight to the socket if nothing waits.
    pub fn tell(&self, frames: &Bytes) -> Told {
        if self.shut.get() {
            return Told::No;
        }
        let mut slot = self.outbox.borrow_mut();
        let Some(outbox) = slot.as_mut() else {
            let written = match self.stream.try_write(frames) {
                Ok(written) if written == frames.len() => {
                    drop(slot);
                    self.has_taken(written);
                    // Taken by TLS, and not yet by the system: the task hands it on.
                    if self.stream.holds() {
                        self.wake();
                    }
                    return Told::Yes;
                }
                Ok(written) => {
                    self.has_taken(written);
                    written
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
                Err(_) => {
                    drop(slot);
                    self.fail();
                    return Told::No;
                }
            };
            let outbox = slot.get_or_insert_default();
            outbox.push(frames.slice(written..), true);
            outbox.begun = written > 0;
            drop(slot);
            self.wake();
            return Told::Yes;
        };
        if outbox.is_over(Instant::now()) {
            outbox.clear();
            if outbox.queue.is_empty() {
                *slot = None;
            }
            drop(slot);
            self.close(CloseCode::TooSlow.into());
            return Told::TooSlow;
        }
        outbox.push(frames.clone(), true);
        Told::Yes
    }

    /// Tells something passing, unless the reader is behind.
    pub fn signal(&self, frame: &Bytes) -> bool {
        self.queued() <= SIGNALS && self.tell(frame) == Told::Yes
    }

    /// Queues something that was asked for. [`Connection::flush`] writes it.
    pub fn answer(&self, frame: Bytes) {
        if !self.shut.get() {
            self.queue(frame);
        }
    }

    /// Queues what goes out even when nothing more is told: control frames, the last words.
    pub fn queue(&self, frame: Bytes) {
        if !frame.is_empty() {
            self.outbox.borrow_mut().get_or_insert_default().push(frame, false);
        }
    }

    fn waits(&self) -> bool {
        self.outbox.borrow().is_some() || self.stream.holds()
    }

    /// Writes what waits, as far as the socket takes it; the rest goes when it takes more.
    pub fn flush(&self) {
        if !self.try_flush() {
            self.wake();
        }
    }

    fn try_flush(&self) -> bool {
        let mut slot = self.outbox.borrow_mut();
        while let Some(outbox) = slot.as_mut() {
            let written = {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let mut count = 0;
                for (place, slice) in slices.iter_mut().zip(&outbox.queue) {
                    *place = IoSlice::new(&slice.bytes);
                    count += 1;
                }
                self.stream.try_write_vectored(&slices[..count])
            };
            match written {
                Ok(written) => {
                    self.has_taken(written);
                    outbox.advance(written);
                    outbox.moved = Some(Instant::now());
                    if outbox.queue.is_empty() {
                        *slot = None;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(_) => {
                    drop(slot);
                    self.fail();
                    return true;
                }
            }
        }
        drop(slot);
        match self.stream.try_flush() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            flushed => {
                if flushed.is_err() {
                    self.fail();
                }
                true
            }
        }
    }

    /// Writes what waits whenever the socket takes it. Part of every wait of the connection's task.
    pub fn poll_drain(&self, cx: &mut Context<'_>) {
        let mut task = self.task.borrow_mut();
        if task.as_ref().is_none_or(|waker| !waker.will_wake(cx.waker())) {
            *task = Some(cx.waker().clone());
        }
        drop(task);
        while self.waits() && !self.broken.get() {
            match self.stream.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => {
                    let before = self.queued();
                    self.try_flush();
                    // It had not taken more for a while, and now does: somebody is reading there.
                    if self.queued() < before {
                        self.hear(Instant::now());
                    }
                }
                Poll::Ready(Err(_)) => self.broken.set(true),
                Poll::Pending => return,
            }
        }
    }

    /// Reads on behind the last words, which go out first, and lets go of it; 0 is the end.
    pub fn poll_hush(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_drain(cx);
        if !self.waits() {
            self.stream.hush();
        }
        self.poll_read(cx, buffer)
    }

    /// Waits for something while what is queued goes out.
    pub async fn meanwhile<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        std::future::poll_fn(|cx| {
            self.poll_drain(cx);
            work.as_mut().poll(cx)
        })
        .await
    }

    /// Waits until the reader has taken most of what it asked for.
    pub async fn caught_up(&self) {
        std::future::poll_fn(|cx| {
            self.poll_drain(cx);
            let done = self.is_ending() || !self.is_full();
            if done { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Waits until all that waits has gone out.
    pub async fn emptied(&self) {
        std::future::poll_fn(|cx| {
            self.poll_drain(cx);
            if self.is_broken() || !self.waits() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// A draft went to the log.
    pub fn asked(&self) {
        self.unsettled.set(self.unsettled.get() + 1);
    }

    /// The log has answered one.
    pub fn answered(&self) {
        self.unsettled.set(self.unsettled.get().saturating_sub(1));
        if self.unsettled.get() == 0 {
            self.wake();
        }
    }

    /// Waits until the log has answered everything, so that who looks finds what it said before.
    pub async fn settled(&self) {
        std::future::poll_fn(|cx| if self.is_ending() { Poll::Ready(()) } else { self.poll_settled(cx) }).await;
    }

    /// The same for a connection that is over, so that it does not leave before what it said last is told.
    pub async fn last_settled(&self) {
        std::future::poll_fn(|cx| self.poll_settled(cx)).await;
    }

    fn poll_settled(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_drain(cx);
        if self.unsettled.get() == 0 { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whether it should take what waits before it asks for more.
    pub fn is_full(&self) -> bool {
        self.queued() > ASK_NO_MORE
    }

    /// Bytes that wait.
    pub fn queued(&self) -> usize {
        self.outbox.borrow().as_ref().map_or(0, |outbox| outbox.bytes)
    }

    /// Ends the conversation from the server's side; its task says goodbye. The first reason counts.
    pub fn close(&self, closing: Closing) {
        if !self.shut.replace(true) {
            *self.closing.borrow_mut() = Some(Box::new(closing));
            self.wake();
        }
    }

    /// Who belongs here has changed.
    pub fn look_again(&self) {
        self.look.set(true);
        self.wake();
    }

    /// Whether that is to be looked at, asked once.
    pub fn takes_another_look(&self) -> bool {
        self.look.take()
    }

    /// Why the server ends it, asked once.
    pub fn take_closing(&self) -> Option<Closing> {
        self.closing.borrow_mut().take().map(|closing| *closing)
    }

    /// Nothing more goes out but the goodbye.
    pub fn shut(&self) {
        self.shut.set(true);
    }

    /// Reads what is there into a buffer that holds nothing yet.
    pub fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_read(cx, buffer)
    }

    pub fn is_ending(&self) -> bool {
        self.shut.get() || self.broken.get()
    }

    pub fn is_broken(&self) -> bool {
        self.broken.get()
    }

    fn fail(&self) {
        self.broken.set(true);
        self.shut.set(true);
        self.wake();
    }

    fn wake(&self) {
        if let Some(task) = &*self.task.borrow() {
            task.wake_by_ref();
        }
    }

    fn has_taken(&self, bytes: usize) {
        self.took.set(self.took.get().wrapping_add(bytes as u32));
        measure::sent(bytes);
    }

    /// It said something.
    pub fn has_said(&self, bytes: usize) {
        self.said.set(self.said.get().wrapping_add(1));
        measure::received(bytes);
    }

    /// It is asked for a sign of life.
    pub(super) fn ask_for_life(&self, frame: Bytes, now: Instant) {
        self.life.ask(now);
        self.answer(frame);
        self.flush();
    }

    /// A sign of life.
    pub fn hear(&self, now: Instant) {
        self.life.hear(now);
    }

    /// When it was heard, and what was asked since.
    pub(super) fn life(&self) -> &Life {
        &self.life
    }

    /// As the operator sees it, but for whose it is and where it is.
    pub(super) fn line(&self, now: Instant) -> ConnectionLine {
        ConnectionLine {
            id: self.id,
            user: None,
            account: self.account.get().is_some(),
            address: self.address,
            dialect: self.dialect.map_or("tasks", Dialect::word).to_owned(),
            encrypted: matches!(self.stream, Stream::Encrypted(_)),
            since: Timestamp(i64::from(self.since) * 1000),
            silent_ms: u64::try_from(self.life.silent(now).as_millis()).unwrap_or(u64::MAX),
            lag_ms: self.life.lag_ms(),
            queued: self.queued() as u64,
            said: self.said.get(),
            took: self.took.get(),
            rooms: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{io::AsyncReadExt as _, net::TcpStream, time::timeout};
    use tokio_rustls::client::TlsStream;

    use super::*;
    use crate::stream::pair;

    /// A connection with TLS, and its peer, who reads nothing yet.
    async fn encrypted() -> (Connection, TlsStream<TcpStream>) {
        let (stream, peer) = pair().await;
        (Connection::new(1, None, [127, 0, 0, 1].into(), Stream::Encrypted(Box::new(stream)), Instant::now()), peer)
    }

    #[tokio::test]
    async fn what_tls_was_told_and_the_system_would_not_take_goes_out_by_itself() {
        let (connection, mut peer) = encrypted().await;
        let connection = std::rc::Rc::new(connection);
        let waiting = std::rc::Rc::clone(&connection);
        let talk = async {
            // Its task waits for something else, with nothing to write.
            tokio::task::spawn_local(async move { waiting.meanwhile(std::future::pending::<()>()).await });
            tokio::task::yield_now().await;
            let (frame, mut told) = (Bytes::from(vec![7; 1000]), 0);
            while !connection.stream.holds() {
                assert_eq!(connection.tell(&frame), Told::Yes);
                told += frame.len();
            }
            assert_eq!(connection.queued(), 0, "all of it was taken");
            timeout(Duration::from_secs(20), peer.read_exact(&mut vec![0; told])).await.expect("it comes").expect("it is whole");
        };
        tokio::task::LocalSet::new().run_until(talk).await;
    }

    #[tokio::test]
    async fn who_reads_late_gets_all_that_waited() {
        let (connection, mut peer) = encrypted().await;
        let frames = Bytes::from(vec![7; 32 << 20]);
        assert_eq!(connection.tell(&frames), Told::Yes);
        assert!(connection.queued() > 0);
        let mut all = vec![0; frames.len()];
        let reads = timeout(Duration::from_secs(60), peer.read_exact(&mut all));
        let (_, read) = tokio::join!(connection.emptied(), reads);
        read.expect("it comes").expect("it is whole");
        assert_eq!(connection.queued(), 0);
    }

    #[tokio::test]
    async fn tls_leaves_what_a_peer_does_not_read_to_the_queue() {
        let (connection, _peer) = encrypted().await;
        // More than any system buffers between the two.
        let frames = Bytes::from(vec![7; 32 << 20]);
        assert_eq!(connection.tell(&frames), Told::Yes);
        assert!(connection.queued() > 16 << 20, "{} bytes wait where they are counted", connection.queued());
        assert_eq!(connection.tell(&frames), Told::TooSlow);
    }
}
