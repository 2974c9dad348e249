//! A room as one reader may see it: from its first visible event to its head.
//!
//! Of a private room a guest sees only what was said since its session was made. Time in a room never goes back, so the first
//! such event is found by halving, and from then on everything is a range of ids. Lives inside one read transaction. Does not
//! know why somebody may not see more.

use std::collections::HashMap;

use chat_protocol::{RoomName, Seq, Timestamp, server::Message};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{id, rows};
use crate::{
    clock,
    log::{Author, Events, From, Messages, Page, Reactions, RoomState, Who, rules},
    realm::Realm,
};

pub(super) struct View<'a> {
    db: &'a Connection,
    pub(super) room: i64,
    pub(super) name: RoomName,
    pub(super) head: Seq,
    /// Everything up to here was pruned.
    pub(super) horizon: Seq,
    /// The first event that the reader may see; past the head if there is none.
    pub(super) first: Seq,
    topic: String,
}

impl<'a> View<'a> {
    /// `None` for a room never used, and for one that somebody may not read.
    pub(super) fn of(db: &'a Connection, realm: &Realm, asked: &RoomName, who: Option<&Who>) -> Result<Option<Self>> {
        if !realm.may_read(asked, who.map(Who::someone), clock::now()) {
            return Ok(None);
        }
        let mut statement =
            db.prepare_cached("SELECT id, name, seq, at, topic, topic_at, horizon FROM rooms WHERE folded = ?1")?;
        let found = statement.query_row([asked.folded()], |row| {
            let name = rows::room_name(row.get_ref(1)?.as_str()?, asked);
            let (head, horizon) = (rows::seq(row, 2)?, rows::seq(row, 6)?);
            let view = Self { db, room: row.get(0)?, name, head, horizon, first: horizon.next(), topic: row.get(4)? };
            Ok((view, rows::at(row, 3)?, rows::at(row, 5)?))
        });
        let Some((mut view, last_at, topic_at)) = found.optional()? else { return Ok(None) };
        if let Some(who) = who.filter(|_| asked.is_private()) {
            let bounds = (view.horizon, view.head);
            view.first = if last_at < who.since { view.head.next() } else { first_since(db, view.room, bounds, who.since)? };
            if topic_at < who.since {
                view.topic = String::new();
            }
        }
        Ok(Some(view))
    }

    pub(super) fn state(&self) -> RoomState {
        RoomState { name: self.name.clone(), seq: self.head, topic: self.topic.clone() }
    }

    /// The id of one of its events.
    pub(super) fn event(&self, seq: Seq) -> i64 {
        id(self.room, seq)
    }

    /// Events after a place: both tables are in order already, and are merged.
    pub(super) fn events(&self, after: Seq, limit: usize) -> Result<Events> {
        let wanted = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let range = params![self.event(after.max(Seq(self.first.0 - 1))), self.event(self.head), wanted];
        let sql = |columns, table| format!("SELECT {columns} FROM {table} WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3");
        let mut events = Vec::new();
        let mut statement = self.db.prepare_cached(&sql(rows::MESSAGE, "messages"))?;
        for said in statement.query_map(range, |row| rows::said(row, &self.name))? {
            events.push(said?);
        }
        let messages = events.len();
        let mut statement = self.db.prepare_cached(&sql(rows::CHANGE, "changes"))?;
        for changed in statement.query_map(range, |row| rows::changed(row, &self.name))? {
            events.push(changed?);
        }
        if messages < events.len() {
            events.sort_unstable_by_key(|event| event.seq);
        }
        let more = events.len() > limit;
        events.truncate(limit);
        let mut page = Events { events, more };
        rules::fit_events(&mut page);
        Ok(page)
    }

    /// The events after a place, if they are whole: nothing between it and the head is hidden, pruned or yet to come.
    pub(super) fn resume(&self, after: Seq, limit: usize) -> Result<Option<Events>> {
        let events = self.events(after, limit)?;
        let dense = events.events.iter().zip(after.0 + 1..).all(|(event, seq)| event.seq.0 == seq);
        let last = events.events.last().map_or(after, |event| event.seq);
        Ok((dense && (events.more || last == self.head)).then_some(events))
    }

    pub(super) fn messages(&self, page: Page) -> Result<Messages> {
        let wanted = i64::try_from(page.limit).unwrap_or(i64::MAX).saturating_add(1);
        let (above, below, order) = match page.from {
            From::End => (Seq(self.first.0 - 1), self.head.next(), "DESC"),
            From::Before(before) => (Seq(self.first.0 - 1), before.min(self.head.next()), "DESC"),
            From::After(after) => (after.max(Seq(self.first.0 - 1)), self.head.next(), "ASC"),
        };
        let columns = rows::MESSAGE;
        let sql = format!("SELECT {columns} FROM messages WHERE id > ?1 AND id < ?2 ORDER BY id {order} LIMIT ?3");
        let mut statement = self.db.prepare_cached(&sql)?;
        let range = params![self.event(above), self.event(below), wanted];
        let messages = statement.query_map(range, |row| rows::message(row, &self.name))?;
        let mut messages = messages.collect::<Result<Vec<Message>>>()?;
        let more = messages.len() > page.limit;
        messages.truncate(page.limit);
        if order == "DESC" {
            messages.reverse();
        }
        let mut found = Messages { messages, more };
        rules::fit_messages(&mut found, page.from);
        self.add_reactions(&mut found.messages)?;
        Ok(found)
    }

    /// How far somebody has read.
    pub(super) fn read(&self, author: &Author) -> Result<Seq> {
        let mut statement = self.db.prepare_cached(
            "SELECT marks.seq FROM marks JOIN authors ON authors.id = marks.author WHERE authors.key = ?1 AND marks.room = ?2",
        )?;
        let mark = statement.query_row(params![&*author.0, self.room], |row| rows::seq(row, 0)).optional()?;
        Ok(rules::read(mark.unwrap_or_default(), self.horizon))
    }

    /// One message as it stands now, if it is there.
    pub(super) fn message(&self, seq: Seq) -> Result<Option<Message>> {
        let page = Page { from: From::After(Seq(seq.0.saturating_sub(1))), limit: 1 };
        Ok(self.messages(page)?.messages.pop().filter(|message| message.seq == seq))
    }

    /// Adds who reacted to some messages that are in order, each with the names in the order of reaction.
    fn add_reactions(&self, messages: &mut [Message]) -> Result<()> {
        let (Some(first), Some(last)) = (messages.first(), messages.last()) else { return Ok(()) };
        let mut statement = self
            .db
            .prepare_cached("SELECT message, emoji, name FROM reactions WHERE message BETWEEN ?1 AND ?2 ORDER BY message, seq")?;
        let mut found = statement.query([self.event(first.seq), self.event(last.seq)])?;
        let mut reactions: HashMap<Seq, Reactions> = HashMap::new();
        while let Some(row) = found.next()? {
            let of = reactions.entry(super::seq(row.get(0)?)).or_default();
            of.entry(row.get(1)?).or_default().push(rows::user(row, 2)?);
        }
        if !reactions.is_empty() {
            for message in messages {
                message.reactions = reactions.remove(&message.seq).unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// The first event of a room that is not older; past its head if there is none.
pub(super) fn first_since(db: &Connection, room: i64, (horizon, head): (Seq, Seq), since: Timestamp) -> Result<Seq> {
    let mut statement =
        db.prepare_cached("SELECT at FROM messages WHERE id = ?1 UNION ALL SELECT at FROM changes WHERE id = ?1 LIMIT 1")?;
    let (mut low, mut high) = (horizon.next().0, head.0 + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match statement.query_row([id(room, Seq(middle))], |row| rows::at(row, 0)).optional()? {
            Some(at) if at < since => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(Seq(low))
}
