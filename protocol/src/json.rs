//! JSON as it leaves the server: the same values, with every character that a terminal or an editor could be hurt by
//! written as `\uXXXX`. So even `wscat`, which prints frames as they come, shows nothing hostile, and nothing is lost. And JSON as
//! it comes in, which may not be deeper than [`limits::JSON_DEPTH`].

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Value, ser::Formatter};

use crate::{ErrorCode, Refusal, display, limits};

struct Careful;

impl Formatter for Careful {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // serde_json has already escaped quotes, backslashes and C0; what is left to look for is rare.
        let mut plain = 0;
        // To the end in any case: without a way out of the middle it takes many bytes at a time.
        if fragment.bytes().fold(true, |plain, byte| plain & (byte < 0x7f)) {
            return writer.write_all(fragment.as_bytes());
        }
        for (at, c) in fragment.char_indices().filter(|(_, c)| display::is_unsafe(*c)) {
            writer.write_all(&fragment.as_bytes()[plain..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }
}

/// Writes one value as one line of JSON, onto the end of a buffer.
///
/// # Panics
/// Never for the types of this crate: their maps have string keys and a `Vec` takes every byte.
pub fn append<T: Serialize + ?Sized>(buffer: &mut Vec<u8>, value: &T) {
    let mut serializer = serde_json::Serializer::with_formatter(buffer, Careful);
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok(), "a wire type that is not JSON");
}

/// One value as one line of JSON.
#[must_use]
pub fn line<T: Serialize + ?Sized>(value: &T) -> String {
    let mut buffer = Vec::with_capacity(128);
    append(&mut buffer, value);
    // The formatter passes whole characters only, so this is the cheap, certain conversion.
    String::from_utf8(buffer).unwrap_or_default()
}

/// Whether what a peer sent is not too deep to be read, whatever else it is.
///
/// # Errors
/// `bad_json`.
pub fn check_depth(bytes: &[u8]) -> Result<(), Refusal> {
    if depth(bytes) <= limits::JSON_DEPTH {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::BadJson, format!("JSON is at most {} deep", limits::JSON_DEPTH)))
}

/// Reads any value that a peer sent.
///
/// # Errors
/// `bad_json`.
pub fn value(text: &str) -> Result<Value, Refusal> {
    check_depth(text.as_bytes())?;
    serde_json::from_str(text).map_err(|error| Refusal::new(ErrorCode::BadJson, format!("That is not JSON: {error}")))
}

/// How deep arrays and objects lie in each other. Of what is not JSON, at least as deep as a parser would go.
fn depth(bytes: &[u8]) -> usize {
    let (mut deepest, mut depth, mut bytes) = (0, 0_usize, bytes.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(byte) = bytes.next()
                    && *byte != b'"'
                {
                    if *byte == b'\\' {
                        bytes.next();
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

/// About how many bytes a text takes once it is written: what is escaped takes six.
#[must_use]
pub fn weight(text: &str) -> usize {
    let escaped = text.bytes().filter(|byte| *byte < 0x20 || *byte == 0x7f).count();
    let doubled = text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
    text.len() + 5 * escaped + doubled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_that_of_arrays_and_objects_and_not_of_text() {
        for (text, expected) in [
            ("1", 0),
            ("[]", 1),
            (r#"{"a":[{"b":{}}],"c":[]}"#, 4),
            (r#"{"a":"[[[[","b\"[[":"\\","c":"x"}"#, 1),
            ("]]]][", 1),
            (r#"["[["#, 1),
        ] {
            assert_eq!(depth(text.as_bytes()), expected, "{text}");
        }
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(value(&deep(limits::JSON_DEPTH)).is_ok());
        let refused = value(&deep(limits::JSON_DEPTH + 1)).unwrap_err();
        assert_eq!((refused.code, refused.text.as_str()), (ErrorCode::BadJson, "JSON is at most 32 deep"));
        assert_eq!(value("[").unwrap_err().code, ErrorCode::BadJson);
    }

    #[test]
    fn hostile_characters_are_escaped_and_mean_the_same() {
        let text = "a\u{9b}31m \u{202e}x\u{200b} \u{7f} é 👩‍🚀 \u{e0041} \"q\" \n";
        let line = line(text);
        assert!(line.contains("\\u009b31m \\u202ex\\u200b \\u007f é 👩\\u200d🚀 \\udb40\\udc41 \\\"q\\\" \\n"), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
    /// Read to the nearest number there is, or the next reading finds another one.
    #[test]
    fn a_number_that_was_read_is_written_as_that_number() {
        for text in ["1111111111111111111111", "7777777777777777e72", "0.1", "5e-324", "1.7976931348623157e308"] {
            let number: f64 = serde_json::from_str(text).unwrap();
            assert_eq!(number.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
            assert_eq!(serde_json::from_str::<f64>(&line(&number)).unwrap().to_bits(), number.to_bits(), "{text}");
        }
    }
}
