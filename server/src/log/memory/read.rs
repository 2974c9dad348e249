//! Reading the log in memory. Each call holds the lock once and so sees one moment.
//!
//! Does not know how anything came to be there.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::{Arc, RwLock, RwLockReadGuard},
};

use chat_protocol::{Epoch, Event, RoomName, Seq, Timestamp, UserName, limits, server::Message};
use tokio::sync::watch;

use super::{Kept, Room, SESSION_LASTS_MS, Session, State, half_done, words};
use crate::{
    clock,
    log::{
        Author, Events, Filled, From, LogError, Messages, Page, Position, Reactions, Reader, RoomState, Search, Snapshot, Who,
        retention::Retention, rules,
    },
    realm::{Decreed, Realm, TokenId},
};

pub(super) struct MemoryReader {
    pub(super) epoch: Epoch,
    pub(super) state: Arc<RwLock<State>>,
    pub(super) realm: watch::Receiver<Arc<Realm>>,
}

impl MemoryReader {
    fn state(&self) -> Result<RwLockReadGuard<'_, State>, LogError> {
        self.state.read().map_err(|_| half_done())
    }

    fn may_read(&self, room: &RoomName, who: Option<&Who>) -> bool {
        self.realm.borrow().may_read(room, who.map(Who::someone), clock::now())
    }
}

impl Reader for MemoryReader {
    fn snapshot(&mut self, room: &RoomName, who: Option<&Who>, from: Option<&Position>) -> Result<Snapshot, LogError> {
        let state = self.state()?;
        let here = |position: &&Position| position.epoch == self.epoch;
        let Some((place, view)) = state.view(room, who).filter(|_| self.may_read(room, who)) else {
            let filled = match from.filter(here) {
                Some(position) if position.after == Seq(0) => Filled::Events(Events::default()),
                _ => Filled::Messages(Messages::default()),
            };
            let state = RoomState { name: room.clone(), seq: Seq(0), topic: String::new() };
            return Ok(Snapshot { state, read: Seq(0), filled });
        };
        let whole = |position: &&Position| position.after <= view.room.head() && position.after.next() >= view.first;
        let filled = match from.filter(here).filter(whole) {
            Some(position) => Filled::Events(view.events(position.after, limits::EVENTS_PER_FRAME)),
            None => Filled::Messages(view.messages(Page { from: From::End, limit: limits::HISTORY_DEFAULT })),
        };
        let mark = who.and_then(|who| state.marks.get(&(who.author.clone(), place))).copied().unwrap_or_default();
        let read = rules::read(mark, view.room.horizon);
        Ok(Snapshot { state: view.state(), read, filled })
    }

    fn messages(&mut self, room: &RoomName, who: Option<&Who>, page: Page) -> Result<Messages, LogError> {
        let state = self.state()?;
        let view = state.view(room, who).filter(|_| self.may_read(room, who));
        Ok(view.map(|(_, view)| view.messages(page)).unwrap_or_default())
    }

    fn events(&mut self, room: &RoomName, who: Option<&Who>, after: Seq, limit: usize) -> Result<Events, LogError> {
        let state = self.state()?;
        let view = state.view(room, who).filter(|_| self.may_read(room, who));
        Ok(view.map(|(_, view)| view.events(after, limit)).unwrap_or_default())
    }

    fn search(&mut self, search: &Search, who: Option<&Who>) -> Result<Messages, LogError> {
        let wanted = words::wanted(&search.query);
        let state = self.state()?;
        if wanted.is_empty() {
            return Ok(Messages::default());
        }
        let (views, before): (Vec<(usize, View<'_>)>, _) = match &search.room {
            Some(room) => (state.view(room, who).filter(|_| self.may_read(room, who)).into_iter().collect(), search.before),
            None => {
                let readable = state.rooms.iter().filter(|room| self.may_read(&room.name, who));
                (readable.filter_map(|room| state.view(&room.name, who)).collect(), None)
            }
        };
        let mut found = Vec::new();
        for (place, view) in &views {
            let last = before.map_or(view.room.head(), |before| Seq(before.0.saturating_sub(1)).min(view.room.head()));
            for seq in (view.first.0..=last.0).rev().map(Seq) {
                let Some(kept) = view.room.kept(seq) else { continue };
                if kept.said.as_ref().is_some_and(|said| wanted.iter().all(|words| said.words.contains(words.as_str()))) {
                    found.push((kept.at, *place, seq, view));
                }
            }
        }
        found.sort_unstable_by_key(|(at, place, seq, _)| Reverse((*at, *place, *seq)));
        let more = found.len() > search.limit;
        found.truncate(search.limit);
        let mut page = Messages { messages: found.iter().filter_map(|(_, _, seq, view)| view.message(*seq)).collect(), more };
        rules::fit_messages(&mut page, From::After(Seq(0)));
        Ok(page)
    }

    fn rooms(&mut self, who: Option<&Who>, limit: usize) -> Result<Vec<RoomState>, LogError> {
        let state = self.state()?;
        let listed = |room: &Room| !room.name.is_private() && self.may_read(&room.name, who);
        let mut rooms: Vec<_> = state.rooms.iter().enumerate().filter(|(_, room)| listed(room)).collect();
        rooms.sort_unstable_by_key(|(place, room)| Reverse((room.at, *place)));
        Ok(rooms.into_iter().take(limit).map(|(_, room)| View { room, first: Seq(1), since: None }.state()).collect())
    }

    fn private(&mut self, who: &Who, limit: usize) -> Result<Vec<(RoomState, Seq)>, LogError> {
        let state = self.state()?;
        let own = |room: &Room| room.name.is_private() && room.name.admits(Some(&who.name)) && room.at >= who.since;
        let mut rooms: Vec<_> = state.rooms.iter().enumerate().filter(|(_, room)| own(room)).collect();
        rooms.sort_unstable_by_key(|(place, room)| Reverse((room.at, *place)));
        let mark = |place| state.marks.get(&(who.author.clone(), place)).copied().unwrap_or_default();
        let rooms = rooms.into_iter().take(limit).filter_map(|(place, room)| {
            let (_, view) = state.view(&room.name, Some(who))?;
            Some((view.state(), rules::read(mark(place), room.horizon)))
        });
        Ok(rooms.collect())
    }

    fn session(&mut self, hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>, LogError> {
        let state = self.state()?;
        let known = state.sessions.get(hash).filter(|session| session.used.0 >= now.0 - SESSION_LASTS_MS);
        Ok(known.map(|proof| proof.session(hash)))
    }

    fn sessions_since(&mut self, since: Timestamp, limit: usize) -> Result<Vec<Session>, LogError> {
        let state = self.state()?;
        let recent = state.sessions.iter().filter(|(_, proof)| proof.used >= since);
        let mut sessions: Vec<_> = recent.map(|(hash, proof)| proof.session(hash)).collect();
        sessions.sort_unstable_by_key(|session| Reverse((session.used, session.hash)));
        sessions.truncate(limit);
        Ok(sessions)
    }

    fn decrees(&mut self) -> Result<Vec<Decreed>, LogError> {
        Ok(self.state()?.decrees.clone())
    }

    fn deeds(&mut self, limit: usize, is_one: &mut dyn FnMut(&Decreed) -> bool) -> Result<Vec<Decreed>, LogError> {
        let state = self.state()?;
        Ok(state.decrees.iter().rev().filter(|decreed| is_one(decreed)).take(limit).cloned().collect())
    }

    fn blocks(&mut self) -> Result<Vec<(Author, UserName)>, LogError> {
        let state = self.state()?;
        let each = |(author, names): (&Author, &BTreeMap<Arc<str>, UserName>)| -> Vec<_> {
            names.values().map(|name| (author.clone(), name.clone())).collect()
        };
        Ok(state.blocks.iter().flat_map(each).collect())
    }

    fn token_uses(&mut self) -> Result<HashMap<TokenId, Timestamp>, LogError> {
        Ok(self.state()?.token_uses.clone())
    }

    fn overdue(&mut self, keep: &Retention, now: Timestamp) -> Result<Vec<(RoomName, Seq)>, LogError> {
        let state = self.state()?;
        let upto = |room: &Room| {
            let keep = keep.of(&room.name, now);
            let old = keep.since.map_or(0, |since| room.events.partition_point(|kept| kept.at < since));
            let is_message = |kept: &Kept| kept.said.is_some();
            let many = keep.messages.map_or(0, |most| {
                let mut newest =
                    room.events.iter().enumerate().rev().filter(|(_, kept)| is_message(kept)).map(|(place, _)| place);
                let last_kept = usize::try_from(most - 1).ok().and_then(|most| newest.nth(most));
                last_kept.filter(|_| newest.next().is_some()).unwrap_or(0)
            });
            Seq(room.horizon.0 + old.max(many) as u64)
        };
        let overdue = state.rooms.iter().map(|room| (room, upto(room))).filter(|(room, upto)| *upto > room.horizon);
        Ok(overdue.map(|(room, upto)| (room.name.clone(), upto)).collect())
    }

    /// Nothing in memory can be damaged in a way that could be found here: the numbers are the places.
    fn verify(&mut self, progress: &mut dyn FnMut(u8) -> bool) -> Result<Option<Vec<String>>, LogError> {
        drop(self.state()?);
        Ok(progress(100).then(Vec::new))
    }
}

impl State {
    /// A room as somebody may see it, and its number.
    fn view(&self, room: &RoomName, who: Option<&Who>) -> Option<(usize, View<'_>)> {
        let place = *self.by_name.get(room.folded())?;
        let room = &self.rooms[place];
        let since = who.filter(|_| room.name.is_private()).map(|who| who.since);
        let hidden = since.map_or(0, |since| room.events.partition_point(|kept| kept.at < since));
        Some((place, View { room, first: Seq(room.horizon.0 + hidden as u64 + 1), since }))
    }
}

/// A room from the first event on that its reader may see.
struct View<'a> {
    room: &'a Room,
    first: Seq,
    /// What was before then is hidden.
    since: Option<Timestamp>,
}

impl View<'_> {
    fn state(&self) -> RoomState {
        let hidden = self.since.is_some_and(|since| self.room.topic_at < since);
        let topic = if hidden { String::new() } else { self.room.topic.clone() };
        RoomState { name: self.room.name.clone(), seq: self.room.head(), topic }
    }

    fn events(&self, after: Seq, limit: usize) -> Events {
        let first = after.next().max(self.first).0;
        let events: Vec<_> = (first..=self.room.head().0).take(limit).filter_map(|seq| self.room.recorded(Seq(seq))).collect();
        let mut page = Events { more: first + (events.len() as u64) <= self.room.head().0, events };
        rules::fit_events(&mut page);
        page
    }

    fn messages(&self, page: Page) -> Messages {
        let (first, last) = (self.first.0, self.room.head().0);
        let said = |seq: &Seq| self.room.kept(*seq).is_some_and(|kept| kept.said.is_some());
        let mut found: Vec<Seq> = match page.from {
            From::After(after) => {
                (after.next().0.max(first)..=last).map(Seq).filter(said).take(page.limit.saturating_add(1)).collect()
            }
            From::End | From::Before(_) => {
                let last = if let From::Before(before) = page.from { last.min(before.0.saturating_sub(1)) } else { last };
                (first..=last).rev().map(Seq).filter(said).take(page.limit.saturating_add(1)).collect()
            }
        };
        let more = found.len() > page.limit;
        found.truncate(page.limit);
        found.sort_unstable();
        let mut found = Messages { messages: found.into_iter().filter_map(|seq| self.message(seq)).collect(), more };
        rules::fit_messages(&mut found, page.from);
        found
    }

    /// A message as it stands now.
    fn message(&self, seq: Seq) -> Option<Message> {
        let kept = self.room.kept(seq)?;
        let said = kept.said.as_ref()?;
        let Event::Message { text, cid, reply_to, action } = &kept.event else { return None };
        let mut reactions = Reactions::new();
        for reaction in &said.reactions {
            reactions.entry(reaction.emoji.clone()).or_default().push(reaction.name.clone());
        }
        Some(Message {
            room: self.room.name.clone(),
            seq,
            from: kept.from.clone(),
            text: said.edited.as_ref().map_or(text, |(text, _)| text).clone(),
            at: kept.at,
            cid: cid.clone(),
            reply_to: *reply_to,
            action: *action,
            edited_at: said.edited.as_ref().map(|(_, at)| *at),
            deleted: kept.deleted,
            reactions,
        })
    }
}
