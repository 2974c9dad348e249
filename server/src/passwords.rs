//! Passwords: hashed and compared with argon2id, a few at a time on threads of their own, and not tried too often. A password is
//! only ever exchanged for a token.
//!
//! A name that nobody has takes as long as a wrong password, so that nobody learns by the clock which names have accounts. The
//! threads are polite: whoever talks goes before whoever comes in, also where there is one processor for all.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash as Phc},
};
use chat_protocol::{ErrorCode, Refusal};
use tokio::sync::oneshot;

use crate::{
    admission::household,
    auth::Secret,
    limits::{Rate, Shared},
    realm::PasswordHash,
};

/// The shortest password, in characters.
const SHORTEST: usize = 8;
/// The longest, in bytes.
const LONGEST: usize = 1024;
/// Passwords that are compared at a time: each takes 19 MiB, and a processor for some 50 ms.
const AT_ONCE: usize = 2;
/// Those that may wait for that.
const WAITING: usize = 32;
/// As little of a processor as there is, where anybody else wants it.
const NICE: i32 = 19;
/// An attempt costs so much of the buckets below: five of an address at once and one more in ten seconds, and thirty for an
/// account, whoever makes them, and one more in two seconds.
const ATTEMPT: u32 = 10;
const OF_ADDRESS: Rate = Rate::new(50, 1);
const OF_ACCOUNT: Rate = Rate::new(300, 5);

/// See the module.
pub struct Passwords {
    /// Made when somebody comes with the first.
    threads: OnceLock<SyncSender<Work>>,
    addresses: Shared<IpAddr>,
    /// By the name as it was asked for, whether anybody has it or not.
    accounts: Shared<Box<str>>,
}

/// What a thread does for somebody, who is told of it.
type Work = Box<dyn FnOnce() + Send>;

impl Default for Passwords {
    fn default() -> Self {
        Self { threads: OnceLock::new(), addresses: Shared::new(OF_ADDRESS), accounts: Shared::new(OF_ACCOUNT) }
    }
}

/// Whether a password may be one.
///
/// # Errors
/// In words for who chose it.
pub fn check(password: &Secret) -> Result<(), Refusal> {
    let password = password.tell();
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        let text = format!("A password has at least {SHORTEST} characters, and at most {LONGEST} bytes");
        return Err(Refusal::new(ErrorCode::BadRequest, text));
    }
    Ok(())
}

/// What is kept of a password. It takes its time.
///
/// # Errors
/// The system has no randomness to give.
pub fn hash(password: &Secret) -> Result<PasswordHash, Refusal> {
    let hashed = Argon2::default().hash_password(password.tell().as_bytes());
    hashed.map(|phc| PasswordHash(phc.to_string())).map_err(|_| unhashed())
}

fn unhashed() -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "The password could not be hashed")
}

/// Whether it is this one. It takes the same time for a hash that there is not.
fn fits(password: &Secret, hash: Option<&PasswordHash>) -> bool {
    static NOBODYS: OnceLock<Option<PasswordHash>> = OnceLock::new();
    let nobodys = || NOBODYS.get_or_init(|| self::hash(&Secret::new("nobody's")).ok()).as_ref();
    let Some(compared) = hash.or_else(nobodys) else { return false };
    let Ok(phc) = Phc::new(&compared.0) else { return false };
    let fits = Argon2::default().verify_password(password.tell().as_bytes(), &phc).is_ok();
    fits && hash.is_some()
}

impl Passwords {
    /// Whether somebody at this address may try to come in by this name now, or how long to wait.
    pub fn attempt(&self, name: &str, address: IpAddr, now: Instant) -> Duration {
        let of_address = self.attempt_anew(address, now);
        if of_address.is_zero() { self.accounts.take(name.into(), now, ATTEMPT) } else { of_address }
    }

    /// Whether somebody at this address may try to make an account now. It counts as an attempt to come in, and not against the
    /// name: nobody keeps its owner out by asking for it.
    pub fn attempt_anew(&self, address: IpAddr, now: Instant) -> Duration {
        self.addresses.take(household(address), now, ATTEMPT)
    }

    /// Whether the password is the one of this hash.
    ///
    /// # Errors
    /// Too many wait for theirs.
    pub async fn fits(&self, password: Secret, hash: Option<PasswordHash>) -> Result<bool, Refusal> {
        Ok(self.in_turn(move || fits(&password, hash.as_ref())).await?.unwrap_or(false))
    }

    /// What is kept of a password.
    ///
    /// # Errors
    /// Too many wait for theirs, or as [`hash`].
    pub async fn hashed(&self, password: Secret) -> Result<PasswordHash, Refusal> {
        self.in_turn(move || hash(&password)).await?.unwrap_or_else(|| Err(unhashed()))
    }

    /// Work that takes its time. None if it broke.
    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<Option<T>, Refusal> {
        let busy = || Refusal::new(ErrorCode::RateLimited, "Too many are coming in at once. Try again in a moment.");
        let (answer, done) = oneshot::channel();
        let work = move || {
            // Who is gone wants no answer.
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        };
        self.threads.get_or_init(start).try_send(Box::new(work)).map_err(|_| busy())?;
        Ok(done.await.ok())
    }
}

/// Threads that work for as long as there is somebody who asks them.
fn start() -> SyncSender<Work> {
    let (ask, asked) = sync_channel(WAITING);
    let asked = Arc::new(Mutex::new(asked));
    for number in 0..AT_ONCE {
        let asked = Arc::clone(&asked);
        let started = thread::Builder::new().name(format!("passwords-{number}")).spawn(move || work(&asked));
        if let Err(error) = started {
            tracing::error!(%error, "no thread for passwords");
        }
    }
    ask
}

fn work(asked: &Mutex<Receiver<Work>>) {
    // There a priority is a thread's own; elsewhere it would be the whole server's.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "passwords are compared at everybody's cost");
    }
    loop {
        // Whoever waits here holds the lock: the next one then waits for the lock.
        let next = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        work();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let (right, wrong) = (Secret::new("correct horse"), Secret::new("correct horsf"));
        let (one, other) = (hash(&right).unwrap(), hash(&right).unwrap());
        assert_ne!(one, other, "a salt of its own");
        assert!(one.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.0);
        assert!(fits(&right, Some(&one)) && fits(&right, Some(&other)) && !fits(&wrong, Some(&one)));
        assert!(!fits(&right, None) && !fits(&Secret::new("nobody's"), None) && !fits(&right, Some(&PasswordHash("x".into()))));
        assert_eq!(format!("{right:?} {one:?}"), "Secret(…) PasswordHash(…)");
    }

    #[test]
    fn a_password_is_neither_short_nor_endless() {
        for (text, good) in [("", false), ("1234567", false), ("12345678", true), ("pässwörd", true), ("päßwör", false)] {
            assert_eq!(check(&Secret::new(text)).is_ok(), good, "{text}");
        }
        assert!(check(&Secret::new("x".repeat(LONGEST))).is_ok() && check(&Secret::new("x".repeat(LONGEST + 1))).is_err());
    }

    #[test]
    fn attempts_are_few_for_an_address_and_for_an_account() {
        let (passwords, start) = (Passwords::default(), Instant::now());
        let welcome = |name: &str, address: &str, ms| {
            let now = start + Duration::from_millis(ms);
            passwords.attempt(name, address.parse().unwrap(), now).is_zero()
        };
        let tried: Vec<_> = (0..6).map(|place| welcome(&format!("name-{place}"), "10.0.0.1", 0)).collect();
        assert_eq!(tried, [true, true, true, true, true, false], "whatever the name");
        assert!(!welcome("alice", "10.0.0.1", 9900) && welcome("alice", "10.0.0.1", 20_100));
        let many = (0..50).filter(|place| welcome("bob", &format!("10.0.1.{place}"), 0)).count();
        assert_eq!(many, 30, "whatever the address");
        assert!(welcome("carol", "10.0.2.1", 0), "nobody else");
        let anew = |address: &str| passwords.attempt_anew(address.parse().unwrap(), start).is_zero();
        assert_eq!((0..6).filter(|_| anew("10.0.3.1")).count(), 5);
        assert!(!welcome("carol", "10.0.3.1", 0), "to come in and to make an account is one count");
    }
}
