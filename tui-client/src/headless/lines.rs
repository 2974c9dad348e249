//! What a program prints, as messages: one for each line, without the colours that were for a terminal, cut where a message
//! would be too long. Pure, and bounded: a line without an end takes no more memory than a message.

/// What is cut into lines.
#[derive(Debug)]
pub(super) struct Lines {
    /// The longest text of a message.
    limit: usize,
    escape: Escape,
    /// The line so far.
    text: String,
    /// Bytes of a character whose others are yet to come.
    partial: Vec<u8>,
    /// The last was a carriage return: what stands in the line is overwritten, unless the line ends here.
    returned: bool,
    /// Something was not UTF-8.
    pub(super) lossy: bool,
}

/// Where in a control sequence we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    /// Behind the escape itself.
    Begun,
    /// `ESC [`: until a final byte.
    Control,
    /// `ESC ]` and its like: until BEL, or ESC and a backslash.
    Text,
    Ending,
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, escape: Escape::None, text: String::new(), partial: Vec::new(), returned: false, lossy: false }
    }

    /// The server takes texts of so many bytes.
    pub(super) fn limit(&mut self, limit: usize) {
        self.limit = limit.max(4);
    }

    /// Takes more bytes, and answers with the messages that are whole now.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut whole = Vec::new();
        for &byte in bytes {
            self.take(byte, &mut whole);
        }
        whole
    }

    /// There is no more: the last line may lack its end.
    pub(super) fn finish(&mut self) -> Vec<String> {
        let mut whole = Vec::new();
        self.end(&mut whole);
        whole
    }

    fn take(&mut self, byte: u8, whole: &mut Vec<String>) {
        // A line's end ends a sequence, too: one that was cut off must not swallow the rest of the input.
        if byte == b'\n' {
            self.escape = Escape::None;
            self.returned = false;
            self.end(whole);
            return;
        }
        self.escape = match (self.escape, byte) {
            (Escape::None, 0x1b) => Escape::Begun,
            (Escape::None, _) => {
                self.print(byte, whole);
                Escape::None
            }
            (Escape::Begun, b'[') => Escape::Control,
            (Escape::Begun, b']' | b'P' | b'X' | b'^' | b'_') => Escape::Text,
            // `ESC ( B` and its like: what stands between is skipped.
            (Escape::Begun, 0x20..=0x2f) => Escape::Begun,
            (Escape::Begun | Escape::Control, 0x1b) => Escape::Begun,
            (Escape::Begun, _) => Escape::None,
            (Escape::Control, 0x40..=0x7e) => Escape::None,
            (Escape::Control, _) => Escape::Control,
            (Escape::Text, 0x07) => Escape::None,
            (Escape::Text | Escape::Ending, 0x1b) => Escape::Ending,
            (Escape::Text, _) => Escape::Text,
            (Escape::Ending, b'\\') => Escape::None,
            (Escape::Ending, _) => Escape::Text,
        };
    }

    fn print(&mut self, byte: u8, whole: &mut Vec<String>) {
        if byte == b'\r' {
            self.returned = true;
            return;
        }
        if byte < 0x20 && byte != b'\t' || byte == 0x7f {
            return;
        }
        if std::mem::take(&mut self.returned) {
            // As on a terminal: a bar that is drawn over and over is one line in the end.
            self.text.clear();
            self.partial.clear();
        }
        self.partial.push(byte);
        self.decode(false);
        self.cut(whole);
    }

    fn cut(&mut self, whole: &mut Vec<String>) {
        while self.text.len() > self.limit {
            let rest = self.text.split_off(self.text.floor_char_boundary(self.limit));
            self.emit(whole);
            self.text = rest;
        }
    }

    /// Moves what is whole from the bytes to the text.
    fn decode(&mut self, last: bool) {
        match std::str::from_utf8(&self.partial) {
            Ok(text) => self.text.push_str(text),
            Err(error) if error.error_len().is_none() && !last => return,
            Err(_) => {
                self.lossy = true;
                self.text.push_str(&String::from_utf8_lossy(&self.partial));
            }
        }
        self.partial.clear();
    }

    fn end(&mut self, whole: &mut Vec<String>) {
        self.decode(true);
        self.cut(whole);
        self.emit(whole);
        self.text.clear();
    }

    fn emit(&mut self, whole: &mut Vec<String>) {
        let text = self.text.trim_end();
        if !text.trim_start().is_empty() {
            whole.push(text.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: &[&str]) {
        // However the pipe cuts it.
        for size in [1, 3, bytes.len().max(1)] {
            let mut lines = Lines::new(10);
            let mut found: Vec<String> = bytes.chunks(size).flat_map(|chunk| lines.feed(chunk)).collect();
            found.extend(lines.finish());
            assert_eq!(found, expected, "{:?} in pieces of {size}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn lines_become_messages() {
        check(b"a\nb\r\n\n  \n  c \nd", &["a", "b", "  c", "d"]);
        check(b"", &[]);
        check(b"\n", &[]);
        check(b"\tx\x00\x08y\x7f\n", &["\txy"]);
    }

    #[test]
    fn colours_and_other_sequences_are_left_out() {
        check(b"\x1b[1;31mred\x1b[0m\n", &["red"]);
        check(b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\n", &["ab"]);
        check(b"\x1b(Ba\x1b7b\x1bP1$q\x1b\\c\n", &["abc"]);
        check(b"\x1b]0;cut off\nnext\n", &["next"]);
        check(b"\x1b[31\x1b[0mx\n", &["x"]);
        check("\u{9b}31m\n".as_bytes(), &["\u{9b}31m"]);
    }

    #[test]
    fn what_is_drawn_over_counts_once() {
        check(b"10%\r20%\r100%\ndone\n", &["100%", "done"]);
        check(b"10%\r\n", &["10%"]);
        check(b"10%\r", &["10%"]);
    }

    #[test]
    fn long_lines_are_cut_between_characters() {
        check(b"0123456789\n", &["0123456789"]);
        check(b"0123456789ab\n", &["0123456789", "ab"]);
        check("ääääääää\n".as_bytes(), &["äääää", "äää"]);
        check("aääääää\n".as_bytes(), &["aääää", "ää"]);
    }

    #[test]
    fn what_is_not_utf_8_is_replaced_and_noticed() {
        check(b"a\xffb\xc3\n", &["a\u{fffd}b\u{fffd}"]);
        let mut lines = Lines::new(100);
        lines.feed("ä\n".as_bytes());
        assert!(!lines.lossy);
        lines.feed(b"\xff\n");
        assert!(lines.lossy);
    }

    proptest! {
        #[test]
        fn no_message_is_too_long_and_no_input_grows(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut lines = Lines::new(16);
            let mut found = lines.feed(&bytes);
            prop_assert!(lines.text.len() <= 16 && lines.partial.len() < 8);
            found.extend(lines.finish());
            for text in found {
                prop_assert!(text.len() <= 16 && !text.trim().is_empty() && !text.contains(['\n', '\x1b']), "{:?}", text);
            }
        }
    }
}
