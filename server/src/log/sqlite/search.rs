//! Search: a person's words as a query of the index, and the newest messages that match.
//!
//! Alone because FTS5 has a language of its own, in which no text that a person types may ever be an error, and because one
//! search must not cost more than a bounded piece of work, however common a word is. Does not know what a reader may see of
//! a room: see `view.rs`.

use std::{cmp::Reverse, collections::HashMap};

use chat_protocol::{Seq, Timestamp};
use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{SEQ_BITS, rows, view::View};
use crate::{
    log::{From, Messages, Search, Who, rules},
    realm::Realm,
};

/// Up to so many matches are sorted all together, whatever rooms they are in; a word that has more is common enough to be
/// looked for room by room.
const FEW: usize = 5_000;
/// How many rooms are asked for a common word, those used last. A room that nobody used since may be searched by name.
const ROOMS: i64 = 1_000;

/// When a match was said, and its id: the order of an answer.
type Match = (Timestamp, i64);

pub(super) fn search(db: &Connection, realm: &Realm, search: &Search, who: Option<&Who>) -> Result<Messages> {
    let Some(query) = query(&search.query) else { return Ok(Messages::default()) };
    let mut asked = Asked { db, realm, query, who, views: HashMap::new() };
    // One more than wanted tells whether there are more.
    let wanted = search.limit.saturating_add(1);
    let mut found = match &search.room {
        Some(room) => match View::of(db, realm, room, who)? {
            Some(view) => asked.in_room(view, search.before, wanted)?,
            None => Vec::new(),
        },
        None => match asked.few()? {
            Some(found) => found,
            None => asked.room_by_room(wanted)?,
        },
    };
    found.sort_unstable_by_key(|found| Reverse(*found));
    let more = found.len() > search.limit;
    found.truncate(search.limit);
    let mut messages = Vec::with_capacity(found.len());
    for (_, id) in found {
        if let Some(view) = asked.view(id >> SEQ_BITS)? {
            messages.extend(view.message(super::seq(id))?);
        }
    }
    let mut page = Messages { messages, more };
    // Newest first: what is furthest back goes.
    rules::fit_messages(&mut page, From::After(Seq(0)));
    Ok(page)
}

/// Each word as a phrase of its own, all of which must be there. Nothing if there is no word.
fn query(text: &str) -> Option<String> {
    let words = rules::search_terms(text);
    // Inside double quotes only the quote itself means something, and only a NUL ends the query.
    let phrases: Vec<_> = words.into_iter().map(|word| format!("\"{}\"", word.replace('"', "\"\"").replace('\0', " "))).collect();
    (!phrases.is_empty()).then(|| phrases.join(" "))
}

struct Asked<'a> {
    db: &'a Connection,
    realm: &'a Realm,
    query: String,
    who: Option<&'a Who>,
    /// The rooms that were looked at, nothing for those that this reader may not.
    views: HashMap<i64, Option<View<'a>>>,
}

impl<'a> Asked<'a> {
    /// The newest matches of one room.
    fn in_room(&mut self, view: View<'a>, before: Option<Seq>, wanted: usize) -> Result<Vec<Match>> {
        let last = before.map_or(view.head, |before| Seq(before.0.saturating_sub(1)).min(view.head));
        let ids = self.matches(view.event(view.first), view.event(last), wanted)?;
        self.views.insert(view.room, Some(view));
        self.dated(ids)
    }

    /// All matches that this reader may see, unless there are too many to look at each.
    fn few(&mut self) -> Result<Option<Vec<Match>>> {
        let mut ids = self.matches(0, i64::MAX, FEW + 1)?;
        if ids.len() > FEW {
            return Ok(None);
        }
        let mut visible = Vec::with_capacity(ids.len());
        for id in ids.drain(..) {
            if self.view(id >> SEQ_BITS)?.is_some_and(|view| super::seq(id) >= view.first) {
                visible.push(id);
            }
        }
        self.dated(visible).map(Some)
    }

    /// Goes through the rooms from the one used last, until no other can hold anything newer than what was found.
    fn room_by_room(&mut self, wanted: usize) -> Result<Vec<Match>> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, at FROM (SELECT id, at FROM rooms WHERE private = 0 ORDER BY at DESC LIMIT ?2)
             UNION SELECT id, at FROM rooms JOIN private_rooms ON rooms.id = private_rooms.room WHERE user = ?1
             ORDER BY at DESC LIMIT ?2",
        )?;
        let user = self.who.map(|who| who.name.folded());
        let rooms = statement.query_map(params![user, ROOMS], |row| Ok((row.get::<_, i64>(0)?, rows::at(row, 1)?)))?;
        let mut found: Vec<Match> = Vec::new();
        for room in rooms.collect::<Result<Vec<_>>>()? {
            let (room, last_at) = room;
            if found.len() >= wanted && found.last().is_some_and(|(at, _)| *at > last_at) {
                break;
            }
            let Some(view) = self.view(room)? else { continue };
            let (first, last) = (view.event(view.first), view.event(view.head));
            let ids = self.matches(first, last, wanted)?;
            found.extend(self.dated(ids)?);
            found.sort_unstable_by_key(|found| Reverse(*found));
            found.truncate(wanted);
        }
        Ok(found)
    }

    /// The newest ids in a range that match.
    fn matches(&self, first: i64, last: i64, wanted: usize) -> Result<Vec<i64>> {
        let mut statement = self.db.prepare_cached(
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid DESC LIMIT ?4",
        )?;
        let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
        let ids = statement.query_map(params![self.query, first, last, wanted], |row| row.get(0))?;
        ids.collect()
    }

    fn dated(&self, ids: Vec<i64>) -> Result<Vec<Match>> {
        let mut statement = self.db.prepare_cached("SELECT at FROM messages WHERE id = ?1")?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(statement.query_row([id], |row| Ok((rows::at(row, 0)?, id))).optional()?);
        }
        Ok(found)
    }

    /// A room as this reader may see it, by its number.
    fn view(&mut self, room: i64) -> Result<Option<&View<'a>>> {
        if !self.views.contains_key(&room) {
            let mut statement = self.db.prepare_cached("SELECT name FROM rooms WHERE id = ?1")?;
            let name = statement.query_row([room], |row| rows::known_room(row, 0)).optional()?.flatten();
            let view = name.map_or(Ok(None), |name| View::of(self.db, self.realm, &name, self.who))?;
            self.views.insert(room, view);
        }
        Ok(self.views.get(&room).and_then(Option::as_ref))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_phrases() {
        for (text, expected) in [
            ("hello  World", Some(r#""hello" "World""#)),
            (r#"say "hi" OR NEAR(x)"#, Some(r#""say" """hi""" "OR" "NEAR(x)""#)),
            ("… ** -- \"", None),
            ("a\0b", Some("\"a b\"")),
            ("", None),
        ] {
            assert_eq!(query(text).as_deref(), expected, "{text:?}");
        }
    }
}
