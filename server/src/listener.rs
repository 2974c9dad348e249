//! The socket on which the server waits for everybody: bound first, so that it is known whether it can be, and open then.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;

/// Connections that wait to be accepted, where the kernel lets so many.
pub(crate) const BACKLOG: i32 = 4096;

/// Takes an address. Nobody is let in by it.
///
/// # Errors
/// It is another's, or not for this user, or not of this machine.
pub(crate) fn bind(address: SocketAddr) -> io::Result<socket2::Socket> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    // A restart must not wait for the old connections' last minute.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Opens it.
///
/// # Errors
/// The system will not have it.
pub(crate) fn listen(socket: socket2::Socket) -> io::Result<TcpListener> {
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
