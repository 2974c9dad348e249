//! A reader: each answer is read in one transaction, and so is of one moment.
//!
//! Does not know how rows become messages or what somebody may see of a room: see `rows.rs` and `view.rs`.

use std::{collections::HashMap, sync::Arc};

use chat_protocol::{Epoch, RoomName, Seq, Timestamp, UserName, limits};
use rusqlite::{Connection, OptionalExtension, Result, Transaction, params};
use tokio::sync::watch;

use super::{prune, rows, search, verify, view::View};
use crate::{
    clock,
    log::{
        Author, Events, Filled, From, LogError, Messages, Page, Position, Reader, RoomState, SESSION_LASTS_MS, Search, Session,
        Snapshot, Who, retention::Retention,
    },
    realm::{Decreed, Realm, TokenId},
};

type StoreResult<T> = std::result::Result<T, LogError>;

pub(super) struct SqliteReader {
    pub(super) db: Connection,
    pub(super) epoch: Epoch,
    pub(super) realm: watch::Receiver<Arc<Realm>>,
}

impl SqliteReader {
    /// One moment, and who may do what by then. Dropping it ends it.
    fn moment(&mut self) -> Result<(Transaction<'_>, Arc<Realm>)> {
        let realm = Arc::clone(&self.realm.borrow());
        Ok((self.db.transaction()?, realm))
    }
}

impl Reader for SqliteReader {
    fn snapshot(&mut self, room: &RoomName, who: Option<&Who>, from: Option<&Position>) -> StoreResult<Snapshot> {
        let after = from.filter(|position| position.epoch == self.epoch).map(|position| position.after);
        let (moment, realm) = self.moment()?;
        let Some(view) = View::of(&moment, &realm, room, who)? else {
            let filled = match after {
                Some(Seq(0)) => Filled::Events(Events::default()),
                _ => Filled::Messages(Messages::default()),
            };
            let state = RoomState { name: room.clone(), seq: Seq(0), topic: String::new() };
            return Ok(Snapshot { state, read: Seq(0), filled });
        };
        let resumed = after.map(|after| view.resume(after, limits::EVENTS_PER_FRAME)).transpose()?.flatten();
        let filled = match resumed {
            Some(events) => Filled::Events(events),
            None => Filled::Messages(view.messages(Page { from: From::End, limit: limits::HISTORY_DEFAULT })?),
        };
        let read = who.map_or(Ok(Seq(0)), |who| view.read(&who.author))?;
        Ok(Snapshot { state: view.state(), read, filled })
    }

    fn messages(&mut self, room: &RoomName, who: Option<&Who>, page: Page) -> StoreResult<Messages> {
        let (moment, realm) = self.moment()?;
        Ok(View::of(&moment, &realm, room, who)?.map_or_else(|| Ok(Messages::default()), |view| view.messages(page))?)
    }

    fn events(&mut self, room: &RoomName, who: Option<&Who>, after: Seq, limit: usize) -> StoreResult<Events> {
        let (moment, realm) = self.moment()?;
        Ok(View::of(&moment, &realm, room, who)?.map_or_else(|| Ok(Events::default()), |view| view.events(after, limit))?)
    }

    fn search(&mut self, search: &Search, who: Option<&Who>) -> StoreResult<Messages> {
        let (moment, realm) = self.moment()?;
        Ok(search::search(&moment, &realm, search, who)?)
    }

    fn rooms(&mut self, who: Option<&Who>, limit: usize) -> StoreResult<Vec<RoomState>> {
        let (moment, realm) = self.moment()?;
        let (who, now) = (who.map(Who::someone), clock::now());
        let mut statement =
            moment.prepare_cached("SELECT name, seq, topic FROM rooms WHERE private = 0 ORDER BY at DESC, id DESC")?;
        let rooms = statement.query_map([], |row| {
            let Some(name) = rows::known_room(row, 0)? else { return Ok(None) };
            Ok(Some(RoomState { name, seq: rows::seq(row, 1)?, topic: row.get(2)? }))
        })?;
        let readable = |room: &Result<RoomState>| room.as_ref().map_or(true, |room| realm.may_read(&room.name, who, now));
        Ok(rooms.filter_map(Result::transpose).filter(readable).take(limit).collect::<Result<_>>()?)
    }

    fn private(&mut self, who: &Who, limit: usize) -> StoreResult<Vec<(RoomState, Seq)>> {
        let (moment, realm) = self.moment()?;
        let mut statement = moment.prepare_cached(
            "SELECT rooms.name FROM private_rooms JOIN rooms ON rooms.id = private_rooms.room
             WHERE private_rooms.user = ?1 AND rooms.at >= ?2 ORDER BY rooms.at DESC, rooms.id DESC LIMIT ?3",
        )?;
        let wanted = params![who.name.folded(), who.since.0, i64::try_from(limit).unwrap_or(i64::MAX)];
        let names = statement.query_map(wanted, |row| rows::known_room(row, 0))?.collect::<Result<Vec<_>>>()?;
        let mut rooms = Vec::new();
        for name in names.into_iter().flatten() {
            if let Some(view) = View::of(&moment, &realm, &name, Some(who))? {
                rooms.push((view.state(), view.read(&who.author)?));
            }
        }
        Ok(rooms)
    }

    fn session(&mut self, hash: &[u8; 32], now: Timestamp) -> StoreResult<Option<Session>> {
        let mut statement =
            self.db.prepare_cached("SELECT author, name, made, used FROM sessions WHERE hash = ?1 AND used >= ?2")?;
        let session = statement.query_row(params![hash, now.0 - SESSION_LASTS_MS], |row| {
            let author = Author(row.get_ref(0)?.as_str()?.into());
            Ok(Session { hash: *hash, author, name: rows::user(row, 1)?, made: rows::at(row, 2)?, used: rows::at(row, 3)? })
        });
        Ok(session.optional()?)
    }

    fn sessions_since(&mut self, since: Timestamp, limit: usize) -> StoreResult<Vec<Session>> {
        let mut statement = self.db.prepare_cached(
            "SELECT hash, author, name, made, used FROM sessions WHERE used >= ?1 ORDER BY used DESC, hash DESC LIMIT ?2",
        )?;
        let sessions = statement.query_map(params![since.0, i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            let author = Author(row.get_ref(1)?.as_str()?.into());
            Ok(Session { hash: row.get(0)?, author, name: rows::user(row, 2)?, made: rows::at(row, 3)?, used: rows::at(row, 4)? })
        })?;
        Ok(sessions.collect::<Result<_>>()?)
    }

    fn decrees(&mut self) -> StoreResult<Vec<Decreed>> {
        Ok(rows::decrees(&self.db)?)
    }

    fn deeds(&mut self, limit: usize, is_one: &mut dyn FnMut(&Decreed) -> bool) -> StoreResult<Vec<Decreed>> {
        Ok(rows::deeds(&self.db, limit, is_one)?)
    }

    fn blocks(&mut self) -> StoreResult<Vec<(Author, UserName)>> {
        let mut statement = self.db.prepare_cached("SELECT author, name FROM blocks")?;
        let blocks = statement.query_map([], |row| Ok((Author(row.get_ref(0)?.as_str()?.into()), rows::user(row, 1)?)))?;
        Ok(blocks.collect::<Result<_>>()?)
    }

    fn token_uses(&mut self) -> StoreResult<HashMap<TokenId, Timestamp>> {
        let mut statement = self.db.prepare_cached("SELECT token, used FROM token_uses")?;
        let uses = statement.query_map([], |row| Ok((TokenId(row.get::<_, i64>(0)?.unsigned_abs()), rows::at(row, 1)?)))?;
        Ok(uses.collect::<Result<_>>()?)
    }

    fn overdue(&mut self, keep: &Retention, now: Timestamp) -> StoreResult<Vec<(RoomName, Seq)>> {
        let (moment, _) = self.moment()?;
        Ok(prune::overdue(&moment, keep, now)?)
    }

    fn verify(&mut self, progress: &mut dyn FnMut(u8) -> bool) -> StoreResult<Option<Vec<String>>> {
        Ok(verify::verify(&self.db, progress)?)
    }
}
