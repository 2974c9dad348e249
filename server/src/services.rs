//! What every connection of the server may use, whatever its shard: one handle, made once by the composition root.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use chat_protocol::{CloseCode, ErrorCode, Refusal, RoomName, Seq, Timestamp, UserName};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    admission::{Admission, household},
    auth::{self, Credential, Uses},
    blocks::Blocks,
    clock,
    config::{Config, Live},
    departure::Departure,
    fanout::Fanout,
    hub::Presence,
    journal::Journal,
    limits::Seldom,
    log::{Author, Keeper, Who, Write, retention::Retention},
    metrics::{Metrics, Reason},
    passwords::Passwords,
    proxy::Proxies,
    realm::{Account, Pass, Penalty, Realm, SecretHash, Sentence, Someone, rights::Deed},
    shard::Closing,
    tasks::Tasks,
    tls::Certificate,
    vitals::Birth,
};

pub struct Services {
    /// Who is believed about where others come from.
    pub proxies: Proxies,
    /// What a person should know who relies on what is kept.
    pub caveat: Option<&'static str>,
    /// Nobody looks at it for each line: what is asked so often is [`Admission`]'s.
    pub live: Mutex<Arc<Live>>,
    /// How long messages are kept, and word of each change.
    pub retention: watch::Sender<Retention>,
    pub uses: Uses,
    pub passwords: Passwords,
    pub keeper: Arc<Keeper>,
    /// Who belongs here, and word of each change.
    pub realm: watch::Receiver<Arc<Realm>>,
    pub hub: Presence,
    pub blocks: Blocks,
    pub fanout: Arc<Fanout>,
    pub metrics: Arc<Metrics>,
    pub birth: Birth,
    /// Going down by an operator's word.
    pub departure: Departure,
    /// What the program around the server lends it.
    pub lent: OnceLock<Lent>,
    pub tasks: Arc<Tasks>,
    pub admission: Arc<Admission>,
    /// None: TLS is not spoken.
    pub certificate: Option<Arc<Certificate>>,
    pub numbers: Numbers,
    /// Of all that is refused.
    pub refusals: Seldom,
    pub failed_logins: Seldom,
    /// No new work: the server is going down.
    pub draining: AtomicBool,
}

/// What belongs to the program, and is of use to who operates the server in it.
pub struct Lent {
    pub journal: Journal,
    /// Has the configuration read again; what comes back says what was taken up.
    pub reload: mpsc::Sender<oneshot::Sender<String>>,
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

    /// What is chosen now.
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes up what of this may be chosen anew.
    pub fn choose(&self, config: &Config) {
        self.admission.allow(config.max_per_ip, config.max_connections, config.rate, &config.limits);
        *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(config.live());
        self.retention.send_if_modified(|now| std::mem::replace(now, config.retention.clone()) != config.retention);
    }

    /// The program's log lines.
    pub fn journal(&self) -> Journal {
        self.lent.get().map(|lent| lent.journal.clone()).unwrap_or_default()
    }

    /// Has the configuration read again, and says what came of it.
    ///
    /// # Errors
    /// There is none to be read.
    pub async fn reload(&self) -> Result<String, Refusal> {
        let nothing = || Refusal::new(ErrorCode::Unavailable, "There is no configuration file to read again");
        let (answer, told) = oneshot::channel();
        let asked = self.lent.get().ok_or_else(nothing)?.reload.try_send(answer);
        asked.map_err(|_| nothing())?;
        told.await.map_err(|_| nothing())
    }

    /// Who belongs here now.
    pub fn realm(&self) -> Arc<Realm> {
        Arc::clone(&self.realm.borrow())
    }

    /// What a token is.
    pub fn credential(&self, token: &str) -> Credential {
        if self.live().tokens.open(token) {
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

    /// Whether somebody may stay, by what is decreed now: by the pass that let them in, or as a guest of this name.
    ///
    /// # Errors
    /// Why not.
    pub fn may_stay(&self, pass: Option<Pass>, name: Option<&UserName>, address: IpAddr) -> Result<(), Closing> {
        let Some(pass) = pass else {
            if name.is_some_and(|name| !self.is_for_guests(name)) {
                return Err(owned());
            }
            return self.may_come_in(name, address);
        };
        let (realm, now) = (self.realm.borrow(), clock::now());
        let Some(account) = realm.account(pass.account).filter(|_| realm.admits(pass, now)) else {
            return Err(CloseCode::InvalidToken.into());
        };
        let known = Someone { name: &account.name, account: Some(account.id) };
        realm.sentence(Penalty::Ban, known, None, now).map_or(Ok(()), |sentence| Err(kept_out(sentence, now)))
    }

    /// Whether a guest may come in from there, whoever has its name.
    ///
    /// # Errors
    /// It is kept out.
    pub fn may_come_in(&self, name: Option<&UserName>, address: IpAddr) -> Result<(), Closing> {
        let (realm, now) = (self.realm.borrow(), clock::now());
        let named = name.and_then(|name| realm.sentence(Penalty::Ban, Someone { name, account: None }, None, now));
        let held = named.or_else(|| realm.sentence_of_address(Penalty::Ban, household(address), None, now));
        held.map_or(Ok(()), |sentence| Err(kept_out(sentence, now)))
    }

    /// Whether somebody may make an account from there: who is held to something by where they are does not get rid of it so.
    ///
    /// # Errors
    /// Something is held against the guests of that address.
    pub fn may_register(&self, name: &UserName, address: IpAddr) -> Result<(), Closing> {
        self.may_come_in(Some(name), address)?;
        let (realm, now) = (self.realm.borrow(), clock::now());
        let held = realm.sentence_of_address(Penalty::Mute, household(address), None, now);
        held.map_or(Ok(()), |sentence| Err(kept_out(sentence, now)))
    }

    /// How somebody was put out since then, off the server or out of a room.
    pub fn put_out_since(&self, since: Seq, who: Option<&Who>, address: IpAddr, room: Option<&RoomName>) -> Option<Closing> {
        let realm = self.realm.borrow();
        let mut kicks = realm.kicked_since(since, who.map(Who::someone), household(address));
        let kick = kicks.find(|kick| kick.room.is_none() || kick.room.as_ref() == room)?;
        Some(Closing::new(CloseCode::Kicked, kick.words()))
    }

    /// Whether somebody may read a room, or be in it.
    ///
    /// # Errors
    /// Why not; of a room that is not for them as of one that is not.
    pub fn may_read(&self, room: &RoomName, who: Option<Someone<'_>>, address: IpAddr) -> Result<(), Refusal> {
        let (realm, now) = (self.realm.borrow(), clock::now());
        if let Some(who) = who {
            realm.may(Deed::Read, room, who, now)?;
        } else if !realm.may_read(room, None, now) {
            return Err(Refusal::new(ErrorCode::NoSuchRoom, "There is no such room"));
        }
        drop(realm);
        self.held_there(Penalty::Ban, room, who, address).map_err(|words| Refusal::new(ErrorCode::Forbidden, words))
    }

    /// Whether somebody who came by a pass may be where their name does not show: what is held against the account is held against
    /// them there, and whoever may not speak is not there at all.
    ///
    /// # Errors
    /// Why not.
    pub fn may_be_nameless(&self, pass: Pass, room: &RoomName) -> Result<(), Closing> {
        let (realm, now) = (self.realm.borrow(), clock::now());
        let Some(account) = realm.account(pass.account) else { return Err(CloseCode::InvalidToken.into()) };
        let someone = Someone { name: &account.name, account: Some(account.id) };
        let held =
            [Penalty::Ban, Penalty::Mute].into_iter().find_map(|penalty| realm.sentence(penalty, someone, Some(room), now));
        held.map_or(Ok(()), |sentence| Err(kept_out(sentence, now)))
    }

    /// Whether somebody who is there may say something, by where they are. What else is in their way, the log decides.
    ///
    /// # Errors
    /// Why not.
    pub fn may_speak(&self, room: &RoomName, who: &Who, address: IpAddr) -> Result<(), Refusal> {
        self.held_there(Penalty::Mute, room, Some(who.someone()), address).map_err(|words| Refusal::new(ErrorCode::Muted, words))
    }

    /// What is held against the guests of an address, in words.
    fn held_there(&self, penalty: Penalty, room: &RoomName, who: Option<Someone<'_>>, address: IpAddr) -> Result<(), String> {
        if who.is_some_and(|who| who.account.is_some()) {
            return Ok(());
        }
        let (realm, now) = (self.realm.borrow(), clock::now());
        let sentence = realm.sentence_of_address(penalty, household(address), Some(room), now);
        sentence.map_or(Ok(()), |sentence| Err(sentence.words(now)))
    }

    /// Whether what one says to another alone is welcome there.
    ///
    /// # Errors
    /// The other has blocked them.
    pub fn may_whisper(&self, from: &UserName, to: &UserName) -> Result<(), Refusal> {
        let account = self.realm.borrow().named(to).map(|account| Author::account(account.id));
        let blocked = account.or_else(|| self.hub.author_of(to)).is_some_and(|author| self.blocks.has(&author, from));
        match blocked {
            true => Err(Refusal::new(ErrorCode::Forbidden, format!("{to} takes no private messages from you"))),
            false => Ok(()),
        }
    }

    /// Whether what is said to somebody alone finds them: they are here, or it is kept for them.
    pub fn is_reachable(&self, name: &UserName) -> bool {
        self.hub.is_online(name) || self.realm.borrow().named(name).is_some()
    }

    /// Somebody was refused something for asking too much: counted each time, and spoken of now and then.
    pub fn refused(&self, reason: Reason, address: Option<IpAddr>) {
        self.metrics.dropped(reason);
        if let Some(address) = address.filter(|_| reason == Reason::Flooding) {
            self.admission.flooded(address, Instant::now());
        }
        let worth_a_line = !matches!(reason, Reason::RateLimited | Reason::Control);
        if let Some(unsaid) = worth_a_line.then(|| self.refusals.again(Instant::now())).flatten() {
            let address = address.map(tracing::field::display);
            tracing::warn!(?reason, address, unsaid, "somebody asks too much");
        }
    }

    /// What everybody is told when the server goes down.
    pub fn parting(&self) -> CloseCode {
        if self.live().going_for_good { CloseCode::GoingAway } else { CloseCode::Restarting }
    }

    /// Whether new work is welcome: the log takes writes and nobody asked the server to go.
    pub fn is_ready(&self) -> bool {
        self.keeper.is_writable() && !self.is_draining()
    }
}

fn kept_out(sentence: &Sentence, now: Timestamp) -> Closing {
    Closing::new(CloseCode::Kicked, sentence.words(now))
}

/// A guest wants the name of an account, or one that looks like it.
pub fn owned() -> Closing {
    Closing::new(CloseCode::NameTaken, "This name belongs to an account: come in with its token, or by another name")
}

/// An account, as the log knows it. What was said to its name before it was made was said to somebody else.
fn who(account: &Account) -> Who {
    Who { name: account.name.clone(), author: Author::account(account.id), since: account.made }
}
