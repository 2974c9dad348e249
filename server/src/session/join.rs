//! Coming into a room: subscribed first, then told what it holds, then live, so that nothing falls between and nothing comes
//! twice.

use std::{collections::BTreeSet, rc::Rc};

use chat_protocol::{
    CloseCode, Dialect, RoomName, Seq, ServerFrame, ServerMessage, limits,
    server::{FirstJoined, Joined, User},
};
use std::time::Instant;

use super::conversation::{Conversation, manner};
use crate::{
    clock,
    fanout::frame,
    hub::Listing,
    log::{Events, Filled, Position},
    shard::Recent,
};

impl Conversation<'_> {
    /// Into its first room, as somebody who was never here, if what it is to be told is at hand. Nothing can be read by it yet,
    /// and nothing can have been marked.
    pub(super) fn walk_in(&mut self, room: &RoomName) -> bool {
        if self.dialect != Dialect::Chat || !self.identity.fresh || room.is_private() {
            return false;
        }
        // Looked at when it is a member at once, so that nobody can be shut out in between.
        if self.services.may_read(room, Some(self.identity.who.someone()), self.line.connection.address).is_err() {
            return false;
        }
        let shard = Rc::clone(&self.line.shard);
        let connection = Rc::clone(&self.line.connection);
        shard.walk_in(&connection, self.dialect, room, |recent| {
            self.come_in(room);
            let listing = self.listing(room);
            let users: Vec<User> = listing.users.into_iter().map(Into::into).collect();
            let joined = FirstJoined {
                room: &recent.room,
                seq: recent.seq,
                topic: &recent.topic,
                users: &users,
                online: listing.online,
                read: Seq(0),
                recovered: false,
                more: recent.more,
                messages: &recent.messages,
            };
            joined.encode()
        })
    }

    fn come_in(&mut self, room: &RoomName) {
        let (name, now) = (&self.identity.who.name, Instant::now());
        let room = self.services.hub.join(room, name, manner(self.dialect), clock::now(), now);
        self.state.entered(room);
    }

    /// Into a room. The connection is subscribed before anything is read: what is committed meanwhile waits, and what the
    /// snapshot has already is not told again.
    pub(super) async fn join(&mut self, room: RoomName, from: Option<Position>, reference: Option<String>) {
        let connection = Rc::clone(&self.line.connection);
        connection.settled().await;
        let snapshots = self.dialect == Dialect::Chat;
        let live = (!snapshots).then_some(Seq(0));
        self.line.shard.subscribe(&connection, self.dialect, &room, live);
        // Whoever is shut out before this is refused here, and by mail to the shard from here on.
        if !self.readable(&room, reference.clone()) {
            return self.line.shard.unsubscribe(&connection, self.dialect, &room);
        }
        let new_here = !room.is_private() && !self.state.is_in(&room);
        if new_here {
            self.come_in(&room);
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
                } else if !self.line.shard.go_live(&connection, self.dialect, &room, Seq(0)) {
                    // It was live before, and what it missed meanwhile cannot be read now.
                    connection.close(CloseCode::Internal.into());
                }
                return self.fail(&error, reference);
            }
        };
        let name = snapshot.state.name.clone();
        let listing = self.listing(&room);
        let mut joined = Joined {
            room: name.clone(),
            seq: snapshot.state.seq,
            topic: snapshot.state.topic,
            users: listing.users.into_iter().map(Into::into).collect(),
            online: Some(listing.online),
            read: snapshot.read,
            recovered: false,
            more: false,
            messages: None,
            events: None,
        };
        let head = snapshot.state.seq;
        let (mut at, mut more) = (head, false);
        match snapshot.filled {
            Filled::Messages(page) => {
                if !room.is_private()
                    && !self.line.shard.has_recent(&room)
                    && let Some(recent) = Recent::new(name.clone(), at, joined.topic.clone(), &page.messages, page.more)
                {
                    self.line.shard.remember(&connection, self.dialect, &room, recent);
                }
                (joined.messages, joined.more) = (Some(page.messages), page.more);
            }
            Filled::Events(page) => {
                if let Some(last) = page.events.last() {
                    at = last.seq;
                }
                more = page.more;
                (joined.events, joined.more) = (Some(page.events.iter().map(Into::into).collect()), page.more);
                joined.recovered = true;
            }
        }
        let told = (joined.users.clone(), joined.online);
        let mut waited = false;
        self.line.say(self.dialect, ServerFrame { message: ServerMessage::Joined(joined), reference });
        while more && !connection.is_ending() {
            waited = true;
            connection.caught_up().await;
            let Some(page) = self.read_on(&room, at, head).await else { return };
            at = page.events.last().map_or(at, |last| last.seq);
            more = page.more;
            let events = page.events.iter().map(Into::into).collect();
            self.line.say(self.dialect, ServerMessage::Events { room: name.clone(), events, more });
        }
        while !self.line.shard.go_live(&connection, self.dialect, &room, at) && !connection.is_ending() {
            waited = true;
            // What came before it was held anew is in the log alone, if it was not read already: all of it is read, however many pages
            // that takes.
            let mut more = true;
            while more && !connection.is_ending() {
                connection.caught_up().await;
                let Some(page) = self.read_on(&room, at, at).await else { return };
                for event in &page.events {
                    if let Some(text) = self.dialect.recorded(event) {
                        connection.answer(frame(&text));
                    }
                    at = event.seq;
                }
                more = page.more;
                connection.flush();
            }
        }
        if waited {
            self.say_who_changed(&room, name, told);
        }
    }

    /// Who came and who left while the connection was held: what passed then was not told to it.
    fn say_who_changed(&self, room: &RoomName, name: RoomName, (told, counted): (Vec<User>, Option<usize>)) {
        let Listing { users, online } = self.listing(room);
        let were: BTreeSet<_> = told.into_iter().map(|user| user.name).collect();
        let are: BTreeSet<_> = users.into_iter().collect();
        let joined: Vec<_> = are.difference(&were).cloned().map(Into::into).collect();
        let left: Vec<_> = were.difference(&are).cloned().collect();
        if !(joined.is_empty() && left.is_empty() && counted == Some(online)) {
            self.line.say(self.dialect, ServerMessage::Presence { room: name, joined, left, online });
        }
    }

    /// Whom a room lists for this connection now. Of a private conversation, who of the two is online.
    fn listing(&self, room: &RoomName) -> Listing {
        if room.is_private() {
            let users: Vec<_> = self.users(room).into_iter().map(|user| user.name).collect();
            return Listing { online: users.len(), users };
        }
        self.services.hub.list(room, &self.identity.who.name)
    }

    /// The next events of a room, which is known to go on up to `known`; or the end of the conversation: a gap may not be left.
    async fn read_on(&self, room: &RoomName, after: Seq, known: Seq) -> Option<Events> {
        let asked = room.clone();
        let read = self.read(move |reader, who| reader.events(&asked, Some(who), after, limits::EVENTS_PER_FRAME)).await;
        match read {
            // What came next was pruned meanwhile: who comes again is told that its past is not whole.
            Ok(page) if page.events.first().map_or(after < known, |first| first.seq > after.next()) => {
                self.line.connection.close(CloseCode::TooSlow.into());
                None
            }
            Ok(page) => Some(page),
            Err(error) => {
                tracing::warn!(%error, "a resume could not be finished");
                self.line.connection.close(CloseCode::Internal.into());
                None
            }
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
        online: None,
        read: Seq(0),
        recovered: false,
        more: false,
        messages: None,
        events: None,
    }
}
