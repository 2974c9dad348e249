//! The way to a server: where it is, whom to believe that it is there, and one request to it.

mod address;
mod ask;
mod pin;
mod trust;

use std::{io, time::Duration};

use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

pub use self::{
    address::Address,
    ask::{get, not_a_chat, post, post_for_much, words},
    pin::Fingerprint,
    trust::{Trust, words as distrust},
};

/// How long one of several addresses of a host may take.
const REACH: Duration = Duration::from_secs(3);

/// One address after the other: the first that answers. One that swallows everything does not use up the others' time.
///
/// # Errors
/// What was wrong with the last.
pub async fn reach(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    for address in lookup_host((host, port)).await? {
        match timeout(REACH, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failure)
}

/// Why no TCP connection came about.
#[must_use]
pub fn unreached(error: &io::Error, address: &Address) -> String {
    let text = error.to_string();
    // The lookup's own error has no kind to go by.
    if let Some((_, why)) = text.split_once("lookup address information: ") {
        return format!("cannot find {}: {why}", address.host());
    }
    format!("cannot reach {}: {}", address.place(), broken(error))
}

/// What became of a connection, in words.
#[must_use]
pub fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            "the connection broke".into()
        }
        io::ErrorKind::TimedOut => "no answer".into(),
        io::ErrorKind::HostUnreachable => "there is no way to it".into(),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => "this machine has no way to its network".into(),
        io::ErrorKind::UnexpectedEof => "the connection ended in the middle of the handshake".into(),
        _ => error.to_string(),
    }
}
