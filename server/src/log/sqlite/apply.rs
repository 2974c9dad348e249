//! What a batch of writes does to the tables: the order was decided before, here it is carried out.
//!
//! Every decision (was it sent before, is it somebody else's, is it gone) depends on the tables and the draft alone. All of
//! it happens inside one transaction, which belongs to the caller. What changes an existing message is in `change.rs`. Does
//! not know how answers are read.

use std::sync::Arc;

use chat_protocol::{ClientId, ErrorCode, Event, Recorded, Refusal, RoomName, Seq, Timestamp, UserName};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    MOST_ROOMS,
    known::{Known, Room},
    rows,
};
use crate::{
    log::{Author, Draft, Motion, Outcome, SESSION_LASTS_MS, Session, Write, rules},
    realm::{self, AccountId, Book, Decree, Decreed, TokenId, rights::Standing},
};

/// How many forgotten sessions are cleared away when another one is written: more than come, so that they do not pile up.
const FORGOTTEN_AT_ONCE: i64 = 4;

pub(super) struct Batch<'a> {
    pub(super) db: &'a Connection,
    pub(super) known: &'a mut Known,
    pub(super) book: &'a mut Book,
    pub(super) now: Timestamp,
}

/// Why a write is not carried out.
pub(super) enum Stop {
    /// It cannot be done; the batch goes on.
    Refused(Refusal),
    /// The store failed; nothing of the batch comes to be.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

/// What could not be done is an answer like any other.
pub(super) fn settled(done: Result<Outcome, Stop>) -> rusqlite::Result<Outcome> {
    match done {
        Ok(outcome) => Ok(outcome),
        Err(Stop::Refused(refusal)) => Ok(Outcome::Refused(refusal)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Batch<'_> {
    pub(super) fn write(&mut self, write: &Write) -> rusqlite::Result<Outcome> {
        match write {
            Write::Event(draft) => settled(self.draft(draft)),
            Write::Session(session) => self.session(session),
            Write::Mark { author, room, seq, .. } => self.mark(author, room, *seq),
            Write::Decree(motion) => settled(self.decree(motion)),
            Write::Block { author, name, on, .. } => settled(self.block(author, name, *on)),
            Write::Used { token, at } => self.used(*token, *at),
            Write::Prune { room, upto, .. } => self.prune(room, *upto),
            Write::Import(import) => self.import(import),
        }
    }

    /// Writes back what was only remembered until now.
    pub(super) fn finish(self) -> rusqlite::Result<()> {
        for room in self.known.take_touched() {
            let mut statement =
                self.db.prepare_cached("UPDATE rooms SET seq = ?2, at = ?3, horizon = ?4, messages = ?5 WHERE id = ?1")?;
            let (seq, horizon, messages) = (room.seq.0 as i64, room.horizon.0 as i64, room.messages as i64);
            statement.execute(params![room.id, seq, room.at.0, horizon, messages])?;
        }
        Ok(())
    }

    fn draft(&mut self, draft: &Draft) -> Result<Outcome, Stop> {
        match &draft.event {
            Event::Message { text, cid, reply_to, action } => self.message(draft, text, cid.as_ref(), *reply_to, *action),
            Event::Topic { text } => self.topic(draft, text),
            Event::Edited { target, .. } | Event::Deleted { target } | Event::Reacted { target, .. } => {
                self.permit(draft)?;
                self.change_of(draft, *target)
            }
        }
    }

    fn permit(&self, draft: &Draft) -> Result<(), Refusal> {
        self.book.look(|realm| rules::permit(realm, draft, self.now))
    }

    /// Whether a message may be said, by what its author is here and by when it last said one. `slow`: the seconds between two.
    fn may_say(&mut self, draft: &Draft, pace: i64, slow: u32) -> Result<(), Stop> {
        self.permit(draft)?;
        if slow > 0
            && let Some(room) = self.room(&draft.room)?
        {
            let mut statement = self.db.prepare_cached("SELECT at FROM spoken WHERE room = ?1 AND author = ?2")?;
            let last = statement.query_row(params![room.id, pace], |row| rows::at(row, 0)).optional()?;
            rules::patience(slow, last, self.now)?;
        }
        Ok(())
    }

    fn message(
        &mut self,
        draft: &Draft,
        text: &str,
        cid: Option<&ClientId>,
        reply_to: Option<Seq>,
        action: bool,
    ) -> Result<Outcome, Stop> {
        let author = self.author(&draft.author)?;
        let slow = self.book.look(|realm| realm.slowness(&draft.room, rules::someone(draft)));
        let pace = if slow > 0 { self.author(&rules::pace(draft))? } else { author };
        if let Err(stop) = self.may_say(draft, pace, slow) {
            // Sent again, it is answered as before, whatever became of its author meanwhile.
            if let (Some(cid), Some(room)) = (cid, self.room(&draft.room)?)
                && let Some(seq) = self.sent_before(&room, author, cid)?
            {
                return self.duplicate(draft, &room, seq);
            }
            return Err(stop);
        }
        if let Some(reply) = reply_to {
            let room = self.room(&draft.room)?.ok_or_else(rules::no_such_message)?;
            // Sent again, it is answered as before, whatever became of the message that it answers.
            if let Some(cid) = cid
                && let Some(seq) = self.sent_before(&room, author, cid)?
            {
                return self.duplicate(draft, &room, seq);
            }
            if !self.db.prepare_cached("SELECT 1 FROM messages WHERE id = ?1")?.exists([room.event(reply)])? {
                return Err(rules::no_such_message().into());
            }
        }
        let room = self.room_made(&draft.room)?;
        let (seq, at) = self.next(&room);
        if let Some(cid) = cid {
            // Asking and telling in one statement: nearly every message is new.
            let mut statement = self
                .db
                .prepare_cached("INSERT INTO sent (room, author, cid, seq) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
            if statement.execute(params![room.id, author, cid.as_str(), seq.0 as i64])? == 0
                && let Some(seq) = self.sent_before(&room, author, cid)?
            {
                return self.duplicate(draft, &room, seq);
            }
        }
        let mut statement = self.db.prepare_cached(
            "INSERT INTO messages (id, at, author, name, text, cid, reply_to, action) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        statement.execute(params![
            room.event(seq),
            at.0,
            author,
            draft.from.shown(),
            text,
            cid.map(ClientId::as_str),
            reply_to.map(|seq| seq.0 as i64),
            action,
        ])?;
        self.index(room.event(seq), text)?;
        if slow > 0 {
            let mut statement = self.db.prepare_cached("INSERT OR REPLACE INTO spoken (room, author, at) VALUES (?1, ?2, ?3)")?;
            statement.execute(params![room.id, pace, self.now.0])?;
        }
        Ok(self.kept(draft, room, seq, at))
    }

    fn topic(&mut self, draft: &Draft, text: &str) -> Result<Outcome, Stop> {
        self.permit(draft)?;
        let room = self.room_made(&draft.room)?;
        let (seq, at) = self.change(draft, &room, rows::Change::Topic { text })?;
        let mut statement = self.db.prepare_cached("UPDATE rooms SET topic = ?2, topic_at = ?3 WHERE id = ?1")?;
        statement.execute(params![room.id, text, at.0])?;
        Ok(self.kept(draft, room, seq, at))
    }

    fn session(&mut self, session: &Session) -> rusqlite::Result<Outcome> {
        let mut statement = self.db.prepare_cached(
            "INSERT INTO sessions (hash, author, name, made, used) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET author = excluded.author, name = excluded.name, used = excluded.used",
        )?;
        let Session { hash, author, name, made, used } = session;
        statement.execute(params![hash, &*author.0, name.shown(), made.0, used.0])?;
        let mut statement = self.db.prepare_cached(
            "DELETE FROM blocks WHERE author IN (SELECT author FROM sessions WHERE used < ?1 ORDER BY used LIMIT ?2)",
        )?;
        statement.execute(params![self.now.0 - SESSION_LASTS_MS, FORGOTTEN_AT_ONCE])?;
        let mut statement = self.db.prepare_cached(
            "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE used < ?1 ORDER BY used LIMIT ?2)",
        )?;
        statement.execute(params![self.now.0 - SESSION_LASTS_MS, FORGOTTEN_AT_ONCE])?;
        Ok(Outcome::Noted)
    }

    fn decree(&mut self, Motion { by, of, decree, .. }: &Motion) -> Result<Outcome, Stop> {
        if let Decree::Founded { room, .. } = decree
            && of.is_some()
            && self.book.look(|realm| realm.standing(*of, None)) < Standing::Operator
            && self.room(room)?.is_some()
        {
            return Err(realm::taken(room).into());
        }
        self.decreed(by, *of, decree).map(|decreed| Outcome::Decreed(Arc::new(decreed)))
    }

    pub(super) fn decreed(&mut self, by: &str, of: Option<AccountId>, decree: &Decree) -> Result<Decreed, Stop> {
        let decreed = self.book.decree(by, of, decree, self.now)?;
        let text =
            serde_json::to_string(&decreed.decree).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        let mut statement = self.db.prepare_cached("INSERT INTO decrees (seq, at, by, decree) VALUES (?1, ?2, ?3, ?4)")?;
        statement.execute(params![decreed.seq.0 as i64, decreed.at.0, by, text])?;
        Ok(decreed)
    }

    fn block(&mut self, author: &Author, name: &UserName, on: bool) -> Result<Outcome, Stop> {
        if !on {
            let mut statement = self.db.prepare_cached("DELETE FROM blocks WHERE author = ?1 AND folded = ?2")?;
            statement.execute(params![&*author.0, name.folded()])?;
            return Ok(Outcome::Noted);
        }
        let mut statement = self.db.prepare_cached("SELECT count(*) FROM blocks WHERE author = ?1 AND folded <> ?2")?;
        let others: i64 = statement.query_row(params![&*author.0, name.folded()], |row| row.get(0))?;
        if others >= rules::BLOCKS as i64 {
            return Err(rules::too_many_blocks().into());
        }
        let mut statement = self.db.prepare_cached("INSERT OR REPLACE INTO blocks (author, folded, name) VALUES (?1, ?2, ?3)")?;
        statement.execute(params![&*author.0, name.folded(), name.shown()])?;
        Ok(Outcome::Noted)
    }

    fn used(&self, token: TokenId, at: Timestamp) -> rusqlite::Result<Outcome> {
        let mut statement = self.db.prepare_cached(
            "INSERT INTO token_uses (token, used) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET used = max(used, excluded.used)",
        )?;
        statement.execute(params![token.0 as i64, at.0])?;
        Ok(Outcome::Noted)
    }

    fn mark(&mut self, author: &Author, room: &RoomName, seq: Seq) -> rusqlite::Result<Outcome> {
        let Some(room) = self.room(room)?.filter(|_| seq > Seq(0)) else { return Ok(Outcome::Noted) };
        let author = self.author(author)?;
        let seq = seq.min(room.seq);
        let mut statement = self.db.prepare_cached(
            "INSERT INTO marks (author, room, seq) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq",
        )?;
        let moved = statement.execute(params![author, room.id, seq.0 as i64])? > 0;
        Ok(if moved { Outcome::Marked(seq) } else { Outcome::Noted })
    }

    pub(super) fn sent_before(&self, room: &Room, author: i64, cid: &ClientId) -> rusqlite::Result<Option<Seq>> {
        let mut statement = self.db.prepare_cached("SELECT seq FROM sent WHERE room = ?1 AND author = ?2 AND cid = ?3")?;
        let seq = statement.query_row(params![room.id, author, cid.as_str()], |row| rows::seq(row, 0));
        seq.optional()
    }

    /// The room, if it was ever used.
    pub(super) fn room(&mut self, name: &RoomName) -> rusqlite::Result<Option<Room>> {
        if let Some(room) = self.known.room(name) {
            return Ok(Some(room.clone()));
        }
        let mut statement = self.db.prepare_cached("SELECT id, name, seq, at, horizon, messages FROM rooms WHERE folded = ?1")?;
        let room = statement.query_row([name.folded()], |row| {
            let shown: String = row.get(1)?;
            let mut room = Room::new(row.get(0)?, rows::room_name(&shown, name), rows::at(row, 3)?);
            (room.seq, room.horizon, room.messages) =
                (rows::seq(row, 2)?, rows::seq(row, 4)?, row.get::<_, i64>(5)?.unsigned_abs());
            Ok(room)
        });
        let room = room.optional()?;
        if let Some(room) = &room {
            self.known.learn_room(room.clone());
        }
        Ok(room)
    }

    /// The room of something that will be kept: its first event makes it.
    pub(super) fn room_made(&mut self, name: &RoomName) -> Result<Room, Stop> {
        if let Some(room) = self.room(name)? {
            return Ok(room);
        }
        let mut statement = self
            .db
            .prepare_cached("INSERT INTO rooms (folded, name, private, seq, at) VALUES (?1, ?2, ?3, 0, ?4) RETURNING id")?;
        let id: i64 =
            statement.query_row(params![name.folded(), name.shown(), name.is_private(), self.now.0], |row| row.get(0))?;
        if id > MOST_ROOMS {
            self.db.prepare_cached("DELETE FROM rooms WHERE id = ?1")?.execute([id])?;
            return Err(Refusal::new(ErrorCode::Unavailable, "this server has no number left for another room").into());
        }
        if let Some((one, other)) = name.pair() {
            let mut statement =
                self.db.prepare_cached("INSERT INTO private_rooms (user, room) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?;
            statement.execute(params![one, id])?;
            statement.execute(params![other, id])?;
        }
        let room = Room::new(id, name.clone(), self.now);
        self.known.learn_room(room.clone());
        Ok(room)
    }

    /// The number of an author, new or not.
    pub(super) fn author(&mut self, author: &Author) -> rusqlite::Result<i64> {
        if let Some(id) = self.known.author(author) {
            return Ok(id);
        }
        let mut statement = self.db.prepare_cached("SELECT id FROM authors WHERE key = ?1")?;
        let id = match statement.query_row([&*author.0], |row| row.get(0)).optional()? {
            Some(id) => id,
            None => {
                self.db.prepare_cached("INSERT INTO authors (key) VALUES (?1)")?.execute([&*author.0])?;
                self.db.last_insert_rowid()
            }
        };
        self.known.learn_author(author.clone(), id);
        Ok(id)
    }

    /// The place of the room's next event. Time in a room never goes back, so that it can be searched by time.
    pub(super) fn next(&self, room: &Room) -> (Seq, Timestamp) {
        (room.seq.next(), self.now.max(room.at))
    }

    /// The event is written: the room has moved on.
    pub(super) fn kept(&mut self, draft: &Draft, room: Room, seq: Seq, at: Timestamp) -> Outcome {
        let messages = u64::from(matches!(draft.event, Event::Message { .. }));
        self.known.advance(&room.name, seq, at, messages);
        let (from, event) = (draft.from.clone(), draft.event.clone());
        Outcome::Kept(Arc::new(Recorded { room: room.name, seq, at, from, event, deleted: false }))
    }

    /// What was asked for is in the log already, there.
    pub(super) fn duplicate(&self, draft: &Draft, room: &Room, seq: Seq) -> Result<Outcome, Stop> {
        let there = rows::recorded(self.db, room.id, &room.name, seq)?;
        Ok(Outcome::Duplicate(Arc::new(there.unwrap_or_else(|| rules::pruned(&room.name, seq, draft, self.now)))))
    }

    pub(super) fn index(&self, id: i64, text: &str) -> rusqlite::Result<()> {
        self.db.prepare_cached("INSERT INTO words (rowid, text) VALUES (?1, ?2)")?.execute(params![id, text])?;
        Ok(())
    }
}
