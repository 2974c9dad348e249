//! Sockets that have not said yet who they are or what they want: accepted and without a whole request, or upgraded and without
//! the credential that they need. There are only so many, in all and of one address. When one comes for whom there is no room,
//! the one that has waited longest is cut: who means to come in has said so long before.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::household;

/// Limits of 0 are none.
#[derive(Debug)]
pub struct Strangers {
    most: usize,
    per_address: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    /// By when they came.
    all: BTreeMap<u64, (IpAddr, oneshot::Sender<()>)>,
    of: HashMap<IpAddr, BTreeSet<u64>>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct Stranger {
    strangers: Arc<Strangers>,
    number: u64,
}

/// Word that a stranger has to go.
#[derive(Debug)]
pub struct Cut(oneshot::Receiver<()>);

impl Cut {
    /// It has to go. Never for one that is a stranger no longer.
    pub async fn comes(&mut self) {
        if (&mut self.0).await.is_err() {
            std::future::pending().await
        }
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.strangers.lock().leave(self.number);
    }
}

impl Strangers {
    pub fn new(most: usize, per_address: usize) -> Self {
        Self { most, per_address, waiting: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more. Whoever it takes the place of is cut.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> (Stranger, Cut) {
        let address = household(address);
        let mut waiting = self.lock();
        let of_address = waiting.of.get(&address);
        let crowded = self.per_address > 0 && of_address.is_some_and(|numbers| numbers.len() >= self.per_address);
        let oldest = match crowded {
            true => of_address.and_then(BTreeSet::first).copied(),
            false if self.most > 0 && waiting.all.len() >= self.most => waiting.all.keys().next().copied(),
            false => None,
        };
        if let Some((_, cut)) = oldest.and_then(|number| waiting.leave(number)) {
            // It may be leaving by itself.
            let _ = cut.send(());
        }
        let number = waiting.next;
        waiting.next += 1;
        let (cut, comes) = oneshot::channel();
        waiting.all.insert(number, (address, cut));
        waiting.of.entry(address).or_default().insert(number);
        drop(waiting);
        (Stranger { strangers: Arc::clone(self), number }, Cut(comes))
    }
}

impl Waiting {
    fn leave(&mut self, number: u64) -> Option<(IpAddr, oneshot::Sender<()>)> {
        let (address, cut) = self.all.remove(&number)?;
        if let Some(numbers) = self.of.get_mut(&address) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.of.remove(&address);
            }
        }
        Some((address, cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(strangers: &Arc<Strangers>, address: &str) -> (Stranger, Cut) {
        strangers.enter(address.parse().unwrap())
    }

    fn is_cut(cut: &mut Cut) -> bool {
        cut.0.try_recv().is_ok()
    }

    #[test]
    fn the_oldest_of_an_address_goes_when_it_has_one_too_many_and_nobody_else_does() {
        let strangers = Arc::new(Strangers::new(0, 2));
        let (_other, mut others) = enter(&strangers, "192.0.2.9");
        let (_one, mut first) = enter(&strangers, "2001:db8::1");
        let (_two, mut second) = enter(&strangers, "2001:db8::2");
        assert!(!is_cut(&mut first));
        let (three, mut third) = enter(&strangers, "2001:db8::3");
        assert!(is_cut(&mut first) && !is_cut(&mut second) && !is_cut(&mut third) && !is_cut(&mut others));
        // Who has said who it is makes room.
        drop(three);
        let _four = enter(&strangers, "2001:db8::4");
        assert!(!is_cut(&mut second));
    }

    #[test]
    fn the_oldest_of_all_goes_when_there_are_too_many() {
        let strangers = Arc::new(Strangers::new(3, 0));
        let mut all: Vec<_> = (0..5).map(|place| enter(&strangers, &format!("192.0.2.{place}"))).collect();
        let cut: Vec<_> = all.iter_mut().map(|(_, cut)| is_cut(cut)).collect();
        assert_eq!(cut, [true, true, false, false, false]);
        drop(all);
        let waiting = strangers.lock();
        assert!(waiting.all.is_empty() && waiting.of.is_empty(), "nothing is kept of who left");
    }

    #[test]
    fn without_limits_nobody_goes() {
        let strangers = Arc::new(Strangers::new(0, 0));
        let mut all: Vec<_> = (0..5000).map(|_| enter(&strangers, "192.0.2.1")).collect();
        assert!(all.iter_mut().all(|(_, cut)| !is_cut(cut)));
    }
}
