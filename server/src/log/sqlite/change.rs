//! What is done to a message that exists: edits, deletions, reactions.
//!
//! Apart from `apply.rs` because all of it begins with the same question, whether there is such a message and whose it is.
//! Does not know how a message came to be.

use chat_protocol::{Event, Seq, Timestamp, UserName, limits};
use rusqlite::{OptionalExtension, params};

use super::{
    apply::{Batch, Stop},
    known::Room,
    rows::{self, Change},
};
use crate::{
    log::{Draft, Outcome, rules},
    realm::Decree,
};

/// A message that somebody wants to change.
struct Target {
    id: i64,
    author: i64,
    from: UserName,
    deleted: Option<Seq>,
    /// Its words now, which are those in the search index.
    words: String,
}

impl Batch<'_> {
    pub(super) fn change_of(&mut self, draft: &Draft, target: Seq) -> Result<Outcome, Stop> {
        let room = self.room(&draft.room)?.ok_or_else(rules::no_such_message)?;
        let target = self.target(&room, target)?.ok_or_else(rules::no_such_message)?;
        let author = self.author(&draft.author)?;
        if let Event::Reacted { emoji, on, .. } = &draft.event {
            return self.react(draft, room, &target, author, (emoji, *on));
        }
        if target.author != author {
            let now = self.now;
            if !self.book.look(|realm| rules::may_clear(realm, draft, now)) {
                return Err(rules::not_yours().into());
            }
            if target.deleted.is_none() {
                let (seq, from) = (super::seq(target.id), target.from.clone());
                self.decreed(draft.from.shown(), None, &Decree::Removed { room: room.name.clone(), seq, from })?;
            }
        }
        match (target.deleted, &draft.event) {
            (None, Event::Edited { text, .. }) => self.edit(draft, room, &target, text),
            (None, _) => self.delete(draft, room, &target),
            (Some(deletion), Event::Deleted { .. }) => self.duplicate(draft, &room, deletion),
            (Some(_), _) => Err(rules::no_such_message().into()),
        }
    }

    fn target(&self, room: &Room, target: Seq) -> rusqlite::Result<Option<Target>> {
        let id = room.event(target);
        let mut statement =
            self.db.prepare_cached("SELECT author, deleted, coalesce(now, text), name FROM messages WHERE id = ?1")?;
        let target = statement.query_row([id], |row| {
            let deleted = row.get::<_, Option<i64>>(1)?.map(|seq| Seq(seq.unsigned_abs()));
            Ok(Target { id, author: row.get(0)?, deleted, words: row.get(2)?, from: rows::user(row, 3)? })
        });
        target.optional()
    }

    fn edit(&mut self, draft: &Draft, room: Room, target: &Target, text: &str) -> Result<Outcome, Stop> {
        let (seq, at) = self.change(draft, &room, Change::Edited { target: target.id, text })?;
        let mut statement = self.db.prepare_cached("UPDATE messages SET now = ?2, edited_at = ?3 WHERE id = ?1")?;
        statement.execute(params![target.id, text, at.0])?;
        self.unindex(target.id, &target.words)?;
        self.index(target.id, text)?;
        Ok(self.kept(draft, room, seq, at))
    }

    /// Overwrites the text wherever it is kept: in the message, in its edits, in the search index.
    fn delete(&mut self, draft: &Draft, room: Room, target: &Target) -> Result<Outcome, Stop> {
        let (seq, at) = self.change(draft, &room, Change::Deleted { target: target.id })?;
        self.unindex(target.id, &target.words)?;
        let mut statement =
            self.db.prepare_cached("UPDATE messages SET text = '', now = NULL, edited_at = NULL, deleted = ?2 WHERE id = ?1")?;
        statement.execute(params![target.id, seq.0 as i64])?;
        self.db.prepare_cached("UPDATE changes SET text = '', flag = 1 WHERE target = ?1 AND kind = 1")?.execute([target.id])?;
        self.db.prepare_cached("DELETE FROM reactions WHERE message = ?1")?.execute([target.id])?;
        Ok(self.kept(draft, room, seq, at))
    }

    fn react(
        &mut self,
        draft: &Draft,
        room: Room,
        target: &Target,
        author: i64,
        (emoji, on): (&str, bool),
    ) -> Result<Outcome, Stop> {
        if target.deleted.is_some() {
            return Err(rules::no_such_message().into());
        }
        let mut statement =
            self.db.prepare_cached("SELECT seq FROM reactions WHERE message = ?1 AND author = ?2 AND emoji = ?3")?;
        let there = statement.query_row(params![target.id, author, emoji], |row| rows::seq(row, 0)).optional()?;
        match there {
            Some(there) if on => return self.duplicate(draft, &room, there),
            None if !on => return self.duplicate(draft, &room, super::seq(target.id)),
            _ => {}
        }
        if on {
            let mut statement = self.db.prepare_cached("SELECT count(*) FROM reactions WHERE message = ?1")?;
            let count: i64 = statement.query_row([target.id], |row| row.get(0))?;
            if count >= limits::REACTIONS_PER_MESSAGE as i64 {
                return Err(rules::too_many_reactions().into());
            }
        }
        let (seq, at) = self.change(draft, &room, Change::Reacted { target: target.id, emoji, on })?;
        if on {
            let mut statement = self
                .db
                .prepare_cached("INSERT INTO reactions (message, author, emoji, name, seq) VALUES (?1, ?2, ?3, ?4, ?5)")?;
            statement.execute(params![target.id, author, emoji, draft.from.shown(), seq.0 as i64])?;
        } else {
            let mut statement =
                self.db.prepare_cached("DELETE FROM reactions WHERE message = ?1 AND author = ?2 AND emoji = ?3")?;
            statement.execute(params![target.id, author, emoji])?;
        }
        Ok(self.kept(draft, room, seq, at))
    }

    /// Writes an event that is not a message, and says where.
    pub(super) fn change(&self, draft: &Draft, room: &Room, change: Change<'_>) -> rusqlite::Result<(Seq, Timestamp)> {
        let (seq, at) = self.next(room);
        let (kind, target, text, flag) = change.columns();
        let mut statement = self
            .db
            .prepare_cached("INSERT INTO changes (id, at, name, kind, target, text, flag) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
        statement.execute(params![room.event(seq), at.0, draft.from.shown(), kind, target, text, flag])?;
        Ok((seq, at))
    }

    /// The index keeps no text of its own, so it must be told what to take out.
    pub(super) fn unindex(&self, id: i64, words: &str) -> rusqlite::Result<()> {
        let mut statement = self.db.prepare_cached("INSERT INTO words (words, rowid, text) VALUES ('delete', ?1, ?2)")?;
        statement.execute(params![id, words])?;
        Ok(())
    }
}
