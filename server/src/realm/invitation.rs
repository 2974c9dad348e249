//! Invitations: who has the secret of one makes an account of their own, as often as it is good for, until it expires or is
//! revoked. And what becomes of that: the newcomer's account, password and first token, in one decree, so that none of it is
//! there without the rest.
//!
//! Pure, like all of the realm. Whether an invitation is needed at all is not decided here.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use chat_protocol::{ErrorCode, Refusal, Timestamp, UserName};
use serde::{Deserialize, Serialize};

use super::{AccountId, Decree, Decreed, PasswordHash, Realm, Role, SecretHash, decree};

/// Invitations of a server that are open.
const INVITATIONS: usize = 1000;
/// Accounts that one may be good for.
const MOST_USES: u32 = 1000;
/// The longest that one lasts: a link lies about in letters and logs of others.
const LONGEST_MS: i64 = 366 * 24 * 3600 * 1000;

/// An invitation: the number of the decree that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvitationId(pub u64);

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Lets somebody make an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    /// Whom or what it is for, in the words of who made it.
    pub label: String,
    /// Who that is.
    pub by: String,
    pub made: Timestamp,
    pub expires: Timestamp,
    /// How many accounts it is good for.
    pub uses: u32,
    /// Those that it made.
    pub came: Vec<AccountId>,
}

impl Invitation {
    /// Whether one more account may come of it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires && self.came.len() < self.uses as usize
    }
}

/// What makes an invitation: every account that comes of it is a [`Role::Member`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewInvitation {
    pub hash: SecretHash,
    pub label: String,
    pub uses: u32,
    pub expires: Timestamp,
}

/// Somebody who makes an account of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newcomer {
    pub name: UserName,
    pub password: PasswordHash,
    /// The token with which they are in at once, what it is for, and until when.
    pub token: SecretHash,
    pub label: String,
    pub expires: Timestamp,
    /// By which they come, where one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<InvitationId>,
}

/// Every invitation that was not revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Invitations {
    known: BTreeMap<InvitationId, Arc<Invitation>>,
    by_hash: HashMap<SecretHash, InvitationId>,
}

/// One that is not known, has expired or is used up is refused in the same words: they say nothing of which there were.
fn over() -> Refusal {
    Refusal::new(ErrorCode::Forbidden, "This invitation is not known here, or it is over: ask for another one")
}

impl Realm {
    /// Every invitation that was not revoked, the oldest first.
    pub fn invitations(&self) -> impl Iterator<Item = &Invitation> {
        self.invitations.known.values().map(|invitation| &**invitation)
    }

    /// The open invitation whose secret has this hash.
    ///
    /// # Errors
    /// There is none, in words for who shows it.
    pub fn invitation(&self, hash: &SecretHash, now: Timestamp) -> Result<InvitationId, Refusal> {
        let id = self.invitations.by_hash.get(hash).copied().ok_or_else(over)?;
        self.invitations.judge_use(id, now).map(|()| id)
    }
}

impl Invitations {
    fn judge_use(&self, id: InvitationId, now: Timestamp) -> Result<(), Refusal> {
        self.known.get(&id).filter(|invitation| invitation.is_open(now)).map(|_| ()).ok_or_else(over)
    }

    pub(super) fn judge_revoked(&self, id: InvitationId) -> Result<(), Refusal> {
        let unknown = || Refusal::new(ErrorCode::BadRequest, format!("There is no invitation {id}"));
        self.known.get(&id).map(|_| ()).ok_or_else(unknown)
    }

    pub(super) fn revoke(&mut self, id: InvitationId) {
        self.retain(|invitation| invitation.id != id);
    }

    fn retain(&mut self, stays: impl Fn(&Invitation) -> bool) {
        self.known.retain(|_, invitation| stays(invitation));
        let known = &self.known;
        self.by_hash.retain(|_, id| known.contains_key(id));
    }
}

impl NewInvitation {
    pub(super) fn judge(&self, realm: &Realm, now: Timestamp) -> Result<(), Refusal> {
        let refused = |text: String| Err(Refusal::new(ErrorCode::BadRequest, text));
        decree::judge_label(&self.label)?;
        if !(1..=MOST_USES).contains(&self.uses) {
            return refused(format!("An invitation is good for 1 to {MOST_USES} accounts"));
        }
        if self.expires <= now || self.expires.0 - now.0 > LONGEST_MS {
            return refused("An invitation lasts for a while, and at most for a year".into());
        }
        if realm.invitations.by_hash.contains_key(&self.hash) {
            return refused("There is such an invitation already".into());
        }
        if realm.invitations().filter(|invitation| invitation.is_open(now)).count() >= INVITATIONS {
            return refused(format!("There are {INVITATIONS} open invitations: revoke some first"));
        }
        Ok(())
    }

    pub(super) fn apply(&self, realm: &mut Realm, decreed: &Decreed) {
        // What is over makes room, and is there to be seen until then.
        if realm.invitations.known.len() >= INVITATIONS {
            realm.invitations.retain(|invitation| invitation.is_open(decreed.at));
        }
        let id = InvitationId(decreed.seq.0);
        let Self { hash, label, uses, expires } = self.clone();
        let by = decreed.by.clone();
        let invitation = Invitation { id, label, by, made: decreed.at, expires, uses, came: Vec::new() };
        realm.invitations.known.insert(id, Arc::new(invitation));
        realm.invitations.by_hash.insert(hash, id);
    }
}

impl Newcomer {
    pub(super) fn judge(&self, realm: &Realm, now: Timestamp) -> Result<(), Refusal> {
        // First, so that nobody learns which names are taken without an invitation.
        if let Some(id) = self.invitation {
            realm.invitations.judge_use(id, now)?;
        }
        realm.judge(None, &self.account(), now)?;
        decree::judge_token(realm, &self.token, &self.label)
    }

    pub(super) fn apply(&self, realm: &mut Realm, decreed: &Decreed) {
        let account = AccountId(decreed.seq.0);
        let Self { password, token, label, expires, invitation, .. } = self.clone();
        let token = Decree::Token { account, hash: token, label, expires: Some(expires) };
        for decree in [self.account(), Decree::Password { account, hash: Some(password) }, token] {
            realm.apply(&Decreed { seq: decreed.seq, at: decreed.at, by: decreed.by.clone(), decree });
        }
        realm.rooms.follow(&self.name, account);
        if let Some(invitation) = invitation.and_then(|id| realm.invitations.known.get_mut(&id)) {
            Arc::make_mut(invitation).came.push(account);
        }
    }

    fn account(&self) -> Decree {
        Decree::Account { name: self.name.clone(), role: Role::Member }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A realm under test, with a clock of its own.
    #[derive(Default)]
    struct Told {
        realm: Realm,
        now: i64,
    }

    impl Told {
        fn decree(&mut self, decree: Decree) -> Result<u64, Refusal> {
            let (seq, at) = (self.realm.seq().next(), Timestamp(self.now));
            self.realm.judge(None, &decree, at)?;
            self.realm.apply(&Decreed { seq, at, by: "operator".into(), decree });
            Ok(seq.0)
        }

        fn invite(&mut self, byte: u8, uses: u32, expires: i64) -> Result<InvitationId, Refusal> {
            let (hash, expires) = (SecretHash([byte; 32]), Timestamp(expires));
            self.decree(Decree::Invitation(NewInvitation { hash, label: "team".into(), uses, expires })).map(InvitationId)
        }

        fn register(&mut self, text: &str, invitation: Option<InvitationId>) -> Result<AccountId, Refusal> {
            let token = SecretHash([100_u8.wrapping_add(self.realm.seq().0 as u8); 32]);
            self.decree(Decree::Registered(newcomer(text, token, invitation))).map(AccountId)
        }

        fn shown(&self, byte: u8) -> Result<InvitationId, Refusal> {
            self.realm.invitation(&SecretHash([byte; 32]), Timestamp(self.now))
        }
    }

    fn newcomer(text: &str, token: SecretHash, invitation: Option<InvitationId>) -> Newcomer {
        let (name, password) = (UserName::known(text).unwrap(), PasswordHash("$argon2id$…".into()));
        Newcomer { name, password, token, label: "page".into(), expires: Timestamp(9_000_000), invitation }
    }

    #[test]
    fn a_newcomer_has_an_account_a_password_and_a_token_or_nothing() {
        let mut told = Told::default();
        let alice = told.register("alice", None).unwrap();
        let account = told.realm.account(alice).unwrap();
        assert_eq!((account.name.shown(), account.role, account.password.is_some()), ("alice", Role::Member, true));
        assert_eq!(told.realm.pass(&SecretHash([100; 32]), Timestamp(0)).unwrap().account, alice);
        let before = told.realm.clone();
        for wrong in [
            newcomer("ALICE", SecretHash([1; 32]), None),
            newcomer("aIice", SecretHash([1; 32]), None),
            newcomer("bob", SecretHash([100; 32]), None),
            newcomer("bob", SecretHash([1; 32]), Some(InvitationId(1))),
            Newcomer { label: "x".repeat(101), ..newcomer("bob", SecretHash([1; 32]), None) },
            Newcomer { name: UserName::client(7), ..newcomer("bob", SecretHash([1; 32]), None) },
        ] {
            assert!(told.decree(Decree::Registered(wrong.clone())).is_err(), "{wrong:?}");
            assert_eq!(told.realm, before);
        }
    }

    #[test]
    fn an_invitation_is_good_until_it_is_used_up_expires_or_is_revoked() {
        let mut told = Told::default();
        let twice = told.invite(1, 2, 1000).unwrap();
        let unknown = told.shown(9).unwrap_err();
        assert_eq!(told.shown(1), Ok(twice));
        let alice = told.register("alice", Some(twice)).unwrap();
        told.register("alice", Some(twice)).unwrap_err();
        assert_eq!(told.shown(1), Ok(twice), "what did not come to be used nothing");
        let bob = told.register("bob", Some(twice)).unwrap();
        assert_eq!(told.realm.invitations().next().unwrap().came, [alice, bob]);
        assert_eq!((told.shown(1), told.register("carol", Some(twice))), (Err(unknown.clone()), Err(unknown.clone())));
        let brief = told.invite(2, 1, 1000).unwrap();
        told.now = 999;
        assert_eq!(told.shown(2), Ok(brief));
        told.now = 1000;
        assert_eq!((told.shown(2), told.register("carol", Some(brief))), (Err(unknown.clone()), Err(unknown.clone())));
        let revoked = told.invite(3, 1, 2000).unwrap();
        told.decree(Decree::InvitationRevoked { invitation: revoked }).unwrap();
        assert_eq!((told.shown(3), told.register("carol", Some(revoked))), (Err(unknown.clone()), Err(unknown)));
        assert!(told.decree(Decree::InvitationRevoked { invitation: revoked }).is_err(), "once");
        assert_eq!(told.realm.accounts().count(), 2, "and who came by them stays");
    }

    #[test]
    fn invitations_are_bounded_and_those_that_are_over_make_room() {
        let mut told = Told::default();
        for (uses, expires) in [(0, 1000), (MOST_USES + 1, 1000), (1, 0), (1, LONGEST_MS + 1)] {
            assert!(told.invite(0, uses, expires).is_err(), "{uses} {expires}");
        }
        let open = |told: &mut Told, number: usize, expires| {
            let hash = SecretHash(std::array::from_fn(|place| (number >> (8 * (place % 2))) as u8));
            told.decree(Decree::Invitation(NewInvitation { hash, label: String::new(), uses: 1, expires: Timestamp(expires) }))
        };
        assert!(open(&mut told, 1, 1000).is_ok() && open(&mut told, 1, 1000).is_err(), "a secret is one invitation's");
        for number in 2..=INVITATIONS {
            open(&mut told, number, if number == 2 { 5 } else { 1000 }).unwrap();
        }
        assert!(open(&mut told, INVITATIONS + 1, 1000).is_err());
        told.now = 5;
        open(&mut told, INVITATIONS + 1, 1000).unwrap();
        assert_eq!((told.realm.invitations().count(), told.realm.invitations.by_hash.len()), (INVITATIONS, INVITATIONS));
        told.register("alice", Some(InvitationId(1))).unwrap();
        open(&mut told, INVITATIONS + 2, 1000).unwrap();
        assert_eq!(told.realm.invitations().count(), INVITATIONS, "used up is over, too");
    }

    #[test]
    fn these_decrees_are_kept_as_they_were() {
        let hash = SecretHash([0xab; 32]);
        let digits = "ab".repeat(32);
        let invitation = NewInvitation { hash, label: "team".into(), uses: 3, expires: Timestamp(1_795_000_000_000) };
        let by = |invitation| Decree::Registered(newcomer("Zoë", hash, invitation));
        let registered = format!(
            r#""decree":"registered","name":"Zoë","password":"$argon2id$…","token":"{digits}","label":"page","expires":"1970-01-01T02:30:00.000Z""#
        );
        for (decree, text) in [
            (
                Decree::Invitation(invitation),
                format!(
                    r#"{{"decree":"invitation","hash":"{digits}","label":"team","uses":3,"expires":"2026-11-18T11:06:40.000Z"}}"#
                ),
            ),
            (
                Decree::InvitationRevoked { invitation: InvitationId(3) },
                r#"{"decree":"invitation_revoked","invitation":3}"#.into(),
            ),
            (by(None), format!("{{{registered}}}")),
            (by(Some(InvitationId(3))), format!(r#"{{{registered},"invitation":3}}"#)),
        ] {
            assert_eq!(serde_json::to_string(&decree).unwrap(), text);
            assert_eq!(serde_json::from_str::<Decree>(&text).unwrap(), decree);
        }
    }
}
