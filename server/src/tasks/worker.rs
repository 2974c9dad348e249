//! The thread that does the work, one piece after the other, and tells of it.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError, atomic::Ordering, mpsc},
    time::{Duration, Instant},
};

use chat_protocol::{
    RoomName,
    task::{ExportFormat, TaskResult, TaskStatus},
};
use tokio::runtime::Runtime;

use super::{
    Audience, Order, Task, Tools, Work,
    export::{self, ExportError},
    import::{self, ImportError},
    remove, tell, work,
};
use crate::{
    clock,
    fanout::Fanout,
    log::{Keeper, LogError, Reader, Who},
    sweep::{self, SweepError, Swept},
};

/// Finished pieces that are remembered of one author, and of all who did not say who they are, with what they made.
const REMEMBERED: usize = 20;
/// Finished pieces that are remembered in all.
const REMEMBERED_IN_ALL: usize = 500;
/// Updates of one piece are at least so far apart: ten a second.
const APART: Duration = Duration::from_millis(100);
/// An export in which something would stand that is gone.
const STALE: &str = "something was deleted there meanwhile: begin it again";

/// Why a piece of work came to no result.
enum Stopped {
    Cancelled,
    Failed(String),
}

impl Stopped {
    fn failed(error: impl ToString) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<LogError> for Stopped {
    fn from(error: LogError) -> Self {
        Self::failed(error)
    }
}

impl From<ExportError> for Stopped {
    fn from(error: ExportError) -> Self {
        if matches!(error, ExportError::Stopped) { Self::Cancelled } else { Self::failed(error) }
    }
}

impl From<SweepError> for Stopped {
    fn from(error: SweepError) -> Self {
        if matches!(error, SweepError::Stopped) { Self::Cancelled } else { Self::failed(error) }
    }
}

impl From<ImportError> for Stopped {
    fn from(error: ImportError) -> Self {
        if matches!(error, ImportError::Stopped) { Self::Cancelled } else { Self::failed(error) }
    }
}

struct Done {
    message: String,
    file: Option<PathBuf>,
    result: Option<TaskResult>,
}

impl From<String> for Done {
    fn from(message: String) -> Self {
        Self { message, file: None, result: None }
    }
}

type Progress<'a> = &'a mut (dyn FnMut(u8) -> bool + Send);

pub(super) struct Worker {
    pub(super) reader: Box<dyn Reader>,
    pub(super) directory: PathBuf,
    pub(super) list: Arc<Mutex<VecDeque<Task>>>,
    pub(super) fanout: Arc<Fanout>,
    pub(super) tools: Arc<OnceLock<Tools>>,
    pub(super) runtime: Runtime,
}

impl Worker {
    pub(super) fn run(mut self, inbox: &mpsc::Receiver<Order>) {
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
            Work::Export { room, who, format, .. } => self.export(&order.task_id, (room, who.as_ref(), *format), &mut progress),
            Work::Verify => self.verify(&mut progress),
            Work::Backup => self.backup(&mut progress),
            Work::Prune => self.prune(&mut progress),
            Work::Import { room, file } => self.import(room, file, &mut progress),
        }
    }

    fn export(
        &mut self,
        task_id: &str,
        (room, who, format): (&RoomName, Option<&Who>, ExportFormat),
        progress: Progress<'_>,
    ) -> Result<Done, Stopped> {
        let path = self.directory.join(task_id);
        let written = export::write(&mut *self.reader, room, who, format, &path, progress);
        if written.is_err() {
            // What was written so far helps nobody.
            remove(&path);
        }
        let (bytes, messages) = written?;
        let result = TaskResult { url: format!("/api/exports/{task_id}"), bytes, messages };
        Ok(Done { message: count(messages), file: Some(path), result: Some(result) })
    }

    fn verify(&mut self, progress: Progress<'_>) -> Result<Done, Stopped> {
        match self.reader.verify(progress)? {
            None => Err(Stopped::Cancelled),
            Some(faults) if faults.is_empty() => Ok(Done::from("the log is whole".to_owned())),
            Some(faults) => {
                // They name rooms that not everybody may know of.
                tracing::error!(faults = faults.join("; "), "the log is damaged");
                let what = if faults.len() == 1 { "1 thing is".to_owned() } else { format!("{} things are", faults.len()) };
                Err(Stopped::Failed(format!("{what} wrong; the server's log says which")))
            }
        }
    }

    fn backup(&self, progress: Progress<'_>) -> Result<Done, Stopped> {
        let (_, store) = self.equipment()?;
        let directory = work::backups(&store.directory);
        export::make(&directory).map_err(Stopped::failed)?;
        let (year, month, day, hour, minute, second, _) = clock::now().civil();
        let file = directory.join(format!("chat-{year:04}-{month:02}-{day:02}-{hour:02}{minute:02}{second:02}.db"));
        let mut cancelled = false;
        let made = (store.backup)(&store.directory, &file, &mut |done, all| {
            cancelled |= !progress(u8::try_from(done * 100 / all.max(1)).unwrap_or(99));
            !cancelled
        });
        match made {
            Ok(bytes) => {
                Ok(Done::from(format!("{} kB in {}, looked through and on the disk", bytes.div_ceil(1000), file.display())))
            }
            Err(_) if cancelled => Err(Stopped::Cancelled),
            Err(why) => Err(Stopped::Failed(why)),
        }
    }

    fn prune(&self, progress: Progress<'_>) -> Result<Done, Stopped> {
        let tools = self.tools.get().ok_or_else(going)?;
        let (keeper, retention) = (tools.keeper.upgrade().ok_or_else(going)?, tools.retention.borrow().clone());
        let Swept { messages, rooms } = self.runtime.block_on(sweep::sweep(&keeper, &retention, progress))?;
        let words = match (retention.keeps_all(), rooms) {
            (true, _) => "everything is kept for ever".to_owned(),
            (_, 0) => "nothing is older than it is kept".to_owned(),
            (_, 1) => format!("{} of 1 room", count(messages)),
            (_, rooms) => format!("{} of {rooms} rooms", count(messages)),
        };
        Ok(Done::from(words))
    }

    fn import(&self, room: &RoomName, file: &str, progress: Progress<'_>) -> Result<Done, Stopped> {
        let (keeper, store) = self.equipment()?;
        let path = work::imports(&store.directory).join(file);
        let imported = import::import(&keeper, room, &path, clock::now(), progress);
        Ok(Done::from(self.runtime.block_on(imported)?.to_string()))
    }

    /// What work with the store is done with.
    fn equipment(&self) -> Result<(Arc<Keeper>, &work::Kept), Stopped> {
        let tools = self.tools.get().ok_or_else(going)?;
        Ok((tools.keeper.upgrade().ok_or_else(going)?, tools.store.as_ref().ok_or_else(going)?))
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
            let is_of = |one: &Task, other: &Task| {
                one.author == other.author && (one.audience == Audience::Operators) == (other.audience == Audience::Operators)
            };
            let of_one = |task: &Task| finished().filter(|(_, other)| is_of(task, other)).count();
            let too_many = finished().count() > REMEMBERED_IN_ALL;
            let oldest = finished().find(|(_, task)| too_many || of_one(task) > REMEMBERED).map(|(place, _)| place);
            let Some(task) = oldest.and_then(|place| list.remove(place)) else { return };
            task.file.iter().for_each(|file| remove(file));
        }
    }
}

fn count(messages: u64) -> String {
    if messages == 1 { "1 message".to_owned() } else { format!("{messages} messages") }
}

fn going() -> Stopped {
    Stopped::Failed("the server is coming or going".into())
}
