//! What is decreed of rooms and of people in them: how a room is, who is what in it, who was punished. And what follows from it
//! for somebody who wants to do something.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
    sync::Arc,
};

use chat_protocol::{Access, ErrorCode, Refusal, Role, RoomName, Rules, Seq, Timestamp, UserName, Voice, rights::lasting};
use serde::{Deserialize, Serialize};

use super::{
    Account, AccountId, Realm,
    deeds::{because, time_until},
    rights::{Deed, Mode, Standing, least, standing},
};

/// Kicks that are remembered: each is for connections that are here now.
const KICKS: usize = 64;

/// Whom something is done to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    Account(AccountId),
    /// Whoever comes by this name without an account.
    Guest(UserName),
    /// All guests who come from there. Accounts are known by more than that.
    Address(IpAddr),
}

/// What is done to somebody for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Penalty {
    Mute,
    Ban,
}

/// A penalty of somebody, in a room or everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    pub penalty: Penalty,
    pub whom: Whom,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Whose it is; none is of whoever runs the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AccountId>,
}

impl Sentence {
    fn holds(&self, room: Option<&RoomName>, now: Timestamp) -> bool {
        let here = self.room.is_none() || self.room.as_ref() == room;
        here && self.is_on(now)
    }

    fn is_on(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// In words for whom it hits.
    pub fn words(&self, now: Timestamp) -> String {
        let place = self.room.as_ref().map_or_else(|| "on this server".to_owned(), |room| format!("in {room}"));
        let what = match self.penalty {
            Penalty::Mute => format!("You may not say anything {place}"),
            Penalty::Ban => match &self.room {
                Some(room) => format!("You may not come into {room}"),
                None => "You may not come in here".to_owned(),
            },
        };
        let until = self.until.map_or_else(String::new, |until| format!(" for another {}", time_until(until, now)));
        format!("{what}{until}{}", because(&self.reason))
    }
}

/// Somebody was put out, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kick {
    pub seq: Seq,
    pub whom: Whom,
    /// None: off the server.
    pub room: Option<RoomName>,
    pub reason: String,
}

impl Kick {
    /// In words for whom it hits.
    pub fn words(&self) -> String {
        let place = self.room.as_ref().map_or_else(String::new, |room| format!(" of {room}"));
        format!("You were put out{place}{}", because(&self.reason))
    }
}

/// Who wants something.
#[derive(Clone, Copy, Debug)]
pub struct Someone<'a> {
    pub name: &'a UserName,
    pub account: Option<AccountId>,
}

impl Someone<'_> {
    /// How a penalty finds them.
    pub fn whom(&self) -> Whom {
        self.account.map_or_else(|| Whom::Guest(self.name.clone()), Whom::Account)
    }
}

/// How a room is, and who is what in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Charter {
    name: RoomName,
    pub(super) mode: Mode,
    pub(super) people: BTreeMap<AccountId, Role>,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rooms {
    /// Of those of which something was decreed.
    pub(super) charters: HashMap<Arc<str>, Arc<Charter>>,
    sentences: HashMap<Whom, Vec<Arc<Sentence>>>,
    kicks: VecDeque<Arc<Kick>>,
}

impl Rooms {
    pub(super) fn charter(&mut self, room: &RoomName) -> &mut Charter {
        let fresh = || Arc::new(Charter { name: room.clone(), mode: Mode::default(), people: BTreeMap::new() });
        Arc::make_mut(self.charters.entry(room.key()).or_insert_with(fresh))
    }

    pub(super) fn sentence(&mut self, sentence: Sentence, now: Timestamp) {
        self.lift(sentence.penalty, &sentence.whom, sentence.room.as_ref());
        // What is over makes room.
        self.sentences.retain(|_, all| {
            all.retain(|one| one.is_on(now));
            !all.is_empty()
        });
        self.sentences.entry(sentence.whom.clone()).or_default().push(Arc::new(sentence));
    }

    pub(super) fn lift(&mut self, penalty: Penalty, whom: &Whom, room: Option<&RoomName>) -> bool {
        let Some(all) = self.sentences.get_mut(whom) else { return false };
        let before = all.len();
        all.retain(|one| one.penalty != penalty || one.room.as_ref() != room);
        let lifted = all.len() < before;
        if all.is_empty() {
            self.sentences.remove(whom);
        }
        lifted
    }

    /// This very penalty, if it is on somebody.
    pub(super) fn sentence_on(&self, penalty: Penalty, whom: &Whom, room: Option<&RoomName>) -> Option<&Sentence> {
        let all = self.sentences.get(whom).into_iter().flatten();
        all.map(|one| &**one).find(|one| one.penalty == penalty && one.room.as_ref() == room)
    }

    /// Those that hold.
    pub(super) fn sentences(&self, now: Timestamp) -> impl Iterator<Item = &Sentence> {
        self.sentences.values().flatten().map(|one| &**one).filter(move |one| one.is_on(now))
    }

    /// What is held against a guest of this name is held against the account that it makes of it.
    pub(super) fn follow(&mut self, guest: &UserName, account: AccountId) {
        let found = self.sentences.remove(&Whom::Guest(guest.clone())).unwrap_or_default();
        let whom = Whom::Account(account);
        let theirs = found.into_iter().map(|one| Arc::new(Sentence { whom: whom.clone(), ..Sentence::clone(&one) }));
        self.sentences.entry(whom.clone()).or_default().extend(theirs);
        self.sentences.retain(|_, all| !all.is_empty());
    }

    pub(super) fn kick(&mut self, kick: Kick) {
        if self.kicks.len() >= KICKS {
            self.kicks.pop_front();
        }
        self.kicks.push_back(Arc::new(kick));
    }

    pub(super) fn owned_by(&self, account: AccountId) -> usize {
        self.charters.values().filter(|charter| charter.people.get(&account) == Some(&Role::Owner)).count()
    }
}

fn forbidden(text: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::Forbidden, text)
}

/// What somebody is told of a room that is not for them, as of one that is not.
fn no_such_room() -> Refusal {
    Refusal::new(ErrorCode::NoSuchRoom, "There is no such room")
}

impl Realm {
    /// How a room is.
    pub fn mode(&self, room: &RoomName) -> Mode {
        self.rooms.charters.get(room.folded()).map(|charter| charter.mode).unwrap_or_default()
    }

    /// Whether anything was decreed of a room.
    pub fn has_rules(&self, room: &RoomName) -> bool {
        self.rooms.charters.contains_key(room.folded())
    }

    /// Who is what in a room, the oldest account first.
    pub fn people(&self, room: &RoomName) -> Vec<(&Account, Role)> {
        let people = self.rooms.charters.get(room.folded()).into_iter().flat_map(|charter| &charter.people);
        people.filter_map(|(id, role)| Some((self.account(*id)?, *role))).collect()
    }

    /// What somebody is in a room; without a room, on the server.
    pub fn standing(&self, account: Option<AccountId>, room: Option<&RoomName>) -> Standing {
        let Some(account) = account.and_then(|id| self.account(id)).filter(|account| !account.disabled) else {
            return Standing::Stranger;
        };
        let Some(room) = room else { return standing(account.role, Some(account.role), Mode::default()) };
        let charter = self.rooms.charters.get(room.folded());
        let rank = charter.and_then(|charter| charter.people.get(&account.id).copied());
        standing(account.role, rank, charter.map(|charter| charter.mode).unwrap_or_default())
    }

    /// Whether an account owns the server.
    pub fn is_operators(&self, account: Option<AccountId>) -> bool {
        self.standing(account, None) >= Standing::Operator
    }

    /// What is held against somebody, if anything, by what they are.
    pub fn sentence(&self, penalty: Penalty, who: Someone<'_>, room: Option<&RoomName>, now: Timestamp) -> Option<&Sentence> {
        if self.rooms.sentences.is_empty() {
            return None;
        }
        self.held(penalty, &who.whom(), room, now)
    }

    /// The same of a guest, by where it comes from.
    pub fn sentence_of_address(
        &self,
        penalty: Penalty,
        address: IpAddr,
        room: Option<&RoomName>,
        now: Timestamp,
    ) -> Option<&Sentence> {
        self.held(penalty, &Whom::Address(address), room, now)
    }

    fn held(&self, penalty: Penalty, whom: &Whom, room: Option<&RoomName>, now: Timestamp) -> Option<&Sentence> {
        let all = self.rooms.sentences.get(whom)?;
        all.iter().map(|one| &**one).find(|one| one.penalty == penalty && one.holds(room, now))
    }

    /// Whether somebody may know of a room and read it. Without a name it is nobody in particular.
    pub fn may_read(&self, room: &RoomName, who: Option<Someone<'_>>, now: Timestamp) -> bool {
        if room.is_private() {
            return room.admits(who.map(|who| who.name));
        }
        let account = who.and_then(|who| who.account);
        let banned = || who.is_some_and(|who| self.sentence(Penalty::Ban, who, Some(room), now).is_some());
        self.standing(account, Some(room)) >= least(Deed::Read, self.mode(room)) && !banned()
    }

    /// The same of somebody who comes from there.
    pub fn may_read_from(&self, room: &RoomName, who: Option<Someone<'_>>, household: IpAddr, now: Timestamp) -> bool {
        let guest = who.is_none_or(|who| who.account.is_none());
        let banned = || guest && self.sentence_of_address(Penalty::Ban, household, Some(room), now).is_some();
        self.may_read(room, who, now) && !banned()
    }

    /// Whether a room, by its folded name, is its members' alone.
    pub fn is_guarded(&self, room: &str) -> bool {
        self.rooms.charters.get(room).is_some_and(|charter| charter.mode.access == Access::Private)
    }

    /// Whether somebody of this account may stay in a guarded room.
    pub fn keeps(&self, room: &str, account: Option<AccountId>, now: Timestamp) -> bool {
        let (Some(charter), Some(id)) = (self.rooms.charters.get(room), account) else { return false };
        let banned = || self.held(Penalty::Ban, &Whom::Account(id), Some(&charter.name), now).is_some();
        self.standing(account, Some(&charter.name)) >= least(Deed::Read, charter.mode) && !banned()
    }

    /// Whether somebody may do something in a room.
    ///
    /// # Errors
    /// In words. Who may not read it is told that there is no such room.
    pub fn may(&self, deed: Deed, room: &RoomName, who: Someone<'_>, now: Timestamp) -> Result<(), Refusal> {
        if let Some(sentence) = self.sentence(Penalty::Ban, who, Some(room), now) {
            return Err(match self.mode(room).access {
                Access::Public => forbidden(sentence.words(now)),
                Access::Private => no_such_room(),
            });
        }
        if (deed == Deed::Speak || deed == Deed::SetTopic)
            && let Some(sentence) = self.sentence(Penalty::Mute, who, Some(room), now)
        {
            return Err(Refusal::new(ErrorCode::Muted, sentence.words(now)));
        }
        if room.is_private() {
            let theirs = matches!(deed, Deed::Read | Deed::Speak | Deed::SetTopic);
            return match room.admits(Some(who.name)) {
                true if theirs => Ok(()),
                true => Err(forbidden("A private conversation belongs to its two")),
                false => Err(no_such_room()),
            };
        }
        let (mode, here) = (self.mode(room), self.standing(who.account, Some(room)));
        if here < least(Deed::Read, mode) {
            return Err(no_such_room());
        }
        if here >= least(deed, mode) {
            return Ok(());
        }
        Err(forbidden(match deed {
            Deed::Speak => format!("Only moderators speak in {room}"),
            Deed::SetTopic => format!("Only moderators set the topic of {room}"),
            Deed::SetRank | Deed::SetRules => format!("Only an owner of {room} may do that"),
            _ => format!("Only moderators of {room} may do that"),
        }))
    }

    /// The seconds that somebody has to leave between two messages.
    pub fn slowness(&self, room: &RoomName, who: Someone<'_>) -> u32 {
        let slow = self.mode(room).slow;
        if slow == 0 || self.standing(who.account, Some(room)) >= Standing::Moderator { 0 } else { slow }
    }

    /// The kicks of somebody after a place in the log; of guests, of all who come from there, too. Nobody in particular is one
    /// of them.
    pub fn kicked_since(&self, seq: Seq, who: Option<Someone<'_>>, household: IpAddr) -> impl Iterator<Item = &Kick> {
        let (whom, guest) = (who.map(|who| who.whom()), who.is_none_or(|who| who.account.is_none()));
        let hits = move |kick: &&Kick| Some(&kick.whom) == whom.as_ref() || guest && kick.whom == Whom::Address(household);
        self.rooms.kicks.iter().map(|kick| &**kick).filter(move |kick| kick.seq > seq).filter(hits)
    }

    /// A room in words.
    pub fn describe(&self, room: &RoomName) -> String {
        let mode = self.mode(room);
        let mut text = format!("{room} is {}", mode.access);
        if mode.speak == Voice::Moderators {
            text.push_str(", read-only but for moderators");
        }
        if mode.topic == Voice::Moderators {
            text.push_str(", its topic is the moderators'");
        }
        if mode.slow > 0 {
            text.push_str(&format!(", one message in {} from each", lasting(mode.slow.into())));
        }
        let people = self.people(room);
        for role in Role::ALL.iter().rev() {
            let names: Vec<_> =
                people.iter().filter(|(_, is)| is == role).map(|(account, _)| account.name.to_string()).take(100).collect();
            if !names.is_empty() {
                text.push_str(&format!("; {role}s: {}", names.join(", ")));
            }
        }
        text
    }
}

/// What is left out of rules stays.
pub(super) fn amend(mode: &mut Mode, rules: &Rules) {
    mode.access = rules.access.unwrap_or(mode.access);
    mode.speak = rules.speak.unwrap_or(mode.speak);
    mode.topic = rules.topic.unwrap_or(mode.topic);
    mode.slow = rules.slow.unwrap_or(mode.slow);
}
