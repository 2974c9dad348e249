//! Where a connection may be and speak, by what is decreed now, and what becomes of it where it may no longer.

use chat_protocol::{CloseCode, Dialect, ErrorCode, RoomName, ServerMessage};

use super::{conversation::Conversation, line::End};
use crate::{admission::household, clock, realm::rights::Deed, shard::Closing};

impl Conversation<'_> {
    /// Whether anything that this user says in a room is heard.
    pub(super) fn may_speak(&self, room: &RoomName) -> bool {
        let (who, address) = (&self.identity.who, self.line.connection.address);
        let may = self.services.realm.borrow().may(Deed::Speak, room, who.someone(), clock::now());
        let whispers = || room.other_than(&who.name).is_none_or(|other| self.services.may_whisper(&who.name, &other).is_ok());
        may.is_ok() && self.services.may_speak(room, who, address).is_ok() && whispers()
    }

    /// Whether a room may be read; if not, it is said.
    pub(super) fn readable(&self, room: &RoomName, reference: Option<String>) -> bool {
        let refused = self.services.may_read(room, Some(self.identity.who.someone()), self.line.connection.address);
        refused.map_err(|refusal| self.refuse(refusal, reference)).is_ok()
    }

    /// Whether what is said in a room is anything for this user.
    pub(super) fn may_see(&self, room: &RoomName) -> bool {
        self.services.may_read(room, Some(self.identity.who.someone()), self.line.connection.address).is_ok()
    }

    /// Who belongs here, or who may do what, has changed: whether it may stay, and where.
    pub(super) fn look_again(&mut self) -> Result<(), End> {
        let address = self.line.connection.address;
        self.identity.may_stay(self.services, address)?;
        let realm = self.services.realm();
        let (who, seen) = (self.identity.who.clone(), std::mem::replace(&mut self.seen, realm.seq()));
        for kick in realm.kicked_since(seen, Some(who.someone()), household(address)) {
            match &kick.room {
                None => return Err(Closing::new(CloseCode::Kicked, kick.words()).into()),
                Some(room) => self.put_out(room, kick.words())?,
            }
        }
        for room in self.state.rooms().to_vec() {
            if let Some(pass) = self.identity.nameless_pass() {
                self.services.may_be_nameless(pass, &room)?;
            }
            if let Err(refusal) = self.services.may_read(&room, Some(self.identity.who.someone()), address) {
                let words = match refusal.code {
                    ErrorCode::NoSuchRoom => format!("{room} is not for you any more"),
                    _ => refusal.text,
                };
                self.put_out(&room, words)?;
            }
        }
        Ok(())
    }

    /// Out of a room by somebody else's will. Whoever has but the one is put out altogether.
    fn put_out(&mut self, room: &RoomName, words: String) -> Result<(), End> {
        if !self.state.is_in(room) {
            return Ok(());
        }
        if matches!(self.dialect, Dialect::Echo | Dialect::Plain | Dialect::Envelope) {
            return Err(Closing::new(CloseCode::Kicked, words).into());
        }
        self.leave(room, false);
        self.line.say(self.dialect, ServerMessage::Left { room: room.clone() });
        self.line.say(self.dialect, ServerMessage::Notice { text: words, room: None });
        Ok(())
    }
}
