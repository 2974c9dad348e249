//! What the system knows of this process. Elsewhere than on Linux it is not asked, and all is 0.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

/// Threads that live as long as the server, beside the shards.
const LASTING: [&str; 5] = ["log-write", "read", "search", "tasks", "console"];
/// How long what was read of the system is good enough for whoever asks next: reading it is dear where there are many connections.
const FRESH: Duration = Duration::from_millis(900);

/// The process at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    pub memory_bytes: u64,
    pub files: u64,
    pub files_most: u64,
    /// Of all that ran in it, whatever has ended since.
    pub cpu_seconds: f64,
    /// Those that live as long as the server, by name; threads of one name together. Others come and go, and would take what they
    /// used with them.
    pub threads: Vec<Thread>,
}

/// What a thread, or those of one name, took of the processors since the start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    pub name: String,
    pub cpu_seconds: f64,
}

impl Process {
    /// As it is now, or was just now.
    #[must_use]
    pub fn now() -> Self {
        static LAST: Mutex<Option<(Instant, Process)>> = Mutex::new(None);
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((read, process)) if read.elapsed() < FRESH => process.clone(),
            _ => last.insert((Instant::now(), Self::read())).1.clone(),
        }
    }

    fn read() -> Self {
        let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let files = fs::read_dir("/proc/self/fd").map_or(0, |files| files.count());
        Self {
            memory_bytes: memory().unwrap_or(0),
            // One of them is the folder that is read.
            files: u64::try_from(files.saturating_sub(1)).unwrap_or(0),
            files_most: most.unwrap_or(0),
            cpu_seconds: fs::read_to_string("/proc/self/stat")
                .ok()
                .and_then(|stat| parsed(&stat))
                .map_or(0.0, |all| all.cpu_seconds),
            threads: threads(),
        }
    }
}

fn memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

fn threads() -> Vec<Thread> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let mut threads: Vec<Thread> = Vec::new();
    for task in tasks {
        // One that ends meanwhile is gone.
        let Some(thread) = fs::read_to_string(task.path().join("stat")).ok().and_then(|stat| parsed(&stat)) else { continue };
        if !(thread.name.starts_with("shard-") || LASTING.contains(&thread.name.as_str())) {
            continue;
        }
        match threads.iter_mut().find(|known| known.name == thread.name) {
            Some(known) => known.cpu_seconds += thread.cpu_seconds,
            None => threads.push(thread),
        }
    }
    threads.sort_by(|one, other| one.name.cmp(&other.name));
    threads
}

/// Name and time of a line of `stat`. A name may hold spaces and brackets.
fn parsed(stat: &str) -> Option<Thread> {
    let (head, tail) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let mut fields = tail.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    Some(Thread { name: name.to_owned(), cpu_seconds: (user + system) as f64 / ticks })
}

/// What lies in a directory, and what there is room for beside it.
pub(super) fn disk(path: &Path) -> (u64, u64) {
    let files = fs::read_dir(path).into_iter().flatten().flatten();
    let bytes = files.filter_map(|file| file.metadata().ok()).filter(fs::Metadata::is_file).map(|file| file.len()).sum();
    let free = rustix::fs::statvfs(path).map_or(0, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    (bytes, free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_read_whatever_its_name() {
        let line = |name: &str| format!("12 ({name}) S 1 1 1 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 5 0 100 1 1");
        for name in ["shard-0", "a (b) c", ") 1 2 3", ""] {
            let ticks = rustix::param::clock_ticks_per_second() as f64;
            assert_eq!(parsed(&line(name)), Some(Thread { name: name.into(), cpu_seconds: 200.0 / ticks }), "{name}");
        }
        assert_eq!(parsed("12 (x) S 1"), None);
        assert_eq!(parsed(""), None);
    }

    #[test]
    fn this_process_has_memory_and_files() {
        let process = Process::now();
        assert!(process.memory_bytes > 100_000 && process.files > 2 && process.files < process.files_most, "{process:?}");
        let busy = std::time::Instant::now();
        while Process::read().cpu_seconds == 0.0 && busy.elapsed() < Duration::from_secs(20) {}
        assert!(Process::read().cpu_seconds > 0.0);
    }
}
