//! What a connection asked for, performed: with the log, the hub and the shard. [`State`] has decided it already.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use chat_protocol::{
    CloseCode, Dialect, Epoch, ErrorCode, Event, Refusal, RoomName, Seq, ServerFrame, ServerMessage, UserName, VERSION, limits,
    server::{self, Limits, Private, Welcome},
};
use tokio::time::timeout;

use super::{
    Opening, entry,
    identity::{Identity, Secret},
    line::{End, Input, Line},
    state::{Look, State, Step},
};
use crate::{
    admission::{Place, household},
    clock,
    govern::Govern,
    hub::Manner,
    log::{Asker, Draft, LogError, Messages, Position, Reader, RoomState, Who, Write, keeper::unavailable},
    services::Services,
    shard::Closing,
};

/// A session that is in use is noted as used this often.
const TOUCH_EVERY: Duration = Duration::from_secs(12 * 3600);

/// What was said last is told before it is told that its speaker left, unless the log takes longer than this. (On another shard
/// the two come by different ways, and may cross by a hair.)
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);

/// Never: a conversation only ends with an [`End`].
pub(super) enum Never {}

/// What takes waiting.
enum Later {
    Join(RoomName, Option<Position>, Option<String>),
    Look(Look, Option<String>),
    Govern(Govern, Option<String>),
    /// The log's queue is full, or closed.
    HandIn(Box<Write>),
}

pub(super) struct Conversation<'a> {
    pub(super) services: &'a Services,
    pub(super) line: &'a mut Line,
    pub(super) dialect: Dialect,
    pub(super) identity: Identity,
    pub(super) state: State,
    /// By whose address its limits are shared.
    place: Option<&'a Place>,
    /// When its session was last noted as used.
    touched: Instant,
    /// The last decree that it knows of.
    pub(super) seen: Seq,
}

impl<'a> Conversation<'a> {
    /// Through the door, then greeted, then into the room of the URL. It must be finished, however it ends.
    pub(super) async fn begin(
        services: &'a Services,
        line: &'a mut Line,
        dialect: Dialect,
        opening: Box<Opening>,
        place: Option<&'a Place>,
    ) -> Result<Box<Self>, End> {
        let (identity, secret, room) = entry::enter(services, line, dialect, &opening, place).await?;
        line.connection.belongs_to(identity.who.author.account_id());
        line.shard.noted.notify_one();
        let hears_private = match dialect {
            Dialect::Chat | Dialect::Echo | Dialect::Plain => true,
            Dialect::Channel => identity.proven,
            Dialect::Envelope => false,
        };
        if hears_private {
            line.shard.listen(&line.connection, dialect, &identity.who.name);
        } else {
            line.shard.is_by(&line.connection, &identity.who.name);
        }
        let now = Instant::now();
        let state = State::new(dialect, identity.who.name.clone(), hears_private, now);
        let seen = services.realm.borrow().seq();
        let mut talk = Box::new(Self { services, line, dialect, identity, state, place, touched: now, seen });
        match talk.greet(secret, room, &opening).await {
            Ok(()) => Ok(talk),
            Err(end) => {
                talk.finish().await;
                Err(end)
            }
        }
    }

    async fn greet(&mut self, secret: Secret, room: Option<RoomName>, opening: &Opening) -> Result<(), End> {
        if self.dialect == Dialect::Chat {
            self.welcome(secret.unwrap_or_default().into()).await?;
        } else {
            self.line.shard.greeted(&self.line.connection, &self.identity.who.name, &[]);
        }
        if let Some(room) = room {
            let position = opening.after.zip(opening.epoch.as_deref());
            let from = position.map(|(after, epoch)| Position { epoch: Epoch(epoch.into()), after });
            if from.is_some() || !self.walk_in(&room) {
                self.join(room, from, None).await;
            }
        }
        Ok(())
    }

    /// Gives back what was taken when it began and since.
    pub(super) async fn finish(&mut self) {
        // The log answers everything that it took.
        let _ = timeout(LAST_WORDS_WITHIN, self.line.connection.last_settled()).await;
        let (shard, name) = (&self.line.shard, &self.identity.who.name);
        // Where it does not hear them, there is nothing to be found.
        shard.unlisten(&self.line.connection, name);
        for room in self.state.rooms() {
            shard.unsubscribe(&self.line.connection, self.dialect, room);
            self.services.hub.leave(room, name, manner(self.dialect), true, clock::now(), Instant::now());
        }
        self.identity.depart(self.services);
        shard.noted.notify_one();
    }

    /// Hears and does, until there is an end.
    pub(super) async fn go_on(&mut self) -> Result<Never, End> {
        loop {
            let input = self.line.next().await?;
            let later = self.hear(input)?.map(Box::new);
            // Boxed: what a step needs is not held while nothing comes.
            if let Some(later) = later {
                Box::pin(self.perform(later)).await;
            }
            if self.touched.elapsed() >= TOUCH_EVERY {
                self.touched = Instant::now();
                self.identity.touch(self.services);
                self.line.shard.noted.notify_one();
            }
        }
    }

    /// Decides what a frame leads to and does it, unless that takes waiting: then it comes back.
    fn hear(&mut self, input: Input) -> Result<Option<Later>, End> {
        let now = Instant::now();
        let (address, rates) = (self.place.and_then(Place::address), self.services.admission.rates());
        let step = match input {
            Input::Text(text) => {
                let account = self.identity.account();
                self.state.hear(&text, rates, now, |cost| self.services.admission.ask(address, account, now, cost))
            }
            Input::Control => self.state.control(rates, now),
            Input::LookAgain => {
                self.look_again()?;
                return Ok(None);
            }
        };
        if let Some(reason) = step.dropped() {
            self.services.refused(reason, address);
        }
        Ok(match step {
            Step::Nothing => None,
            Step::LeaveUnanswered => {
                self.line.leave_unanswered();
                None
            }
            Step::Say(frame) | Step::TooSoon(frame) => {
                self.line.say(self.dialect, frame);
                None
            }
            Step::SayValue(value) => {
                if let Some(text) = self.dialect.value(&value) {
                    self.line.say_text(&text);
                }
                None
            }
            Step::Keep { room, event, reference } => self.keep(room, event, reference),
            Step::Join { room, from, reference } => Some(Later::Join(room, from, reference)),
            Step::Leave { room, reference } => {
                self.leave(&room, false);
                self.line.say(self.dialect, ServerFrame { message: ServerMessage::Left { room }, reference });
                None
            }
            Step::Look { at, reference } => Some(Later::Look(at, reference)),
            Step::Govern { what, reference } => Some(Later::Govern(what, reference)),
            Step::Typing { room, active } => {
                // Who may not speak is not waited for.
                if active && !self.may_speak(&room) {
                    return Ok(None);
                }
                self.services.hub.typing(&room, &self.identity.who.name, active, now);
                None
            }
            Step::Read { room, seq } => {
                let asker = Asker::Reader { user: self.identity.who.name.clone(), connection: self.line.connection.id };
                self.hand_in(Write::Mark { author: self.identity.who.author.clone(), room, seq, asker })
            }
            Step::TellHowToRegister => {
                let message = ServerMessage::Notice { text: self.services.live().registration.words().to_owned(), room: None };
                self.line.say(self.dialect, ServerFrame { message, reference: None });
                None
            }
            Step::Close { code, retry_ms } => return Err(Closing { retry_ms, ..code.into() }.into()),
        })
    }

    async fn perform(&mut self, later: Box<Later>) {
        match *later {
            Later::Join(room, from, reference) => self.join(room, from, reference).await,
            Later::Look(at, reference) => self.look(at, reference).await,
            Later::Govern(what, reference) => Box::pin(self.govern(what, reference)).await,
            Later::HandIn(write) => {
                if let Err(write) = self.line.connection.meanwhile(self.services.keeper.append(*write)).await {
                    self.not_kept(write);
                }
            }
        }
    }

    /// Into the log; the answer comes with its tail.
    fn keep(&mut self, room: RoomName, event: Event, reference: Option<String>) -> Option<Later> {
        let who = &self.identity.who;
        if !matches!(event, Event::Deleted { .. })
            && let Err(refusal) = self.services.may_speak(&room, who, self.line.connection.address)
        {
            self.refuse(refusal, reference);
            return None;
        }
        let welcome = match (&event, room.other_than(&who.name)) {
            (Event::Deleted { .. }, _) | (_, None) => Ok(()),
            (_, Some(other)) => self.services.may_whisper(&who.name, &other),
        };
        if let Err(refusal) = welcome {
            self.refuse(refusal, reference);
            return None;
        }
        if matches!(event, Event::Message { .. }) {
            if let Some(other) = room.other_than(&who.name)
                && other != who.name
                && !self.services.is_reachable(&other)
            {
                self.refuse(Refusal::new(ErrorCode::NoSuchUser, self.absent(&other)), reference);
                return None;
            }
            self.services.hub.typing(&room, &who.name, false, Instant::now());
        }
        let asker = Asker::Connection { shard: self.line.shard.id, connection: self.line.connection.id, reference };
        let (from, author) = (who.name.clone(), who.author.clone());
        self.line.connection.asked();
        self.hand_in(Write::Event(Draft { room, from, author, event, asker }))
    }

    /// To the log, now if there is room in its queue.
    fn hand_in(&self, write: Write) -> Option<Later> {
        match self.services.keeper.try_append(write) {
            Ok(()) => None,
            Err(write) => Some(Later::HandIn(write)),
        }
    }

    /// The log is closed.
    fn not_kept(&self, write: Write) {
        if let Write::Event(Draft { asker: Asker::Connection { reference, .. }, .. }) = write {
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

    pub(super) fn refuse(&self, refusal: Refusal, reference: Option<String>) {
        let message = ServerMessage::Error { code: refusal.code, text: refusal.text, retry_ms: refusal.retry_ms };
        self.line.say(self.dialect, ServerFrame { message, reference });
    }

    pub(super) fn fail(&self, error: &LogError, reference: Option<String>) {
        tracing::warn!(%error, "a read failed");
        self.refuse(Refusal::new(ErrorCode::Unavailable, "The server could not look that up. Try again in a moment."), reference);
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Reader, &Who) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let who = self.identity.who.clone();
        self.line.connection.meanwhile(self.services.keeper.read(move |reader| read(reader, &who))).await
    }

    async fn welcome(&mut self, session: String) -> Result<(), End> {
        // Who was never here has none.
        let listed = if self.identity.fresh {
            Vec::new()
        } else {
            self.read(|reader, who| reader.private(who, limits::PRIVATE_LISTED)).await.map_err(|error| {
                tracing::warn!(%error, "private conversations could not be listed");
                End::from(CloseCode::Overloaded)
            })?
        };
        let private = |(state, read): (RoomState, Seq)| {
            let with = state.name.other_than(&self.identity.who.name)?;
            Some(Private { room: state.name, with, seq: state.seq, read })
        };
        let private: Vec<_> = listed.into_iter().filter_map(private).collect();
        let places: Vec<_> = private.iter().map(|private| (private.room.clone(), private.seq)).collect();
        let rate = self.services.admission.rates().lines.limit();
        let welcome = Welcome {
            protocol: VERSION,
            server: concat!("chat-server/", env!("CARGO_PKG_VERSION")).into(),
            user: self.identity.who.name.clone(),
            guest: self.identity.is_guest(),
            session,
            epoch: self.services.keeper.epoch().clone(),
            limits: Limits {
                text_bytes: limits::TEXT_BYTES,
                frame_bytes: limits::FRAME_BYTES,
                history: limits::HISTORY,
                users: Some(limits::USERS),
                burst: rate.map(|rate| rate.burst.get()),
                per_second: rate.map(|rate| rate.per_second.get()),
            },
            ping_seconds: limits::PING_EVERY.as_secs(),
            typing_seconds: limits::TYPING_LASTS.as_secs(),
            private,
            blocked: self.services.blocks.list(&self.identity.who.author),
        };
        self.line.say(self.dialect, ServerMessage::Welcome(welcome));
        if let Some(text) = self.services.caveat {
            self.line.say(self.dialect, ServerMessage::Notice { text: text.into(), room: None });
        }
        self.line.shard.greeted(&self.line.connection, &self.identity.who.name, &places);
        Ok(())
    }

    pub(super) fn leave(&mut self, room: &RoomName, reload: bool) {
        self.state.went(room);
        self.line.shard.unsubscribe(&self.line.connection, self.dialect, room);
        self.services.hub.leave(room, &self.identity.who.name, manner(self.dialect), reload, clock::now(), Instant::now());
    }

    pub(super) fn users(&self, room: &RoomName) -> Vec<server::User> {
        let Some((one, other)) = room.pair() else {
            return self.services.hub.users(room).into_iter().map(Into::into).collect();
        };
        // Nobody comes into a private conversation: who of the two is online is here.
        let mut two: Vec<_> = [one, other].into_iter().filter_map(|name| self.services.hub.online_name(name)).collect();
        two.dedup();
        two.into_iter().map(Into::into).collect()
    }

    async fn look(&mut self, at: Look, reference: Option<String>) {
        let asked = match &at {
            Look::Users(room) | Look::History { room, .. } => Some(room),
            Look::Search(search) => search.room.as_ref(),
            Look::Rooms => None,
        };
        if asked.is_some_and(|room| !self.readable(room, reference.clone())) {
            return;
        }
        self.line.connection.settled().await;
        let answer = match at {
            Look::Users(room) => Ok(ServerMessage::Users { users: self.users(&room), room }),
            Look::Rooms => {
                let found = rooms(self.services, Some(&self.identity.who), self.line.connection.address).await;
                found.map(|rooms| ServerMessage::Rooms { rooms })
            }
            Look::History { room, page } => {
                let asked = room.clone();
                let read = self.read(move |reader, who| reader.messages(&asked, Some(who), page)).await;
                read.map(|found| ServerMessage::History { room, messages: found.messages, more: found.more })
            }
            Look::Search(search) => {
                let searching = self.services.keeper.search(search, Some(self.identity.who.clone()));
                self.line.connection.meanwhile(searching).await.map(|found| {
                    let Messages { mut messages, more } = found;
                    // The log does not know from where one asks.
                    messages.retain(|message| self.may_see(&message.room));
                    ServerMessage::Found { messages, more }
                })
            }
        };
        match answer {
            Ok(message) => self.line.say(self.dialect, ServerFrame { message, reference }),
            Err(error) => self.fail(&error, reference),
        }
    }
}

/// How comings and goings are told of a connection that speaks so.
pub(super) fn manner(dialect: Dialect) -> Manner {
    match dialect {
        Dialect::Chat | Dialect::Channel => Manner::Gathered,
        Dialect::Echo | Dialect::Plain | Dialect::Envelope => Manner::AtOnce,
    }
}

/// The rooms there are for somebody: those that hold something, and those that somebody is in.
pub async fn rooms(services: &Services, who: Option<&Who>, address: IpAddr) -> Result<Vec<server::Room>, LogError> {
    let (realm, asker) = (services.realm(), who.cloned());
    let kept = services.keeper.read(move |reader| reader.rooms(asker.as_ref(), limits::ROOMS_LISTED)).await?;
    let readable = |room: &RoomName| realm.may_read_from(room, who.map(Who::someone), household(address), clock::now());
    let mut here: HashMap<RoomName, usize> = services.hub.rooms().into_iter().filter(|(room, _)| readable(room)).collect();
    let line = |name: RoomName, topic, users, seq| {
        let private = realm.is_guarded(name.folded());
        server::Room { name, topic, users, seq, private }
    };
    let listed = |state: RoomState| {
        let users = here.remove(&state.name).unwrap_or(0);
        line(state.name, state.topic, users, state.seq)
    };
    let mut rooms: Vec<_> = kept.into_iter().filter(|state| readable(&state.name)).map(listed).collect();
    // A room that somebody sits in is not crowded out by those that are only remembered.
    let unused = here.into_iter().map(|(name, users)| line(name, String::new(), users, Seq(0)));
    let mut unused: Vec<_> = unused.take(limits::ROOMS_LISTED / 2).collect();
    unused.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    rooms.truncate(limits::ROOMS_LISTED - unused.len());
    rooms.extend(unused);
    Ok(rooms)
}
