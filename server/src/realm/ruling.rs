//! Decrees about rooms and people: by whom they may be, and what becomes of the realm by them.

use chat_protocol::{ErrorCode, Refusal, Role, RoomName, Rules, Timestamp};

use super::{
    AccountId, Decree, Decreed, Realm,
    rights::{Deed, Standing, standing},
    rooms::{self, Kick, Whom},
};

/// Rooms of which something is decreed.
const ROOMS: usize = 10_000;
/// Rooms that one account owns, unless it owns the server.
const OWNED: usize = 100;
/// Members of one room.
const PEOPLE: usize = 10_000;
/// Penalties that hold at one time.
const SENTENCES: usize = 10_000;
/// Why somebody is punished, in bytes.
const REASON: usize = 500;
/// The longest that one has to wait in a slow room, in seconds.
const SLOWEST: u32 = 6 * 3600;

fn refused(code: ErrorCode, text: impl Into<String>) -> Refusal {
    Refusal::new(code, text)
}

/// Whether this may be decreed by an account, or by whoever runs the server (`None`).
pub(super) fn judge(realm: &Realm, by: Option<AccountId>, decree: &Decree, now: Timestamp) -> Result<(), Refusal> {
    match decree {
        Decree::Founded { room, rules, .. } => founded(realm, by, room).and_then(|()| slowness(rules)),
        Decree::Rules { room, rules } => {
            let whole = rules.access.is_some() || rules.speak.is_some() || rules.topic.is_some();
            may(realm, by, if whole { Deed::SetRules } else { Deed::SetSlow }, room, now)?;
            slowness(rules)?;
            has_place(realm, room)
        }
        Decree::Rank { room, account, role } => rank(realm, by, room, *account, *role, now),
        Decree::Sentenced(sentence) => {
            punish(realm, by, &sentence.whom, sentence.room.as_ref(), now)?;
            reason(&sentence.reason)?;
            if sentence.until.is_some_and(|until| until <= now) {
                return Err(refused(ErrorCode::BadRequest, "That would be over before it begins"));
            }
            if realm.rooms.sentences(now) >= SENTENCES {
                return Err(refused(ErrorCode::BadRequest, format!("At most {SENTENCES} penalties hold at one time")));
            }
            Ok(())
        }
        Decree::Lifted { penalty, whom, room } => {
            punisher(realm, by, whom, room.as_ref(), now)?;
            if realm.rooms.is_sentenced(*penalty, whom, room.as_ref()) {
                return Ok(());
            }
            Err(refused(ErrorCode::NoSuchUser, "There is no such penalty"))
        }
        Decree::Kicked { whom, room, reason: why } => {
            punish(realm, by, whom, room.as_ref(), now)?;
            reason(why)
        }
        // The log says that itself, of what it has done.
        Decree::Removed { .. } => Ok(()),
        Decree::Account { .. }
        | Decree::Role { .. }
        | Decree::Disabled { .. }
        | Decree::Password { .. }
        | Decree::Token { .. }
        | Decree::Revoked { .. }
        | Decree::Invitation(_)
        | Decree::InvitationRevoked { .. }
        | Decree::Registered(_) => Ok(()),
    }
}

fn slowness(rules: &Rules) -> Result<(), Refusal> {
    if rules.slow.is_none_or(|slow| slow <= SLOWEST) {
        return Ok(());
    }
    Err(refused(ErrorCode::BadRequest, format!("A room is slow by at most {SLOWEST} seconds")))
}

fn reason(text: &str) -> Result<(), Refusal> {
    if text.len() <= REASON {
        return Ok(());
    }
    Err(refused(ErrorCode::TooLong, format!("A reason has at most {REASON} bytes")))
}

fn has_place(realm: &Realm, room: &RoomName) -> Result<(), Refusal> {
    if realm.rooms.charters.contains_key(room.folded()) || realm.rooms.charters.len() < ROOMS {
        return Ok(());
    }
    Err(refused(ErrorCode::BadRequest, format!("At most {ROOMS} rooms have rules of their own")))
}

/// What is in the way of somebody who wants to do something, unless it is whoever runs the server.
fn may(realm: &Realm, by: Option<AccountId>, deed: Deed, room: &RoomName, now: Timestamp) -> Result<(), Refusal> {
    if room.is_private() {
        return Err(refused(ErrorCode::BadRequest, "A private conversation belongs to its two"));
    }
    let Some(id) = by else { return Ok(()) };
    let account = realm.account(id).ok_or_else(|| refused(ErrorCode::Forbidden, "That takes an account"))?;
    realm.may(deed, room, super::Someone { name: &account.name, account: Some(id) }, now)
}

fn founded(realm: &Realm, by: Option<AccountId>, room: &RoomName) -> Result<(), Refusal> {
    if room.is_private() {
        return Err(refused(ErrorCode::BadName, "A room of that kind is made by the server alone"));
    }
    if realm.rooms.charters.contains_key(room.folded()) {
        return Err(taken(room));
    }
    if let Some(id) = by {
        let here = realm.standing(by, None);
        if here == Standing::Stranger {
            return Err(refused(ErrorCode::Forbidden, "A room of one's own takes an account"));
        }
        if here < Standing::Operator && realm.rooms.owned_by(id) >= OWNED {
            return Err(refused(ErrorCode::BadRequest, format!("One account owns at most {OWNED} rooms")));
        }
    }
    has_place(realm, room)
}

/// A room is there already.
pub fn taken(room: &RoomName) -> Refusal {
    refused(ErrorCode::BadRequest, format!("There is a room {room} already"))
}

fn rank(
    realm: &Realm,
    by: Option<AccountId>,
    room: &RoomName,
    account: AccountId,
    role: Option<Role>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let charter = realm.rooms.charters.get(room.folded());
    let before = charter.and_then(|charter| charter.people.get(&account).copied());
    let least_of_it = role <= Some(Role::Member) && before <= Some(Role::Member);
    // Nobody is kept: who belongs to a room may step down, or go.
    let own = by == Some(account) && role < before;
    let deed = match (own, least_of_it) {
        (true, _) => Deed::Read,
        (false, true) => Deed::Invite,
        (false, false) => Deed::SetRank,
    };
    may(realm, by, deed, room, now)?;
    let known = realm.account(account).ok_or_else(|| refused(ErrorCode::NoSuchUser, "There is no such account"))?;
    if before == role {
        let what = role.map_or_else(|| "nothing".to_owned(), |role| role.to_string());
        return Err(refused(ErrorCode::BadRequest, format!("{} is {what} in {room} already", known.name)));
    }
    if charter.is_some_and(|charter| charter.people.len() >= PEOPLE && before.is_none()) {
        return Err(refused(ErrorCode::BadRequest, format!("A room has at most {PEOPLE} members")));
    }
    has_place(realm, room)
}

/// Whether somebody may punish at all, here or everywhere. From where people come is for those to know who keep order on the server.
fn punisher(realm: &Realm, by: Option<AccountId>, whom: &Whom, room: Option<&RoomName>, now: Timestamp) -> Result<(), Refusal> {
    match room {
        Some(room) if !matches!(whom, Whom::Address(_)) => may(realm, by, Deed::Punish, room, now),
        _ if by.is_none() || realm.standing(by, None) >= Standing::Moderator => Ok(()),
        _ => Err(refused(ErrorCode::Forbidden, "Only moderators of the server may do that")),
    }
}

/// And whether they may punish this one: nobody is above those who are the same or more.
fn punish(realm: &Realm, by: Option<AccountId>, whom: &Whom, room: Option<&RoomName>, now: Timestamp) -> Result<(), Refusal> {
    punisher(realm, by, whom, room, now)?;
    let Whom::Account(id) = whom else { return Ok(()) };
    let account = realm.account(*id).ok_or_else(|| refused(ErrorCode::NoSuchUser, "There is no such account"))?;
    let (theirs, ours) = (realm.standing(Some(*id), room), realm.standing(by, room));
    // On the server an account is a member by itself, and no more than that protects.
    let protected = theirs.max(standing(account.role, None, Default::default()));
    if by.is_none() || protected < ours {
        return Ok(());
    }
    Err(refused(ErrorCode::Forbidden, format!("{} is no less than you are here", account.name)))
}

pub(super) fn apply(realm: &mut Realm, decreed: &Decreed) {
    match &decreed.decree {
        Decree::Founded { room, rules, owner } => {
            let charter = realm.rooms.charter(room);
            rooms::amend(&mut charter.mode, rules);
            charter.people.extend(owner.map(|owner| (owner, Role::Owner)));
        }
        Decree::Rules { room, rules } => rooms::amend(&mut realm.rooms.charter(room).mode, rules),
        Decree::Rank { room, account, role } => {
            let people = &mut realm.rooms.charter(room).people;
            match role {
                Some(role) => drop(people.insert(*account, *role)),
                None => drop(people.remove(account)),
            }
        }
        Decree::Sentenced(sentence) => realm.rooms.sentence(sentence.clone(), decreed.at),
        Decree::Lifted { penalty, whom, room } => drop(realm.rooms.lift(*penalty, whom, room.as_ref())),
        Decree::Kicked { whom, room, reason } => {
            let (whom, room, reason) = (whom.clone(), room.clone(), reason.clone());
            realm.rooms.kick(Kick { seq: decreed.seq, whom, room, reason });
        }
        _ => {}
    }
}
