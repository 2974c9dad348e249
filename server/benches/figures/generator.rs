//! Every client of a measurement on one thread: it writes prepared frames, and of what comes it counts the frames. Pings of
//! servers that wait for their turn are answered whenever it reads.
//!
//! It must not be what limits a figure. It decodes nothing, so that a delivery costs it little more than the `recv`, and of ten
//! readers it looks at the clock for one. How busy it was stands beside every figure as measured ([`process::own_cpu`]): below 100 %
//! it waited for the program, and where it comes close to that, deliveries per second and latency are partly its own, while
//! processor time per delivery still is the program's alone.
//!
//! [`process::own_cpu`]: crate::process::own_cpu

use std::{
    collections::VecDeque,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use rustix::{
    buffer::spare_capacity,
    event::{Timespec, epoll},
};

use crate::wire::{Kind, PONG, Parser, Speech};

/// What no healthy wait takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Handshakes under way at a time.
const AT_ONCE: usize = 128;
/// Sockets read before the clock is looked at again, for whoever has something to say at a time.
const GULP: usize = 128;
/// Connections of one source address: Linux gives it 28,000 ports unless told otherwise.
const PER_ADDRESS: usize = 20_000;

/// What came for one program.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) messages: u64,
    pub(crate) acks: u64,
    pub(crate) joined: u64,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

struct Connection {
    stream: TcpStream,
    group: usize,
    parser: Parser,
    sample: Option<Sample>,
}

/// A reader whose messages are timed: everybody in a room gets the same ones in one order, so the n-th is the n-th that was due.
struct Sample {
    stream: usize,
    next: usize,
}

/// See the module.
pub(crate) struct Generator {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    connections: Vec<Option<Connection>>,
    seen: Vec<Seen>,
    speeches: Vec<Speech>,
    /// When each message of a room was due.
    streams: Vec<Vec<Instant>>,
    /// How late samples were, since they were last taken.
    waits: Vec<Duration>,
    /// Connections that got an ack, in the order in which they did.
    pub(crate) acked: VecDeque<usize>,
    buffer: Vec<u8>,
}

/// A room with so many members has told them who came, when nothing came for so long: the more they are, the longer the server
/// gathers.
pub(crate) fn settles_within(members: usize) -> Duration {
    Duration::from_millis(300 + 2 * members.min(1000) as u64)
}

impl Generator {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(GULP),
            connections: Vec::new(),
            seen: Vec::new(),
            speeches: Vec::new(),
            streams: Vec::new(),
            waits: Vec::new(),
            acked: VecDeque::new(),
            buffer: vec![0; 256 * 1024],
        })
    }

    /// A program to be counted for.
    pub(crate) fn group(&mut self, speech: Speech) -> usize {
        self.seen.push(Seen::default());
        self.speeches.push(speech);
        self.seen.len() - 1
    }

    pub(crate) fn seen(&self, group: usize) -> Seen {
        self.seen[group]
    }

    /// A room whose deliveries are timed.
    pub(crate) fn stream(&mut self) -> usize {
        self.streams.push(Vec::new());
        self.streams.len() - 1
    }

    /// From its first message on, this connection is timed.
    pub(crate) fn sample(&mut self, place: usize, stream: usize) {
        if let Some(connection) = &mut self.connections[place] {
            connection.sample = Some(Sample { stream, next: 0 });
        }
    }

    /// A message of this room is due then: what counts is not when it is said, or a wait would hide the next ones' wait.
    pub(crate) fn due(&mut self, stream: usize, at: Instant) {
        self.streams[stream].push(at);
    }

    /// How long the samples took since this was last asked.
    pub(crate) fn take_waits(&mut self) -> Vec<Duration> {
        std::mem::take(&mut self.waits)
    }

    /// A connection that only listens, or speaks without a handshake.
    pub(crate) fn open(&mut self, group: usize, port: u16) -> anyhow::Result<usize> {
        self.connect(group, port, Parser::default())
    }

    /// A connection to a chat, which will be `joined`.
    pub(crate) fn join(&mut self, group: usize, port: u16, room: &str, user: &str) -> anyhow::Result<usize> {
        let place = self.connect(group, port, Parser::after_handshake(self.speeches[group]))?;
        let request = format!(
            "GET /ws/chat/{room}/{user} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        self.say(place, request.as_bytes())?;
        Ok(place)
    }

    /// Many of them, some at a time, until all are in.
    pub(crate) fn join_all(
        &mut self,
        group: usize,
        port: u16,
        who: impl Iterator<Item = (String, String)>,
    ) -> anyhow::Result<Vec<usize>> {
        let before = self.seen(group).joined;
        let mut places = Vec::new();
        for (room, user) in who {
            places.push(self.join(group, port, &room, &user)?);
            let room_for_more = (before + places.len() as u64).saturating_sub(AT_ONCE as u64);
            self.until(|seen| seen[group].joined > room_for_more || room_for_more == 0)?;
        }
        self.until(|seen| seen[group].joined >= before + places.len() as u64)?;
        Ok(places)
    }

    fn connect(&mut self, group: usize, port: u16, parser: Parser) -> anyhow::Result<usize> {
        let place = self.connections.len();
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
        // Binding first makes the system look for a port that is free for every peer, which takes long when there are many.
        if let more @ 1.. = place / PER_ADDRESS {
            let source = Ipv4Addr::new(127, 0, 0, u8::try_from(1 + more)?);
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        // Its port is free again at once, for the next round.
        socket.set_linger(Some(Duration::ZERO))?;
        socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let stream = TcpStream::from(socket);
        epoll::add(&self.epoll, &stream, epoll::EventData::new_u64(place as u64), epoll::EventFlags::IN)?;
        self.connections.push(Some(Connection { stream, group, parser, sample: None }));
        Ok(place)
    }

    /// Writes bytes that are expected to fit.
    pub(crate) fn say(&mut self, place: usize, bytes: &[u8]) -> anyhow::Result<()> {
        let connection = self.connections[place].as_mut().context("the connection is open")?;
        connection.stream.write_all(bytes).context("it does not read")
    }

    /// Ends all connections to a program.
    pub(crate) fn leave(&mut self, group: usize) {
        for connection in &mut self.connections {
            connection.take_if(|connection| connection.group == group);
        }
    }

    /// Reads until this holds.
    pub(crate) fn until(&mut self, mut holds: impl FnMut(&[Seen]) -> bool) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !holds(&self.seen) {
            ensure!(Instant::now() < deadline, "it did not come: {:?}", self.seen);
            self.turn(Duration::from_millis(100))?;
        }
        Ok(())
    }

    /// Reads until nothing comes for so long.
    pub(crate) fn quiet(&mut self, calm: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.turn(calm)? {
            ensure!(Instant::now() < deadline, "it does not become quiet");
        }
        Ok(())
    }

    /// Reads once whatever there is, waiting so long at most. Says whether there was something.
    pub(crate) fn turn(&mut self, wait: Duration) -> anyhow::Result<bool> {
        let wait = Timespec { tv_sec: wait.as_secs().try_into()?, tv_nsec: wait.subsec_nanos().into() };
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&wait))?;
        let some = !self.events.is_empty();
        for event in self.events.drain(..) {
            let place = usize::try_from(event.data.u64())?;
            let Some(connection) = &mut self.connections[place] else { continue };
            let read = match connection.stream.read(&mut self.buffer) {
                Ok(0) => bail!("it hung up"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            };
            let seen = &mut self.seen[connection.group];
            let messages = seen.messages;
            seen.bytes += read as u64;
            let (mut pings, mut closed) = (0, false);
            connection.parser.feed(&self.buffer[..read], |kind| {
                seen.frames += 1;
                match kind {
                    Kind::Message => seen.messages += 1,
                    Kind::Ack => {
                        seen.acks += 1;
                        self.acked.push_back(place);
                    }
                    Kind::Joined => seen.joined += 1,
                    Kind::Ping => pings += 1,
                    Kind::Close => closed = true,
                    Kind::Other => {}
                }
            })?;
            if let Some(sample) = &mut connection.sample {
                let new = usize::try_from(seen.messages - messages)?;
                let (now, due) = (Instant::now(), &self.streams[sample.stream]);
                self.waits.extend(due.iter().skip(sample.next).take(new).map(|due| now.saturating_duration_since(*due)));
                sample.next += new;
            }
            ensure!(!closed, "it closed: {}", String::from_utf8_lossy(&self.buffer[..read]));
            for _ in 0..pings {
                connection.stream.write_all(&PONG)?;
            }
        }
        Ok(some)
    }
}
