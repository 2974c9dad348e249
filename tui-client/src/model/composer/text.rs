//! Places in a text: ends of what a person sees as one character, of words, of columns; and what a text may hold at all.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};
use unicode_width::UnicodeWidthStr as _;

/// What a tab becomes: the columns of a tab would be somebody else's guess.
const TAB: &str = "    ";

/// The text as it may stand in a line: no control characters but the line end, in one form.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        // A paste may hold the marks that frame a paste.
        if let Some(after) = rest.strip_prefix("\u{1b}[201~").or_else(|| rest.strip_prefix("\u{1b}[200~")) {
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\r' if rest.starts_with('\n') => {}
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\t' => clean.push_str(TAB),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// So many bytes of a text at most, with no character cut.
pub(super) fn head(text: &str, longest: usize) -> &str {
    let mut end = longest.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The nearest end of a character as a person sees it, there or behind.
pub(super) fn boundary(line: &str, offset: usize) -> usize {
    let mut offset = offset.min(line.len());
    while !line.is_char_boundary(offset) {
        offset += 1;
    }
    let mut cursor = GraphemeCursor::new(offset, line.len(), true);
    match cursor.is_boundary(line, 0) {
        Ok(true) | Err(_) => offset,
        Ok(false) => cursor.next_boundary(line, 0).ok().flatten().unwrap_or(line.len()),
    }
}

pub(super) fn before(text: &str, at: usize) -> usize {
    GraphemeCursor::new(at, text.len(), true).prev_boundary(text, 0).ok().flatten().unwrap_or(0)
}

pub(super) fn after(text: &str, at: usize) -> usize {
    GraphemeCursor::new(at, text.len(), true).next_boundary(text, 0).ok().flatten().unwrap_or(text.len())
}

/// The end of the last character that lies within so many columns.
pub(super) fn within(line: &str, columns: usize) -> usize {
    let mut width = 0;
    let fits = line.grapheme_indices(true).find(|(_, grapheme)| {
        width += grapheme.width();
        width > columns
    });
    fits.map_or(line.len(), |(offset, _)| offset)
}

/// Whether a character belongs to a word: letters, digits, and what has no room in ASCII, such as an emoji.
fn in_word(grapheme: &str) -> bool {
    grapheme.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_' || !(c.is_ascii() || c.is_whitespace()))
}

pub(super) fn word_start(text: &str, at: usize) -> usize {
    let mut start = at;
    let mut inside = false;
    for (offset, grapheme) in text[..at].grapheme_indices(true).rev() {
        if inside && !in_word(grapheme) {
            break;
        }
        inside |= in_word(grapheme);
        start = offset;
    }
    start
}

pub(super) fn word_end(text: &str, at: usize) -> usize {
    let mut inside = false;
    for (offset, grapheme) in text[at..].grapheme_indices(true) {
        if inside && !in_word(grapheme) {
            return at + offset;
        }
        inside |= in_word(grapheme);
    }
    text.len()
}
