//! The log at work: one thread that applies what was appended, in the order in which it came, and a few that read.
//!
//! There is no timer: what gathered while the last commit ran is the next batch, so a lone message waits for nobody and a crowd
//! shares one commit. What was committed goes to the tail on the same thread, so that everybody hears it in that order.
//!
//! When a batch fails, none of it is kept and everybody in it hears `unavailable`. While that lasts the thread tries a small
//! write each second, so that writing resumes by itself.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chat_protocol::{Epoch, ErrorCode, Refusal, Timestamp, UserName};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Asker, Author, Draft, Import, Log, LogError, Messages, Motion, Outcome, Reader, Search, Session, Who, Write};
use crate::{clock, metrics::Metrics, realm::Realm};

mod awaited;

/// The most that one commit takes.
const BATCH: usize = 1000;
/// Appends that wait for the writer before those who append have to wait.
const APPENDS: usize = 8192;
/// Reads that wait for a reader before those who ask have to wait.
const READS: usize = 1024;
/// Threads that read.
const READERS: usize = 2;
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// What the tail is handed: what was written and what became of it, in order.
pub type Committed = Vec<(Write, Outcome)>;

enum Job {
    /// In this order.
    Write { notes: Vec<Write>, write: Option<Write> },
    /// Told when all before it is committed, or refused.
    Beat(oneshot::Sender<()>),
    /// Told first when all before it is committed and handed to the tail, then when the store is at rest.
    Stop { finished: oneshot::Sender<()>, closed: oneshot::Sender<()> },
}

type ReadJob = Box<dyn FnOnce(&mut dyn Reader) + Send>;

/// A handle on the running log.
pub struct Keeper {
    epoch: Epoch,
    appends: mpsc::Sender<Job>,
    realm: watch::Receiver<Arc<Realm>>,
    /// What goes to the log with whatever goes next.
    notes: Mutex<Vec<Write>>,
    reads: mpsc::Sender<ReadJob>,
    /// Apart, because a search is long work: nobody who comes in waits for those who search.
    searches: mpsc::Sender<ReadJob>,
    writable: Arc<AtomicBool>,
}

impl Keeper {
    /// Starts the threads. `tail` is called on the writer's thread after each commit.
    ///
    /// # Errors
    /// The log has no readers to give, or the system no threads.
    pub fn start<L: Log>(
        log: L,
        metrics: Arc<Metrics>,
        tail: impl FnMut(Committed) + Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let (appends, inbox) = mpsc::channel(APPENDS);
        let (epoch, realm) = (log.epoch(), log.realm());
        let reads = start_readers(&log, "read", READERS)?;
        let searches = start_readers(&log, "search", 1)?;
        let writable = Arc::new(AtomicBool::new(true));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let writer = Writer { log, inbox, metrics, writable: Arc::clone(&writable), tail, runtime, owed: Vec::new() };
        thread::Builder::new().name("log-write".into()).spawn(move || {
            // Without its writer the server would take messages and keep none: better it is started anew.
            if panic::catch_unwind(AssertUnwindSafe(|| writer.run())).is_err() {
                tracing::error!("the log's writer broke: the server ends");
                std::process::abort();
            }
        })?;
        Ok(Self { epoch, realm, appends, notes: Mutex::default(), reads, searches, writable })
    }

    /// Which log this is.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// Who belongs here, and word of each change.
    pub fn realm(&self) -> watch::Receiver<Arc<Realm>> {
        self.realm.clone()
    }

    /// Whether the last write went well.
    pub fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Relaxed)
    }

    /// Hands something to the log, if there is a place in its queue. What became of it, the tail says.
    ///
    /// # Errors
    /// There is none, or the log is closed; the write comes back.
    pub fn try_append(&self, write: Write) -> Result<(), Box<Write>> {
        match self.appends.try_reserve() {
            Ok(place) => {
                self.send(place, Some(write));
                Ok(())
            }
            Err(_) => Err(Box::new(write)),
        }
    }

    /// Hands something to the log, waiting for a place in its queue. What became of it, the tail says.
    ///
    /// # Errors
    /// The log is closed; the write comes back.
    pub async fn append(&self, write: Write) -> Result<(), Write> {
        match self.appends.reserve().await {
            Ok(place) => {
                self.send(place, Some(write));
                Ok(())
            }
            Err(_) => Err(write),
        }
    }

    /// A session or a use: it goes to the log before whatever is handed in next, so that nothing that an author says is kept
    /// without the proof of whose it is. [`Keeper::hand_in`] must follow soon: a crowd that comes at once wakes the log once.
    pub fn note(&self, write: Write) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(write);
    }

    /// Hands what was noted to the log. A log that is closed has kept what it had.
    pub async fn hand_in(&self) {
        if let Ok(place) = self.appends.reserve().await {
            self.send(place, None);
        }
    }

    fn send(&self, place: mpsc::Permit<'_, Job>, write: Option<Write>) {
        let mut waiting = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let notes = std::mem::take(&mut *waiting);
        // Sent under the lock: who finds nothing waiting comes behind it.
        if write.is_some() || !notes.is_empty() {
            place.send(Job::Write { notes, write });
        }
    }

    /// Reads on one of the reading threads.
    ///
    /// # Errors
    /// What the reader says, or that the log is closed.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Reader) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        ask(&self.reads, read).await
    }

    /// Searches, on a thread of its own.
    ///
    /// # Errors
    /// As [`Keeper::read`].
    pub async fn search(&self, search: Search, who: Option<Who>) -> Result<Messages, LogError> {
        self.look(move |reader| reader.search(&search, who.as_ref())).await
    }

    /// Reads where searches are: what takes a while.
    async fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut dyn Reader) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        ask(&self.searches, read).await
    }

    /// Waits until the writer has come to this. False if it is gone.
    pub async fn beat(&self) -> bool {
        let (passed, passes) = oneshot::channel();
        self.appends.send(Job::Beat(passed)).await.is_ok() && passes.await.is_ok()
    }

    /// Finishes what was appended so far; nothing is taken after that. What comes back is done when the store is at rest.
    pub async fn finish(&self) -> oneshot::Receiver<()> {
        self.hand_in().await;
        let ((finished, done), (closed, rest)) = (oneshot::channel(), oneshot::channel());
        if self.appends.send(Job::Stop { finished, closed }).await.is_ok() {
            let _ = done.await;
        }
        rest
    }
}

/// A tail that tells those who wait, where nobody else is to be told.
pub fn answer(committed: Committed) {
    for (write, outcome) in committed {
        let (Write::Event(Draft { asker, .. })
        | Write::Decree(Motion { asker, .. })
        | Write::Block { asker, .. }
        | Write::Prune { asker, .. }
        | Write::Import(Import { asker, .. })) = write
        else {
            continue;
        };
        if let Asker::Waiting(sender) = asker {
            // Who asked may have gone.
            let _ = sender.send(outcome);
        }
    }
}

/// Threads that take reads from one queue. They end with it.
fn start_readers(log: &impl Log, kind: &str, threads: usize) -> Result<mpsc::Sender<ReadJob>, std::io::Error> {
    let (reads, jobs) = mpsc::channel::<ReadJob>(READS);
    let jobs = Arc::new(Mutex::new(jobs));
    for number in 0..threads {
        let mut reader = log.reader().map_err(std::io::Error::other)?;
        let jobs = Arc::clone(&jobs);
        thread::Builder::new().name(format!("log-{kind}-{number}")).spawn(move || {
            loop {
                // Whoever waits holds the lock; the others wait for the lock.
                let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                let Some(job) = job else { return };
                // A read that breaks costs its asker the answer, and nobody the reader.
                if panic::catch_unwind(AssertUnwindSafe(|| job(&mut *reader))).is_err() {
                    tracing::error!("a read broke");
                }
            }
        })?;
    }
    Ok(reads)
}

async fn ask<T: Send + 'static>(
    queue: &mpsc::Sender<ReadJob>,
    read: impl FnOnce(&mut dyn Reader) -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    let closed = || LogError::Unavailable("the log is closed".into());
    let (sender, answer) = oneshot::channel();
    let job: ReadJob = Box::new(move |reader| {
        // Nobody waits any more if the connection went meanwhile.
        let _ = sender.send(read(reader));
    });
    queue.send(job).await.map_err(|_| closed())?;
    answer.await.unwrap_or_else(|_| Err(closed()))
}

/// The words for a log that could not keep something.
#[must_use]
pub fn unavailable() -> Refusal {
    Refusal::new(ErrorCode::Unavailable, "The server could not keep that, so nobody has seen it. Try again in a moment.")
}

struct Writer<L, T> {
    log: L,
    inbox: mpsc::Receiver<Job>,
    metrics: Arc<Metrics>,
    writable: Arc<AtomicBool>,
    tail: T,
    runtime: tokio::runtime::Runtime,
    /// Sessions that could not be kept yet. They go before whatever comes next: nothing that an author says may be kept without
    /// the proof of whose it is.
    owed: Vec<Write>,
}

impl<L: Log, T: FnMut(Committed)> Writer<L, T> {
    fn run(mut self) {
        loop {
            let mut writes = Vec::new();
            let (mut stop, mut beats) = (None, Vec::new());
            match self.next() {
                Some(Job::Write { notes, write }) => writes.extend(notes.into_iter().chain(write)),
                Some(Job::Beat(passed)) => beats.push(passed),
                Some(Job::Stop { finished, closed }) => stop = Some((finished, closed)),
                None => return,
            }
            while stop.is_none() && writes.len() < BATCH {
                match self.inbox.try_recv() {
                    Ok(Job::Write { notes, write }) => writes.extend(notes.into_iter().chain(write)),
                    Ok(Job::Beat(passed)) => beats.push(passed),
                    Ok(Job::Stop { finished, closed }) => stop = Some((finished, closed)),
                    Err(_) => break,
                }
            }
            self.commit(writes);
            for passed in beats {
                // Who asked may have gone.
                let _ = passed.send(());
            }
            if let Some((finished, closed)) = stop {
                self.refuse_the_rest();
                let _ = finished.send(());
                self.log.close();
                // The store is free for the next server before anybody hears that this one is done with it.
                drop(self);
                let _ = closed.send(());
                return;
            }
        }
    }

    /// Nothing is taken any more; who handed something in behind the end hears of it.
    fn refuse_the_rest(&mut self) {
        self.inbox.close();
        let mut late = Vec::new();
        // Until everybody who had a place in the queue has used it.
        while let Some(job) = self.inbox.blocking_recv() {
            if let Job::Write { write: Some(write), .. } = job {
                late.push((write, Outcome::Refused(unavailable())));
            }
        }
        if !late.is_empty() {
            (self.tail)(late);
        }
    }

    /// The next job, or a probe while the log is unavailable and nobody writes.
    fn next(&mut self) -> Option<Job> {
        if self.writable.load(Ordering::Relaxed) {
            return self.inbox.blocking_recv();
        }
        let inbox = &mut self.inbox;
        // Who only asks whether the thread turns does not put the probe off.
        let job = async {
            loop {
                match inbox.recv().await {
                    Some(Job::Beat(passed)) => drop(passed.send(())),
                    job => return job,
                }
            }
        };
        match self.runtime.block_on(async { tokio::time::timeout(PROBE_EVERY, job).await }) {
            Ok(job) => job,
            Err(_) => Some(Job::Write { notes: Vec::new(), write: Some(probe(clock::now())) }),
        }
    }

    fn commit(&mut self, mut writes: Vec<Write>) {
        if writes.is_empty() {
            return;
        }
        writes.splice(0..0, self.owed.drain(..));
        let start = Instant::now();
        match self.log.apply(&writes, clock::now()) {
            Ok(outcomes) => {
                self.metrics.committed(writes.len(), start.elapsed());
                if !self.writable.swap(true, Ordering::Relaxed) {
                    tracing::info!("the log takes writes again");
                }
                (self.tail)(writes.into_iter().zip(outcomes).collect());
            }
            Err(error) => {
                if self.writable.swap(false, Ordering::Relaxed) {
                    tracing::error!(%error, writes = writes.len(), "the log could not keep a batch");
                }
                // A batch that can never be kept must not come back with the next one.
                if matches!(error, LogError::Unavailable(_)) {
                    self.owed = writes.iter().filter_map(owed).take(APPENDS).collect();
                }
                let refused = writes.into_iter().map(|write| (write, Outcome::Refused(unavailable()))).collect();
                (self.tail)(refused);
            }
        }
    }
}

/// What a failed batch leaves to be written with the next one: somebody's session.
fn owed(write: &Write) -> Option<Write> {
    match write {
        Write::Session(session) if session.hash != NOBODY => Some(Write::Session(session.clone())),
        _ => None,
    }
}

/// The hash of no session.
const NOBODY: [u8; 32] = [0; 32];

/// The smallest real write: a session that nobody has.
fn probe(now: Timestamp) -> Write {
    let name = UserName::nameless(0);
    Write::Session(Session { hash: NOBODY, author: Author("probe".into()), name, made: now, used: now })
}
