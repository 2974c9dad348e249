//! Whose files are. Root may work in a data directory that is another user's, as an operator does with `sudo` where a service has a
//! user of its own; what root makes there is given to that user, who could not open it otherwise. SQLite does so with its own
//! `-wal` and `-shm`; the rest is done here.

use std::{
    fs::File,
    os::unix::fs::{MetadataExt as _, fchown},
    path::Path,
};

use anyhow::Context as _;
use chat_server::tasks::{BACKUPS, EXPORTS, IMPORTS};
use rustix::fs::{Dir, Mode, OFlags, open, openat};

/// Folders that a server makes in its data directory.
const OURS: [&str; 3] = [BACKUPS, EXPORTS, IMPORTS];

/// Gives what is root's in a directory to the directory's owner. Nothing is to be done for anybody who is not root.
///
/// The directory is opened once, and all that follows is about what was opened: its owner may put anything in its place, or in the
/// place of what is in it, meanwhile.
///
/// # Errors
/// The system does not let us.
pub(crate) fn give_back(directory: &Path) -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let Ok(opened) = open(directory, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map(File::from) else {
        return Ok(());
    };
    let cannot = || format!("{} is another user's, and what root made there could not be given to it", directory.display());
    let whose = opened.metadata().with_context(cannot)?;
    if whose.uid() == 0 {
        return Ok(());
    }
    for entry in Dir::read_from(&opened).with_context(cannot)?.flatten() {
        // A link to something else of root's is left alone.
        let how = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(&opened, entry.file_name(), how, Mode::empty()).map(File::from) else { continue };
        let data = file.metadata().with_context(cannot)?;
        let is_a_folder_of_ours = data.is_dir() && OURS.iter().any(|name| entry.file_name().to_bytes() == name.as_bytes());
        if data.uid() == 0 && ((data.is_file() && data.nlink() == 1) || is_a_folder_of_ours) {
            fchown(&file, Some(whose.uid()), Some(whose.gid())).with_context(cannot)?;
        }
    }
    Ok(())
}
