//! Hostile text made safe to show: in a terminal, in a page, in a log line.
//!
//! What can move a cursor, turn the reading order, hide, or stack itself over its neighbours never comes out of here. Text is
//! kept as it was said; this is applied where it is shown.

use std::borrow::Cow;

use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};

use crate::names::is_mark;

/// Marks that may stand on one character.
const MARKS: usize = 4;
const JOINER: char = '\u{200d}';
const EMOJI_STYLE: char = '\u{fe0f}';
const REPLACEMENT: char = '\u{fffd}';

/// Characters that take no room of their own or only pretend to be letters.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    ) || c.general_category() == GeneralCategory::Format
}

/// Characters that must never reach a terminal as they are: controls, bidi, zero width, separators, private use.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    is_invisible(c)
        || matches!(
            c.general_category(),
            GeneralCategory::Control
                | GeneralCategory::PrivateUse
                | GeneralCategory::Unassigned
                | GeneralCategory::LineSeparator
                | GeneralCategory::ParagraphSeparator
        )
}

fn is_pictograph(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char()
}

/// Text of several lines, safe to show. Line ends stay; a tab becomes a space.
#[must_use]
pub fn text(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|byte| byte == b'\n' || (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(raw);
    }
    let mut safe = String::with_capacity(raw.len());
    let mut marks = 0;
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let before = safe.chars().next_back();
        // What is left out below does not end a stack: the next mark would land on the same letter.
        if !is_invisible(c) {
            marks = if is_mark(c) { marks + 1 } else { 0 };
        }
        match c {
            '\n' | '\u{2028}' | '\u{2029}' | '\u{85}' => safe.push('\n'),
            '\t' => safe.push(' '),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    safe.push('\n');
                }
            }
            // A joiner and its style mark belong inside an emoji; anywhere else they only hide.
            JOINER => {
                // What is joined stands before its style; a digit can have one too, and is no pictograph.
                let joined = safe.chars().rev().find(|b| *b != EMOJI_STYLE);
                let joins = joined.is_some_and(is_pictograph) && chars.peek().is_some_and(|n| is_pictograph(*n));
                if joins {
                    safe.push(c);
                }
            }
            EMOJI_STYLE => {
                if before.is_some_and(|b| b.is_emoji_char()) {
                    safe.push(c);
                }
            }
            _ if marks > MARKS => {}
            _ if is_invisible(c) => {}
            _ if is_unsafe(c) => safe.push(REPLACEMENT),
            _ => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Text on one line: as [`text`], with line ends as spaces.
#[must_use]
pub fn line(raw: &str) -> Cow<'_, str> {
    let safe = text(raw);
    if safe.contains('\n') { Cow::Owned(safe.replace('\n', " ")) } else { safe }
}

/// Text for a place where a line end would begin somebody else's line: the lines after the first are set in.
#[must_use]
pub fn indented(raw: &str) -> Cow<'_, str> {
    let safe = text(raw);
    if safe.contains('\n') { Cow::Owned(safe.replace('\n', "\n    ")) } else { safe }
}

/// At most so many characters of a text, safe and on one line.
#[must_use]
pub fn clip(raw: &str, longest: usize) -> String {
    let mut chars = raw.chars();
    let head: String = chars.by_ref().take(longest).collect();
    let mut safe = line(&head).into_owned();
    if chars.next().is_some() {
        safe.push('…');
    }
    safe
}

/// How to name one character in a sentence.
#[must_use]
pub fn name_of_char(c: char) -> String {
    if is_unsafe(c) || is_mark(c) { format!("U+{:04X}", u32::from(c)) } else { format!("«{c}»") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, safe: &str) {
        assert_eq!(text(raw), safe, "{raw:?}");
    }

    #[test]
    fn text_is_made_safe() {
        check("plain\ntext", "plain\ntext");
        check("a\tb\r\nc\rd", "a b\nc\nd");
        check("\u{1b}[31mred\u{7}", "\u{fffd}[31mred\u{fffd}");
        check("\u{9b}31m\u{7f}", "\u{fffd}31m\u{fffd}");
        check("a\u{202e}b\u{2066}c\u{200f}", "abc");
        check("a\u{200b}\u{feff}\u{ad}b\u{e0041}", "ab");
        check("👩\u{200d}🚀 ❤\u{fe0f} x\u{200d}y z\u{fe0f}", "👩\u{200d}🚀 ❤\u{fe0f} xy z");
        check("❤\u{fe0f}\u{200d}🔥 1\u{fe0f}\u{200d}🔥", "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}🔥");
        check("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}", "e\u{301}\u{301}\u{301}\u{301}");
        check("e\u{301}\u{301}\u{301}\u{200b}\u{301}\u{fe0f}\u{301}", "e\u{301}\u{301}\u{301}\u{301}");
        check("مرحبا שלום 日本 é", "مرحبا שלום 日本 é");
        check("\u{e000}\u{fffe}", "\u{fffd}\u{fffd}");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(line("a\nb\u{2028}c"), "a b c");
        assert_eq!(indented("a\nbob: fake"), "a\n    bob: fake");
        assert_eq!(clip("abc\ndef", 5), "abc d…");
        assert_eq!(name_of_char('\u{202e}'), "U+202E");
    }
}
