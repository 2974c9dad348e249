//! What we have said and the server has not yet acknowledged. Each message keeps its `cid` for ever, so that sending it
//! again after a lost connection does no harm. One is on its way at a time: with more, a refusal for haste would let a
//! later one overtake an earlier.

use std::{collections::VecDeque, time::Duration};

use chat_protocol::ClientId;

/// How long to be quiet after a refusal for haste, at least.
const QUIET: Duration = Duration::from_millis(250);

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) cid: ClientId,
    pub(crate) text: String,
}

/// The messages, oldest first.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) messages: VecDeque<Pending>,
    /// The one that the server has not answered yet.
    on_its_way: Option<ClientId>,
    held_until: Option<Duration>,
    seed: u64,
    count: u64,
}

impl Outbox {
    pub(crate) fn new(seed: u64) -> Self {
        Self { messages: VecDeque::new(), on_its_way: None, held_until: None, seed, count: 0 }
    }

    /// One more to say.
    pub(crate) fn push(&mut self, text: String) {
        self.count += 1;
        let cid = ClientId::parse(&format!("{:016x}-{}", self.seed, self.count)).expect("hex digits and a number are a cid");
        self.messages.push_back(Pending { cid, text });
    }

    /// It is in the log, or never will be.
    pub(crate) fn settle(&mut self, cid: &ClientId) -> Option<Pending> {
        let at = self.messages.iter().position(|pending| pending.cid == *cid)?;
        self.on_its_way.take_if(|sent| sent == cid);
        self.messages.remove(at)
    }

    /// It was refused for now; nothing goes out for a while.
    pub(crate) fn hold(&mut self, cid: &ClientId, now: Duration, retry: Duration) {
        if self.on_its_way.take_if(|sent| sent == cid).is_some() {
            self.held_until = Some(now + retry.max(QUIET));
        }
    }

    /// Whether it waits for a time to pass.
    pub(crate) fn is_held(&self) -> bool {
        self.held_until.is_some()
    }

    /// What was on its way may be lost.
    pub(crate) fn lost(&mut self) {
        (self.on_its_way, self.held_until) = (None, None);
    }

    /// What is to be sent now.
    pub(crate) fn due(&mut self, now: Duration) -> Option<Pending> {
        if self.on_its_way.is_some() || self.held_until.is_some_and(|until| now < until) {
            return None;
        }
        self.held_until = None;
        let first = self.messages.front()?;
        self.on_its_way = Some(first.cid.clone());
        Some(first.clone())
    }
}
