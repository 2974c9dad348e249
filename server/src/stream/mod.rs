//! A socket, plain or with TLS on it, in one shape: it takes what fits now, says when it takes more, and gives what is there.
//!
//! A plain one is the system's socket and nothing else, so that writing to it stays one call of the system. Does not know what
//! the bytes mean, nor who decides what is written when.

mod encrypted;
mod waiting;

use std::{
    io::{self, IoSlice},
    net::Shutdown,
    task::{Context, Poll, ready},
};

use socket2::SockRef;
use tokio::{io::Interest, net::TcpStream};

pub use self::encrypted::Encrypted;
#[cfg(test)]
pub(crate) use self::encrypted::tests::pair;

/// A connection to a peer.
pub enum Stream {
    Plain(TcpStream),
    /// In a box: those without TLS do not pay for it.
    Encrypted(Box<Encrypted>),
}

impl Stream {
    /// Takes as much as there is room for now, which may be a part.
    ///
    /// # Errors
    /// `WouldBlock`: nothing now. Anything else ends the connection.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.try_write(bytes),
            Self::Encrypted(encrypted) => encrypted.try_write(bytes),
        }
    }

    /// The same for several slices in one go.
    ///
    /// # Errors
    /// As [`Stream::try_write`].
    pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.try_write_vectored(slices),
            Self::Encrypted(encrypted) => encrypted.try_write_vectored(slices),
        }
    }

    /// Hands to the system what was taken and is not there yet.
    ///
    /// # Errors
    /// `WouldBlock`: some of it is left. Anything else ends the connection.
    pub fn try_flush(&self) -> io::Result<()> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Encrypted(encrypted) => encrypted.try_flush(),
        }
    }

    /// Whether something was taken that the system does not have yet.
    pub fn holds(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Encrypted(encrypted) => encrypted.holds(),
        }
    }

    /// Says that this was all, and can be read on: what is read before it is dropped cannot cost the peer what it was told. Only
    /// where nothing waits any more; said again it changes nothing.
    pub fn hush(&self) {
        // Who is gone needs not hear it.
        let _ = match self {
            Self::Plain(socket) => SockRef::from(socket).shutdown(Shutdown::Write),
            Self::Encrypted(encrypted) => encrypted.hush(),
        };
    }

    /// Waits until the system takes more.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => socket.poll_write_ready(cx),
            Self::Encrypted(encrypted) => encrypted.poll_write_ready(cx),
        }
    }

    /// Reads what is there into a buffer that holds nothing yet; 0 is the end.
    pub fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(socket) => poll_read(socket, cx, |socket| read_plain(socket, buffer)),
            Self::Encrypted(encrypted) => encrypted.poll_read(cx, buffer),
        }
    }
}

fn read_plain(socket: &TcpStream, buffer: &mut [u8]) -> io::Result<(usize, bool)> {
    let read = socket.try_read(buffer)?;
    Ok((read, (1..buffer.len()).contains(&read)))
}

/// Reads once, and says whether the socket is empty by that. A read that leaves room in its buffer has emptied it: then the next
/// one waits at once, without asking the system again.
fn poll_read(
    socket: &TcpStream,
    cx: &mut Context<'_>,
    mut read: impl FnMut(&TcpStream) -> io::Result<(usize, bool)>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_read_ready(cx))?;
        let mut count = None;
        let outcome = socket.try_io(Interest::READABLE, || {
            let (read, emptied) = read(socket)?;
            count = Some(read);
            // Said of the very readiness that was read by, so that what comes later is not missed.
            if emptied { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match (count, outcome) {
            (Some(count), _) => return Poll::Ready(Ok(count)),
            (None, Err(error)) if error.kind() != io::ErrorKind::WouldBlock => return Poll::Ready(Err(error)),
            (None, _) => {}
        }
    }
}
