//! Keeping order: what was asked for becomes decrees, and the room hears of them.

use std::sync::Arc;

use chat_protocol::{Action, ErrorCode, Refusal, RoomName, Rules, ServerFrame, ServerMessage, Signal, Timestamp, UserName};

use super::{
    conversation::Conversation,
    govern::{Aim, Govern},
};
use crate::{
    admission::household,
    clock,
    realm::{
        self, Decree, Decreed, Penalty, Realm, Sentence, Whom,
        rights::{Deed, Standing},
    },
    services::Services,
};

/// Addresses of one user that are punished at once.
const ADDRESSES: usize = 8;

/// The one whom a penalty finds by this name.
fn named(realm: &Realm, name: UserName) -> Whom {
    realm.named(&name).map_or(Whom::Guest(name), |account| Whom::Account(account.id))
}

fn account(realm: &Realm, name: &UserName) -> Result<realm::AccountId, Refusal> {
    let unknown =
        || Refusal::new(ErrorCode::NoSuchUser, format!("{name} has no account: only who has one can be something in a room"));
    realm.named(name).map(|account| account.id).ok_or_else(unknown)
}

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
            what => self.decree(what).await,
        };
        match done {
            Ok(text) => {
                self.line.say(self.dialect, ServerFrame { message: ServerMessage::Notice { text, room: None }, reference });
            }
            Err(refusal) => self.refuse(refusal, reference),
        }
    }

    async fn decree(&mut self, what: Govern) -> Result<String, Refusal> {
        let who = &self.identity.who;
        let Some(of) = who.author.account_id() else {
            return Err(Refusal::new(ErrorCode::Forbidden, "That takes an account"));
        };
        let realm = self.services.realm();
        let mut done = Vec::new();
        let decrees = match what {
            // A room is there, too, where people are and nobody has said anything yet. One that has rules is refused as soon,
            // or it could be told by the clock whether anybody is in it.
            Govern::Found { room, .. }
                if realm.has_rules(&room) || self.services.hub.users(&room).iter().any(|user| *user != who.name) =>
            {
                return Err(realm::taken(&room));
            }
            Govern::Found { room, rules } => vec![Decree::Founded { room, rules, owner: Some(of) }],
            Govern::Rules { room, rules } => vec![Decree::Rules { room, rules }],
            Govern::Rank { room, user, role } => vec![Decree::Rank { room, account: account(&realm, &user)?, role }],
            Govern::Punish { action, aim, room, seconds, reason } => {
                let until = seconds.map(|seconds| Timestamp(clock::now().0 + i64::try_from(seconds * 1000).unwrap_or(i64::MAX)));
                let all = match aim {
                    Aim::User(name) => vec![named(&realm, name)],
                    Aim::Address(address) => vec![Whom::Address(household(address))],
                    Aim::Whereabouts(name) => whereabouts(self.services, &name).await?,
                };
                let decree = |whom| match action {
                    Action::Kick => Decree::Kicked { whom, room: room.clone(), reason: reason.clone() },
                    Action::Mute | Action::Ban => {
                        let penalty = if action == Action::Mute { Penalty::Mute } else { Penalty::Ban };
                        Decree::Sentenced(Sentence {
                            penalty,
                            whom,
                            room: room.clone(),
                            until,
                            reason: reason.clone(),
                            by: Some(of),
                        })
                    }
                    Action::Unmute => Decree::Lifted { penalty: Penalty::Mute, whom, room: room.clone() },
                    Action::Unban => Decree::Lifted { penalty: Penalty::Ban, whom, room: room.clone() },
                };
                all.into_iter().map(decree).collect()
            }
            Govern::Deeds { .. } | Govern::Block { .. } => Vec::new(),
        };
        for decree in decrees {
            let settled = self.services.keeper.decree_for(who.name.to_string(), of, decree);
            let decreed = self.line.connection.meanwhile(settled).await?;
            let realm = self.services.realm();
            let Some((room, words)) = realm::deed(&realm, &decreed.decree, decreed.at) else { continue };
            let place = room.as_ref().map_or_else(|| "Everywhere".to_owned(), |room| format!("In {room}"));
            done.push(format!("{place}: you {words}"));
            if let Some(room) = room.filter(|_| !realm::tells_addresses(&decreed.decree)) {
                let text = format!("{} {words}", who.name);
                self.services.fanout.signal(Signal::Notice { room, text });
            }
        }
        Ok(done.join("\n"))
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

/// Where somebody is now.
async fn whereabouts(services: &Services, name: &UserName) -> Result<Vec<Whom>, Refusal> {
    let mut addresses: Vec<_> = services.fanout.whereabouts(name).await.into_iter().map(household).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.truncate(ADDRESSES);
    if addresses.is_empty() {
        return Err(Refusal::new(ErrorCode::NoSuchUser, format!("{name} is not here, so nobody knows from where")));
    }
    Ok(addresses.into_iter().map(Whom::Address).collect())
}
