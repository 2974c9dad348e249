//! What must never be shown, said from Unicode's own lists and not from the code that is tried.

use unicode_properties::{GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory};

/// Controls, what is ignorable by Unicode's list, separators, and a blank that poses as a letter. U+200D and U+FE0F depend on
/// their neighbours.
fn is_hostile(c: char) -> bool {
    let ignorable = matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e
        | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3
        | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff);
    c.is_control() || ignorable || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2800}')
}

fn is_pictograph(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char()
}

/// Nothing in a shown text moves a cursor, turns the reading order, hides, or stacks more than four marks.
pub fn assert_safe(shown: &str, line_ends: bool) {
    let chars: Vec<char> = shown.chars().collect();
    let mut marks = 0;
    for (place, &c) in chars.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| chars[place]);
        let styled = match before {
            Some('\u{fe0f}') => place.checked_sub(2).map(|place| chars[place]),
            _ => before,
        };
        let fine = match c {
            '\n' => line_ends,
            '\u{200d}' => styled.is_some_and(is_pictograph) && chars.get(place + 1).is_some_and(|c| is_pictograph(*c)),
            '\u{fe0f}' => before.is_some_and(|c| c.is_emoji_char()),
            _ => !is_hostile(c),
        };
        let is_mark = c.general_category_group() == GeneralCategoryGroup::Mark && c != '\u{fe0f}';
        marks = if is_mark { marks + 1 } else { 0 };
        assert!(fine && marks <= 4, "{} in {}", c.escape_unicode(), shown.escape_unicode());
    }
}

/// The same of what is written as JSON: there even what is allowed in its place is escaped.
pub fn assert_plain(line: &str) {
    let bad = line.chars().find(|c| is_hostile(*c));
    assert_eq!(bad, None, "{}", line.escape_unicode());
}
