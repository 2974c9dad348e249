//! A transcript (`jsonl`, one message a line) comes into a room. The file is looked through first, to its end: one wrong line, and
//! nothing of it is taken in. Its lines are a stranger's bytes, and held to what is said at the door.
//!
//! Messages get the room's numbers from 1 on, in their order; answers are led to the new ones, and lose what they answer if that is
//! not in the file. Begun again, it goes on where it was cut off: the file is known by its hash. Does not know who wants it.

use std::{
    collections::HashSet,
    fmt,
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
    time::Instant,
};

use chat_protocol::{Refusal, RoomName, Seq, Timestamp, UserName, display, is_reaction, json, limits, server::Message};
use sha2::{Digest as _, Sha256};
use tokio::time::sleep;

use crate::log::{Author, Keeper};

/// The longest line: a text that is escaped to the last character, and reactions by everybody.
const LINE: u64 = 256 * 1024;
/// What one commit takes: so many messages, or so many bytes of lines.
const BITE: (usize, usize) = (200, 256 * 1024);

/// Why a transcript does not come in.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    #[error("line {line}: {why}. Nothing of it is taken in")]
    Line { line: usize, why: String },
    #[error("{}", .0.text)]
    Refused(Refusal),
    #[error("it changed while it was read; what was taken in stays")]
    Changed,
    #[error("it was stopped; begun again, it goes on where it was")]
    Stopped,
}

/// How many messages there are now, and how many of them were there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    pub messages: u64,
    pub there: u64,
}

impl fmt::Display for Imported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} message{}", self.messages, if self.messages == 1 { "" } else { "s" })?;
        if self.there > 0 { write!(f, ", of which {} were there", self.there) } else { Ok(()) }
    }
}

/// How far it is, 0 to 100. `false` stops it.
pub type Progress<'a> = &'a mut (dyn FnMut(u8) -> bool + Send);

/// Whether a name is that of a file, and leads nowhere else.
#[must_use]
pub fn is_plain(name: &str) -> bool {
    let is_long = name.len() > 255;
    !(name.is_empty() || is_long || name.starts_with('.') || name.contains(['/', '\\']) || name.contains(char::is_control))
}

/// Takes a transcript in.
///
/// # Errors
/// See [`ImportError`].
pub async fn import(
    keeper: &Keeper,
    room: &RoomName,
    path: &Path,
    now: Timestamp,
    progress: Progress<'_>,
) -> Result<Imported, ImportError> {
    let looked = look_through(path, now, progress)?;
    let mut lines = Lines::open(path, now)?;
    let (mut bite, mut bytes, mut sent, mut new) = (Vec::new(), 0, 0_usize, 0);
    loop {
        let line = lines.next().map_err(changed)?;
        let is_last = line.is_none();
        if let Some((message, length)) = line {
            let place = sent + bite.len();
            if looked.seqs.get(place) != Some(&message.seq) {
                return Err(ImportError::Changed);
            }
            bytes += length;
            bite.push(looked.placed(message, place));
        }
        if bite.len() == BITE.0 || bytes >= BITE.1 || (is_last && !bite.is_empty()) {
            let begun = Instant::now();
            sent += bite.len();
            let messages = std::mem::take(&mut bite);
            new += keeper.import(room.clone(), looked.source.clone(), messages).await.map_err(ImportError::Refused)?;
            bytes = 0;
            if !progress(percent(50, sent as u64, looked.seqs.len() as u64)) {
                return Err(ImportError::Stopped);
            }
            // Whoever speaks meanwhile has the writer for half of the time.
            sleep(begun.elapsed()).await;
        }
        if is_last {
            let messages = sent as u64;
            return Ok(Imported { messages, there: messages - new });
        }
    }
}

/// In the second reading nothing can be wrong that was not in the first.
fn changed(error: ImportError) -> ImportError {
    if let ImportError::Line { .. } = error { ImportError::Changed } else { error }
}

/// A file in which nothing is wrong.
struct Looked {
    /// Whose its messages are from now on.
    source: Author,
    /// The places that they had.
    seqs: Vec<Seq>,
}

impl Looked {
    /// A message as it will be here.
    fn placed(&self, message: Message, place: usize) -> Message {
        let here = |place: usize| Seq(place as u64 + 1);
        let reply_to = message.reply_to.and_then(|seq| self.seqs.binary_search(&seq).ok()).map(here);
        Message { seq: here(place), reply_to, ..message }
    }
}

fn look_through(path: &Path, now: Timestamp, progress: Progress<'_>) -> Result<Looked, ImportError> {
    let mut lines = Lines::open(path, now)?;
    let all = lines.bytes;
    let (mut seqs, mut read) = (Vec::new(), 0);
    while let Some((message, length)) = lines.next()? {
        seqs.push(message.seq);
        read += length as u64;
        if seqs.len() % BITE.0 == 0 && !progress(percent(0, read, all)) {
            return Err(ImportError::Stopped);
        }
    }
    let hash: String = lines.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Looked { source: Author(format!("import:{hash}").into()), seqs })
}

/// Half of the way is looking, and half is taking in.
fn percent(base: u64, done: u64, all: u64) -> u8 {
    u8::try_from(base + done * 50 / all.max(1)).unwrap_or(99).min(99)
}

/// The lines of a file, each of which is judged by itself and by those before it.
struct Lines {
    file: BufReader<File>,
    bytes: u64,
    hash: Sha256,
    now: Timestamp,
    number: usize,
    last: Option<(Seq, Timestamp)>,
}

impl Lines {
    fn open(path: &Path, now: Timestamp) -> io::Result<Self> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { file: BufReader::new(file), bytes, hash: Sha256::new(), now, number: 0, last: None })
    }

    fn next(&mut self) -> Result<Option<(Message, usize)>, ImportError> {
        let mut line = Vec::new();
        (&mut self.file).take(LINE + 1).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        self.hash.update(&line);
        let message = self.message(&line).map_err(|why| ImportError::Line { line: self.number, why })?;
        self.last = Some((message.seq, message.at));
        Ok(Some((message, line.len())))
    }

    fn message(&self, line: &[u8]) -> Result<Message, String> {
        if line.len() as u64 > LINE {
            return Err(format!("it has more than {LINE} bytes"));
        }
        let text = str::from_utf8(line).map_err(|_| "it is not UTF-8".to_owned())?;
        let value = json::value(text).map_err(|refusal| refusal.text)?;
        let message: Message = serde_json::from_value(value).map_err(|error| display::clip(&error.to_string(), 200))?;
        check(&message, self.last, self.now)?;
        Ok(message)
    }
}

/// What is wrong with a message, by itself and after the one before it.
fn check(message: &Message, last: Option<(Seq, Timestamp)>, now: Timestamp) -> Result<(), &'static str> {
    let Message { seq, from, text, at, reply_to, edited_at, deleted, reactions, .. } = message;
    // What is nobody's at the door, nor the server's own for those who have no name, was nobody's.
    let is_a_name = |name: &UserName| name.is_made() || UserName::parse(name.shown()).is_ok();
    let twice = |names: &[UserName]| names.iter().map(UserName::folded).collect::<HashSet<_>>().len() < names.len();
    let wrong = [
        (*seq == Seq(0), "its seq is no number of a message"),
        (last.is_some_and(|(last, _)| *seq <= last), "its seq is not after the one before it"),
        (last.is_some_and(|(_, last)| *at < last), "it was said before the one before it"),
        (*at > now || *at < Timestamp(0), "it was said at no time that has been"),
        (edited_at.is_some_and(|edited| edited < *at || edited > now), "it was edited at no time that has been"),
        (reply_to.is_some_and(|reply| reply >= *seq), "it answers what comes after it"),
        (!is_a_name(from), "its name is nobody's"),
        (!deleted && text.trim().is_empty(), "it says nothing"),
        (text.len() > limits::TEXT_BYTES, "its text is too long"),
        (
            *deleted && !(text.is_empty() && reactions.is_empty() && edited_at.is_none()),
            "it is deleted, and yet there is something",
        ),
        (reactions.keys().any(|emoji| !is_reaction(emoji)), "that is no reaction"),
        (reactions.values().any(Vec::is_empty), "a reaction is nobody's"),
        (reactions.values().any(|names| twice(names)), "a reaction is somebody's twice"),
        (reactions.values().flatten().any(|name| !is_a_name(name)), "a reaction is nobody's"),
        (reactions.values().map(Vec::len).sum::<usize>() > limits::REACTIONS_PER_MESSAGE, "it has too many reactions"),
    ];
    wrong.iter().find(|(is_so, _)| *is_so).map_or(Ok(()), |(_, why)| Err(why))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const NOW: Timestamp = Timestamp(2_000_000_000_000);

    fn line(seq: u64, more: &str) -> String {
        format!(r#"{{"room":"tea","seq":{seq},"from":"ann","text":"hi","at":"2026-01-01T00:00:00.000Z"{more}}}"#)
    }

    fn looked(text: &[u8]) -> Result<Looked, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        look_through(file.path(), NOW, &mut |_| true).map_err(|error| error.to_string())
    }

    #[test]
    fn one_wrong_line_is_named_by_its_number() {
        let good = line(5, "");
        for (bad, why) in [
            (String::new(), ""),
            ("null".into(), ""),
            ("[]".into(), ""),
            ("{}".into(), "missing field"),
            (line(5, ""), "its seq is not after"),
            (line(0, ""), "its seq is"),
            (line(9_007_199_254_740_992, ""), ""),
            (line(6, "").replace("2026", "2025"), "before the one before it"),
            (line(6, "").replace("2026", "2126"), "no time that has been"),
            (line(6, "").replace("ann", "a\u{202e}nn"), "a name cannot hold"),
            (line(6, "").replace("ann", &"a".repeat(41)), "longer than 40"),
            (line(6, "").replace("hi", &"x".repeat(limits::TEXT_BYTES + 1)), "too long"),
            (line(6, r#","reply_to":6"#), "answers what comes after"),
            (line(6, r#","deleted":true"#), "it is deleted"),
            (line(6, r#","edited_at":"2025-01-01T00:00:00.000Z""#), "it was edited"),
            (line(6, r#","reactions":{"a b":["bob"]}"#), "no reaction"),
            (line(6, r#","reactions":{"x":[]}"#), "nobody's"),
            (line(6, r#","cid":"no good""#), ""),
            (line(6, &format!(r#","x":{}1{}"#, "[".repeat(100), "]".repeat(100))), ""),
            (format!("{{\"x\":\"{}\"}}", "y".repeat(300_000)), "bytes"),
        ] {
            let found = looked(format!("{good}\n{bad}\n").as_bytes()).err().unwrap_or_default();
            assert!(found.starts_with("line 2: ") && found.contains(why), "{bad:.80}: {found}");
        }
        assert!(looked(b"\xff\n").err().unwrap().contains("not UTF-8"));
        assert!(looked(good.as_bytes()).is_ok(), "the last line needs no end");
        assert!(looked(b"").is_ok_and(|looked| looked.seqs.is_empty()));
    }

    #[test]
    fn answers_are_led_to_where_the_answered_is_now() {
        let text =
            [line(5, ""), line(8, r#","reply_to":5"#), line(9, r#","reply_to":6"#), line(12, r#","reply_to":9"#)].join("\n");
        let looked = looked(text.as_bytes()).unwrap();
        let mut lines: Vec<Message> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let placed: Vec<_> =
            (0..4).map(|place| looked.placed(lines.remove(0), place)).map(|one| (one.seq.0, one.reply_to)).collect();
        assert_eq!(placed, [(1, None), (2, Some(Seq(1))), (3, None), (4, Some(Seq(3)))]);
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        for (name, expected) in [
            ("general.jsonl", true),
            ("a b", true),
            ("", false),
            ("..", false),
            (".hidden", false),
            ("a/b", false),
            ("a\0", false),
        ] {
            assert_eq!(is_plain(name), expected, "{name:?}");
        }
    }
}
