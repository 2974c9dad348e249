//! One connection's conversation, from the upgrade to the goodbye: it reads frames, lets [`state`] decide, and performs what was
//! decided with the shard, the hub and the log.
//!
//! Does not know HTTP: it is handed a socket and an [`Opening`].

mod feed;
pub mod identity;
mod opening;
pub mod state;

use std::{
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use chat_protocol::{
    ClientMessage, CloseCode, Dialect, ErrorCode, Event, Refusal, RoomName, Seq, ServerFrame, ServerMessage, Signal, UserName,
    VERSION,
    dialect::Heard,
    limits,
    server::{self, Joined, Limits, Private, Welcome},
};
use futures::{SinkExt, StreamExt};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::ProtocolError,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode as RawCode},
    },
};

pub use self::opening::{Credential, Endpoint, Opening};
use self::{
    identity::{Identity, Keeping},
    state::{Look, State, Step},
};
use crate::{
    clock,
    fanout::frame,
    hub::Manner,
    log::{Asker, Draft, Filled, LogError, Position, Who, Write, keeper::unavailable},
    services::Services,
    shard::{Closing, Connection, Shard, Wire},
};

/// A credential must be shown within this.
const CREDENTIAL_WITHIN: Duration = Duration::from_secs(10);
/// A goodbye must be taken within this.
const GOODBYE_WITHIN: Duration = Duration::from_secs(5);
/// What a close frame's reason may have.
const REASON_BYTES: usize = 123;
/// Held for every connection for as long as it is open. Bigger frames get room of their own while they come.
const READ_BUFFER: usize = 1024;

/// Why a conversation is over.
enum End {
    /// The peer is gone, or has said goodbye itself.
    Gone,
    /// The server ends it.
    Close(Closing),
}

impl<T: Into<Closing>> From<T> for End {
    fn from(closing: T) -> Self {
        Self::Close(closing.into())
    }
}

/// Something from the peer.
enum Input {
    Text(Utf8Bytes),
    Control,
}

/// A socket that speaks WebSocket, and its queue.
struct Line {
    connection: Rc<Connection>,
    socket: WebSocketStream<Wire>,
}

/// Talks with a peer until one of the two has enough. The socket has been upgraded; `leftover` came after the request.
pub async fn converse(shard: Rc<Shard>, services: Arc<Services>, stream: TcpStream, leftover: Vec<u8>, opening: Opening) {
    let dialect = opening.endpoint.dialect();
    let connection = Rc::new(Connection::new(services.numbers.connection(), dialect, stream, Instant::now()));
    shard.admit(&connection);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(limits::FRAME_BYTES))
        .max_frame_size(Some(limits::FRAME_BYTES));
    let wire = Wire(Rc::clone(&connection));
    let socket = WebSocketStream::from_partially_read(wire, leftover, Role::Server, Some(config)).await;
    let mut line = Line { connection, socket };
    let end = match dialect {
        Some(dialect) => Box::pin(talk(&shard, &services, &mut line, dialect, &opening)).await,
        None => feed::watch(&shard, &services, &mut line, &opening).await,
    };
    if let End::Close(closing) = end {
        // Where the chat protocol was never spoken, it is not begun with a goodbye.
        let announced =
            dialect == Some(Dialect::Chat) && !(opening.endpoint.is_auth() && closing.code == CloseCode::InvalidToken);
        line.goodbye(closing, announced).await;
    }
    shard.dismiss(&line.connection);
}

impl Line {
    /// The next frame, while what is queued goes out.
    async fn next(&mut self) -> Result<Input, End> {
        let Self { connection, socket } = self;
        let message = std::future::poll_fn(|cx| {
            connection.poll_drain(cx);
            if let Some(closing) = connection.take_closing() {
                return Poll::Ready(Err(End::Close(closing)));
            }
            if connection.is_broken() {
                return Poll::Ready(Err(End::Gone));
            }
            // Who does not take its answers is not asked for more questions.
            if connection.is_full() {
                return Poll::Pending;
            }
            socket.poll_next_unpin(cx).map(Ok)
        })
        .await?;
        self.connection.hear(Instant::now());
        match message {
            Some(Ok(Message::Text(text))) => Ok(Input::Text(text)),
            Some(Ok(Message::Binary(_))) => Err(CloseCode::Binary.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Input::Control),
            Some(Ok(Message::Close(_))) => {
                // The answer to it is written by reading on.
                let _ = timeout(GOODBYE_WITHIN, self.socket.next()).await;
                Err(End::Gone)
            }
            Some(Err(Error::Capacity(_))) => Err(CloseCode::TooBig.into()),
            Some(Err(Error::Utf8(_))) => Err(CloseCode::NotUtf8.into()),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => Err(End::Gone),
            Some(Err(Error::Protocol(_))) => Err(CloseCode::BadFrame.into()),
            Some(Err(_)) | None => Err(End::Gone),
        }
    }

    fn say(&self, dialect: Dialect, said: impl Into<ServerFrame>) {
        if let Some(text) = dialect.answer(&said.into()) {
            self.say_text(&text);
        }
    }

    fn say_text(&self, text: &str) {
        self.connection.answer(frame(text));
        self.connection.flush();
    }

    /// The last words, and a moment for the peer to take them.
    async fn goodbye(&mut self, closing: Closing, announced: bool) {
        let Closing { code, mut reason, retry_ms } = closing;
        self.connection.shut();
        if announced {
            // Everybody who may come back at once is asked to come at a different moment.
            let spread = || 200 + self.connection.id.wrapping_mul(0x9e37_79b9) % 1800;
            let retry_ms = if code.reconnect() { Some(retry_ms.unwrap_or_else(spread)) } else { retry_ms };
            let message = ServerMessage::Closing { code, reason: reason.clone(), reconnect: code.reconnect(), retry_ms };
            self.connection.last_words(frame(&ServerFrame::from(message).encode()));
        }
        while reason.len() > REASON_BYTES {
            reason.pop();
        }
        let close = CloseFrame { code: RawCode::from(code.number()), reason: reason.into() };
        let Self { connection, socket } = self;
        let parting = async {
            let _ = socket.send(Message::Close(Some(close))).await;
            while let Some(Ok(_)) = socket.next().await {}
        };
        let _ = timeout(GOODBYE_WITHIN, connection.meanwhile(parting)).await;
    }
}

/// Opens the conversation, holds it, and gives everything back.
async fn talk(shard: &Rc<Shard>, services: &Arc<Services>, line: &mut Line, dialect: Dialect, opening: &Opening) -> End {
    let (identity, room) = match enter(services, line, dialect, opening).await {
        Ok(entered) => entered,
        Err(end) => return end,
    };
    let who = identity.who.clone();
    let hears_private = match dialect {
        Dialect::Chat | Dialect::Echo | Dialect::Plain => true,
        Dialect::Channel => identity.proven,
        Dialect::Envelope => false,
    };
    if hears_private {
        shard.listen(&line.connection, dialect, &who.name);
    }
    let state = State::new(dialect, who.name.clone(), services.config.rate, Instant::now());
    let mut talk = Conversation { shard, services, line, dialect, who: &who, state };
    let Err(end) = talk.hold(&identity, room, opening).await;
    let rooms = talk.state.rooms().to_vec();
    if hears_private {
        shard.unlisten(&line.connection, &who.name);
    }
    for room in rooms {
        shard.unsubscribe(&line.connection, dialect, &room);
        services.hub.leave(&room, &who.name, manner(dialect), true, clock::now(), Instant::now());
    }
    identity.depart(services);
    end
}

fn manner(dialect: Dialect) -> Manner {
    match dialect {
        Dialect::Chat | Dialect::Channel => Manner::Gathered,
        Dialect::Echo | Dialect::Plain | Dialect::Envelope => Manner::AtOnce,
    }
}

/// Checks the credential and the names, and takes the user's name.
async fn enter(
    services: &Services,
    line: &mut Line,
    dialect: Dialect,
    opening: &Opening,
) -> Result<(Identity, Option<RoomName>), End> {
    if opening.endpoint.is_auth() && opening.credential != Credential::Good {
        return Err(CloseCode::InvalidToken.into());
    }
    if services.tokens.required() {
        match opening.credential {
            Credential::Good => {}
            Credential::None if dialect == Dialect::Chat => {
                let greeted = timeout(CREDENTIAL_WITHIN, hello(services, line, dialect)).await;
                greeted.unwrap_or_else(|_| Err(CloseCode::InvalidToken.into()))?;
            }
            Credential::None | Credential::Bad => return Err(CloseCode::InvalidToken.into()),
        }
    }
    let user = |name: &str| UserName::parse(name).map_err(|error| identity::policy(&error));
    let shown = opening.session.as_deref();
    let fixed = |name: &str| RoomName::parse(name).map_err(|error| identity::policy(&error));
    Ok(match &opening.endpoint {
        Endpoint::Chat { room, user: name } => {
            let name = user(name)?;
            let room = chat_room(room, &name)?;
            (Identity::take(services, name, shown, Keeping::Session).await?, Some(room))
        }
        Endpoint::Auth { room, user: Some(name) } => {
            let name = user(name)?;
            let room = chat_room(room, &name)?;
            (Identity::take(services, name, shown, Keeping::Session).await?, Some(room))
        }
        Endpoint::Auth { room, user: None } => {
            let room = fixed(room)?;
            (Identity::unnamed(services, Keeping::Session).await?, Some(room))
        }
        Endpoint::Echo => (Identity::made(services, UserName::nameless(services.numbers.nameless()))?, Some(fixed("echo")?)),
        Endpoint::Client(id) => (Identity::made(services, UserName::client(*id))?, Some(fixed("lobby")?)),
        Endpoint::Named(name) => (Identity::take(services, user(name)?, shown, Keeping::WhileOpen).await?, Some(fixed("lobby")?)),
        Endpoint::Channels { user: Some(name) } => {
            (Identity::take(services, user(name)?, shown, Keeping::WhileOpen).await?, None)
        }
        Endpoint::Channels { user: None } => (Identity::unnamed(services, Keeping::WhileOpen).await?, None),
        Endpoint::Tasks => return Err(CloseCode::Internal.into()),
    })
}

/// The room on the URL: a public one, or one of the user's own conversations.
fn chat_room(room: &str, user: &UserName) -> Result<RoomName, Closing> {
    let room = RoomName::known(room).map_err(|error| identity::policy(&error))?;
    if room.admits(Some(user)) { Ok(room) } else { Err(Closing::new(CloseCode::Policy, "There is no such room")) }
}

/// Waits for the credential that the URL did not have.
async fn hello(services: &Services, line: &mut Line, dialect: Dialect) -> Result<(), End> {
    loop {
        let Input::Text(text) = line.next().await? else { continue };
        return match dialect.parse(&text) {
            Heard::Request(request) => match request.message {
                ClientMessage::Hello { token: Some(token), .. } if services.tokens.open(&token) => Ok(()),
                _ => Err(CloseCode::InvalidToken.into()),
            },
            _ => Err(CloseCode::InvalidToken.into()),
        };
    }
}

/// Never: a conversation only ends with an [`End`].
enum Never {}

struct Conversation<'a> {
    shard: &'a Rc<Shard>,
    services: &'a Services,
    line: &'a mut Line,
    dialect: Dialect,
    who: &'a Who,
    state: State,
}

impl Conversation<'_> {
    async fn hold(&mut self, identity: &Identity, room: Option<RoomName>, opening: &Opening) -> Result<Never, End> {
        if self.dialect == Dialect::Chat {
            Box::pin(self.welcome(identity)).await?;
        } else {
            self.shard.greeted(&self.line.connection, &self.who.name, &[]);
        }
        if let Some(room) = room {
            let position = opening.after.zip(opening.epoch.as_deref());
            let from = position.map(|(after, epoch)| Position { epoch: chat_protocol::Epoch(epoch.into()), after: Seq(after) });
            Box::pin(self.join(room, from, None)).await;
        }
        loop {
            let step = match self.line.next().await? {
                Input::Text(text) => self.state.hear(&text, Instant::now()),
                Input::Control => self.state.control(Instant::now()),
            };
            if let Some(reason) = step.dropped() {
                self.services.metrics.dropped(reason);
            }
            self.perform(step).await?;
        }
    }

    async fn perform(&mut self, step: Step) -> Result<(), End> {
        match step {
            Step::Nothing => {}
            Step::Say(frame) | Step::TooSoon(frame) => self.line.say(self.dialect, frame),
            Step::SayValue(value) => {
                if let Some(text) = self.dialect.value(&value) {
                    self.line.say_text(&text);
                }
            }
            Step::Keep { room, event, reference } => self.keep(room, event, reference).await,
            Step::Join { room, from, reference } => Box::pin(self.join(room, from, reference)).await,
            Step::Leave { room, reference } => {
                self.leave(&room, false);
                self.line.say(self.dialect, ServerFrame { message: ServerMessage::Left { room }, reference });
            }
            Step::Look { at, reference } => Box::pin(self.look(at, reference)).await,
            Step::Typing { room, active } => self.services.hub.typing(&room, &self.who.name, active, Instant::now()),
            Step::Read { room, seq } => {
                let mark = Write::Mark { author: self.who.author.clone(), room: room.clone(), seq };
                let _ = self.line.connection.meanwhile(self.services.keeper.append(mark)).await;
                let signal = Signal::Read { room, seq };
                self.services.fanout.signal_user(&self.who.name, self.line.connection.id, signal);
            }
            Step::Close { code, retry_ms } => return Err(End::Close(Closing { retry_ms, ..code.into() })),
        }
        Ok(())
    }

    /// Into the log; the answer comes with its tail.
    async fn keep(&mut self, room: RoomName, event: Event, reference: Option<String>) {
        if matches!(event, Event::Message { .. }) {
            if let Some(other) = room.other_than(&self.who.name)
                && other != self.who.name
                && !self.services.hub.is_online(&other)
            {
                return self.refuse(Refusal::new(ErrorCode::NoSuchUser, self.absent(&other)), reference);
            }
            self.services.hub.typing(&room, &self.who.name, false, Instant::now());
        }
        let asker = Asker::Connection { shard: self.shard.id, connection: self.line.connection.id, reference: reference.clone() };
        let (from, author) = (self.who.name.clone(), self.who.author.clone());
        self.line.connection.asked();
        let write = Write::Event(Draft { room, from, author, event, asker });
        if self.line.connection.meanwhile(self.services.keeper.append(write)).await.is_err() {
            self.line.connection.answered();
            self.refuse(unavailable(), reference);
        }
    }

    fn absent(&self, user: &UserName) -> String {
        match (self.dialect, user.client_id()) {
            (Dialect::Plain, Some(id)) => {
                format!("Client #{id} is not connected. To say a line like this in public, begin it with a space.")
            }
            _ => format!("{user} is not here"),
        }
    }

    fn refuse(&self, refusal: Refusal, reference: Option<String>) {
        let message = ServerMessage::Error { code: refusal.code, text: refusal.text, retry_ms: None };
        self.line.say(self.dialect, ServerFrame { message, reference });
    }

    fn fail(&self, error: &LogError, reference: Option<String>) {
        tracing::warn!(%error, "a read failed");
        self.refuse(Refusal::new(ErrorCode::Unavailable, "The server could not look that up. Try again in a moment."), reference);
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn crate::log::Reader, &Who) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let who = self.who.clone();
        self.line.connection.meanwhile(self.services.keeper.read(move |reader| read(reader, &who))).await
    }

    async fn welcome(&mut self, identity: &Identity) -> Result<(), End> {
        let listed = self.read(|reader, who| reader.private(who, limits::PRIVATE_LISTED)).await.map_err(|error| {
            tracing::warn!(%error, "private conversations could not be listed");
            End::from(CloseCode::Overloaded)
        })?;
        let private = |(state, read): (crate::log::RoomState, Seq)| {
            let with = state.name.other_than(&self.who.name)?;
            Some(Private { room: state.name, with, seq: state.seq, read })
        };
        let private: Vec<_> = listed.into_iter().filter_map(private).collect();
        let places: Vec<_> = private.iter().map(|private| (private.room.clone(), private.seq)).collect();
        let rate = self.services.config.rate.limit();
        let welcome = Welcome {
            protocol: VERSION,
            server: concat!("chat-server/", env!("CARGO_PKG_VERSION")).into(),
            user: self.who.name.clone(),
            guest: true,
            session: identity.secret.clone().unwrap_or_default(),
            epoch: self.services.keeper.epoch().clone(),
            limits: Limits {
                text_bytes: limits::TEXT_BYTES,
                frame_bytes: limits::FRAME_BYTES,
                history: limits::HISTORY,
                burst: rate.map(|rate| rate.burst),
                per_second: rate.map(|rate| rate.per_second),
            },
            ping_seconds: limits::PING_EVERY.as_secs(),
            typing_seconds: limits::TYPING_LASTS.as_secs(),
            private,
        };
        self.line.say(self.dialect, ServerMessage::Welcome(welcome));
        if let Some(text) = self.services.config.store.caveat() {
            self.line.say(self.dialect, ServerMessage::Notice { text: text.into(), room: None });
        }
        self.shard.greeted(&self.line.connection, &self.who.name, &places);
        Ok(())
    }

    fn leave(&mut self, room: &RoomName, reload: bool) {
        self.state.went(room);
        self.shard.unsubscribe(&self.line.connection, self.dialect, room);
        self.services.hub.leave(room, &self.who.name, manner(self.dialect), reload, clock::now(), Instant::now());
    }

    /// Into a room. The connection is subscribed before anything is read: what is committed meanwhile waits, and what the
    /// snapshot has already is not told again.
    async fn join(&mut self, room: RoomName, from: Option<Position>, reference: Option<String>) {
        let connection = Rc::clone(&self.line.connection);
        connection.settled().await;
        let snapshots = self.dialect == Dialect::Chat;
        let live = (!snapshots).then_some(Seq(0));
        self.shard.subscribe(&connection, self.dialect, &room, live);
        let new_here = !room.is_private() && !self.state.is_in(&room);
        if new_here {
            self.state.entered(room.clone());
            self.services.hub.join(&room, &self.who.name, manner(self.dialect), clock::now(), Instant::now());
        }
        if !snapshots {
            return self.line.say(self.dialect, ServerFrame { message: ServerMessage::Joined(subscribed(room)), reference });
        }
        let asked = room.clone();
        let snapshot = match self.read(move |reader, who| reader.snapshot(&asked, Some(who), from.as_ref())).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                if new_here {
                    self.leave(&room, false);
                } else {
                    self.shard.go_live(&connection, self.dialect, &room, Seq(0));
                }
                return self.fail(&error, reference);
            }
        };
        let name = snapshot.state.name.clone();
        let mut joined = Joined {
            room: name.clone(),
            seq: snapshot.state.seq,
            topic: snapshot.state.topic,
            users: self.users(&room),
            read: snapshot.read,
            recovered: false,
            more: false,
            messages: None,
            events: None,
        };
        let (mut at, mut more) = (snapshot.state.seq, false);
        match snapshot.filled {
            Filled::Messages(page) => (joined.messages, joined.more) = (Some(page.messages), page.more),
            Filled::Events(page) => {
                if let Some(last) = page.events.last() {
                    at = last.seq;
                }
                more = page.more;
                (joined.events, joined.more) = (Some(page.events.iter().map(Into::into).collect()), page.more);
                joined.recovered = true;
            }
        }
        self.line.say(self.dialect, ServerFrame { message: ServerMessage::Joined(joined), reference });
        while more && !connection.is_ending() {
            connection.caught_up().await;
            let Some(page) = self.read_on(&room, at).await else { return };
            at = page.events.last().map_or(at, |last| last.seq);
            more = page.more;
            let events = page.events.iter().map(Into::into).collect();
            self.line.say(self.dialect, ServerMessage::Events { room: name.clone(), events, more });
        }
        while !self.shard.go_live(&connection, self.dialect, &room, at) && !connection.is_ending() {
            connection.caught_up().await;
            let Some(page) = self.read_on(&room, at).await else { return };
            for event in &page.events {
                if let Some(text) = self.dialect.recorded(event) {
                    connection.answer(frame(&text));
                }
                at = event.seq;
            }
            connection.flush();
        }
    }

    /// The next events of a room, or the end of the conversation: a gap may not be left.
    async fn read_on(&self, room: &RoomName, after: Seq) -> Option<crate::log::Events> {
        let asked = room.clone();
        let read = self.read(move |reader, who| reader.events(&asked, Some(who), after, limits::EVENTS_PER_FRAME)).await;
        match read {
            Ok(page) => Some(page),
            Err(error) => {
                tracing::warn!(%error, "a resume could not be finished");
                self.line.connection.close(CloseCode::Internal.into());
                None
            }
        }
    }

    fn users(&self, room: &RoomName) -> Vec<server::User> {
        self.services.hub.users(room).into_iter().map(Into::into).collect()
    }

    async fn look(&mut self, at: Look, reference: Option<String>) {
        self.line.connection.settled().await;
        let answer = match at {
            Look::Users(room) => Ok(ServerMessage::Users { users: self.users(&room), room }),
            Look::Rooms => rooms(self.services).await.map(|rooms| ServerMessage::Rooms { rooms }),
            Look::History { room, page } => {
                let asked = room.clone();
                let read = self.read(move |reader, who| reader.messages(&asked, Some(who), page)).await;
                read.map(|found| ServerMessage::History { room, messages: found.messages, more: found.more })
            }
            Look::Search(search) => {
                let read = self.read(move |reader, who| reader.search(&search, Some(who))).await;
                read.map(|found| ServerMessage::Found { messages: found.messages, more: found.more })
            }
        };
        match answer {
            Ok(message) => self.line.say(self.dialect, ServerFrame { message, reference }),
            Err(error) => self.fail(&error, reference),
        }
    }
}

/// Where there is no snapshot, joining says only that it is done.
fn subscribed(room: RoomName) -> Joined {
    Joined {
        room,
        seq: Seq(0),
        topic: String::new(),
        users: Vec::new(),
        read: Seq(0),
        recovered: false,
        more: false,
        messages: None,
        events: None,
    }
}

/// The rooms there are: those that hold something, and those that somebody is in.
pub async fn rooms(services: &Services) -> Result<Vec<server::Room>, LogError> {
    let kept = services.keeper.read(|reader| reader.rooms(limits::ROOMS_LISTED)).await?;
    let here = services.hub.rooms();
    let mut rooms: Vec<_> = kept
        .into_iter()
        .map(|state| {
            let users = here.iter().find(|(name, _)| *name == state.name).map_or(0, |(_, users)| *users);
            server::Room { name: state.name, topic: state.topic, users, seq: state.seq }
        })
        .collect();
    let known: std::collections::HashSet<_> = rooms.iter().map(|room| room.name.clone()).collect();
    let unused = here.into_iter().filter(|(name, _)| !known.contains(name));
    rooms.extend(unused.map(|(name, users)| server::Room { name, topic: String::new(), users, seq: Seq(0) }));
    rooms.truncate(limits::ROOMS_LISTED);
    Ok(rooms)
}
