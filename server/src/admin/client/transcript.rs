//! A room's transcript out of a store, and into one, at a terminal.
//!
//! Out of it as a backup is made: beside the running server, or without one. Into it through the server that runs, which finds the file
//! in its directory for them, or by itself where none does.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::{
        fs::{MetadataExt as _, OpenOptionsExt as _, fchown},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};
use chat_protocol::{
    RoomName, Timestamp, UserName,
    task::{ExportFormat, TaskKind, TaskStatus, TaskUpdate},
};

use rustix::fs::{Mode, OFlags, mkdirat, open, openat};

use super::{Answer, Order, SOCKET, backup, send, with_store};
use crate::{
    auth, clock,
    log::{Author, Who},
    tasks::{IMPORTS, export, import},
};

/// How often the server is asked how far it is.
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Writes a room's transcript into a file, or on stdout. Answers its messages.
///
/// # Errors
/// In words for the operator: there is no store, nothing was ever said there, or it cannot be written. A file of before is as it was.
pub fn export(
    directory: &Path,
    room: &str,
    format: ExportFormat,
    output: Option<&Path>,
    progress: &mut dyn FnMut(u8),
) -> anyhow::Result<u64> {
    let room = RoomName::known(room)?;
    let mut reader = backup::reader(&backup::store_of(directory)?)?;
    // Of a private conversation, as one of the two.
    let who = room.pair().and_then(|(one, _)| UserName::known(one).ok());
    let who = who.map(|name| Who { name, author: Author("operator".into()), since: Timestamp(0) });
    if reader.snapshot(&room, who.as_ref(), None)?.state.seq.0 == 0 {
        bail!("nothing was ever said in {room}");
    }
    let mut write = |out: &mut dyn Write| {
        let mut on = |percent| {
            progress(percent);
            true
        };
        export::transcript(&mut *reader, &room, who.as_ref(), format, out, &mut on)
    };
    let Some(output) = output else {
        let mut out = BufWriter::new(io::stdout().lock());
        let messages = write(&mut out)?;
        out.flush()?;
        return Ok(messages);
    };
    let cannot = || format!("{} cannot be written", output.display());
    if output.exists() && (!output.is_file() || backup::is_a_store(output) || backup::is_a_database(output)) {
        bail!("{} is there, and is no transcript: give another name", output.display());
    }
    let part = backup::beside(output, "part");
    let _ = fs::remove_file(&part);
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part).with_context(cannot)?;
    let written = (|| {
        let mut out = BufWriter::new(file);
        let messages = write(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        backup::settle(&part, output)?;
        anyhow::Ok(messages)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written.with_context(cannot)
}

/// Takes a transcript into a room. Answers what came of it, in words.
///
/// # Errors
/// In words for the operator; by them it is known whether something was taken in.
pub fn import(directory: &Path, file: &Path, room: &str, progress: &mut (dyn FnMut(u8) + Send)) -> anyhow::Result<String> {
    let known = RoomName::parse(room)?;
    if UnixStream::connect(directory.join(SOCKET)).is_ok() {
        return through_the_server(directory, file, room, progress).with_context(|| file.display().to_string());
    }
    let mut on = |percent| {
        progress(percent);
        true
    };
    let imported = with_store(directory, async |keeper| import::import(keeper, &known, file, clock::now(), &mut on).await)?;
    Ok(imported.with_context(|| file.display().to_string())?.to_string())
}

fn through_the_server(
    directory: &Path,
    file: &Path,
    room: &str,
    progress: &mut (dyn FnMut(u8) + Send),
) -> anyhow::Result<String> {
    let laid = Laid::lay(directory, file)?;
    let order = Order::Begin { task: TaskKind::Import, room: Some(room.to_owned()), format: None, file: Some(laid.name.clone()) };
    let mut task = first(send(directory, order)?)?;
    while !task.status.is_over() {
        progress(task.progress);
        thread::sleep(ASK_EVERY);
        let tasks = listed(send(directory, Order::Tasks)?)?;
        task = tasks.into_iter().find(|other| other.task_id == task.task_id).context("the server has forgotten of it")?;
    }
    if task.status == TaskStatus::Completed { Ok(task.message) } else { bail!("{}", task.message) }
}

fn first(answer: Answer) -> anyhow::Result<TaskUpdate> {
    listed(answer)?.into_iter().next().context("the server says nothing of it")
}

fn listed(answer: Answer) -> anyhow::Result<Vec<TaskUpdate>> {
    match answer {
        Answer::Tasks { tasks } => Ok(tasks),
        Answer::Refused { words } => bail!("{words}"),
        _ => bail!("the server says something else"),
    }
}

/// A copy of a file where the server looks for it, for as long as this lives.
struct Laid {
    name: String,
    path: PathBuf,
}

impl Laid {
    /// Whoever is at the terminal may be somebody else than the server, and mightier: the directory is opened once, and what follows
    /// is about what was opened, whatever its owner puts in its place meanwhile.
    fn lay(directory: &Path, file: &Path) -> anyhow::Result<Self> {
        let folder = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = File::from(open(directory, folder, Mode::empty())?);
        let owner = opened.metadata()?;
        let hand_over = |what: &File| drop(fchown(what, Some(owner.uid()), Some(owner.gid())));
        let made = mkdirat(&opened, IMPORTS, Mode::RWXU);
        let imports = File::from(openat(&opened, IMPORTS, folder | OFlags::NOFOLLOW, Mode::empty())?);
        if made.is_ok() {
            hand_over(&imports);
        }
        let name = format!("terminal-{}.jsonl", auth::random_word(12)?);
        let how = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut copy = File::from(openat(&imports, name.as_str(), how, Mode::RUSR | Mode::WUSR)?);
        let laid = Self { path: directory.join(IMPORTS).join(&name), name };
        io::copy(&mut File::open(file)?, &mut copy)?;
        hand_over(&copy);
        Ok(laid)
    }
}

impl Drop for Laid {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
