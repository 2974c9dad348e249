//! The follower of frames beside tungstenite: where it says that nothing has to be kept, a new reader reads on what the old one
//! would have read; and where a new reader could, it says so.
#![no_main]

#[path = "../../server/src/session/boundary.rs"]
mod boundary;

use std::io::{self, Read, Write};

use boundary::Boundary;
use libfuzzer_sys::fuzz_target;
use tokio_tungstenite::tungstenite::{
    Error, Message,
    protocol::{Role, WebSocketConfig, WebSocketContext},
};

/// A socket that has these bytes and no more.
struct Socket<'a>(&'a [u8]);

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.0.read(buffer) }
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is read of these bytes, and whether the conversation goes on.
fn read(bytes: &[u8]) -> (Vec<Message>, bool) {
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(Some(64 * 1024))
        .max_frame_size(Some(64 * 1024));
    let (mut context, mut socket) = (WebSocketContext::new(Role::Server, Some(config)), Socket(bytes));
    let mut messages = Vec::new();
    loop {
        match context.read(&mut socket) {
            Ok(Message::Close(_)) => return (messages, false),
            Ok(message) => messages.push(message),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return (messages, true),
            Err(_) => return (messages, false),
        }
    }
}

/// Frames that are mostly right, from a few bytes each: the opcode and its bits, a length, a form of the length.
fn frames(mut plan: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [first, size, form, rest @ ..] = plan {
        plan = rest;
        let length = match size {
            0..=125 => usize::from(*size),
            126..=200 => 120 + usize::from(*size - 126),
            _ => 65_500 + usize::from(*size - 200),
        };
        // Mostly a kind of frame that there is.
        bytes.push(if form & 0x80 == 0 { (first & 0x80) | [0, 1, 2, 9, 10, 0, 1, 0][usize::from(first & 7)] } else { *first });
        let mask = if form & 0x40 == 0 { 0x80 } else { 0 };
        match (form & 3, length) {
            (0, 0..=125) => bytes.push(mask | length as u8),
            (0 | 1, 0..=0xffff) => {
                bytes.push(mask | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(mask | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        if mask != 0 {
            bytes.extend([*form, 0, 7, 0]);
        }
        let kept = if form & 0x20 == 0 { length } else { length / 2 };
        bytes.extend(std::iter::repeat_n(b'a', kept));
        if bytes.len() > 300_000 {
            break;
        }
    }
    bytes
}

const PROBE: [u8; 11] = [0x81, 0x85, 0, 0, 0, 0, b'p', b'r', b'o', b'b', b'e'];

fuzz_target!(|data: &[u8]| {
    let [mode, cut, step, data @ ..] = data else { return };
    let bytes = if mode & 1 == 0 { data.to_vec() } else { frames(data) };
    let cut = if bytes.is_empty() { 0 } else { (usize::from(*cut) * 257 + usize::from(*step)) % (bytes.len() + 1) };
    // Whole, and up to a cut.
    for (before, after) in [(&bytes[..], &PROBE[..]), bytes.split_at(cut)] {
        let (messages, goes_on) = read(before);
        let mut follower = Boundary::default();
        before.chunks(usize::from(*step).max(1)).for_each(|piece| follower.pass(piece));
        let mut at_once = Boundary::default();
        at_once.pass(before);
        assert_eq!(follower.is_clean(), at_once.is_clean(), "however the bytes are cut");
        if !goes_on {
            continue;
        }
        if follower.is_clean() {
            let (rest, rest_goes_on) = read(after);
            let (all, all_goes_on) = read(&[before, after].concat());
            assert_eq!(
                (all, all_goes_on),
                ([messages, rest].concat(), rest_goes_on),
                "a new reader reads what the old one would"
            );
        } else {
            let (all, _) = read(&[before, &PROBE].concat());
            let would = [messages, vec![Message::text("probe")]].concat();
            assert_ne!(all, would, "nothing had to be kept, and it was");
        }
    }
});
