//! The least that fan-out can cost: a loop that does nothing but `send` a prepared frame to each reader. It is a process of its
//! own, so that its processor time is counted as the server's is.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Command,
};

use anyhow::ensure;

use crate::{process::Process, wire};

/// Makes this program be the loop instead.
pub(crate) const ARGUMENT: &str = "bare-loop";

/// How the loop is told to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// One `send` per message and reader.
    Each,
    /// All messages that wait in one `send` per reader.
    Together,
}

/// What makes the loop send so many messages to everybody.
pub(crate) fn trigger(how: How, messages: u8) -> [u8; 2] {
    [u8::from(how == How::Together), messages]
}

/// Starts the loop. The first who connects triggers, and the next ones read.
pub(crate) fn start(readers: usize) -> anyhow::Result<Process> {
    Process::start(Command::new(std::env::current_exe()?).args([ARGUMENT, &readers.to_string()]))
}

/// The loop itself.
pub(crate) fn run() -> anyhow::Result<()> {
    let readers: usize = std::env::args().nth(2).unwrap_or_default().parse()?;
    crate::process::raise_open_files();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?.port())?;
    let accept = || -> std::io::Result<TcpStream> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    let mut source = accept()?;
    let mut readers = (0..readers).map(|_| accept()).collect::<Result<Vec<_>, _>>()?;
    let one = wire::message();
    let mut told = [0; 2];
    loop {
        match source.read_exact(&mut told) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let (together, messages) = (told[0] == 1, usize::from(told[1]));
        let (frames, times) = if together { (one.repeat(messages), 1) } else { (one.clone(), messages) };
        for _ in 0..times {
            for reader in &mut readers {
                ensure!(reader.write(&frames)? == frames.len(), "a reader does not read");
            }
        }
    }
}
