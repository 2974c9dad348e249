//! The server's frames as the generator needs them: told apart by header and by the first letter of their `type`, and
//! otherwise skipped. Nothing is decoded, so that reading costs next to nothing.

use anyhow::{bail, ensure};

/// What a program says, as far as its frames are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Speech {
    /// The chat protocol.
    #[default]
    Chat,
    /// Any text is a message, and who was let in has joined.
    Lines,
}

/// What a frame was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Message,
    Ack,
    Joined,
    Ping,
    Close,
    /// Welcome, presence and whatever else there is.
    Other,
}

/// A text frame says what it is here: `{"type":"message"`.
const LETTER: usize = 9;
/// The longest header of a server's frame, and its payload up to the letter.
const ENOUGH: usize = 10 + LETTER + 1;

/// Where one connection's stream stands.
#[derive(Default)]
pub(crate) struct Parser {
    speech: Speech,
    /// The answer to the handshake, while it comes.
    head: Option<Vec<u8>>,
    /// The rest of a frame that was told already.
    skip: usize,
    carry: [u8; ENOUGH],
    carried: usize,
}

impl Parser {
    /// For a stream that begins with the answer to a handshake.
    pub(crate) fn after_handshake(speech: Speech) -> Self {
        Self { speech, head: Some(Vec::new()), ..Self::default() }
    }

    /// Tells the frames that begin in these bytes.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut tell: impl FnMut(Kind)) -> anyhow::Result<()> {
        if let Some(head) = &mut self.head {
            let before = head.len();
            head.extend_from_slice(bytes);
            let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(()) };
            ensure!(head.starts_with(b"HTTP/1.1 101"), "the handshake failed: {}", String::from_utf8_lossy(head));
            bytes = &bytes[end + 4 - before..];
            self.head = None;
            if self.speech == Speech::Lines {
                tell(Kind::Joined);
            }
        }
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return Ok(());
            }
            if self.carried == 0
                && let Some((kind, length)) = begin(self.speech, bytes)?
            {
                tell(kind);
                self.skip = length;
                continue;
            }
            self.carry[self.carried] = bytes[0];
            self.carried += 1;
            bytes = &bytes[1..];
            if let Some((kind, length)) = begin(self.speech, &self.carry[..self.carried])? {
                tell(kind);
                self.skip = length - self.carried;
                self.carried = 0;
            }
        }
    }
}

/// What frame begins here and how long it is with its header, if there is enough of it to say.
fn begin(speech: Speech, bytes: &[u8]) -> anyhow::Result<Option<(Kind, usize)>> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let (header, payload) = match second {
        length @ 0..=125 => (2, usize::from(*length)),
        126 => match rest {
            [a, b, ..] => (4, usize::from(u16::from_be_bytes([*a, *b]))),
            _ => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (10, usize::try_from(u64::from_be_bytes(*length))?),
            None => return Ok(None),
        },
        _ => bail!("the server sent a masked frame"),
    };
    if bytes.len() < header + payload.min(LETTER + 1) {
        return Ok(None);
    }
    let kind = match (first, speech, bytes.get(header + LETTER).filter(|_| payload > LETTER)) {
        (0x81, Speech::Lines, _) | (0x81, Speech::Chat, Some(b'm')) => Kind::Message,
        (0x81, _, Some(b'a')) => Kind::Ack,
        (0x81, _, Some(b'j')) => Kind::Joined,
        (0x89, ..) => Kind::Ping,
        (0x88, ..) => Kind::Close,
        _ => Kind::Other,
    };
    Ok(Some((kind, header + payload)))
}

/// A client's text frame. The mask is zero, which costs the server as much as any other.
pub(crate) fn masked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// What answers a server's ping.
pub(crate) const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

/// Bytes of a message on the wire, header included, as in a usual chat line.
pub(crate) const MESSAGE_BYTES: usize = 132;
/// Of these, the header.
const HEADER: usize = 4;

/// The frame with which a user says something in a room, so long that everybody gets [`MESSAGE_BYTES`] of it.
pub(crate) fn says(speech: Speech, room: &str, user: &str) -> Vec<u8> {
    let around = match speech {
        Speech::Chat => format!(
            r#"{{"type":"message","room":"{room}","seq":1234,"from":"{user}","text":"","at":"2026-11-20T09:30:00.000Z"}}"#
        ),
        Speech::Lines => format!("{user}: "),
    };
    let text = "x".repeat((MESSAGE_BYTES - HEADER).saturating_sub(around.len()));
    match speech {
        Speech::Chat => masked(&format!(r#"{{"type":"send","room":"{room}","text":"{text}"}}"#)),
        Speech::Lines => masked(&text),
    }
}

/// The frame that a bare loop sends: as long as a message, and taken for one.
pub(crate) fn message() -> Vec<u8> {
    let mut frame = vec![0x81, 126];
    frame.extend_from_slice(&((MESSAGE_BYTES - HEADER) as u16).to_be_bytes());
    frame.extend_from_slice(br#"{"type":"message""#);
    frame.resize(MESSAGE_BYTES, b' ');
    frame
}
