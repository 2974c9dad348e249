//! The server's own long work: one thread does it, one piece after the other, and everybody who may know is told how far it is.
//!
//! Does not know sockets or sessions: it reads the log with a reader of its own and hands updates to the fan-out.

mod export;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

pub use chat_protocol::task::{TaskResult, TaskUpdate};
use chat_protocol::{
    ErrorCode, Event, Refusal, RoomName,
    task::{ExportFormat, TaskKind, TaskStatus},
};

use crate::{
    auth,
    fanout::Fanout,
    log::{Author, LogError, Outcome, Reader, Who, Write, keeper::Committed},
};

/// Pieces of work that wait.
const QUEUE: usize = 16;
/// Finished pieces that are remembered of one author, and of all who did not say who they are, with what they made.
const REMEMBERED: usize = 20;
/// Finished pieces that are remembered in all.
const REMEMBERED_IN_ALL: usize = 500;
/// Updates of one piece are at least so far apart: ten a second.
const APART: Duration = Duration::from_millis(100);
/// An export in which something would stand that is deleted.
const STALE: &str = "something was deleted there meanwhile: begin it again";

struct Task {
    update: TaskUpdate,
    /// Who asked.
    author: Option<Author>,
    /// Everybody is told of it.
    shared: bool,
    stop: Arc<AtomicBool>,
    /// What an export made.
    file: Option<PathBuf>,
    /// Something that it may have read already was deleted since.
    stale: bool,
}

struct Order {
    task_id: String,
    work: Work,
    stop: Arc<AtomicBool>,
}

/// What there is to do.
#[derive(Clone, Debug)]
pub enum Work {
    Export {
        room: RoomName,
        who: Option<Who>,
        format: ExportFormat,
        /// Nobody else is told of it: what it holds is what this one may see, which others may not.
        own: bool,
    },
    Verify,
}

/// A handle on the thread and on what it did.
pub struct Tasks {
    list: Arc<Mutex<VecDeque<Task>>>,
    orders: mpsc::SyncSender<Order>,
    fanout: Arc<Fanout>,
    directory: PathBuf,
}

/// Why a piece of work came to no result.
enum Stopped {
    Cancelled,
    Failed(String),
}

impl From<LogError> for Stopped {
    fn from(error: LogError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(format!("could not write: {error}"))
    }
}

impl Tasks {
    /// Starts the thread. Exports are written into `directory`. What is there is removed first: nobody can know of it.
    ///
    /// # Errors
    /// The directory cannot be removed, or the system has no thread.
    pub fn start(reader: Box<dyn Reader>, directory: PathBuf, fanout: Arc<Fanout>) -> Result<Self, std::io::Error> {
        export::clear(&directory)?;
        let list = Arc::new(Mutex::new(VecDeque::new()));
        let (orders, inbox) = mpsc::sync_channel(QUEUE);
        let worker = Worker { reader, directory: directory.clone(), list: Arc::clone(&list), fanout: Arc::clone(&fanout) };
        thread::Builder::new().name("tasks".into()).spawn(move || worker.run(&inbox))?;
        Ok(Self { list, orders, fanout, directory })
    }

    /// Stops what is under way and takes away what was made: after this nobody can know of it.
    pub fn finish(&self) {
        self.lock().iter().for_each(|task| task.stop.store(true, Ordering::Relaxed));
        if let Err(error) = export::clear(&self.directory) {
            tracing::warn!(%error, directory = %self.directory.display(), "exports are left behind");
        }
    }

    /// What was deleted or pruned is in no export any more: the finished ones of its room are gone, and one under way comes to
    /// nothing. Runs on the log's thread, behind the commit: who reads from here on finds it gone.
    pub fn take_back(&self, committed: &Committed) {
        let room = |(write, outcome): &'_ (Write, Outcome)| match (write, outcome) {
            (_, Outcome::Kept(kept)) => matches!(kept.event, Event::Deleted { .. }).then(|| kept.room.clone()),
            (Write::Prune { room, .. }, Outcome::Pruned { messages: 1.., .. }) => Some(room.clone()),
            _ => None,
        };
        for room in committed.iter().filter_map(room) {
            self.lock().retain_mut(|task| {
                let of_it = task.update.room.as_ref() == Some(&room);
                task.stale |= of_it;
                let Some(file) = task.file.take_if(|_| of_it) else { return true };
                remove(&file);
                false
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Task>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins some work, of which everybody hears. The same that is already under way is not begun twice, and comes back.
    ///
    /// # Errors
    /// Too much waits already.
    pub fn begin(&self, work: Work) -> Result<Option<TaskUpdate>, Refusal> {
        let (task, room, format, who) = match &work {
            Work::Export { room, format, who, .. } => (TaskKind::Export, Some(room.clone()), Some(*format), who.as_ref()),
            Work::Verify => (TaskKind::Verify, None, None, None),
        };
        let author = who.map(|who| who.author.clone());
        let mut list = self.lock();
        let same = |known: &&Task| {
            let update = &known.update;
            known.shared && !update.status.is_over() && (update.task, &update.room, update.format) == (task, &room, format)
        };
        let shared = !matches!(&work, Work::Export { own: true, .. });
        if let Some(known) = list.iter().find(same).filter(|_| shared) {
            return Ok(Some(known.update.clone()));
        }
        let busy = || Refusal::new(ErrorCode::RateLimited, "The server has enough work for now. Try again later.");
        let task_id = auth::random_word(20).map_err(|_| busy())?;
        let update = TaskUpdate {
            task_id: task_id.clone(),
            task,
            room,
            format,
            status: TaskStatus::Queued,
            progress: 0,
            message: "waiting".into(),
            result: None,
        };
        let stop = Arc::new(AtomicBool::new(false));
        self.orders.try_send(Order { task_id, work, stop: Arc::clone(&stop) }).map_err(|_| busy())?;
        // The worker cannot look at the list before this lock is let go.
        let task = Task { update, author, shared, stop, file: None, stale: false };
        self.fanout.task(&Arc::new(task.update.clone()), task.told_to());
        list.push_back(task);
        Ok(None)
    }

    /// Stops some work. What is over stays as it is.
    ///
    /// # Errors
    /// There is no such work, or it is not for this user to know.
    pub fn cancel(&self, task_id: &str, who: Option<&Who>) -> Result<(), Refusal> {
        let list = self.lock();
        let found = list.iter().find(|task| task.update.task_id == task_id && task.is_for(who));
        let task = found.ok_or_else(|| Refusal::new(ErrorCode::BadRequest, "There is no such task"))?;
        if task.author.is_some() && task.author.as_ref() != who.map(|who| &who.author) {
            return Err(Refusal::new(ErrorCode::Forbidden, "Somebody else began that"));
        }
        task.stop.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// What is under way and what was finished last, as far as this user may know.
    pub fn known_to(&self, who: Option<&Who>) -> Vec<TaskUpdate> {
        self.lock().iter().filter(|task| task.is_for(who)).map(|task| task.update.clone()).collect()
    }

    /// A finished export: its file, room and form.
    pub fn export(&self, task_id: &str, who: Option<&Who>) -> Option<(PathBuf, RoomName, ExportFormat)> {
        let list = self.lock();
        let task = list.iter().find(|task| task.update.task_id == task_id && task.is_for(who))?;
        Some((task.file.clone()?, task.update.room.clone()?, task.update.format?))
    }
}

impl Task {
    /// Whether somebody may know of it.
    fn is_for(&self, who: Option<&Who>) -> bool {
        self.told_to().is_none_or(|author| who.is_some_and(|who| who.author == *author))
    }

    /// The only one who is told of it, if it is not for everybody.
    fn told_to(&self) -> Option<&Author> {
        self.author.as_ref().filter(|_| !self.shared)
    }
}

struct Worker {
    reader: Box<dyn Reader>,
    directory: PathBuf,
    list: Arc<Mutex<VecDeque<Task>>>,
    fanout: Arc<Fanout>,
}

impl Worker {
    fn run(mut self, inbox: &mpsc::Receiver<Order>) {
        while let Ok(order) = inbox.recv() {
            let done = self.work(&order);
            self.tell(&order.task_id, |task| match done {
                Ok(Done { file, .. }) if task.stale => {
                    file.iter().for_each(|file| remove(file));
                    (task.update.status, task.update.message) = (TaskStatus::Failed, STALE.into());
                }
                Ok(Done { message, file, result }) => {
                    (task.update.status, task.update.progress) = (TaskStatus::Completed, 100);
                    (task.update.message, task.update.result, task.file) = (message, result, file);
                }
                Err(Stopped::Cancelled) => {
                    (task.update.status, task.update.message) = (TaskStatus::Cancelled, "cancelled".into());
                }
                Err(Stopped::Failed(message)) => {
                    tracing::warn!(task = ?task.update.task, %message, "a task failed");
                    (task.update.status, task.update.message) = (TaskStatus::Failed, message);
                }
            });
            self.forget();
        }
    }

    fn work(&mut self, order: &Order) -> Result<Done, Stopped> {
        if order.stop.load(Ordering::Relaxed) {
            return Err(Stopped::Cancelled);
        }
        self.tell(&order.task_id, |task| {
            (task.update.status, task.update.message, task.stale) = (TaskStatus::Running, "working".into(), false);
        });
        let (list, fanout) = (Arc::clone(&self.list), Arc::clone(&self.fanout));
        let mut told = Instant::now();
        let mut progress = |percent: u8| {
            if told.elapsed() >= APART {
                told = Instant::now();
                tell(&list, &fanout, &order.task_id, |task| task.update.progress = percent.min(99));
            }
            !order.stop.load(Ordering::Relaxed)
        };
        match &order.work {
            Work::Export { room, who, format, .. } => {
                let path = self.directory.join(&order.task_id);
                let written = export::write(&mut *self.reader, room, who.as_ref(), *format, &path, &mut progress);
                if written.is_err() {
                    // What was written so far helps nobody.
                    remove(&path);
                }
                let (bytes, messages) = written?;
                let url = format!("/api/exports/{}", order.task_id);
                let message = if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") };
                Ok(Done { message, file: Some(path), result: Some(TaskResult { url, bytes, messages }) })
            }
            Work::Verify => match self.reader.verify(&mut progress)? {
                None => Err(Stopped::Cancelled),
                Some(faults) if faults.is_empty() => Ok(Done { message: "the log is whole".into(), file: None, result: None }),
                Some(faults) => {
                    // They name rooms that not everybody may know of.
                    tracing::error!(faults = faults.join("; "), "the log is damaged");
                    let what = if faults.len() == 1 { "1 thing is".to_owned() } else { format!("{} things are", faults.len()) };
                    Err(Stopped::Failed(format!("{what} wrong; the server's log says which")))
                }
            },
        }
    }

    fn tell(&self, task_id: &str, change: impl FnOnce(&mut Task)) {
        tell(&self.list, &self.fanout, task_id, change);
    }

    /// Forgets the oldest finished work, and what it made. Nobody's work is forgotten for somebody else's, but for the most that
    /// is kept in all.
    fn forget(&self) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |task: &Task| task.update.status.is_over();
        loop {
            let finished = || list.iter().enumerate().filter(|(_, task)| over(task));
            let of_one = |author: &Option<Author>| finished().filter(|(_, task)| task.author == *author).count();
            let too_many = finished().count() > REMEMBERED_IN_ALL;
            let oldest = finished().find(|(_, task)| too_many || of_one(&task.author) > REMEMBERED).map(|(place, _)| place);
            let Some(task) = oldest.and_then(|place| list.remove(place)) else { return };
            task.file.iter().for_each(|file| remove(file));
        }
    }
}

/// If it is gone already, so much the better.
fn remove(file: &Path) {
    let _ = std::fs::remove_file(file);
}

fn tell(list: &Mutex<VecDeque<Task>>, fanout: &Fanout, task_id: &str, change: impl FnOnce(&mut Task)) {
    let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(task) = list.iter_mut().find(|task| task.update.task_id == task_id) {
        change(task);
        // Told under the lock, so that nobody hears of the end before the way there.
        fanout.task(&Arc::new(task.update.clone()), task.told_to());
    }
}

struct Done {
    message: String,
    file: Option<PathBuf>,
    result: Option<TaskResult>,
}
