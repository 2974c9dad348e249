//! What changes the realm: each is an event of the server's own log, judged against what the realm is by then, and applied.

use std::{fmt, sync::Arc};

use chat_protocol::{ErrorCode, Refusal, RoomName, Rules, Seq, Timestamp, UserName};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    Account, AccountId, InvitationId, NewInvitation, Newcomer, Penalty, Realm, Role, Sentence, Token, TokenId, Whom, looks,
    ruling,
};

/// Tokens of one account.
const TOKENS_EACH: usize = 100;
/// What a token or an invitation may be for, in bytes.
const LABEL: usize = 100;
/// Accounts of a server.
const ACCOUNTS: usize = 100_000;

/// The SHA-256 of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

/// What is kept of a password, in the form that its hashing has.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

/// It opens nothing, but nobody needs to see it either.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Likewise.
impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

impl Serialize for SecretHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}", Hex(&self.0)))
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom("64 hexadecimal digits are a hash");
        let mut hash = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        for (byte, place) in hash.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[place..place + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(hash))
    }
}

/// Something that is to be so from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decree", rename_all = "snake_case")]
pub enum Decree {
    /// There is an account of this name.
    Account { name: UserName, role: Role },
    /// It is something else on this server.
    Role { account: AccountId, role: Role },
    /// It may not come in, or may again.
    Disabled { account: AccountId, disabled: bool },
    /// Its password, if it is to have one.
    Password {
        account: AccountId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hash: Option<PasswordHash>,
    },
    /// Who has the secret of this hash may come in as this account.
    Token {
        account: AccountId,
        hash: SecretHash,
        label: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// That is over.
    Revoked { token: TokenId },
    /// Who has the secret of this hash may make an account.
    Invitation(NewInvitation),
    /// That is over.
    InvitationRevoked { invitation: InvitationId },
    /// Somebody made an account.
    Registered(Newcomer),
    /// There is a room, and somebody owns it.
    Founded {
        room: RoomName,
        #[serde(flatten)]
        rules: Rules,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<AccountId>,
    },
    /// It is otherwise from now on.
    Rules {
        room: RoomName,
        #[serde(flatten)]
        rules: Rules,
    },
    /// What an account is in a room.
    Rank {
        room: RoomName,
        account: AccountId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        role: Option<Role>,
    },
    /// Something is held against somebody.
    Sentenced(Sentence),
    /// No longer.
    Lifted {
        penalty: Penalty,
        whom: Whom,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomName>,
    },
    /// Somebody was put out, once.
    Kicked {
        whom: Whom,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomName>,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// A moderator took somebody's message away. It changes nothing here: it is told to whoever asks what was done.
    Removed { room: RoomName, seq: Seq, from: UserName },
    /// An operator did something else, told likewise.
    Operated {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomName>,
        what: String,
    },
}

impl Decree {
    /// Whether somebody may read less by it than before.
    pub fn shuts_out(&self) -> bool {
        match self {
            Self::Founded { .. } | Self::Rules { .. } | Self::Rank { .. } | Self::Role { .. } | Self::Disabled { .. } => true,
            Self::Sentenced(sentence) => sentence.penalty == Penalty::Ban,
            _ => false,
        }
    }
}

/// A decree with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decreed {
    pub seq: Seq,
    pub at: Timestamp,
    /// Who decreed it, in words: the operator, or an account.
    pub by: String,
    pub decree: Decree,
}

pub(super) fn judge(realm: &Realm, by: Option<AccountId>, decree: &Decree, now: Timestamp) -> Result<(), Refusal> {
    let account = |id: &AccountId| {
        let unknown = || Refusal::new(ErrorCode::NoSuchUser, "There is no such account");
        realm.account(*id).ok_or_else(unknown)
    };
    let refused = |text: String| Err(Refusal::new(ErrorCode::BadRequest, text));
    match decree {
        Decree::Account { name, .. } if name.is_made() => {
            Err(Refusal::new(ErrorCode::BadName, "A name of that kind is nobody's"))
        }
        Decree::Account { name, .. } => match realm.owner_of(name) {
            Some(there) if there.name == *name => refused(format!("There is an account {} already", there.name)),
            Some(there) => refused(format!("{name} looks like {}, which is an account's name", there.name)),
            None if realm.accounts.len() >= ACCOUNTS => refused(format!("A server has at most {ACCOUNTS} accounts")),
            None => Ok(()),
        },
        Decree::Role { account: id, .. } | Decree::Disabled { account: id, .. } | Decree::Password { account: id, .. } => {
            account(id).map(|_| ())
        }
        Decree::Token { account: id, hash, label, .. } => {
            let owner = account(id)?;
            judge_token(realm, hash, label)?;
            if realm.tokens().filter(|token| token.account == *id && !token.is_expired(now)).count() >= TOKENS_EACH {
                return refused(format!("{} has {TOKENS_EACH} tokens: revoke some first", owner.name));
            }
            Ok(())
        }
        Decree::Revoked { token } => match realm.token(*token) {
            Some(_) => Ok(()),
            None => refused(format!("There is no token {token}")),
        },
        Decree::Invitation(new) => new.judge(realm, now),
        Decree::InvitationRevoked { invitation } => realm.invitations.judge_revoked(*invitation),
        Decree::Registered(newcomer) => newcomer.judge(realm, now),
        _ => ruling::judge(realm, by, decree, now),
    }
}

/// A token that is nobody's yet.
pub(super) fn judge_token(realm: &Realm, hash: &SecretHash, label: &str) -> Result<(), Refusal> {
    judge_label(label)?;
    if realm.by_hash.contains_key(hash) {
        return Err(Refusal::new(ErrorCode::BadRequest, "There is such a token already"));
    }
    Ok(())
}

pub(super) fn judge_label(label: &str) -> Result<(), Refusal> {
    if label.len() > LABEL {
        return Err(Refusal::new(ErrorCode::BadRequest, format!("What it is for is said in {LABEL} bytes")));
    }
    Ok(())
}

pub(super) fn apply(realm: &mut Realm, decreed: &Decreed) {
    realm.seq = decreed.seq;
    match &decreed.decree {
        Decree::Account { name, role } => {
            let id = AccountId(decreed.seq.0);
            realm.looks.extend(looks(name).map(|look| (look, id)));
            let account = Account { id, name: name.clone(), role: *role, made: decreed.at, disabled: false, password: None };
            realm.accounts.insert(id, Arc::new(account));
        }
        Decree::Role { account, role } => change(realm, *account, |account| account.role = *role),
        Decree::Disabled { account, disabled } => change(realm, *account, |account| account.disabled = *disabled),
        Decree::Password { account, hash } => change(realm, *account, |account| account.password.clone_from(hash)),
        Decree::Token { account, hash, label, expires } => {
            // What has expired makes room.
            let over = |token: &Token| token.account == *account && token.is_expired(decreed.at);
            realm.tokens.retain(|_, token| !over(token));
            let tokens = &realm.tokens;
            realm.by_hash.retain(|_, id| tokens.contains_key(id));
            let id = TokenId(decreed.seq.0);
            let token = Token { id, account: *account, label: label.clone(), made: decreed.at, expires: *expires };
            realm.tokens.insert(id, Arc::new(token));
            realm.by_hash.insert(*hash, id);
        }
        Decree::Revoked { token } => {
            realm.tokens.remove(token);
            realm.by_hash.retain(|_, id| id != token);
        }
        Decree::Invitation(new) => new.apply(realm, decreed),
        Decree::InvitationRevoked { invitation } => realm.invitations.revoke(*invitation),
        Decree::Registered(newcomer) => newcomer.apply(realm, decreed),
        _ => ruling::apply(realm, decreed),
    }
}

fn change(realm: &mut Realm, id: AccountId, change: impl FnOnce(&mut Account)) {
    if let Some(account) = realm.accounts.get_mut(&id) {
        change(Arc::make_mut(account));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::realm::Pass;

    fn name(text: &str) -> UserName {
        UserName::known(text).unwrap()
    }

    /// A realm under test, and the short words in which the cases are told.
    #[derive(Default)]
    struct Told(Realm);

    impl Told {
        fn decree(&mut self, decree: Decree) -> Result<u64, String> {
            let seq = self.0.seq().next();
            let at = Timestamp(1000 * seq.0 as i64);
            self.0.judge(None, &decree, at).map_err(|refusal| refusal.text)?;
            self.0.apply(&Decreed { seq, at, by: "the operator".into(), decree });
            Ok(seq.0)
        }

        fn account(&mut self, text: &str) -> Result<AccountId, String> {
            self.decree(Decree::Account { name: name(text), role: Role::Member }).map(AccountId)
        }

        fn token(&mut self, account: AccountId, byte: u8, expires: Option<i64>) -> TokenId {
            let (hash, expires) = (SecretHash([byte; 32]), expires.map(Timestamp));
            TokenId(self.decree(Decree::Token { account, hash, label: "laptop".into(), expires }).unwrap())
        }

        fn pass(&self, byte: u8, now: i64) -> Option<Pass> {
            self.0.pass(&SecretHash([byte; 32]), Timestamp(now))
        }
    }

    #[test]
    fn a_name_and_all_that_look_like_it_are_its_own() {
        let mut told = Told::default();
        let alice = told.account("alice").unwrap();
        for (text, owned) in
            [("alice", true), ("ALICE", true), ("аlice", true), ("aIice", true), ("alicе", true), ("alicia", false)]
        {
            assert_eq!(told.0.owner_of(&name(text)).map(|account| account.id), owned.then_some(alice), "{text}");
            assert_eq!(told.account(text).is_err(), owned, "{text}");
        }
        assert_eq!(told.0.named(&name("Alice")).unwrap().id, alice);
        assert!(told.0.named(&name("аlice")).is_none(), "it looks like it, and is not it");
        assert!(told.decree(Decree::Account { name: UserName::client(7), role: Role::Owner }).is_err());
        told.decree(Decree::Disabled { account: alice, disabled: true }).unwrap();
        assert!(told.0.owner_of(&name("alice")).is_some(), "who may not come in keeps the name");
    }

    #[test]
    fn a_token_opens_until_it_ends() {
        let mut told = Told::default();
        let (alice, bob) = (told.account("alice").unwrap(), told.account("bob").unwrap());
        let (first, second) = (told.token(alice, 1, None), told.token(alice, 2, Some(5000)));
        let third = told.token(bob, 3, None);
        assert_eq!(told.pass(1, 9000), Some(Pass { account: alice, token: first }));
        assert_eq!((told.pass(2, 4999), told.pass(2, 5000)), (Some(Pass { account: alice, token: second }), None));
        assert_eq!((told.pass(3, 0), told.pass(4, 0)), (Some(Pass { account: bob, token: third }), None));
        told.decree(Decree::Disabled { account: alice, disabled: true }).unwrap();
        assert_eq!((told.pass(1, 0), told.pass(2, 0)), (None, None));
        assert!(!told.0.admits(Pass { account: alice, token: first }, Timestamp(0)), "who is in goes out");
        told.decree(Decree::Disabled { account: alice, disabled: false }).unwrap();
        told.decree(Decree::Revoked { token: first }).unwrap();
        assert_eq!((told.pass(1, 0).is_some(), told.pass(2, 0).is_some()), (false, true));
        assert!(told.decree(Decree::Revoked { token: first }).is_err(), "once");
        assert!(!told.0.admits(Pass { account: bob, token: second }, Timestamp(0)), "a token is one account's");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let mut told = Told::default();
        let alice = told.account("alice").unwrap();
        told.token(alice, 1, None);
        let nobody = AccountId(99);
        let token = |account, byte, label: &str| Decree::Token {
            account,
            hash: SecretHash([byte; 32]),
            label: label.into(),
            expires: None,
        };
        for decree in [
            Decree::Role { account: nobody, role: Role::Owner },
            Decree::Disabled { account: nobody, disabled: true },
            Decree::Revoked { token: TokenId(alice.0) },
            token(nobody, 9, ""),
            token(alice, 1, "the same secret"),
            token(alice, 9, &"x".repeat(LABEL + 1)),
        ] {
            let before = told.0.clone();
            assert!(told.decree(decree.clone()).is_err(), "{decree:?}");
            assert_eq!(told.0, before);
        }
        for byte in 2..=TOKENS_EACH as u8 {
            told.token(alice, byte, None);
        }
        assert!(told.decree(token(alice, 200, "")).is_err(), "one more than there may be");
        let first = told.0.tokens().next().unwrap().id;
        told.decree(Decree::Revoked { token: first }).unwrap();
        told.token(alice, 200, Some(110_000));
        while told.0.seq().0 < 109 {
            assert!(told.decree(token(alice, 201, "")).is_err());
            told.decree(Decree::Role { account: alice, role: Role::Owner }).unwrap();
        }
        told.token(alice, 201, None);
        assert_eq!((told.pass(200, 0), told.0.tokens().count()), (None, TOKENS_EACH), "what has expired made room");
    }

    #[test]
    fn a_decree_is_kept_as_it_was() {
        let hash = SecretHash(std::array::from_fn(|place| place as u8 * 7));
        for (decree, text) in [
            (Decree::Account { name: name("Zoë"), role: Role::Owner }, r#"{"decree":"account","name":"Zoë","role":"owner"}"#),
            (
                Decree::Role { account: AccountId(1), role: Role::Moderator },
                r#"{"decree":"role","account":1,"role":"moderator"}"#,
            ),
            (Decree::Disabled { account: AccountId(1), disabled: true }, r#"{"decree":"disabled","account":1,"disabled":true}"#),
            (
                Decree::Token { account: AccountId(1), hash, label: "bot".into(), expires: None },
                r#"{"decree":"token","account":1,"hash":"00070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9","label":"bot"}"#,
            ),
            (
                Decree::Password { account: AccountId(1), hash: Some(PasswordHash("$argon2id$…".into())) },
                r#"{"decree":"password","account":1,"hash":"$argon2id$…"}"#,
            ),
            (Decree::Password { account: AccountId(1), hash: None }, r#"{"decree":"password","account":1}"#),
            (Decree::Revoked { token: TokenId(3) }, r#"{"decree":"revoked","token":3}"#),
        ] {
            assert_eq!(serde_json::to_string(&decree).unwrap(), text);
            assert_eq!(serde_json::from_str::<Decree>(text).unwrap(), decree);
        }
        for wrong in ["", "00", &"0".repeat(63), &"g".repeat(64), &"é".repeat(32)] {
            assert!(serde_json::from_str::<SecretHash>(&format!("{wrong:?}")).is_err(), "{wrong}");
        }
        assert_eq!(format!("{hash:?}"), "SecretHash(…)");
    }
}
