//! What was said, as WebSocket frames: a room's part of a commit, or something passing, encoded once for each dialect by whoever asks
//! first.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use chat_protocol::{Dialect, Recorded, RoomName, Seq, Signal};

/// What one commit holds for one room.
#[derive(Debug)]
pub struct RoomBatch {
    pub room: RoomName,
    pub entries: Vec<Entry>,
    frames: [OnceLock<Frames>; Dialect::ALL.len()],
}

#[derive(Debug)]
pub struct Entry {
    pub recorded: Arc<Recorded>,
    /// The connection that said it. Numbers of connections are unique over all shards.
    pub by: Option<u64>,
}

/// The entries of a batch as WebSocket frames, one after the other in one buffer.
#[derive(Debug)]
pub struct Frames {
    pub bytes: Bytes,
    /// Where each entry's frame ends; an entry that the dialect does not show ends where it begins.
    ends: Vec<usize>,
}

impl Frames {
    /// The frame of one entry, empty if the dialect does not show it.
    pub fn entry(&self, place: usize) -> Bytes {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        self.bytes.slice(start..self.ends[place])
    }

    /// Everything from one entry on.
    pub fn from(&self, place: usize) -> Bytes {
        self.bytes.slice(if place == 0 { 0 } else { self.ends[place - 1] }..)
    }
}

impl RoomBatch {
    pub(crate) fn new(room: RoomName) -> Self {
        Self { room, entries: Vec::new(), frames: Default::default() }
    }

    /// The first place in this batch.
    pub fn first(&self) -> Seq {
        self.entries.first().map_or(Seq(0), |entry| entry.recorded.seq)
    }

    /// The last place in this batch.
    pub fn last(&self) -> Seq {
        self.entries.last().map_or(Seq(0), |entry| entry.recorded.seq)
    }

    /// The batch in one dialect, encoded by whoever asks first.
    pub fn frames(&self, dialect: Dialect) -> &Frames {
        self.frames[dialect.index()].get_or_init(|| {
            let mut buffer = Vec::with_capacity(self.entries.len() * 256);
            let ends = self
                .entries
                .iter()
                .map(|entry| {
                    if let Some(text) = dialect.recorded(&entry.recorded) {
                        text_frame(&mut buffer, &text);
                    }
                    buffer.len()
                })
                .collect();
            Frames { bytes: buffer.into(), ends }
        })
    }
}

/// A signal and its frames.
#[derive(Debug)]
pub struct Said {
    pub signal: Signal,
    frames: [OnceLock<Option<Bytes>>; Dialect::ALL.len()],
}

impl Said {
    pub fn new(signal: Signal) -> Self {
        Self { signal, frames: Default::default() }
    }

    /// The signal in one dialect, if that has words for it.
    pub fn frame(&self, dialect: Dialect) -> Option<&Bytes> {
        self.frames[dialect.index()].get_or_init(|| dialect.signal(&self.signal).map(|text| frame(&text))).as_ref()
    }
}

/// A text frame as a server writes it: whole, unmasked.
pub fn text_frame(buffer: &mut Vec<u8>, text: &str) {
    buffer.push(0x81);
    match text.len() {
        length @ 0..=125 => buffer.push(length as u8),
        length @ 126..=0xffff => {
            buffer.push(126);
            buffer.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            buffer.push(127);
            buffer.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    buffer.extend_from_slice(text.as_bytes());
}

/// One text frame.
pub fn frame(text: &str) -> Bytes {
    let mut buffer = Vec::with_capacity(text.len() + 10);
    text_frame(&mut buffer, text);
    buffer.into()
}
