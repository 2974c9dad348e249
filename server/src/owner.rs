//! Whose files are. Root may work in a data directory that is another user's, as an operator does with `sudo` where a service has a
//! user of its own; what root makes there is given to that user, who could not open it otherwise. SQLite does so with its own
//! `-wal` and `-shm`; the rest is done here.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt as _, fchown},
    path::Path,
};

use anyhow::Context as _;
use rustix::fs::{Mode, OFlags, open};

/// Gives what is root's in a directory to the directory's owner. Nothing is to be done for anybody who is not root.
///
/// # Errors
/// The system does not let us.
pub(crate) fn give_back(directory: &Path) -> anyhow::Result<()> {
    let Ok(whose) = fs::metadata(directory) else { return Ok(()) };
    if !rustix::process::geteuid().is_root() || whose.uid() == 0 {
        return Ok(());
    }
    let cannot = || format!("{} is another user's, and what root made there could not be given to it", directory.display());
    for entry in fs::read_dir(directory).with_context(cannot)?.flatten() {
        // The owner may have put anything there: a link to something else of root's is left alone, and what is looked at is what is
        // given.
        let how = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = open(entry.path(), how, Mode::empty()).map(File::from) else { continue };
        let data = file.metadata().with_context(cannot)?;
        if data.is_file() && data.nlink() == 1 && data.uid() == 0 {
            fchown(&file, Some(whose.uid()), Some(whose.gid())).with_context(cannot)?;
        }
    }
    Ok(())
}
