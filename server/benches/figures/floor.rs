//! The least that fan-out can cost: a loop that does nothing but `send` a prepared frame to each reader, or several loops that
//! share the readers as shards do. It is a process of its own, so that its processor time is counted as the server's is.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::Command,
    thread,
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

/// What makes a loop send so many messages to all its readers.
pub(crate) fn trigger(how: How, messages: u8) -> [u8; 2] {
    [u8::from(how == How::Together), messages]
}

/// Starts so many loops. The first who connect trigger one each, and the next ones read.
pub(crate) fn start(loops: usize, readers: usize) -> anyhow::Result<Process> {
    let arguments = [ARGUMENT, &loops.to_string(), &readers.to_string()];
    Process::start(Command::new(std::env::current_exe()?).args(arguments))
}

/// The program that it is then.
pub(crate) fn run() -> anyhow::Result<()> {
    let number = |place| std::env::args().nth(place).unwrap_or_default().parse::<usize>();
    let (loops, readers) = (number(2)?, number(3)?);
    crate::process::raise_open_files();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?.port())?;
    let accept = || -> std::io::Result<TcpStream> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    let triggers = (0..loops).map(|_| accept()).collect::<Result<Vec<_>, _>>()?;
    let mut dealt: Vec<_> = triggers.into_iter().map(|trigger| (trigger, Vec::new())).collect();
    for place in 0..readers {
        dealt[place % loops].1.push(accept()?);
    }
    let running: Vec<_> = dealt.into_iter().map(|(trigger, readers)| thread::spawn(|| repeat(trigger, readers))).collect();
    running.into_iter().try_for_each(|one| one.join().unwrap_or(Ok(())))
}

/// One loop, until its trigger is gone.
fn repeat(mut trigger: TcpStream, mut readers: Vec<TcpStream>) -> anyhow::Result<()> {
    let one = wire::message();
    let mut told = [0; 2];
    loop {
        match trigger.read_exact(&mut told) {
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
