//! Messages of another log come into a room: as they stood there, with the places that they have in this one.
//!
//! That a room was begun by a file, and how far, is remembered among what was sent, under the file's own author, so that it outlives
//! the messages.
//! Does not know files.

use rusqlite::{Result, params};

use super::{apply::Batch, known::Room};
use crate::log::{Import, Outcome, rules};
use chat_protocol::{ClientId, Seq, server::Message};

impl Batch<'_> {
    pub(super) fn import(&mut self, import: &Import) -> Result<Outcome> {
        let (Some(mark), author) = (ClientId::parse(rules::IMPORT), self.author(&import.source)?) else {
            return Ok(Outcome::Refused(rules::in_use(&import.room)));
        };
        let room = self.room(&import.room)?.filter(|room| room.seq > Seq(0));
        let head = room.as_ref().map_or(Seq(0), |room| room.seq);
        let before = match &room {
            Some(room) => self.sent_before(room, author, &mark)?,
            None => Some(head),
        };
        let Some(before) = before else { return Ok(Outcome::Refused(rules::in_use(&import.room))) };
        let new: Vec<&Message> = import.messages.iter().filter(|message| message.seq > head).collect();
        let Some(first) = new.first() else { return Ok(Outcome::Imported { messages: 0 }) };
        // Nothing else was said since; and what was put there may have been pruned.
        if first.seq != head.next() || before != head {
            return Ok(Outcome::Refused(rules::in_use(&import.room)));
        }
        let room = match self.room_made(&import.room) {
            Ok(room) => room,
            Err(stop) => return super::apply::settled(Err(stop)),
        };
        let last = new.last().map_or(head, |message| message.seq);
        let mut statement = self.db.prepare_cached(
            "INSERT INTO sent (room, author, cid, seq) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET seq = excluded.seq",
        )?;
        statement.execute(params![room.id, author, mark.as_str(), last.0 as i64])?;
        for message in &new {
            self.put(&room, author, message)?;
            self.known.advance(&room.name, message.seq, message.at, 1);
        }
        Ok(Outcome::Imported { messages: new.len() as u64 })
    }

    fn put(&mut self, room: &Room, author: i64, message: &Message) -> Result<()> {
        let id = room.event(message.seq);
        let mut statement = self.db.prepare_cached(
            "INSERT INTO messages (id, at, author, name, text, cid, reply_to, action, edited_at, deleted)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        statement.execute(params![
            id,
            message.at.0,
            author,
            message.from.shown(),
            message.text,
            message.cid.as_ref().map(ClientId::as_str),
            message.reply_to.map(|seq| seq.0 as i64),
            message.action,
            message.edited_at.map(|at| at.0),
            message.deleted.then_some(message.seq.0 as i64),
        ])?;
        if !message.deleted {
            self.index(id, &message.text)?;
        }
        for (emoji, names) in &message.reactions {
            for (number, name) in names.iter().enumerate() {
                let nobody = self.author(&rules::nobody(number))?;
                let mut statement = self
                    .db
                    .prepare_cached("INSERT INTO reactions (message, author, emoji, name, seq) VALUES (?1, ?2, ?3, ?4, ?5)")?;
                statement.execute(params![id, nobody, emoji, name.shown(), number as i64])?;
            }
        }
        Ok(())
    }
}
