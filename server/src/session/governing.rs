//! Keeping order, as it is asked for in a conversation: what one may look up, what one does for oneself alone, and the way to the [`office`].

use std::sync::Arc;

use chat_protocol::{ErrorCode, Refusal, RoomName, Rules, ServerFrame, ServerMessage, UserName};

use super::conversation::Conversation;
use crate::{
    clock,
    govern::Govern,
    office::{self, Hand},
    realm::{
        self, Decreed,
        rights::{Deed, Standing},
    },
};

impl Conversation<'_> {
    /// Does it, and says what came of it.
    pub(super) async fn govern(&mut self, what: Govern, reference: Option<String>) {
        let done = match what {
            Govern::Deeds { room, limit } => self.deeds(room, limit).await,
            Govern::Block { user, on } => match self.block(user, on).await {
                Ok(users) => {
                    return self.line.say(self.dialect, ServerFrame { message: ServerMessage::Blocked { users }, reference });
                }
                Err(refusal) => Err(refusal),
            },
            Govern::Rules { room, rules } if rules == Rules::default() => {
                let realm = self.services.realm();
                let read = realm.may(Deed::Read, &room, self.identity.who.someone(), clock::now());
                read.map(|()| realm.describe(&room))
            }
            what => {
                let hand = Hand::of(&self.identity.who);
                match hand {
                    Ok(hand) => self.line.connection.meanwhile(office::carry_out(self.services, &hand, what)).await,
                    Err(refusal) => Err(refusal),
                }
            }
        };
        match done {
            Ok(text) => {
                self.line.say(self.dialect, ServerFrame { message: ServerMessage::Notice { text, room: None }, reference });
            }
            Err(refusal) => self.refuse(refusal, reference),
        }
    }

    /// What was done, for those who may do such things themselves.
    async fn deeds(&self, room: Option<RoomName>, limit: usize) -> Result<String, Refusal> {
        let (realm, who) = (self.services.realm(), &self.identity.who);
        match &room {
            Some(room) => realm.may(Deed::Punish, room, who.someone(), clock::now())?,
            None if realm.standing(who.author.account_id(), None) >= Standing::Moderator => {}
            None => return Err(Refusal::new(ErrorCode::Forbidden, "Only moderators of the server may do that")),
        }
        let (asked, law, asker) = (room.clone(), Arc::clone(&realm), who.clone());
        let read = self.services.keeper.read(move |reader| {
            let (someone, now) = (asker.someone(), clock::now());
            let sees_addresses = law.standing(someone.account, None) >= Standing::Moderator;
            // Everywhere are those places of which one may know.
            let is_there = |place: &Option<RoomName>| match (&asked, place) {
                (Some(_), _) => *place == asked,
                (None, Some(room)) => law.may_read(room, Some(someone), now),
                (None, None) => true,
            };
            reader.deeds(limit, &mut |Decreed { decree, at, .. }| {
                let told = sees_addresses || !realm::tells_addresses(decree);
                told && realm::deed(&law, decree, *at).is_some_and(|(place, _)| is_there(&place))
            })
        });
        let unread = |_| Refusal::new(ErrorCode::Unavailable, "That could not be looked up. Try again in a moment.");
        let deeds = self.line.connection.meanwhile(read).await.map_err(unread)?;
        let line = |decreed: &Decreed| {
            let (place, words) = realm::deed(&realm, &decreed.decree, decreed.at)?;
            let place = match (&room, place) {
                (Some(_), _) => String::new(),
                (None, Some(place)) => format!(" [{place}]"),
                (None, None) => " [everywhere]".into(),
            };
            Some(format!("{}{place} {} {words}", decreed.at, decreed.by))
        };
        let lines: Vec<_> = deeds.iter().rev().filter_map(line).collect();
        Ok(if lines.is_empty() { "Nothing was done".into() } else { lines.join("\n") })
    }

    /// Of whom nothing is wanted from now on.
    async fn block(&self, user: UserName, on: bool) -> Result<Vec<UserName>, Refusal> {
        let who = &self.identity.who;
        if user == who.name {
            return Err(Refusal::new(ErrorCode::BadRequest, "One cannot block oneself"));
        }
        let kept = self.services.keeper.block(who.author.clone(), user.clone(), on);
        self.line.connection.meanwhile(kept).await?;
        self.services.blocks.set(&who.author, &user, on);
        Ok(self.services.blocks.list(&who.author))
    }
}
