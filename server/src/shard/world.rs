//! What a shard knows: its connections, and who of them is in which room, hears which conversations, or watches tasks. It is
//! changed behind the shard's one borrow, and never waits.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    rc::Rc,
    sync::Arc,
    time::Instant,
};

use chat_protocol::{CloseCode, Dialect, RoomName, ServerFrame, ServerMessage, Timestamp, UserName};
use tokio::sync::{mpsc, oneshot};

use super::{
    connection::Connection,
    rooms::{self, Progress, Room, Tally},
};
use crate::{
    admission::household,
    closing::Closing,
    fanout::{Answer, RoomBatch, Said, frame},
    log::{Outcome, Who},
    realm::Realm,
    roster::{Asked, ConnectionLine},
    tasks::{Audience, TaskUpdate},
};

/// Rooms of one connection that the operator is told.
const PLACES_TOLD: usize = 100;

#[derive(Default)]
pub(super) struct World {
    pub(super) connections: HashMap<u64, Rc<Connection>>,
    pub(super) rooms: HashMap<Arc<str>, Room>,
    /// Big rooms in which something may wait, with the moments at which they want to be woken.
    pub(super) resting: BTreeSet<(Instant, Arc<str>)>,
    /// How often the last messages of a room were put at hand since all were forgotten.
    pub(super) remembered: usize,
    /// Who hears private conversations, by user.
    pub(super) listeners: HashMap<Arc<str>, Vec<Listener>>,
    /// Users of connections that hear no private conversations.
    pub(super) others: HashMap<u64, Arc<str>>,
    /// Who hears of tasks, and as whom.
    pub(super) watchers: HashMap<u64, (Rc<Connection>, Option<Who>)>,
}

/// A connection that hears its user's private conversations without joining them.
pub(super) struct Listener {
    pub(super) connection: Rc<Connection>,
    pub(super) dialect: Dialect,
    /// Rooms in which it is somewhere in particular. None at all for most.
    #[allow(clippy::box_collection, reason = "there are many listeners, and most have none")]
    pub(super) rooms: Option<Box<HashMap<Arc<str>, Progress>>>,
    /// Held until it was greeted with the list of its conversations.
    pub(super) others: Progress,
}

impl World {
    pub(super) fn listener(&mut self, connection: u64, room: &RoomName) -> Option<&mut Listener> {
        let (one, other) = room.pair()?;
        let user = [one, other].into_iter().find(|user| {
            self.listeners.get(*user).is_some_and(|all| all.iter().any(|listener| listener.connection.id == connection))
        })?;
        self.listeners.get_mut(user)?.iter_mut().find(|listener| listener.connection.id == connection)
    }

    pub(super) fn answer(&self, answer: Answer, tally: &mut Tally) {
        let Some(connection) = self.connections.get(&answer.connection) else { return };
        connection.answered();
        let Some(dialect) = connection.dialect else { return };
        let text = match &answer.outcome {
            Outcome::Kept(recorded) => dialect.kept(recorded, false, answer.reference),
            Outcome::Duplicate(recorded) => dialect.kept(recorded, true, answer.reference),
            Outcome::Refused(refusal) => {
                let message = ServerMessage::Error { code: refusal.code, text: refusal.text.clone(), retry_ms: refusal.retry_ms };
                dialect.answer(&ServerFrame { message, reference: answer.reference })
            }
            Outcome::Decreed(_) | Outcome::Marked(_) | Outcome::Pruned { .. } | Outcome::Imported { .. } | Outcome::Noted => None,
        };
        if let Some(text) = text {
            connection.answer(frame(&text));
            tally.dirty.push(Rc::clone(connection));
        }
    }

    pub(super) fn deliver(&mut self, batches: &[Arc<RoomBatch>], tally: &mut Tally) {
        let Some(room) = batches.first().map(|batch| batch.room.clone()) else { return };
        let Some((one, other)) = room.pair() else {
            if let Some(here) = self.rooms.get_mut(room.folded())
                && let Some(when) = here.take(batches, tally)
            {
                self.resting.insert((when, room.key()));
            }
            return;
        };
        for user in if one == other { vec![one] } else { vec![one, other] } {
            for listener in self.listeners.get_mut(user).into_iter().flatten() {
                let there = listener.rooms.as_mut().and_then(|rooms| rooms.get_mut(room.folded()));
                let progress = there.unwrap_or(&mut listener.others);
                match progress {
                    Progress::Live(after) => {
                        for batch in batches {
                            rooms::tell_after(&listener.connection, listener.dialect, Some(user), batch, *after, tally);
                        }
                    }
                    Progress::Held(held) => held.add(batches),
                }
            }
        }
    }

    /// Ends a room's rest.
    pub(super) fn wake(&mut self, room: &str, tally: &mut Tally) {
        let Some((key, _)) = self.rooms.get_key_value(room) else { return };
        let key = Arc::clone(key);
        let Some(here) = self.rooms.get_mut(room) else { return };
        if let Some(until) = here.rests_until() {
            self.resting.remove(&(until, Arc::clone(&key)));
        }
        if let Some(when) = here.wake(tally) {
            self.resting.insert((when, key));
        }
    }

    /// A room's rest until then is over, if it is not over already.
    pub(super) fn rested(&mut self, until: Instant, room: Arc<str>, tally: &mut Tally) {
        if let Some(when) = self.rooms.get_mut(&room).and_then(|here| here.rested(until, tally)) {
            self.resting.insert((when, room));
        }
    }

    pub(super) fn wake_all(&mut self, tally: &mut Tally) {
        for (_, room) in std::mem::take(&mut self.resting) {
            self.wake(&room, tally);
        }
    }

    pub(super) fn signal(&mut self, said: &Arc<Said>) -> u64 {
        let room = said.signal.room();
        let Some((one, other)) = room.pair() else {
            return self.rooms.get_mut(room.folded()).map_or(0, |here| here.signal(said));
        };
        let users = if one == other { vec![one] } else { vec![one, other] };
        users.into_iter().map(|user| self.tell_listeners(user, None, said)).sum()
    }

    pub(super) fn signal_user(&self, user: &UserName, except: u64, said: &Said) -> u64 {
        self.tell_listeners(user.folded(), Some(except), said)
    }

    fn tell_listeners(&self, user: &str, except: Option<u64>, said: &Said) -> u64 {
        let listeners = self.listeners.get(user).into_iter().flatten();
        // Who was not greeted yet is greeted first.
        let greeted = listeners.filter(|listener| matches!(listener.others, Progress::Live(_)));
        let others = greeted.filter(|listener| Some(listener.connection.id) != except);
        others
            .filter_map(|listener| Some((listener, said.frame(listener.dialect)?)))
            .map(|(listener, frame)| u64::from(!listener.connection.signal(frame)))
            .sum()
    }

    /// What was read of a room is not what it holds any more.
    pub(super) fn outdate(&mut self, room: &RoomName) -> u64 {
        if let Some(here) = self.rooms.get_mut(room.folded()) {
            here.outdate();
        }
        0
    }

    pub(super) fn look_again(&self) -> u64 {
        self.connections.values().for_each(|connection| connection.look_again());
        0
    }

    /// Takes those out of rooms who may not read them any more. Their own tasks say so.
    pub(super) fn shut_out(&mut self, realm: &Realm, now: Timestamp, tally: &mut Tally) {
        for (room, here) in &mut self.rooms {
            if realm.is_guarded(room) {
                here.retain(|connection| realm.keeps(room, connection.account(), now), tally);
            }
        }
    }

    pub(super) fn whereabouts(&self, user: &UserName, answer: &mpsc::Sender<IpAddr>) -> u64 {
        let listeners = self.listeners.get(user.folded()).into_iter().flatten().map(|listener| &listener.connection);
        let others = self.others.iter().filter(|(_, name)| ***name == *user.folded());
        let others = others.filter_map(|(id, _)| self.connections.get(id));
        // As many as there is room for.
        for connection in listeners.chain(others) {
            let _ = answer.try_send(connection.address);
        }
        0
    }

    /// Those of whom the operator wants to know, with whose they are; of one alone, where it is too.
    pub(super) fn roster(&self, asked: &Asked, answer: oneshot::Sender<Vec<ConnectionLine>>, now: Instant) -> u64 {
        let listeners = self.listeners.iter().flat_map(|(user, all)| all.iter().map(move |one| (one.connection.id, user)));
        let users: HashMap<_, _> = listeners.chain(self.others.iter().map(|(id, user)| (*id, user))).collect();
        let line = |connection: &Rc<Connection>| {
            let mut line = connection.line(now);
            line.user = users.get(&connection.id).map(|user| user.to_string());
            line
        };
        let mut lines: Vec<_> = match asked.only {
            Some(id) => self.connections.get(&id).map(line).into_iter().collect(),
            None => self.connections.values().map(line).filter(|line| asked.is_wanted(line)).collect(),
        };
        if let (Some(id), Some(line)) = (asked.only, lines.first_mut()) {
            let there = self.rooms.iter().filter(|(_, room)| room.has(id)).map(|(name, _)| name.to_string());
            line.rooms = there.take(PLACES_TOLD).collect();
            line.rooms.sort_unstable();
        }
        asked.cut(&mut lines);
        // Who has gone meanwhile asks again.
        let _ = answer.send(lines);
        0
    }

    pub(super) fn close(&self, connection: u64, closing: &Closing) -> u64 {
        if let Some(connection) = self.connections.get(&connection) {
            connection.close(closing.clone());
        }
        0
    }

    /// A word for everybody who was greeted, and understands one.
    pub(super) fn notice(&self, text: &str) -> u64 {
        let listeners = self.listeners.values().flatten();
        let listeners = listeners.filter(|one| matches!(one.others, Progress::Live(_))).map(|one| &one.connection);
        let others = self.others.keys().filter_map(|id| self.connections.get(id));
        let said = ServerFrame::from(ServerMessage::Notice { text: text.to_owned(), room: None });
        let frames = Dialect::ALL.map(|dialect| dialect.answer(&said).map(|text| frame(&text)));
        let all = listeners.chain(others).filter_map(|connection| {
            let frame = frames.get(connection.dialect?.index())?.as_ref()?;
            Some(u64::from(!connection.signal(frame)))
        });
        all.sum()
    }

    pub(super) fn close_all(&self, code: CloseCode) -> u64 {
        self.connections.values().for_each(|connection| connection.close(code.into()));
        0
    }

    /// Told to those who may read the room of it now, however that was when the work began.
    pub(super) fn task(&self, update: &TaskUpdate, audience: &Audience, realm: &Realm, now: Timestamp) -> u64 {
        let frame = frame(&update.encode());
        let may = |(connection, who): &&(Rc<Connection>, Option<Who>)| {
            let who = who.as_ref();
            let readable = |room| realm.may_read_from(room, who.map(Who::someone), household(connection.address), now);
            let is_operator = realm.is_operators(who.and_then(|who| who.author.account_id()));
            audience.has(who.map(|who| &who.author), is_operator) && update.room.as_ref().is_none_or(readable)
        };
        let watchers = self.watchers.values().filter(may);
        watchers.map(|(connection, _)| u64::from(!connection.signal(&frame))).sum()
    }
}
