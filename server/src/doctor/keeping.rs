//! Where messages are kept: the directory, whose it is, the disk below it, and the store.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use chat_protocol::Timestamp;
use rustix::fs::{access, statvfs};

use super::Finding;
use crate::admin::{Glance, OpenError};

const DIRECTORY: &str = "data directory";
const DISK: &str = "disk";
const STORE: &str = "store";
/// With less the log soon cannot write.
const TIGHT: u64 = 64 * 1024 * 1024;
/// With less somebody should make room, or plan to.
const LITTLE: u64 = 1024 * 1024 * 1024;

/// Whose it is, who may look into it, and what it stands on.
pub(super) fn directory(path: &Path) -> Vec<Finding> {
    let shown = path.display();
    let data = match fs::metadata(path) {
        Ok(data) if data.is_dir() => data,
        Ok(_) => return vec![Finding::fault(DIRECTORY, format!("{shown} is no directory"), "--data-dir names one")],
        Err(error) if error.kind() == io::ErrorKind::NotFound => return vec![missing(path)],
        Err(error) => return vec![Finding::fault(DIRECTORY, format!("{shown}: {error}"), "look as its owner, or as root")],
    };
    let mut findings = Vec::new();
    let own = rustix::process::geteuid();
    if !own.is_root() && own.as_raw() != data.uid() {
        let words = format!("{shown} is user {}'s, and this is user {}", data.uid(), own.as_raw());
        findings.push(Finding::fault(DIRECTORY, words, "the server must run as its owner; look as that one, or as root"));
    }
    let strangers = others_in(path, data.uid());
    if !strangers.is_empty() {
        let words = format!("{}: not the owner's of {shown}, who cannot open it", strangers.join(", "));
        findings.push(Finding::fault(DIRECTORY, words, format!("chown -R --reference={shown} {shown}/")));
    }
    if data.permissions().mode() & 0o077 != 0 {
        let words =
            format!("{shown} is open to others (mode {:o}): its names, not its messages", data.permissions().mode() & 0o777);
        findings.push(Finding::hint(DIRECTORY, words, format!("chmod 700 {shown}")));
    }
    if findings.is_empty() {
        findings.push(Finding::fine(DIRECTORY, shown.to_string()));
    }
    findings.extend(disk(path));
    findings
}

/// What the server would make: it needs somewhere to make it.
fn missing(path: &Path) -> Finding {
    let above = path.ancestors().skip(1).find(|above| above.exists()).unwrap_or(Path::new("/"));
    let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
    match access(above, rustix::fs::Access::WRITE_OK) {
        Ok(()) => Finding::fine(DIRECTORY, format!("{} is made at the first start", path.display())),
        Err(_) => {
            let words = format!("{} is not there, and cannot be made in {}", path.display(), above.display());
            Finding::fault(DIRECTORY, words, "make it, for the user of the server, or give another --data-dir")
        }
    }
}

/// Files in it that are somebody else's, as a command run by root leaves them behind that did not come to its end.
fn others_in(path: &Path, owner: u32) -> Vec<String> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let others = entries.filter(|entry| entry.metadata().is_ok_and(|data| data.uid() != owner));
    others.map(|entry| entry.file_name().to_string_lossy().into_owned()).take(8).collect()
}

/// What it stands on, and how much of that is free.
fn disk(path: &Path) -> Vec<Finding> {
    let mut findings = Vec::new();
    #[cfg(target_os = "linux")]
    if let Ok(system) = rustix::fs::statfs(path) {
        // Of which width this is depends on the platform.
        findings.extend(kind(system.f_type as u64 & 0xffff_ffff));
    }
    if let Ok(system) = statvfs(path) {
        findings.push(room(system.f_bavail.saturating_mul(system.f_frsize)));
        if system.f_files > 0 && system.f_favail < 100 {
            findings.push(Finding::fault(DISK, "no more files can be made on it (no inodes)", "take away many small files"));
        }
    }
    findings
}

fn room(bytes: u64) -> Finding {
    let megabytes = bytes / (1024 * 1024);
    match bytes {
        0..TIGHT => Finding::fault(
            DISK,
            format!("{megabytes} MiB are free"),
            "make room: without it nothing is kept, and everybody hears so",
        ),
        TIGHT..LITTLE => {
            Finding::hint(DISK, format!("{megabytes} MiB are free"), "a message takes about 0.5 KiB, with what finds it again")
        }
        _ => Finding::fine(DISK, format!("{} GiB are free", megabytes / 1024)),
    }
}

/// File systems that are not a disk of this machine, by the number that Linux knows them by.
#[cfg(target_os = "linux")]
fn kind(number: u64) -> Option<Finding> {
    let network = |name: &str| {
        let words = format!("it is on {name}, over the network: SQLite's log and locks need a disk of this machine");
        Finding::fault(DISK, words, "a --data-dir on a local disk; chat-server backup may write to the network")
    };
    Some(match number {
        0x6969 => network("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => network("SMB"),
        0x0102_1997 => network("9P"),
        0x00c3_6400 => network("Ceph"),
        0x5346_414f | 0x6b41_4653 => network("AFS"),
        0x6573_5546 => Finding::hint(
            DISK,
            "it is on FUSE: whether that keeps what it was told to is up to the program behind it",
            "a --data-dir on a local disk",
        ),
        0x0102_1994 | 0x8584_58f6 => {
            Finding::hint(DISK, "it is in memory: a restart of the machine takes everything", "a --data-dir on a disk")
        }
        _ => return None,
    })
}

/// The store, and when something was said in it last.
pub(super) fn store(directory: &Path, runs: bool) -> (Finding, Option<Timestamp>) {
    let state = if runs { "a server runs here, and has it open" } else { "no server runs here" };
    let glance = match Glance::at(directory, runs) {
        Ok(Some(glance)) => glance,
        Ok(None) => return (Finding::fine(STORE, "there is none yet: the server makes it at the first start"), None),
        Err(error) => {
            let advice = match error {
                OpenError::TooNew { .. } => "the server that made it, or the store of before (chat.db.version-N)",
                _ => "chat-server verify says more; chat-server restore puts a backup in its place",
            };
            return (Finding::fault(STORE, error.to_string(), advice), None);
        }
    };
    let Glance { version, known, bytes, newest, unfinished, wrong } = glance;
    let size = format!("{} kB, version {version} of the tables; {state}", bytes.div_ceil(1000));
    let finding = if let Some(wrong) = wrong {
        Finding::fault(
            STORE,
            format!("it is damaged: {wrong}"),
            "chat-server verify says all of it; restore puts a backup in its place",
        )
    } else if unfinished {
        let words = format!("{size}. It was not closed in order");
        Finding::hint(STORE, words, "nothing: the next start finds what was acknowledged, beside it")
    } else if version > 0 && version < known {
        let words = format!("{size}. The next start brings it to version {known}");
        Finding::hint(STORE, words, "a backup, if you want another than the one that is made then")
    } else {
        Finding::fine(STORE, size)
    };
    (finding, newest)
}

#[cfg(test)]
mod tests {
    use super::{super::Verdict, *};

    #[test]
    fn room_is_judged_by_what_is_left() {
        for (bytes, verdict) in [(0, Verdict::Fault), (TIGHT, Verdict::Hint), (LITTLE, Verdict::Fine)] {
            assert_eq!(room(bytes).verdict, verdict, "{bytes}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn disks_that_are_none_are_known() {
        for (number, verdict) in [
            (0x6969, Some(Verdict::Fault)),
            (0xff53_4d42, Some(Verdict::Fault)),
            (0x0102_1994, Some(Verdict::Hint)),
            (0xef53, None),
        ] {
            assert_eq!(kind(number).map(|finding| finding.verdict), verdict, "{number:x}");
        }
    }
}
