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
/// Bytes of a trigger.
const TRIGGER: usize = 4;

/// How the loop is told to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum How {
    /// One `send` per message and reader.
    Each,
    /// All messages that wait in one `send` per reader.
    Together,
}

/// What makes a loop send so many messages to all its readers of a room.
pub(crate) fn trigger(how: How, messages: u8, room: u16) -> [u8; TRIGGER] {
    let [high, low] = room.to_be_bytes();
    [u8::from(how == How::Together), messages, high, low]
}

/// Starts so many loops. The first who connect trigger one each; the next ones read, room after room.
pub(crate) fn start(loops: usize, rooms: usize, members: usize) -> anyhow::Result<Process> {
    let arguments = [ARGUMENT, &loops.to_string(), &rooms.to_string(), &members.to_string()];
    Process::start(Command::new(std::env::current_exe()?).args(arguments))
}

/// The program that it is then.
pub(crate) fn run() -> anyhow::Result<()> {
    let number = |place| std::env::args().nth(place).unwrap_or_default().parse::<usize>();
    let (loops, rooms, members) = (number(2)?, number(3)?, number(4)?);
    crate::process::raise_open_files();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?.port())?;
    let accept = || -> std::io::Result<TcpStream> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    let triggers = (0..loops).map(|_| accept()).collect::<Result<Vec<_>, _>>()?;
    let no_rooms = || (0..rooms).map(|_| Vec::new()).collect::<Vec<_>>();
    let mut dealt: Vec<_> = triggers.into_iter().map(|trigger| (trigger, no_rooms())).collect();
    for place in 0..rooms * members {
        dealt[place % loops].1[place / members].push(accept()?);
    }
    let running: Vec<_> = dealt.into_iter().map(|(trigger, rooms)| thread::spawn(|| repeat(trigger, rooms))).collect();
    running.into_iter().try_for_each(|one| one.join().unwrap_or(Ok(())))
}

/// One loop, until its trigger is gone.
fn repeat(mut trigger: TcpStream, mut rooms: Vec<Vec<TcpStream>>) -> anyhow::Result<()> {
    let (one, many) = (wire::message(), wire::message().repeat(usize::from(u8::MAX)));
    let (mut told, mut have) = ([0; 1024 * TRIGGER], 0);
    let mut waiting: Vec<(usize, usize)> = Vec::new();
    loop {
        have += match trigger.read(&mut told[have..]) {
            Ok(0) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
            read => read?,
        };
        let whole = have - have % TRIGGER;
        for trigger in told[..whole].chunks_exact(TRIGGER) {
            let room = usize::from(u16::from_be_bytes([trigger[2], trigger[3]]));
            let messages = usize::from(trigger[1]);
            if trigger[0] == 0 {
                for _ in 0..messages {
                    send(&mut rooms[room], &one)?;
                }
            } else {
                match waiting.iter_mut().find(|(waits, _)| *waits == room) {
                    Some((_, count)) => *count += messages,
                    None => waiting.push((room, messages)),
                }
            }
        }
        for (room, mut messages) in waiting.drain(..) {
            while messages > 0 {
                let now = messages.min(usize::from(u8::MAX));
                send(&mut rooms[room], &many[..now * one.len()])?;
                messages -= now;
            }
        }
        told.copy_within(whole..have, 0);
        have -= whole;
    }
}

fn send(readers: &mut [TcpStream], frames: &[u8]) -> anyhow::Result<()> {
    for reader in readers {
        ensure!(reader.write(frames)? == frames.len(), "a reader does not read");
    }
    Ok(())
}
