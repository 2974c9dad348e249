//! Sockets that have not said yet who they are or what they want: accepted and without a whole request, or upgraded and without
//! the credential that they need. There are only so many, in all and of one address. When one comes for whom there is no room,
//! the one that has waited longest is cut: who means to come in has said so long before.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::oneshot;

use super::household;

/// Limits of 0 are none.
#[derive(Debug)]
pub struct Strangers {
    most: AtomicUsize,
    per_address: AtomicUsize,
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
        Self { most: most.into(), per_address: per_address.into(), waiting: Mutex::default() }
    }

    /// What holds from now on. Who is too many goes when the next one comes.
    pub fn allow(&self, most: usize, per_address: usize) {
        self.most.store(most, Ordering::Relaxed);
        self.per_address.store(per_address, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more. Whoever it takes the place of is cut.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> (Stranger, Cut) {
        let address = household(address);
        let (most, per_address) = (self.most.load(Ordering::Relaxed), self.per_address.load(Ordering::Relaxed));
        let mut waiting = self.lock();
        // More than one only where there may be fewer than there were.
        while let Some((_, cut)) = waiting.too_many(address, most, per_address).and_then(|number| waiting.leave(number)) {
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
    /// Who has to go before one more of this address may come.
    fn too_many(&self, address: IpAddr, most: usize, per_address: usize) -> Option<u64> {
        let of_address = self.of.get(&address);
        let crowded = per_address > 0 && of_address.is_some_and(|numbers| numbers.len() >= per_address);
        match crowded {
            true => of_address.and_then(BTreeSet::first).copied(),
            false if most > 0 && self.all.len() >= most => self.all.keys().next().copied(),
            false => None,
        }
    }

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
    fn where_there_may_be_fewer_than_there_were_the_next_one_makes_it_true() {
        let strangers = Arc::new(Strangers::new(0, 0));
        let enter = |place: u8| enter(&strangers, &format!("192.0.2.{place}"));
        let mut all: Vec<_> = (0..5).map(enter).collect();
        strangers.allow(3, 0);
        assert!(all.iter_mut().all(|(_, cut)| !is_cut(cut)));
        all.push(enter(5));
        let cut: Vec<_> = all.iter_mut().map(|(_, cut)| is_cut(cut)).collect();
        assert_eq!(cut, [true, true, true, false, false, false]);
        strangers.allow(0, 1);
        all.push(enter(5));
        assert_eq!(all.iter_mut().map(|(_, cut)| is_cut(cut)).collect::<Vec<_>>()[3..], [false, false, true, false]);
    }

    #[test]
    fn without_limits_nobody_goes() {
        let strangers = Arc::new(Strangers::new(0, 0));
        let mut all: Vec<_> = (0..5000).map(|_| enter(&strangers, "192.0.2.1")).collect();
        assert!(all.iter_mut().all(|(_, cut)| !is_cut(cut)));
    }
}
