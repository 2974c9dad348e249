//! TLS on a socket. What is written is encrypted at once into a small buffer of rustls, and from there handed to the system as far
//! as it takes it; nothing more is taken before that buffer is empty. So whoever writes finds out that a peer does not read after
//! a few records, and what waits for it waits in the writer's own bounded queue.
//!
//! Writing never waits for reading: TLS 1.3 updates keys in passing, and a renegotiation there is none.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, IoSlice, Read, Write},
    net::Shutdown,
    sync::Arc,
    task::{Context, Poll, ready},
};

use rustls::{ServerConfig, ServerConnection};
use socket2::SockRef;
use tokio::net::TcpStream;

/// What may wait encrypted, beyond the system's own buffer: two records.
const WAITING: usize = 32 * 1024;

/// A socket that speaks TLS with its peer.
pub struct Encrypted {
    pub(super) socket: TcpStream,
    pub(super) session: RefCell<ServerConnection>,
}

/// The socket as rustls sees it: it never waits.
struct Wire<'a> {
    socket: &'a TcpStream,
    /// The last read left room in its buffer.
    emptied: bool,
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.try_read(buffer)?;
        self.emptied = (1..buffer.len()).contains(&read);
        Ok(read)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.socket.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Encrypted {
    /// Shakes hands. `begun` was read from the socket already.
    ///
    /// # Errors
    /// The peer is gone, or does not speak TLS with us.
    pub async fn accept(socket: TcpStream, mut begun: &[u8], config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        session.set_buffer_limit(Some(WAITING));
        while !begun.is_empty() {
            session.read_tls(&mut begun)?;
            session.process_new_packets().map_err(io::Error::other)?;
        }
        let encrypted = Self { socket, session: RefCell::new(session) };
        poll_fn(|cx| encrypted.poll_handshake(cx)).await?;
        Ok(encrypted)
    }

    fn poll_handshake(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_flush(cx))?;
            if !self.session.borrow().is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            if ready!(self.poll_hear(cx))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while taken < bytes.len() {
            match self.try_write_vectored(&[IoSlice::new(&bytes[taken..])]) {
                Ok(more) => taken += more,
                Err(error) if taken > 0 && error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_flush()?;
        let taken = self.session.borrow_mut().writer().write_vectored(slices)?;
        match self.try_flush() {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    pub(super) fn try_flush(&self) -> io::Result<()> {
        let mut session = self.session.borrow_mut();
        let mut wire = Wire { socket: &self.socket, emptied: false };
        while session.wants_write() {
            if session.write_tls(&mut wire)? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    pub(super) fn holds(&self) -> bool {
        self.session.borrow().wants_write()
    }

    pub(super) fn hush(&self) -> io::Result<()> {
        self.session.borrow_mut().send_close_notify();
        self.try_flush()?;
        SockRef::from(&self.socket).shutdown(Shutdown::Write)
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_write_ready(cx)
    }

    /// Waits until the system has all that was taken.
    pub(super) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            match self.try_flush() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.socket.poll_write_ready(cx))?,
                done => return Poll::Ready(done),
            }
        }
    }

    pub(super) fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let read = self.session.borrow_mut().reader().read(buffer);
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Gone without a word, as many leave.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Poll::Ready(Ok(0)),
                read => return Poll::Ready(read),
            }
            ready!(self.poll_hear(cx))?;
        }
    }

    /// Takes records from the socket. What rustls answers to them goes out at once, or when the system takes it.
    fn poll_hear(&self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let heard = ready!(super::poll_read(&self.socket, cx, |socket| {
            let mut wire = Wire { socket, emptied: false };
            let read = self.session.borrow_mut().read_tls(&mut wire)?;
            Ok((read, wire.emptied))
        }))?;
        let outcome = self.session.borrow_mut().process_new_packets();
        // An alert says to the peer what was wrong.
        let flushed = self.poll_flush(cx);
        outcome.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if let Poll::Ready(flushed) = flushed {
            flushed?;
        }
        Poll::Ready(Ok(heard))
    }
}

impl Drop for Encrypted {
    /// Says that this was all, where that can be said at once.
    fn drop(&mut self) {
        self.session.get_mut().send_close_notify();
        let _ = self.try_flush();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::PrivateKeyDer};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::{TlsConnector, client::TlsStream};

    use super::*;

    /// Two who have shaken hands.
    pub(crate) async fn pair() -> (Encrypted, TlsStream<TcpStream>) {
        let made = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
        let server = server.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let client = TlsConnector::from(Arc::new(client.with_root_certificates(roots).with_no_client_auth()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let accepting = Encrypted::accept(far, &[], Arc::new(server));
        let (stream, peer) = tokio::join!(accepting, client.connect("localhost".try_into().unwrap(), near));
        (stream.unwrap(), peer.unwrap())
    }

    #[tokio::test]
    async fn who_says_that_this_was_all_hears_on() {
        let (near, mut far) = pair().await;
        assert_eq!(near.try_write(b"the last").unwrap(), 8);
        near.hush().unwrap();
        near.hush().unwrap();
        let mut all = Vec::new();
        far.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"the last");
        far.write_all(b"still here").await.unwrap();
        let mut buffer = [0; 64];
        let read = poll_fn(|cx| near.poll_read(cx, &mut buffer)).await.unwrap();
        assert_eq!(&buffer[..read], b"still here");
    }
}
