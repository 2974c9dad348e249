//! A text in the user's editor: a file that nobody else can read, for as long as the editor runs.

use std::{
    env, fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use chat_protocol::display;
use tokio::process::Command;

/// What no message needs: a larger file is a mistake.
const FILE_BYTES: u64 = 1024 * 1024;

/// Runs the editor on a text, and answers what it was left as. Whoever calls this has given the terminal away; dropped, the
/// editor is killed and the file removed.
///
/// # Errors
/// In words.
pub(crate) async fn edit(text: String, unique: u64) -> Result<String, String> {
    let paper = Paper::new(&text, unique).map_err(|error| format!("There is no file for the editor: {error}"))?;
    let chosen = ["VISUAL", "EDITOR"].iter().find_map(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let editor = chosen.unwrap_or_else(|| "vi".into());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let status = Command::new(program).args(words).arg(paper.file()).kill_on_drop(true).status().await;
    match status {
        Ok(status) if status.success() => paper.read(),
        Ok(status) => Err(format!("The editor ended with a fault ({status}); the text is as it was")),
        Err(error) => Err(format!("{} does not start: {error}", display::line(program))),
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
    let mut text = String::from_utf8(fs::read(file).map_err(unread)?).map_err(|_| "What the editor wrote is not UTF-8")?;
    // Editors end the last line, too; nobody meant an empty one by that.
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
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
            (&b"a\nb\n"[..], Ok("a\nb")),
            (b"a\n\n", Ok("a\n")),
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
