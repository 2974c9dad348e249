//! How many connections there are, of whom, and how often an address may post over HTTP.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use crate::limits::{Bucket, Rate, Verdict};

/// Addresses whose posts are counted; with more, those that could post freely again are forgotten.
const POSTERS: usize = 10_000;

/// Counts open connections.
pub struct Admission {
    counts: Mutex<Counts>,
    per_address: usize,
    total: usize,
    rate: Rate,
}

#[derive(Default)]
struct Counts {
    open: HashMap<IpAddr, usize>,
    total: usize,
    turned_away: usize,
    posters: HashMap<IpAddr, Bucket>,
}

/// Connections that are told that there is no room at one time; more are only dropped.
const TURNED_AWAY: usize = 64;

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// This address has as many connections as one may have.
    Address,
    /// The server has as many as it takes.
    Server,
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
    /// Limits of 0 are none.
    pub fn new(per_address: usize, total: usize, rate: Rate) -> Self {
        Self { counts: Mutex::default(), per_address, total, rate }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one more connection.
    ///
    /// # Errors
    /// There is none: it is told so, unless too many are being told already.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Place, Option<TurnedAway>> {
        self.take(Some(address), None)
    }

    /// A place for one more connection of a proxy, which is counted by those for whom it speaks.
    ///
    /// # Errors
    /// As [`Admission::enter`].
    pub fn enter_proxy(self: &Arc<Self>) -> Result<Place, Option<TurnedAway>> {
        self.take(None, None)
    }

    /// A place on a proxy's connection, for somebody of this address.
    ///
    /// # Errors
    /// As [`Admission::enter`].
    pub fn behind(self: &Arc<Self>, proxy: Arc<Place>, address: IpAddr) -> Result<Place, Option<TurnedAway>> {
        self.take(Some(address), Some(proxy))
    }

    fn take(self: &Arc<Self>, address: Option<IpAddr>, on: Option<Arc<Place>>) -> Result<Place, Option<TurnedAway>> {
        let address = address.map(household);
        let mut counts = self.lock();
        if on.is_none() && self.total > 0 && counts.total >= self.total {
            return Err(self.turn_away(&mut counts, Full::Server));
        }
        if let Some(address) = address {
            let open = counts.open.get(&address).copied().unwrap_or(0);
            if self.per_address > 0 && open >= self.per_address {
                return Err(self.turn_away(&mut counts, Full::Address));
            }
            counts.open.insert(address, open + 1);
        }
        counts.total += usize::from(on.is_none());
        Ok(Place { admission: Arc::clone(self), address, on, load: None })
    }

    fn turn_away(self: &Arc<Self>, counts: &mut Counts, full: Full) -> Option<TurnedAway> {
        (counts.turned_away < TURNED_AWAY).then(|| {
            counts.turned_away += 1;
            TurnedAway { admission: Arc::clone(self), full }
        })
    }

    /// One post over HTTP.
    pub fn post(&self, address: IpAddr, now: Instant) -> Verdict {
        let mut counts = self.lock();
        if counts.posters.len() >= POSTERS {
            counts.posters.retain(|_, bucket| !bucket.is_full(now));
        }
        counts.posters.entry(household(address)).or_insert_with(|| Bucket::new(self.rate, now)).take(now, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_household_and_given_back() {
        let admission = Arc::new(Admission::new(2, 3, Rate::Off));
        let enter = |address: &str| admission.enter(address.parse().unwrap());
        let full = |entered: Result<Place, Option<TurnedAway>>| entered.unwrap_err().unwrap().full;
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
        let admission = Arc::new(Admission::new(1, 2, Rate::Off));
        let proxy = Arc::new(admission.enter_proxy().unwrap());
        let behind = |address: &str| admission.behind(Arc::clone(&proxy), address.parse().unwrap());
        let full = |entered: Result<Place, Option<TurnedAway>>| entered.unwrap_err().unwrap().full;
        let one = behind("192.0.2.1").unwrap();
        assert_eq!(full(behind("192.0.2.1")), Full::Address);
        let _other = behind("192.0.2.2").unwrap();
        // All of them are on one connection, and the proxy's own address has none yet.
        let direct = admission.enter("192.0.2.3".parse().unwrap()).unwrap();
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
        let admission = Arc::new(Admission::new(1, 0, Rate::Off));
        let enter = || admission.enter("10.0.0.1".parse().unwrap());
        let _in = enter().unwrap();
        let told: Vec<_> = (0..200).filter_map(|_| enter().unwrap_err()).collect();
        assert_eq!(told.len(), TURNED_AWAY);
        drop(told);
        assert!(enter().unwrap_err().is_some());
    }
}
