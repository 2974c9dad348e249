//! How many connections there are and of whom, and what those of one address or account may ask together.

mod strangers;

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

pub use self::strangers::{Cut, Stranger, Strangers};
use crate::{
    limits::{Bucket, Dial, Limits, Rate, Rates, Shared},
    metrics::Reason,
    realm::AccountId,
};

/// Counts open connections, and what is asked on them.
pub struct Admission {
    counts: Mutex<Counts>,
    per_address: AtomicUsize,
    total: AtomicUsize,
    lines: Dial,
    control: Dial,
    pub strangers: Arc<Strangers>,
    connects: Shared<IpAddr>,
    posts: Shared<IpAddr>,
    addresses: Shared<IpAddr>,
    accounts: Shared<AccountId>,
}

#[derive(Default)]
struct Counts {
    open: HashMap<IpAddr, usize>,
    total: usize,
    turned_away: usize,
    told: Option<Bucket>,
}

/// Connections that are told that there is no room at one time; more are only dropped.
const TURNED_AWAY: usize = 64;
/// Connections that a flood counts as, for its address, when it is thrown out.
const A_FLOOD: u32 = 20;
/// Who connects too often is told so this often; more are only dropped, so that refusing costs less than letting in.
const TOLD: Rate = Rate::new(32, 16);

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// This address has as many connections as one may have.
    Address,
    /// This address began as many as it may for now.
    TooOften(Duration),
    /// The server has as many as it takes.
    Server,
}

impl Full {
    /// As it is counted.
    pub fn reason(self) -> Reason {
        match self {
            Self::TooOften(_) => Reason::Connects,
            Self::Address | Self::Server => Reason::Refused,
        }
    }
}

/// There is none.
#[derive(Debug)]
pub struct NoPlace {
    pub full: Full,
    /// It is to be told so. Otherwise too many are being told already.
    pub told: Option<TurnedAway>,
}

/// A place, given back when it is dropped: of a connection, or of somebody for whom a proxy speaks on one.
#[derive(Debug)]
pub struct Place {
    admission: Arc<Admission>,
    /// None is counted by a proxy's own connection: those are by whom it speaks for.
    address: Option<IpAddr>,
    /// The connection that it is a place on; it is counted among all.
    on: Option<Arc<Place>>,
    load: Option<Arc<AtomicUsize>>,
}

impl Place {
    /// Whose it is; none is a proxy's own.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Counts as load too, for as long as it is taken: of the shard that serves it.
    #[must_use]
    pub fn on(mut self, load: &Arc<AtomicUsize>) -> Self {
        load.fetch_add(1, Ordering::Relaxed);
        self.load = Some(Arc::clone(load));
        self
    }
}

impl std::fmt::Debug for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admission").finish_non_exhaustive()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(load) = &self.load {
            load.fetch_sub(1, Ordering::Relaxed);
        }
        let mut counts = self.admission.lock();
        if self.on.is_none() {
            counts.total -= 1;
        }
        if let Some(address) = self.address
            && let Some(open) = counts.open.get_mut(&address)
        {
            *open -= 1;
            if *open == 0 {
                counts.open.remove(&address);
            }
        }
    }
}

/// A connection that is being told that there is no room.
#[derive(Debug)]
pub struct TurnedAway {
    admission: Arc<Admission>,
    pub full: Full,
}

impl Drop for TurnedAway {
    fn drop(&mut self) {
        self.admission.lock().turned_away -= 1;
    }
}

/// Whom an address stands for: with IPv6 one household has a whole /64.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

impl Admission {
    /// Limits of 0 are none. An address may post over HTTP as often as one connection may say a line.
    pub fn new(per_address: usize, total: usize, lines: Rate, limits: &Limits) -> Self {
        Self {
            counts: Mutex::default(),
            per_address: per_address.into(),
            total: total.into(),
            lines: Dial::new(lines),
            control: Dial::new(limits.control),
            strangers: Arc::new(Strangers::new(limits.strangers, limits.strangers_per_address)),
            connects: Shared::new(limits.connects),
            posts: Shared::new(lines),
            addresses: Shared::new(limits.address),
            accounts: Shared::new(limits.account),
        }
    }

    /// What is allowed from now on, as in [`Admission::new`]. Who is in stays in.
    pub fn allow(&self, per_address: usize, total: usize, lines: Rate, limits: &Limits) {
        let Limits { account, address, control, connects, strangers, strangers_per_address } = *limits;
        self.per_address.store(per_address, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.lines.turn(lines);
        self.control.turn(control);
        self.strangers.allow(strangers, strangers_per_address);
        self.connects.allow(connects);
        self.posts.allow(lines);
        self.addresses.allow(address);
        self.accounts.allow(account);
    }

    /// What holds for each connection.
    pub fn rates(&self) -> Rates {
        Rates { lines: self.lines.rate(), control: self.control.rate() }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection.
    ///
    /// # Errors
    /// There is none.
    pub fn enter(self: &Arc<Self>, address: IpAddr, now: Instant) -> Result<Place, NoPlace> {
        self.take(Some(address), None, Some(now))
    }

    /// A place for one more connection of a proxy, which is counted by those for whom it speaks.
    ///
    /// # Errors
    /// As [`Admission::enter`].
    pub fn enter_proxy(self: &Arc<Self>) -> Result<Place, NoPlace> {
        self.take(None, None, None)
    }

    /// A place on a proxy's connection, for somebody of this address. `begins`: it is the beginning of a connection to that one,
    /// and not only a request.
    ///
    /// # Errors
    /// As [`Admission::enter`].
    pub fn behind(self: &Arc<Self>, proxy: Arc<Place>, address: IpAddr, begins: Option<Instant>) -> Result<Place, NoPlace> {
        self.take(Some(address), Some(proxy), begins)
    }

    fn take(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        on: Option<Arc<Place>>,
        begins: Option<Instant>,
    ) -> Result<Place, NoPlace> {
        let address = address.map(household);
        let (most, per_address) = (self.total.load(Ordering::Relaxed), self.per_address.load(Ordering::Relaxed));
        let mut counts = self.lock();
        if on.is_none() && most > 0 && counts.total >= most {
            return Err(self.turn_away(&mut counts, Full::Server));
        }
        if let Some(address) = address {
            let open = counts.open.get(&address).copied().unwrap_or(0);
            if per_address > 0 && open >= per_address {
                return Err(self.turn_away(&mut counts, Full::Address));
            }
            let wait = begins.map_or(Duration::ZERO, |now| self.connects.take(address, now, 1));
            if let Some(now) = begins.filter(|_| !wait.is_zero()) {
                let told = TOLD
                    .limit()
                    .is_none_or(|limit| counts.told.get_or_insert_with(|| Bucket::new(now)).take(limit, now, 1).is_ok());
                let full = Full::TooOften(wait);
                return Err(if told { self.turn_away(&mut counts, full) } else { NoPlace { full, told: None } });
            }
            counts.open.insert(address, open + 1);
        }
        counts.total += usize::from(on.is_none());
        Ok(Place { admission: Arc::clone(self), address, on, load: None })
    }

    fn turn_away(self: &Arc<Self>, counts: &mut Counts, full: Full) -> NoPlace {
        let told = (counts.turned_away < TURNED_AWAY).then(|| {
            counts.turned_away += 1;
            TurnedAway { admission: Arc::clone(self), full }
        });
        NoPlace { full, told }
    }

    /// Something that costs so much, of what somebody's connections share: taken from both, or how long to wait.
    pub fn ask(&self, address: Option<IpAddr>, account: Option<AccountId>, now: Instant, cost: u32) -> Duration {
        let of_account = account.map_or(Duration::ZERO, |account| self.accounts.take(account, now, cost));
        if !of_account.is_zero() {
            return of_account;
        }
        let of_address = address.map_or(Duration::ZERO, |address| self.addresses.take(household(address), now, cost));
        if let Some(account) = account.filter(|_| !of_address.is_zero()) {
            self.accounts.give_back(account, now, cost);
        }
        of_address
    }

    /// Somebody of this address was thrown out for flooding: coming back costs the more.
    pub fn flooded(&self, address: IpAddr, now: Instant) {
        let address = household(address);
        // As many as there are, if there are fewer.
        let _ = (0..A_FLOOD).take_while(|_| self.connects.take(address, now, 1).is_zero()).count();
    }

    /// One post over HTTP, or how long to wait.
    pub fn post(&self, address: IpAddr, now: Instant) -> Duration {
        self.posts.take(household(address), now, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(per_address: usize, total: usize) -> Arc<Admission> {
        Arc::new(Admission::new(per_address, total, Rate::Off, &Limits::OFF))
    }

    #[test]
    fn places_are_counted_by_household_and_given_back() {
        let admission = admission(2, 3);
        let enter = |address: &str| admission.enter(address.parse().unwrap(), Instant::now());
        let full = |entered: Result<Place, NoPlace>| entered.unwrap_err().full;
        let first = enter("10.0.0.1").unwrap();
        let _second = enter("::ffff:10.0.0.1").unwrap();
        assert_eq!(full(enter("10.0.0.1")), Full::Address);
        let _third = enter("2001:db8::1").unwrap();
        assert_eq!(full(enter("2001:db8::2")), Full::Server);
        drop(first);
        let _fourth = enter("2001:db8:0:0:ffff::2").unwrap();
        drop(_second);
        assert_eq!(full(enter("2001:db8::3")), Full::Address);
    }

    #[test]
    fn who_comes_by_a_proxy_is_counted_by_its_own_address() {
        let admission = admission(1, 2);
        let proxy = Arc::new(admission.enter_proxy().unwrap());
        let behind = |address: &str| admission.behind(Arc::clone(&proxy), address.parse().unwrap(), None);
        let full = |entered: Result<Place, NoPlace>| entered.unwrap_err().full;
        let one = behind("192.0.2.1").unwrap();
        assert_eq!(full(behind("192.0.2.1")), Full::Address);
        let _other = behind("192.0.2.2").unwrap();
        // All of them are on one connection, and the proxy's own address has none yet.
        let direct = admission.enter("192.0.2.3".parse().unwrap(), Instant::now()).unwrap();
        assert_eq!(full(admission.enter_proxy()), Full::Server);
        assert_eq!(full(behind("192.0.2.3")), Full::Address);
        drop(direct);
        drop(one);
        // A place keeps the connection that it is on.
        let last = behind("192.0.2.1").unwrap();
        drop(proxy);
        let _second = admission.enter_proxy().unwrap();
        assert_eq!(full(admission.enter_proxy()), Full::Server);
        drop((last, _other));
        assert!(admission.enter_proxy().is_ok());
    }

    #[test]
    fn those_who_are_turned_away_are_few_at_a_time() {
        let admission = admission(1, 0);
        let enter = || admission.enter("10.0.0.1".parse().unwrap(), Instant::now());
        let _in = enter().unwrap();
        let told: Vec<_> = (0..200).filter_map(|_| enter().unwrap_err().told).collect();
        assert_eq!(told.len(), TURNED_AWAY);
        drop(told);
        assert!(enter().unwrap_err().told.is_some());
    }

    #[test]
    fn an_address_begins_so_many_connections_at_a_time_and_few_are_told_of_it() {
        let limits = Limits { connects: Rate::new(3, 2), ..Limits::OFF };
        let (admission, start) = (Arc::new(Admission::new(0, 0, Rate::Off, &limits)), Instant::now());
        let enter = |address: &str, now| admission.enter(address.parse().unwrap(), now).map(drop);
        let entered: Vec<_> = (0..4).map(|place| enter(&format!("2001:db8::{place}"), start)).collect();
        assert_eq!(entered.iter().filter(|entered| entered.is_ok()).count(), 3);
        let full = entered[3].as_ref().unwrap_err().full;
        assert_eq!(full, Full::TooOften(Duration::from_millis(500)));
        assert!(enter("2001:db8:1::1", start).is_ok(), "nobody else");
        assert!(enter("2001:db8::1", start + Duration::from_millis(499)).is_err());
        assert!(enter("2001:db8::1", start + Duration::from_millis(500)).is_ok());
        let later = start + Duration::from_secs(10);
        let told = (0..1000).filter(|_| enter("2001:db8::1", later).is_err_and(|no| no.told.is_some())).count();
        assert_eq!(told, 32, "the others are only dropped");
        // Behind a proxy a request is no connection, and a WebSocket is one.
        let proxy = Arc::new(admission.enter_proxy().unwrap());
        let behind = |begins| admission.behind(Arc::clone(&proxy), "192.0.2.1".parse().unwrap(), begins).is_ok();
        assert!((0..10).all(|_| behind(None)));
        assert_eq!((0..10).filter(|_| behind(Some(start))).count(), 3);
    }

    #[test]
    fn a_flood_counts_as_many_connections() {
        let limits = Limits { connects: Rate::new(30, 1), ..Limits::OFF };
        let (admission, now) = (Arc::new(Admission::new(0, 0, Rate::Off, &limits)), Instant::now());
        let address: IpAddr = "10.0.0.1".parse().unwrap();
        admission.flooded(address, now);
        assert_eq!((0..40).filter(|_| admission.enter(address, now).is_ok()).count(), 30 - 20);
        admission.flooded(address, now);
        assert!(admission.enter(address, now + Duration::from_secs(1)).is_ok(), "it owes nothing");
    }

    #[test]
    fn connections_of_one_address_and_of_one_account_share_what_they_may_ask() {
        let limits = Limits { account: Rate::new(4, 1), address: Rate::new(6, 1), ..Limits::OFF };
        let (admission, now) = (Admission::new(0, 0, Rate::Off, &limits), Instant::now());
        let ask =
            |address: &str, account: Option<u64>| admission.ask(address.parse().ok(), account.map(AccountId), now, 1).is_zero();
        assert_eq!((0..9).filter(|place| ask(&format!("10.0.0.{place}"), Some(1))).count(), 4, "wherever it is");
        assert_eq!((0..9).filter(|place| ask("10.0.1.1", Some(2 + place))).count(), 6, "whoever it is");
        assert!(!ask("10.0.1.1", None) && ask("10.0.1.2", None));
        // What the address has not is not taken from the account.
        assert!((0..9).all(|_| !ask("10.0.1.1", Some(50))));
        assert_eq!((0..9).filter(|_| ask("10.0.1.3", Some(50))).count(), 4);
    }
}
