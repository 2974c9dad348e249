//! What we have said and the server has not yet acknowledged. Each message keeps its `cid` for ever, so that sending it
//! again after a lost connection does no harm. One is on its way at a time: with more, a refusal for haste would let a
//! later one overtake an earlier.

use std::{collections::VecDeque, time::Duration};

use chat_protocol::{ClientId, RoomName, Seq, Timestamp};

/// How long to be quiet after a refusal for haste, at least.
const QUIET: Duration = Duration::from_millis(250);
/// How long an answer may take before a message is sent again.
const ANSWER: Duration = Duration::from_secs(20);
/// What is older than this when it could go out is asked about first: the moment that it was meant for may be gone.
pub(crate) const STALE: Duration = Duration::from_secs(3600);

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) cid: ClientId,
    pub(crate) room: RoomName,
    pub(crate) text: String,
    pub(crate) reply_to: Option<Seq>,
    pub(crate) action: bool,
    /// When it was typed.
    pub(crate) at: Timestamp,
    pub(crate) state: State,
    /// When it was sent last.
    pub(crate) sent: Duration,
}

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits for its turn, or for a connection.
    Queued,
    /// The server has it, perhaps.
    Sending,
    /// It is old: not sent before the user says so.
    Stale,
    /// The server does not want it, in its words: not sent again before the user says so.
    Failed(String),
}

/// The messages, oldest first.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    messages: VecDeque<Pending>,
    held_until: Option<Duration>,
    seed: u64,
    count: u64,
}

impl Outbox {
    /// The seed makes the keys of our messages ours alone.
    pub(crate) fn new(seed: u64) -> Self {
        Self { messages: VecDeque::new(), held_until: None, seed, count: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Pending> {
        self.messages.iter()
    }

    /// The messages of a room.
    pub(crate) fn of(&self, room: &RoomName) -> impl DoubleEndedIterator<Item = &Pending> {
        self.messages.iter().filter(move |pending| pending.room == *room)
    }

    /// One more to say.
    pub(crate) fn push(&mut self, room: RoomName, text: String, reply_to: Option<Seq>, action: bool, at: Timestamp) {
        self.count += 1;
        let cid = ClientId::parse(&format!("{:016x}-{}", self.seed, self.count)).expect("hex digits and a number are a cid");
        self.messages.push_back(Pending { cid, room, text, reply_to, action, at, state: State::Queued, sent: Duration::ZERO });
    }

    /// It is in the log, or is dropped.
    pub(crate) fn settle(&mut self, cid: &ClientId) -> Option<Pending> {
        let at = self.messages.iter().position(|pending| pending.cid == *cid)?;
        self.messages.remove(at)
    }

    /// It was refused for now; nothing goes out for a while.
    pub(crate) fn hold(&mut self, cid: &ClientId, now: Duration, retry: Duration) {
        if let Some(pending) = self.find(cid) {
            pending.state = State::Queued;
            self.held_until = Some(now + retry.max(QUIET));
        }
    }

    /// It was refused for good.
    pub(crate) fn fail(&mut self, cid: &ClientId, why: String) -> Option<&Pending> {
        let pending = self.find(cid)?;
        pending.state = State::Failed(why);
        Some(pending)
    }

    /// The user wants it sent, as if it had been said now.
    pub(crate) fn again(&mut self, cid: &ClientId, at: Timestamp) {
        if let Some(pending) = self.find(cid).filter(|pending| pending.state != State::Sending) {
            pending.state = State::Queued;
            pending.at = at;
        }
    }

    fn find(&mut self, cid: &ClientId) -> Option<&mut Pending> {
        self.messages.iter_mut().find(|pending| pending.cid == *cid)
    }

    /// Whether time will change something about it.
    pub(crate) fn is_moving(&self) -> bool {
        self.messages.iter().any(|pending| matches!(pending.state, State::Queued | State::Sending))
    }

    /// What the user is to decide about: it is not sent by itself.
    pub(crate) fn stuck(&self) -> Vec<ClientId> {
        let stuck = self.messages.iter().filter(|pending| matches!(pending.state, State::Failed(_) | State::Stale));
        stuck.map(|pending| pending.cid.clone()).collect()
    }

    /// What was on its way may be lost.
    pub(crate) fn lost(&mut self) {
        self.held_until = None;
        for pending in self.messages.iter_mut().filter(|pending| pending.state == State::Sending) {
            pending.state = State::Queued;
        }
    }

    /// What has waited for too long to be sent without a question.
    pub(crate) fn stale(&mut self, wall: Timestamp) -> usize {
        let oldest = wall.0 - i64::try_from(STALE.as_millis()).unwrap_or(i64::MAX);
        for pending in self.messages.iter_mut().filter(|pending| pending.state == State::Queued && pending.at.0 < oldest) {
            pending.state = State::Stale;
        }
        self.messages.iter().filter(|pending| pending.state == State::Stale).count()
    }

    /// What is to be sent now, of what is to go to rooms that take it.
    pub(crate) fn due(&mut self, now: Duration, takes: impl Fn(&RoomName) -> bool) -> Option<Pending> {
        // A server that never answers has lost it. Sending it again does no harm.
        for pending in self.messages.iter_mut().filter(|pending| pending.state == State::Sending && now >= pending.sent + ANSWER)
        {
            pending.state = State::Queued;
        }
        let on_its_way = self.messages.iter().any(|pending| pending.state == State::Sending);
        if on_its_way || self.held_until.is_some_and(|until| now < until) {
            return None;
        }
        self.held_until = None;
        let next = self.messages.iter_mut().find(|pending| pending.state == State::Queued && takes(&pending.room))?;
        next.state = State::Sending;
        next.sent = now;
        Some(next.clone())
    }
}
