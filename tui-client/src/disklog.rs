//! The log on disk, for those who ask for one: a file for each server, room and month, which only its owner can read. What is
//! written is safe to show, one event a line; what was there before we came is in the server's log, and not in this one. Lines are
//! handed to the system and not waited for until a disk has them: they outlive this program, but not always a failure of power.

use std::{
    fmt::Write as _,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use chat_protocol::ServerMessage;
use jiff::tz::TimeZone;

use crate::{effect::Told, words};

/// When something was said.
const TIME: &str = "%Y-%m-%dT%H:%M:%S%:z";
const MONTH: &str = "%Y-%m";
/// Bytes of a name in a path; file systems take 255.
const NAME_BYTES: usize = 120;

/// Where it is, and what is open.
pub(crate) struct DiskLog {
    /// Of one server.
    directory: PathBuf,
    zone: TimeZone,
    /// The file that was written to last.
    open: Option<(PathBuf, File)>,
}

impl DiskLog {
    /// Nothing is made before there is something to write.
    pub(crate) fn new(directory: &Path, server: &str) -> Self {
        Self { directory: directory.join(component(server)), zone: TimeZone::system(), open: None }
    }

    /// Writes down what happened.
    ///
    /// # Errors
    /// In words; it is of no use to go on then.
    pub(crate) fn write(&mut self, told: &Told) -> Result<(), String> {
        let Told::Event { event, old: false, .. } = told else { return Ok(()) };
        self.append(event).map_err(|error| format!("{}: {error}", self.directory.display()))
    }

    fn append(&mut self, event: &ServerMessage) -> io::Result<()> {
        let Some(((room, _, at), text)) = words::place(event).zip(words::words(event)) else { return Ok(()) };
        let month = words::time(at, &self.zone, MONTH);
        let path = self.directory.join(component(room.folded())).join(format!("{}.log", component(&month)));
        let mut file = match self.open.take() {
            Some((open, file)) if open == path => file,
            _ => open(&path)?,
        };
        // In one write: two of us may log to the same file.
        file.write_all(format!("{} {text}\n", words::time(at, &self.zone, TIME)).as_bytes())?;
        self.open = Some((path, file));
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Somebody's text as one part of a path: letters and digits stay, the rest is percent-encoded, so that nothing leads up or
/// elsewhere, and no two names share a file.
fn component(name: &str) -> String {
    let mut part = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_alphanumeric() || matches!(c, '-' | '_') || (c == '.' && !part.is_empty()) {
            part.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(part, "%{byte:02X}");
            }
        }
    }
    if part.len() > NAME_BYTES {
        let hash =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        part.truncate(part.floor_char_boundary(NAME_BYTES));
        let _ = write!(part, "%{hash:016x}");
    }
    if part.is_empty() { "%".into() } else { part }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use chat_protocol::{RoomName, UserName};

    use super::*;
    use crate::words::tests::message;

    fn told(room: RoomName, text: &str, old: bool) -> Told {
        let message = chat_protocol::server::Message { room, ..message(1, "alice", text) };
        Told::Event { event: Box::new(ServerMessage::Message(message)), epoch: None, old }
    }

    #[test]
    fn each_room_and_month_has_a_private_file() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join("logs");
        let mut log = DiskLog::new(&directory, "ws://h:1/x");
        log.zone = TimeZone::fixed(jiff::tz::offset(1));
        let tea = RoomName::parse("Tea Room").unwrap();
        log.write(&told(tea.clone(), "before", true)).unwrap();
        assert!(!directory.exists(), "nothing is made for nothing");
        log.write(&told(tea.clone(), "hi\nbob: fake \u{1b}[2J", false)).unwrap();
        let private = RoomName::private(&UserName::parse("alice").unwrap(), &UserName::parse("bob").unwrap());
        log.write(&told(private, "psst", false)).unwrap();
        log.write(&told(tea, "more", false)).unwrap();
        log.write(&Told::Connection("connected".into())).unwrap();

        let server = directory.join("ws%3A%2F%2Fh%3A1%2Fx");
        let file = server.join("tea%20room").join("2026-11.log");
        let expected = concat!(
            "2026-11-20T12:59:59+01:00 alice: hi\n",
            "    bob: fake \u{fffd}[2J\n",
            "2026-11-20T12:59:59+01:00 alice: more\n",
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), expected);
        assert!(server.join("%40alice%2Cbob").join("2026-11.log").exists());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap()), mode(&directory)), (0o600, 0o700, 0o700));
    }

    #[test]
    fn no_name_leads_elsewhere() {
        for (name, expected) in [
            ("general", "general"),
            ("..", "%2E."),
            (".", "%2E"),
            ("../../etc", "%2E.%2F..%2Fetc"),
            ("a\\b:c", "a%5Cb%3Ac"),
            ("v1.0", "v1.0"),
            ("日本", "日本"),
            ("%2E", "%252E"),
            ("", "%"),
            ("a\u{0}b", "a%00b"),
        ] {
            assert_eq!(component(name), expected);
        }
        let (one, other) = (component(&format!("{}a", "日".repeat(80))), component(&format!("{}b", "日".repeat(80))));
        assert!(one.len() < 150 && one != other, "{one} {other}");
    }

    #[test]
    fn a_log_that_cannot_be_written_says_why() {
        let home = tempfile::tempdir().unwrap();
        let taken = home.path().join("taken");
        fs::write(&taken, "a file").unwrap();
        let mut log = DiskLog::new(&taken, "ws://h:1");
        let words = log.write(&told(RoomName::parse("general").unwrap(), "hi", false)).unwrap_err();
        assert!(words.contains("taken"), "{words}");
    }
}
