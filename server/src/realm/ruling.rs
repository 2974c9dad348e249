//! Decrees about rooms and people: by whom they may be, and what becomes of the realm by them.

use chat_protocol::{ErrorCode, Refusal, Role, RoomName, Rules, Timestamp};

use super::{
    AccountId, Decree, Decreed, Penalty, Realm,
    rights::{Deed, Standing, standing},
    rooms::{self, Kick, Whom},
};

/// Rooms of which something is decreed.
const ROOMS: usize = 10_000;
/// Rooms that one account owns, unless it owns the server.
const OWNED: usize = 100;
/// Members of one room.
const PEOPLE: usize = 10_000;
/// Penalties that hold at one time: on the server, and in all rooms.
pub(crate) const SENTENCES: usize = 100_000;
/// And those of one account that keeps no order on the server: nobody uses up what others need.
pub(crate) const SENTENCES_EACH: usize = 1_000;
/// Why somebody is punished, in bytes.
const REASON: usize = 500;
/// What an operator did, in bytes.
const OPERATED: usize = 1100;
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
            reason(realm, by, &sentence.reason, sentence.room.as_ref(), now)?;
            undo(realm, by, sentence.penalty, &sentence.whom, sentence.room.as_ref())?;
            if sentence.until.is_some_and(|until| until <= now) {
                return Err(refused(ErrorCode::BadRequest, "That would be over before it begins"));
            }
            budget(realm, by, sentence.room.is_some(), now)
        }
        Decree::Lifted { penalty, whom, room } => {
            punisher(realm, by, whom, room.as_ref(), now)?;
            if realm.rooms.sentence_on(*penalty, whom, room.as_ref()).is_none() {
                return Err(refused(ErrorCode::NoSuchUser, "There is no such penalty"));
            }
            if by.is_some_and(|by| *whom == Whom::Account(by)) {
                return Err(refused(ErrorCode::Forbidden, "That is for others to undo"));
            }
            undo(realm, by, *penalty, whom, room.as_ref())
        }
        Decree::Kicked { whom, room, reason: why } => {
            punish(realm, by, whom, room.as_ref(), now)?;
            reason(realm, by, why, room.as_ref(), now)
        }
        Decree::Operated { what, .. } if what.len() > OPERATED => {
            Err(refused(ErrorCode::TooLong, format!("What was done is said in {OPERATED} bytes")))
        }
        Decree::Operated { .. } => match by {
            Some(_) if realm.standing(by, None) < Standing::Operator => {
                Err(refused(ErrorCode::Forbidden, "Only owners of the server may do that"))
            }
            _ => Ok(()),
        },
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

/// A reason is told to the room: whoever may not speak there gives none.
fn reason(realm: &Realm, by: Option<AccountId>, text: &str, room: Option<&RoomName>, now: Timestamp) -> Result<(), Refusal> {
    if text.len() > REASON {
        return Err(refused(ErrorCode::TooLong, format!("A reason has at most {REASON} bytes")));
    }
    let account = by.and_then(|id| realm.account(id)).filter(|_| !text.is_empty());
    let muted = account.and_then(|account| {
        let someone = super::Someone { name: &account.name, account: Some(account.id) };
        realm.sentence(Penalty::Mute, someone, room, now)
    });
    muted.map_or(Ok(()), |sentence| Err(refused(ErrorCode::Muted, sentence.words(now))))
}

/// Whether there is room for one more penalty. What is held on the server and what is held in rooms are counted apart.
fn budget(realm: &Realm, by: Option<AccountId>, in_a_room: bool, now: Timestamp) -> Result<(), Refusal> {
    let (mut all, mut own) = (0, 0);
    for sentence in realm.rooms.sentences(now).filter(|one| one.room.is_some() == in_a_room) {
        all += 1;
        own += usize::from(by.is_some() && sentence.by == by);
    }
    let most = if by.is_none() || realm.standing(by, None) >= Standing::Moderator { SENTENCES } else { SENTENCES_EACH };
    if all < SENTENCES && own < most {
        return Ok(());
    }
    Err(refused(ErrorCode::BadRequest, format!("At most {} penalties hold at one time", most.min(SENTENCES))))
}

/// Whether a penalty, if there is one already, may be lifted or replaced: by those who are no less than whoever it is of.
fn undo(realm: &Realm, by: Option<AccountId>, penalty: Penalty, whom: &Whom, room: Option<&RoomName>) -> Result<(), Refusal> {
    let Some(sentence) = realm.rooms.sentence_on(penalty, whom, room).filter(|_| by.is_some()) else { return Ok(()) };
    let theirs = sentence.by.map_or(Standing::Operator, |id| realm.standing(Some(id), room));
    if realm.standing(by, room) >= theirs {
        return Ok(());
    }
    Err(refused(ErrorCode::Forbidden, "That is for those to undo who are no less than who did it"))
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
    // What is everybody's, only who owns the server makes somebody's.
    let owns = by.is_none() || realm.standing(by, None) >= Standing::Operator;
    if charter.is_none() && !owns {
        return Err(refused(ErrorCode::NoSuchRoom, format!("Nobody is anything in {room}: it is everybody's")));
    }
    if by == Some(account) && role > before && !owns {
        return Err(refused(ErrorCode::Forbidden, "Nobody makes more of themselves: ask an owner"));
    }
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

#[cfg(test)]
mod tests {
    use chat_protocol::UserName;

    use super::*;
    use crate::realm::{Role, Sentence};

    fn decree(realm: &mut Realm, by: Option<AccountId>, decree: Decree) -> Result<AccountId, Refusal> {
        realm.judge(by, &decree, Timestamp(0))?;
        let mut decree = decree;
        if let Decree::Sentenced(sentence) = &mut decree {
            sentence.by = by;
        }
        realm.apply(&Decreed { seq: realm.seq().next(), at: Timestamp(0), by: "somebody".into(), decree });
        Ok(AccountId(realm.seq().0))
    }

    #[test]
    fn nobody_uses_up_the_penalties_that_others_need() {
        let mut realm = Realm::default();
        let mut account = |name: &str, role| {
            let name = UserName::parse(name).unwrap();
            decree(&mut realm, None, Decree::Account { name, role }).unwrap()
        };
        let (troll, olga) = (account("troll", Role::Member), account("olga", Role::Owner));
        let den = RoomName::parse("den").unwrap();
        decree(&mut realm, Some(troll), Decree::Founded { room: den.clone(), rules: Rules::default(), owner: Some(troll) })
            .unwrap();
        let mut mute = |by, guest: usize, room: Option<&RoomName>| {
            let whom = Whom::Guest(UserName::parse(&format!("guest {guest}")).unwrap());
            let sentence =
                Sentence { penalty: Penalty::Mute, whom, room: room.cloned(), until: None, reason: String::new(), by: None };
            decree(&mut realm, Some(by), Decree::Sentenced(sentence))
        };
        let held = (0..SENTENCES_EACH + 5).filter(|guest| mute(troll, *guest, Some(&den)).is_ok()).count();
        assert_eq!(held, SENTENCES_EACH);
        mute(olga, 9_999, Some(&den)).unwrap();
        mute(olga, 9_999, None).unwrap();
    }
}
