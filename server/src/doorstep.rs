//! From an accepted socket to the first byte of HTTP: whose connection it is, where a proxy of ours says so, and TLS, where the
//! server speaks it. Where neither can be there is nothing to wait for, and nobody comes by here.
//!
//! How long all this may take is up to the one who waits for it.

use std::{io, net::IpAddr, sync::Arc, time::Instant};

use tokio::{io::AsyncReadExt as _, net::TcpStream};

use crate::{
    admission::NoPlace,
    http::Peer,
    proxy::preamble::{self, Preamble},
    services::Services,
    stream::{Encrypted, Stream},
};

/// The first byte of a TLS connection: a record of its handshake.
const HANDSHAKE: u8 = 0x16;

/// A connection that HTTP may begin on.
pub struct Caller {
    pub stream: Stream,
    /// What was read from it already.
    pub begun: Vec<u8>,
    pub peer: Peer,
    /// It speaks plain HTTP where TLS is spoken.
    pub mistaken: bool,
}

impl Caller {
    /// One that nothing else has to be known of.
    pub fn plain(socket: TcpStream, peer: Peer) -> Self {
        Self { stream: Stream::Plain(socket), begun: Vec::new(), peer, mistaken: false }
    }
}

/// Whether more has to be known of a connection than that it is there.
pub fn is_needed(services: &Services, address: IpAddr) -> bool {
    services.certificate.is_some() || services.proxies.contains(address)
}

/// Waits for all that there is to know. Nothing: the peer is gone, or cannot be talked to.
pub async fn receive(services: &Services, mut socket: TcpStream, peer: Peer) -> Option<Caller> {
    let (begun, source) =
        if services.proxies.contains(peer.address) { introduction(&mut socket).await.ok()? } else { (Vec::new(), None) };
    let peer = match source {
        Some(source) => of(services, peer, source)?,
        None => peer,
    };
    let Some(certificate) = &services.certificate else {
        return Some(Caller { begun, ..Caller::plain(socket, peer) });
    };
    if first(&socket, &begun).await? != HANDSHAKE {
        return Some(Caller { begun, mistaken: true, ..Caller::plain(socket, peer) });
    }
    let encrypted = Encrypted::accept(socket, &begun, certificate.config()).await;
    let encrypted = encrypted.inspect_err(|error| tracing::debug!(%error, "a TLS handshake failed")).ok()?;
    Some(Caller { stream: Stream::Encrypted(Box::new(encrypted)), begun: Vec::new(), peer, mistaken: false })
}

/// What a proxy says before the first byte of a connection, taken off what was read.
async fn introduction(socket: &mut TcpStream) -> io::Result<(Vec<u8>, Option<IpAddr>)> {
    let mut begun = Vec::new();
    loop {
        match preamble::read(&begun) {
            Preamble::Unfinished => {}
            Preamble::Absent => return Ok((begun, None)),
            Preamble::Whole { length, source } => {
                begun.drain(..length);
                return Ok((begun, source));
            }
        }
        if socket.read_buf(&mut begun).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The connection of somebody for whom a proxy made it: counted by that one's address, unless that is another proxy, which speaks
/// for others in turn.
fn of(services: &Services, proxy: Peer, address: IpAddr) -> Option<Peer> {
    let place = match proxy.place {
        Ok(place) if !services.proxies.contains(address) => {
            services.admission.behind(place, address, Some(Instant::now())).map(Arc::new)
        }
        place => return Some(Peer { address, place }),
    };
    match place {
        Ok(place) => Some(Peer { address, place: Ok(place) }),
        Err(NoPlace { told: Some(turned_away), .. }) => Some(Peer { address, place: Err(Arc::new(turned_away)) }),
        Err(NoPlace { full, told: None }) => {
            services.refused(full.reason(), Some(address));
            None
        }
    }
}

/// The first byte that is not the proxy's.
async fn first(socket: &TcpStream, begun: &[u8]) -> Option<u8> {
    if let Some(first) = begun.first() {
        return Some(*first);
    }
    let mut first = [0];
    let seen = socket.peek(&mut first).await.ok()?;
    (seen == 1).then_some(first[0])
}
