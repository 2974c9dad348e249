//! The server's own long work: one thread does it, one piece after the other, and everybody who may know is told how far it is.
//!
//! Does not know sockets or sessions: it reads the log with a reader of its own and hands updates to the fan-out.

pub mod export;
pub mod import;
mod work;
mod worker;

use std::{
    collections::VecDeque,
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

pub use chat_protocol::task::{TaskResult, TaskUpdate};
use chat_protocol::{
    ErrorCode, Event, Refusal, RoomName,
    task::{ExportFormat, TaskKind, TaskStatus},
};

pub use self::work::{Audience, Backup, Kept, Tools, Work};
use self::worker::Worker;

use crate::{
    auth,
    fanout::Fanout,
    log::{Author, Outcome, Reader, Who, Write, keeper::Committed},
};

/// What lies in a data directory beside the store: folders for what work makes and takes.
pub const BACKUPS: &str = "backups";
pub const EXPORTS: &str = "exports";
pub const IMPORTS: &str = "imports";

/// Pieces of work that wait.
const QUEUE: usize = 16;
/// Of which so many are for those who run the server.
const OPERATORS_OWN: usize = 4;

struct Task {
    update: TaskUpdate,
    /// Who asked.
    author: Option<Author>,
    /// Who is told of it.
    audience: Audience,
    stop: Arc<AtomicBool>,
    /// What an export made.
    file: Option<PathBuf>,
    /// Something that it may have read already was deleted since.
    stale: bool,
    /// Into which room, and from which file, if it is an import.
    imports: Option<(RoomName, String)>,
}

struct Order {
    task_id: String,
    work: Work,
    stop: Arc<AtomicBool>,
}

/// A handle on the thread and on what it did.
pub struct Tasks {
    list: Arc<Mutex<VecDeque<Task>>>,
    orders: mpsc::SyncSender<Order>,
    fanout: Arc<Fanout>,
    directory: PathBuf,
    tools: Arc<OnceLock<Tools>>,
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").finish_non_exhaustive()
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
        let tools = Arc::new(OnceLock::new());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let worker = Worker {
            reader,
            directory: directory.clone(),
            list: Arc::clone(&list),
            fanout: Arc::clone(&fanout),
            tools: Arc::clone(&tools),
            runtime,
        };
        thread::Builder::new().name("tasks".into()).spawn(move || worker.run(&inbox))?;
        Ok(Self { list, orders, fanout, directory, tools })
    }

    /// The log is at work: from here on there can be work that writes.
    pub fn equip(&self, tools: Tools) {
        if let Some(store) = &tools.store {
            clear_away(&store.directory);
        }
        // Once, by whoever put it all together.
        let _ = self.tools.set(tools);
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
                task.stale |= of_it && task.update.task == TaskKind::Export;
                let Some(file) = task.file.take_if(|_| of_it) else { return true };
                remove(&file);
                false
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Task>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins some work, of which those hear who may. The same that is already under way is not begun twice; whether it was.
    ///
    /// # Errors
    /// Too much waits already, or there is no store for it.
    pub fn begin(&self, work: Work) -> Result<(TaskUpdate, bool), Refusal> {
        let (task, room, format, audience) = (work.kind(), work.room().cloned(), work.format(), work.audience());
        if work.needs_a_store() && self.tools.get().is_none_or(|tools| tools.store.is_none()) {
            return Err(Refusal::new(ErrorCode::BadRequest, "This server keeps nothing: it has no store for that"));
        }
        let author = match &work {
            Work::Export { who, .. } => who.as_ref().map(|who| who.author.clone()),
            _ => None,
        };
        let mut list = self.lock();
        let under_way = |known: &&Task| !known.update.status.is_over();
        if let Work::Import { room, file } = &work
            && let mut imports = list.iter().filter(under_way).filter_map(|known| known.imports.as_ref())
            && imports.any(|(there, from)| there == room && from != file)
        {
            return Err(Refusal::new(ErrorCode::BadRequest, format!("Something else is being brought into {room}")));
        }
        let same = |known: &&Task| {
            let update = &known.update;
            known.audience == audience
                && !update.status.is_over()
                && (update.task, &update.room, update.format) == (task, &room, format)
        };
        let own = matches!(audience, Audience::One(_));
        if let Some(known) = list.iter().find(same).filter(|_| !own) {
            return Ok((known.update.clone(), true));
        }
        let waiting = list.iter().filter(|task| task.update.status == TaskStatus::Queued).count();
        if audience != Audience::Operators && waiting >= QUEUE - OPERATORS_OWN {
            return Err(Refusal::new(ErrorCode::RateLimited, "The server has enough work for now. Try again later."));
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
        let imports = match &work {
            Work::Import { room, file } => Some((room.clone(), file.clone())),
            _ => None,
        };
        self.orders.try_send(Order { task_id, work, stop: Arc::clone(&stop) }).map_err(|_| busy())?;
        // The worker cannot look at the list before this lock is let go.
        self.fanout.task(&Arc::new(update.clone()), &audience);
        list.push_back(Task { update: update.clone(), author, audience, stop, file: None, stale: false, imports });
        Ok((update, false))
    }

    /// Stops some work. What is over stays as it is.
    ///
    /// # Errors
    /// There is no such work, or it is not for this user to know.
    pub fn cancel(&self, task_id: &str, who: Option<&Who>, is_operator: bool) -> Result<(), Refusal> {
        let list = self.lock();
        let found = list.iter().find(|task| task.update.task_id == task_id && task.is_for(who, is_operator));
        let task = found.ok_or_else(|| Refusal::new(ErrorCode::BadRequest, "There is no such task"))?;
        if task.author.is_some() && task.author.as_ref() != who.map(|who| &who.author) {
            return Err(Refusal::new(ErrorCode::Forbidden, "Somebody else began that"));
        }
        task.stop.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// What is under way and what was finished last, as far as this user may know.
    pub fn known_to(&self, who: Option<&Who>, is_operator: bool) -> Vec<TaskUpdate> {
        self.lock().iter().filter(|task| task.is_for(who, is_operator)).map(|task| task.update.clone()).collect()
    }

    /// How many are not over.
    pub fn unfinished(&self) -> usize {
        self.lock().iter().filter(|task| !task.update.status.is_over()).count()
    }

    /// A finished export: its file, room and form.
    pub fn export(&self, task_id: &str, who: Option<&Who>) -> Option<(PathBuf, RoomName, ExportFormat)> {
        let list = self.lock();
        let task = list.iter().find(|task| task.update.task_id == task_id && task.is_for(who, false))?;
        Some((task.file.clone()?, task.update.room.clone()?, task.update.format?))
    }
}

/// What a server that was ended in the middle of it left behind: half a backup, and copies of transcripts, which hold what people
/// said.
fn clear_away(directory: &Path) {
    let is_half_a_backup = |name: &str| name.ends_with(".part") || name.contains(".part-");
    let is_a_copy = |name: &str| name.starts_with("terminal-");
    for (folder, is_left) in [(BACKUPS, &is_half_a_backup as &dyn Fn(&str) -> bool), (IMPORTS, &is_a_copy)] {
        let files = std::fs::read_dir(directory.join(folder)).into_iter().flatten().flatten();
        files.filter(|file| file.file_name().to_str().is_some_and(is_left)).for_each(|file| remove(&file.path()));
    }
}

impl Task {
    /// Whether somebody may know of it.
    fn is_for(&self, who: Option<&Who>, is_operator: bool) -> bool {
        self.audience.has(who.map(|who| &who.author), is_operator)
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
        fanout.task(&Arc::new(task.update.clone()), &task.audience);
    }
}
