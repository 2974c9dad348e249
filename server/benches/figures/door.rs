//! The least that a connect can cost: accept, read the request, write the answer and a greeting as long as the server's, hear
//! of the next in the same loop. A process of its own, as the bare loop is. It decides nothing, knows nobody and tells nobody.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Command,
};

use anyhow::ensure;
use rustix::event::epoll;

use crate::process::Process;

/// Makes this program be the door instead.
pub(crate) const ARGUMENT: &str = "bare-door";
const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
    sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// What a `joined` with 50 messages weighs.
const GREETING: u16 = 6600;

pub(crate) fn start() -> anyhow::Result<Process> {
    Process::start(Command::new(std::env::current_exe()?).arg(ARGUMENT))
}

/// The program that it is then, until it is killed.
pub(crate) fn run() -> anyhow::Result<()> {
    crate::process::raise_open_files();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?.port())?;
    let queue = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&queue, &listener, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
    let greeting = greeting();
    let mut peers: Vec<Option<TcpStream>> = vec![None];
    let mut events = Vec::with_capacity(256);
    loop {
        epoll::wait(&queue, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in events.drain(..) {
            match usize::try_from(event.data.u64())? {
                0 => {
                    let Ok((stream, _)) = listener.accept() else { continue };
                    stream.set_nodelay(true)?;
                    stream.set_nonblocking(true)?;
                    epoll::add(&queue, &stream, epoll::EventData::new_u64(peers.len() as u64), epoll::EventFlags::IN)?;
                    peers.push(Some(stream));
                }
                place => {
                    if !serve(peers[place].as_mut(), &greeting)? {
                        peers[place] = None;
                    }
                }
            }
        }
    }
}

/// Answers whatever is asked; `false` when the peer is gone.
fn serve(peer: Option<&mut TcpStream>, greeting: &[u8]) -> anyhow::Result<bool> {
    let mut request = [0; 1024];
    let Some(peer) = peer else { return Ok(true) };
    match peer.read(&mut request) {
        Ok(0) => Ok(false),
        Ok(read) => {
            ensure!(request[..read].ends_with(b"\r\n\r\n"), "a request comes in one piece");
            peer.write_all(ANSWER)?;
            peer.write_all(greeting)?;
            Ok(true)
        }
        Err(error) => Ok(error.kind() == ErrorKind::WouldBlock),
    }
}

fn greeting() -> Vec<u8> {
    let mut frame = vec![0x81, 126];
    frame.extend_from_slice(&GREETING.to_be_bytes());
    frame.extend_from_slice(br#"{"type":"joined""#);
    frame.resize(4 + usize::from(GREETING), b' ');
    frame
}
