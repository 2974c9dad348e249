//! Where in the frames of RFC 6455 a peer's bytes have come to: between two messages nothing of them has to be kept, and one
//! message is of so many frames at most.
//!
//! Looks at headers only. Whether frames are right is tungstenite's to say.

/// Bytes of the longest header.
const HEADER: usize = 14;

/// The most frames of one message. Each costs more than its bytes: a message in pieces of a byte would be all work and no word.
const MOST_FRAMES: u8 = 64;

/// How far the bytes so far have come. Begins between two messages.
#[derive(Debug, Default)]
pub(super) struct Boundary {
    header: [u8; HEADER],
    /// Bytes of a header that is not whole yet.
    have: u8,
    /// Of a message that is not whole yet. Beyond the most it stays there.
    frames: u8,
    /// Bytes of a payload that are to come.
    left: u64,
}

impl Boundary {
    /// These came.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((first, rest)) = bytes.split_first() {
            if self.left > 0 {
                let skipped = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            self.header[usize::from(self.have)] = *first;
            self.have += 1;
            bytes = rest;
            if usize::from(self.have) == self.header_length() {
                self.begin();
            }
        }
    }

    /// Whether the next byte begins a message.
    pub(super) fn is_clean(&self) -> bool {
        self.have == 0 && self.left == 0 && self.frames == 0
    }

    /// Whether a message came that is of more frames than it may be.
    pub(super) fn is_in_too_many_pieces(&self) -> bool {
        self.frames > MOST_FRAMES
    }

    fn header_length(&self) -> usize {
        if self.have < 2 {
            return 2;
        }
        let mask = if self.header[1] & 0x80 == 0 { 0 } else { 4 };
        2 + self.extended() + mask
    }

    /// Bytes of the longer form of the length.
    fn extended(&self) -> usize {
        match self.header[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    fn begin(&mut self) {
        let long = self.header[2..2 + self.extended()].iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
        self.left = if self.extended() == 0 { u64::from(self.header[1] & 0x7f) } else { long };
        let (last, control) = (self.header[0] & 0x80 != 0, self.header[0] & 0x08 != 0);
        // Control frames may come between the frames of a message.
        if !control && !self.is_in_too_many_pieces() {
            self.frames += 1;
            if last && !self.is_in_too_many_pieces() {
                self.frames = 0;
            }
        }
        self.have = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, length: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match length {
            0..=125 => frame.push(0x80 | length as u8),
            126..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([0xaa; 4]);
        frame.extend(vec![0x81; length]);
        frame
    }

    /// It is clean after the whole and nowhere inside, however the bytes are cut.
    #[track_caller]
    fn check(bytes: &[u8]) {
        for step in [1, 2, 3, 7, 1000, bytes.len()] {
            let mut boundary = Boundary::default();
            let mut passed = 0;
            for piece in bytes.chunks(step) {
                boundary.pass(piece);
                passed += piece.len();
                assert_eq!(boundary.is_clean(), passed == bytes.len(), "{passed} of {} bytes", bytes.len());
            }
        }
    }

    #[test]
    fn it_is_clean_between_messages_and_nowhere_else() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            check(&frame(0x81, length));
        }
        check(&[frame(0x01, 3), frame(0x00, 200), frame(0x80, 0)].concat());
        check(&[frame(0x01, 3), frame(0x89, 4), frame(0x80, 1)].concat());
        check(&[0x81, 0x02, b'h', b'i']);
    }

    #[test]
    fn a_message_is_of_so_many_frames_and_not_one_more() {
        let message = |frames: u8| {
            let middle = (2..frames).flat_map(|_| [frame(0x00, 1), frame(0x89, 0)].concat());
            [frame(0x01, 1), middle.collect(), frame(0x80, 0)].concat()
        };
        let mut boundary = Boundary::default();
        for _ in 0..3 {
            boundary.pass(&message(MOST_FRAMES));
            assert!(boundary.is_clean() && !boundary.is_in_too_many_pieces());
        }
        boundary.pass(&message(MOST_FRAMES + 1));
        assert!(boundary.is_in_too_many_pieces());
        boundary.pass(&message(2).repeat(200));
        assert!(boundary.is_in_too_many_pieces(), "what comes after it does not make it good");
    }

    #[test]
    fn two_messages_are_two() {
        let mut boundary = Boundary::default();
        let (one, other) = (frame(0x81, 5), frame(0x82, 300));
        let both = [one.as_slice(), &other].concat();
        let clean: Vec<_> = both
            .iter()
            .enumerate()
            .filter(|(_, byte)| {
                boundary.pass(&[**byte]);
                boundary.is_clean()
            })
            .map(|(place, _)| place + 1)
            .collect();
        assert_eq!(clean, [one.len(), both.len()]);
    }

    #[test]
    fn a_length_that_nobody_has_is_never_over() {
        let mut boundary = Boundary::default();
        boundary.pass(&[0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        boundary.pass(&[0; 4096]);
        assert!(!boundary.is_clean());
    }
}
