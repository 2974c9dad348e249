//! Who belongs to this server, and who may do what here: accounts and their tokens, who is invited, rooms and who is what in
//! them, penalties. It is made of [`Decree`]s and of nothing else, applied in the order of the log, so that whoever applies the
//! same ones has the same realm.
//!
//! Pure: time comes in. Does not know stores, connections, or how a secret is made; of a secret it has the hash.

mod book;
mod decree;
mod deeds;
mod invitation;
pub mod rights;
mod rooms;
mod ruling;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
};

use chat_protocol::{Refusal, Seq, Timestamp, UserName};
use serde::{Deserialize, Serialize};

pub use chat_protocol::Role;

pub use self::{
    book::Book,
    decree::{Decree, Decreed, PasswordHash, SecretHash},
    deeds::{because, deed, tells_addresses},
    invitation::{Invitation, InvitationId, NewInvitation, Newcomer},
    rooms::{Kick, Penalty, Sentence, Someone, Whom},
    ruling::taken,
};
use self::{invitation::Invitations, rooms::Rooms};

/// An account: the number of the decree that made it. Names can be given up and taken by others, numbers cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub u64);

/// A token, likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub u64);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Somebody who belongs here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub name: UserName,
    pub role: Role,
    pub made: Timestamp,
    /// May not come in. The name stays taken.
    pub disabled: bool,
    /// None: it comes in by tokens that the operator gave it, and in no other way.
    pub password: Option<PasswordHash>,
}

/// Opens the door for an account, until it expires or is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub id: TokenId,
    pub account: AccountId,
    /// What it is for, in its owner's words.
    pub label: String,
    pub made: Timestamp,
    pub expires: Option<Timestamp>,
}

impl Token {
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// Who came in how: what has to be true still for them to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pass {
    pub account: AccountId,
    pub token: TokenId,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Realm {
    /// The last decree.
    seq: Seq,
    accounts: BTreeMap<AccountId, Arc<Account>>,
    /// Whose a look is: every account has its own two (see [`UserName::shown_skeleton`]).
    looks: HashMap<String, AccountId>,
    tokens: BTreeMap<TokenId, Arc<Token>>,
    by_hash: HashMap<SecretHash, TokenId>,
    rooms: Rooms,
    invitations: Invitations,
}

impl Realm {
    /// How many decrees made it.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Every account, the oldest first.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values().map(|account| &**account)
    }

    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id).map(|account| &**account)
    }

    /// The account of exactly this name.
    pub fn named(&self, name: &UserName) -> Option<&Account> {
        self.owner_of(name).filter(|account| account.name == *name)
    }

    /// The account whose name this is, or looks like. Nobody else may have it.
    pub fn owner_of(&self, name: &UserName) -> Option<&Account> {
        if self.accounts.is_empty() || name.is_made() {
            return None;
        }
        let id = looks(name).iter().find_map(|look| self.looks.get(look))?;
        self.account(*id)
    }

    /// Every token that was not revoked, the oldest first.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values().map(|token| &**token)
    }

    pub fn token(&self, id: TokenId) -> Option<&Token> {
        self.tokens.get(&id).map(|token| &**token)
    }

    /// Who may come in with the secret of this hash.
    pub fn pass(&self, hash: &SecretHash, now: Timestamp) -> Option<Pass> {
        let token = self.token(*self.by_hash.get(hash)?)?;
        let pass = Pass { account: token.account, token: token.id };
        self.admits(pass, now).then_some(pass)
    }

    /// Whether somebody who came in so may stay.
    pub fn admits(&self, pass: Pass, now: Timestamp) -> bool {
        let lives = self.token(pass.token).is_some_and(|token| token.account == pass.account && !token.is_expired(now));
        lives && self.account(pass.account).is_some_and(|account| !account.disabled)
    }

    /// Whether a decree can be: of an account, or of whoever runs the server.
    ///
    /// # Errors
    /// In words for whoever wants it.
    pub fn judge(&self, by: Option<AccountId>, decree: &Decree, now: Timestamp) -> Result<(), Refusal> {
        decree::judge(self, by, decree, now)
    }

    /// A decree that was judged, and has its place.
    pub fn apply(&mut self, decreed: &Decreed) {
        decree::apply(self, decreed);
    }
}

/// What a name looks like to a hurried reader, folded and as it is shown.
fn looks(name: &UserName) -> [String; 2] {
    [name.skeleton(), name.shown_skeleton()]
}
