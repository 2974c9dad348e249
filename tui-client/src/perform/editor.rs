//! A text in the user's editor: a file that nobody else can read, for as long as the editor runs. The terminal that it runs on is
//! given to it, and taken back, by whoever opens it.

use std::{
    env, fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use chat_protocol::display;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// What no message needs: a larger file is a mistake.
const FILE_BYTES: u64 = 1024 * 1024;
/// How long an editor that is told to end may take to put its things away.
const PUT_AWAY: Duration = Duration::from_secs(1);

/// An editor that runs. Dropped, it is killed and the file removed.
pub(crate) struct Editor {
    child: Child,
    paper: Paper,
}

impl Editor {
    /// Starts the editor on a text. Whoever calls this has given the terminal away.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn open(text: &str, unique: u64) -> Result<Self, String> {
        let paper = Paper::new(text, unique).map_err(|error| format!("There is no file for the editor: {error}"))?;
        let chosen = ["VISUAL", "EDITOR"].iter().find_map(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()));
        let editor = chosen.unwrap_or_else(|| "vi".into());
        let mut words = editor.split_whitespace();
        let program = words.next().unwrap_or("vi");
        let child = Command::new(program).args(words).arg(paper.file()).kill_on_drop(true).spawn();
        let child = child.map_err(|error| format!("{} does not start: {error}", display::line(program)))?;
        Ok(Self { child, paper })
    }

    /// What the text was left as, once the editor has ended. May be asked again after it was not waited for.
    ///
    /// # Errors
    /// In words.
    pub(crate) async fn closed(&mut self) -> Result<String, String> {
        match self.child.wait().await {
            Ok(status) if status.success() => self.paper.read(),
            Ok(status) => Err(format!("The editor ended with a fault ({status}); the text is as it was")),
            Err(error) => Err(format!("Nobody knows how the editor ended: {error}")),
        }
    }

    /// Ends it: it is asked to, and not waited for for long. How it leaves the terminal is not to be relied on.
    pub(crate) async fn end(mut self) {
        if let Some(id) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process(id, Signal::TERM);
        }
        if timeout(PUT_AWAY, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// A file in a directory of its own; both go away with this.
struct Paper(PathBuf);

impl Paper {
    fn new(text: &str, unique: u64) -> io::Result<Self> {
        let shelf = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir()).unwrap_or_else(env::temp_dir);
        let directory = shelf.join(format!("chat-tui-{unique:016x}"));
        // Fails if there is one: in a place that everybody may write to, it could be somebody else's.
        fs::DirBuilder::new().mode(0o700).create(&directory)?;
        let paper = Self(directory);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(paper.file())?;
        file.write_all(text.as_bytes())?;
        Ok(paper)
    }

    fn file(&self) -> PathBuf {
        self.0.join("message.txt")
    }

    fn read(&self) -> Result<String, String> {
        read(&self.file())
    }
}

impl Drop for Paper {
    fn drop(&mut self) {
        // With what the editor left beside it: backups, swap files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn read(file: &Path) -> Result<String, String> {
    let unread = |error: io::Error| format!("What the editor wrote cannot be read: {error}");
    let bytes = fs::metadata(file).map_err(unread)?.len();
    if bytes > FILE_BYTES {
        return Err(format!("That is too much: {bytes} bytes, of at most {FILE_BYTES}"));
    }
    // As it is, with the end of the last line: what that means is for whoever takes the text.
    String::from_utf8(fs::read(file).map_err(unread)?).map_err(|_| "What the editor wrote is not UTF-8".into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_paper_is_private_and_goes_away() {
        let paper = Paper::new("a\nb", 0x5eed_0001).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&paper.0), mode(&paper.file())), (0o700, 0o600));
        assert!(Paper::new("x", 0x5eed_0001).is_err(), "a directory that is there is not taken over");
        assert_eq!(paper.read().as_deref(), Ok("a\nb"));
        fs::write(paper.0.join("message.txt~"), "backup").unwrap();
        let place = paper.0.clone();
        drop(paper);
        assert!(!place.exists());
    }

    #[test]
    fn what_the_editor_leaves_is_read_or_refused_in_words() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("x");
        for (bytes, expected) in [
            (&b"a\nb\n"[..], Ok("a\nb\n")),
            (b"a\n\n", Ok("a\n\n")),
            (b"", Ok("")),
            (b"\xff", Err("not UTF-8")),
            (&vec![b'x'; 1024 * 1024 + 1], Err("too much")),
        ] {
            fs::write(&file, bytes).unwrap();
            match (read(&file), expected) {
                (Ok(text), Ok(expected)) => assert_eq!(text, expected),
                (Err(words), Err(expected)) => assert!(words.contains(expected), "{words}"),
                (found, expected) => panic!("{found:?} for {expected:?}"),
            }
        }
    }
}
