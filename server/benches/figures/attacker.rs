//! Somebody who asks too much, as a process of its own on a processor of its own: what is measured is what that costs the
//! others' server, not that it takes their processor. It goes on until it is killed, and comes back whenever it is thrown out.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{process::Process, wire};

/// Makes this program be an attacker instead.
pub(crate) const ARGUMENT: &str = "attacker";
/// Connections of a flood, a thread each.
const FLOODERS: usize = 4;
/// Bytes of a flood in one write.
const GULP: usize = 16 * 1024;
/// Sockets that say nothing to the end.
const SLOW: usize = 1000;
/// Logins in a second.
const LOGINS: u32 = 1000;
/// Addresses that they come from, where they come from many.
const MANY: usize = 200;

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    Messages,
    Pings,
    Slowloris,
    Logins,
    LoginsOfMany,
}

impl Attack {
    pub(crate) const ALL: [Self; 5] = [Self::Messages, Self::Pings, Self::Slowloris, Self::Logins, Self::LoginsOfMany];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Messages => "4 connections send messages as fast as they can",
            Self::Pings => "4 connections send pings as fast as they can",
            Self::Slowloris => "1,000 sockets send a byte of a request a second",
            Self::Logins => "1,000 logins a second of one address",
            Self::LoginsOfMany => "1,000 logins a second of 200 addresses",
        }
    }

    /// Begins it, on any processor but the first.
    pub(crate) fn start(self, port: u16) -> anyhow::Result<Process> {
        let place = Self::ALL.iter().position(|attack| *attack == self).context("it is one of them")?;
        Process::start(Command::new(std::env::current_exe()?).args([ARGUMENT, &place.to_string(), &port.to_string()]))
    }
}

/// Where one attacker comes from: each attack has addresses of its own, and nobody's else.
fn source(attack: Attack, number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 10 + attack as u8, 1 + (number % MANY) as u8)
}

/// The program that it is then, until it is killed.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(2);
    let place: usize = arguments.next().context("which attack")?.parse()?;
    let port = arguments.next().context("a port")?.parse()?;
    let attack = *Attack::ALL.get(place).context("one of them")?;
    crate::process::raise_open_files();
    crate::process::leave_the_first_processor()?;
    writeln!(std::io::stdout(), "attacking {port}")?;
    match attack {
        Attack::Messages => flood(attack, port, &wire::masked(r#"{"type":"send","text":"again and again and again"}"#)),
        Attack::Pings => flood(attack, port, &[0x89, 0x84, 0, 0, 0, 0, b'p', b'i', b'n', b'g']),
        Attack::Slowloris => drip(attack, port),
        Attack::Logins => log_in(attack, port, 1),
        Attack::LoginsOfMany => log_in(attack, port, MANY),
    }
}

fn connect(attack: Attack, number: usize, port: u16) -> std::io::Result<TcpStream> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((source(attack, number), 0)).into())?;
    // Its port is free again at once.
    socket.set_linger(Some(Duration::ZERO))?;
    socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    Ok(socket.into())
}

fn flood(attack: Attack, port: u16, frame: &[u8]) -> anyhow::Result<()> {
    let frames = frame.repeat(GULP / frame.len());
    thread::scope(|scope| {
        for number in 0..FLOODERS {
            let frames = &frames;
            scope.spawn(move || {
                let mut heard = vec![0; 64 * 1024];
                loop {
                    let Ok(mut stream) = connect(attack, 0, port) else { continue };
                    let request = format!(
                        "GET /ws/chat/flood/flooder-{number} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: Upgrade\r\n\
                         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                    );
                    let mut write = |stream: &mut TcpStream, bytes: &[u8]| {
                        stream.write_all(bytes)?;
                        stream.set_nonblocking(true)?;
                        let gone = matches!(stream.read(&mut heard), Ok(0));
                        stream.set_nonblocking(false)?;
                        if gone { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
                    };
                    let mut result: std::io::Result<()> = write(&mut stream, request.as_bytes());
                    while result.is_ok() {
                        result = write(&mut stream, frames);
                    }
                }
            });
        }
    });
    Ok(())
}

fn drip(attack: Attack, port: u16) -> anyhow::Result<()> {
    let mut sockets: Vec<Option<TcpStream>> = (0..SLOW).map(|_| None).collect();
    loop {
        let begun = Instant::now();
        for socket in &mut sockets {
            let gone = socket.as_mut().is_none_or(|stream| {
                let heard = stream.read(&mut [0; 256]);
                matches!(heard, Ok(0)) || stream.write_all(b"x").is_err()
            });
            if gone {
                *socket = connect(attack, 0, port).ok();
                if let Some(stream) = socket {
                    // What does not go is not missed.
                    let _ = stream.write_all(b"GET / HTTP/1.1\r\nx-slow: ");
                    stream.set_nonblocking(true)?;
                }
            }
        }
        thread::sleep(Duration::from_secs(1).saturating_sub(begun.elapsed()));
    }
}

fn log_in(attack: Attack, port: u16, addresses: usize) -> anyhow::Result<()> {
    let body = r#"{"user":"alice","password":"not the right one"}"#;
    let request = format!(
        "POST /api/login HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut sockets: Vec<Option<TcpStream>> = (0..addresses).map(|_| None).collect();
    let (begun, mut heard) = (Instant::now(), vec![0; 16 * 1024]);
    for number in 0_u32.. {
        thread::sleep((begun + Duration::from_secs(1) * number / LOGINS).saturating_duration_since(Instant::now()));
        let place = number as usize % addresses;
        if sockets[place].is_none() {
            sockets[place] = connect(attack, place, port).ok().filter(|stream| stream.set_nonblocking(true).is_ok());
        }
        let Some(stream) = &mut sockets[place] else { continue };
        let gone = matches!(stream.read(&mut heard), Ok(0)) || stream.write_all(request.as_bytes()).is_err();
        if gone {
            sockets[place] = None;
        }
    }
    Ok(())
}
