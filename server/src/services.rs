//! What every connection of the server may use, whatever its shard: one handle, made once by the composition root.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use chat_protocol::{CloseCode, UserName};
use tokio::sync::watch;

use crate::{
    admission::Admission,
    auth::{self, Credential, Tokens, Uses},
    clock,
    config::Config,
    fanout::Fanout,
    hub::Presence,
    log::{Author, Keeper, Who, Write},
    metrics::Metrics,
    passwords::Passwords,
    realm::{Account, Pass, Realm, SecretHash},
    tasks::Tasks,
    tls::Certificate,
};

pub struct Services {
    pub config: Config,
    pub tokens: Tokens,
    pub uses: Uses,
    pub passwords: Passwords,
    pub keeper: Keeper,
    /// Who belongs here, and word of each change.
    pub realm: watch::Receiver<Arc<Realm>>,
    pub hub: Presence,
    pub fanout: Arc<Fanout>,
    pub metrics: Arc<Metrics>,
    pub tasks: Tasks,
    pub admission: Arc<Admission>,
    /// None: TLS is not spoken.
    pub certificate: Option<Arc<Certificate>>,
    pub numbers: Numbers,
    /// No new work: the server is going down.
    pub draining: AtomicBool,
}

/// Numbers that are given out once.
#[derive(Default)]
pub struct Numbers {
    connections: AtomicU64,
    nameless: AtomicU64,
}

impl Numbers {
    pub fn connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    pub fn nameless(&self) -> u64 {
        self.nameless.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Services {
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Who belongs here now.
    pub fn realm(&self) -> Arc<Realm> {
        Arc::clone(&self.realm.borrow())
    }

    /// What a token is.
    pub fn credential(&self, token: &str) -> Credential {
        if self.tokens.open(token) {
            return Credential::Door;
        }
        let now = clock::now();
        let Some(pass) = self.realm.borrow().pass(&SecretHash(auth::hash(token)), now) else {
            return if auth::is_account_token(token) { Credential::Over } else { Credential::Bad };
        };
        if self.uses.is_news(pass.token, now) {
            self.keeper.note(Write::Used { token: pass.token, at: now });
        }
        Credential::Account(pass)
    }

    /// Who came in with a pass, as the log knows them. None once it is over.
    pub fn member(&self, pass: Pass) -> Option<Who> {
        let realm = self.realm.borrow();
        realm.admits(pass, clock::now()).then(|| realm.account(pass.account).map(who)).flatten()
    }

    /// Whether a guest may have this name: it is no account's, and looks like none.
    pub fn is_for_guests(&self, name: &UserName) -> bool {
        self.realm.borrow().owner_of(name).is_none()
    }

    /// Whether somebody may stay, now that who belongs here has changed: by the pass that let them in, or as a guest of this name.
    ///
    /// # Errors
    /// Why not.
    pub fn may_stay(&self, pass: Option<Pass>, name: Option<&UserName>) -> Result<(), CloseCode> {
        match pass {
            Some(pass) => self.member(pass).map(drop).ok_or(CloseCode::InvalidToken),
            None if name.is_some_and(|name| !self.is_for_guests(name)) => Err(CloseCode::NameTaken),
            None => Ok(()),
        }
    }

    /// Whether what is said to somebody alone finds them: they are here, or it is kept for them.
    pub fn is_reachable(&self, name: &UserName) -> bool {
        self.hub.is_online(name) || self.realm.borrow().named(name).is_some()
    }

    /// What everybody is told when the server goes down.
    pub fn parting(&self) -> CloseCode {
        if self.config.going_for_good { CloseCode::GoingAway } else { CloseCode::Restarting }
    }

    /// Whether new work is welcome: the log takes writes and nobody asked the server to go.
    pub fn is_ready(&self) -> bool {
        self.keeper.is_writable() && !self.is_draining()
    }
}

/// An account, as the log knows it. What was said to its name before it was made was said to somebody else.
fn who(account: &Account) -> Who {
    Who { name: account.name.clone(), author: Author::account(account.id), since: account.made }
}
