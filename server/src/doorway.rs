//! A socket while HTTP speaks on it. It passes everything on, but for the answer that lets a WebSocket in: that is held until the
//! greeting goes out with it. Letting somebody in costs little but what the system does for each write.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::stream::Stream;

/// How an answer begins that is the last word of HTTP.
const SWITCHING: &[u8] = b"HTTP/1.1 101 ";

/// A socket that HTTP speaks on.
pub struct Doorway {
    stream: Stream,
    /// What was read from it before HTTP was.
    begun: Vec<u8>,
    held: Vec<u8>,
}

impl Doorway {
    pub fn new(stream: Stream, begun: Vec<u8>) -> Self {
        Self { stream, begun, held: Vec::new() }
    }

    /// The socket, what has to be written to it first, and what was read from it and is nobody's yet.
    pub fn into_parts(self) -> (Stream, Vec<u8>, Vec<u8>) {
        (self.stream, self.held, self.begun)
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        !self.held.is_empty() || bytes.starts_with(SWITCHING)
    }
}

impl AsyncRead for Doorway {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.begun.is_empty() {
            let length = self.begun.len().min(buffer.remaining());
            buffer.put_slice(&self.begun[..length]);
            self.begun.drain(..length);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Doorway {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.holds(bytes) {
            self.held.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if slices.first().is_some_and(|first| self.holds(first)) {
            slices.iter().for_each(|slice| self.held.extend_from_slice(slice));
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    #[tokio::test]
    async fn everything_passes_but_the_answer_that_lets_a_websocket_in() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut doorway = Doorway::new(Stream::Plain(listener.accept().await.unwrap().0), b"GET".to_vec());
        let mut two = [0; 2];
        doorway.read_exact(&mut two).await.unwrap();
        doorway.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        doorway.write_all(b"HTTP/1.1 101 Switching").await.unwrap();
        let slices = [IoSlice::new(b" Protocols\r\n"), IoSlice::new(b"\r\n")];
        assert_eq!(doorway.write_vectored(&slices).await.unwrap(), 14, "what follows it is held too");
        doorway.flush().await.unwrap();
        let (stream, held, begun) = doorway.into_parts();
        assert_eq!((&two, begun.as_slice()), (b"GE", &b"T"[..]));
        drop(stream);
        let mut passed = String::new();
        peer.read_to_string(&mut passed).await.unwrap();
        assert_eq!(
            (passed.as_str(), held.as_slice()),
            ("HTTP/1.1 200 OK\r\n\r\n", &b"HTTP/1.1 101 Switching Protocols\r\n\r\n"[..])
        );
    }
}
