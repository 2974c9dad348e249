//! The words of a text as search compares them: case and the marks of Latin letters do not matter.
//!
//! A text becomes `" its words so "`, so that a phrase is a substring with spaces around it. This follows what SQLite's
//! `unicode61 remove_diacritics 2` does, so that search finds the same with and without a store.

use chat_protocol::names;

use crate::log::rules;

/// Letters that SQLite strips of their marks, as full case folding leaves them.
const MARKED: [(&str, char); 25] = [
    ("àáâãäåāăąǎǟǻȁȃȧḁạảấầẩẫậắằẳẵặ", 'a'),
    ("ḃḅḇ", 'b'),
    ("çćĉċčḉ", 'c'),
    ("ďḋḍḏḑḓ", 'd'),
    ("èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ", 'e'),
    ("ḟ", 'f'),
    ("ĝğġģǧǵḡ", 'g'),
    ("ĥȟḣḥḧḩḫ", 'h'),
    ("ìíîïĩīĭįǐȉȋḭḯỉị", 'i'),
    ("ĵ", 'j'),
    ("ķǩḱḳḵ", 'k'),
    ("ĺļľḷḹḻḽ", 'l'),
    ("ḿṁṃ", 'm'),
    ("ñńņňǹṅṇṉṋ", 'n'),
    ("òóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ", 'o'),
    ("ṕṗ", 'p'),
    ("ŕŗřȑȓṙṛṝṟ", 'r'),
    ("śŝşšșṡṣṥṧṩ", 's'),
    ("ţťțṫṭṯṱ", 't'),
    ("ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự", 'u'),
    ("ṽṿ", 'v'),
    ("ŵẁẃẅẇẉ", 'w'),
    ("ẋẍ", 'x'),
    ("ýÿŷȳẏỳỵỷỹ", 'y'),
    ("źżžẑẓẕ", 'z'),
];

/// The words of a text, each between two spaces; empty if there are none.
pub(super) fn of(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 2);
    for c in names::fold(text).chars() {
        match plain(c) {
            Some(c) if c.is_alphanumeric() => {
                if words.is_empty() {
                    words.push(' ');
                }
                words.push(c);
            }
            // A mark belongs to the letter before it and parts no word.
            None => {}
            Some(_) if words.is_empty() || words.ends_with(' ') => {}
            Some(_) => words.push(' '),
        }
    }
    if !words.is_empty() && !words.ends_with(' ') {
        words.push(' ');
    }
    words
}

/// What a query asks for: each of its parts must be found whole.
pub(super) fn wanted(query: &str) -> Vec<String> {
    rules::search_terms(query).into_iter().map(of).filter(|words| !words.is_empty()).collect()
}

/// The letter without its mark, or nothing if it is a mark.
fn plain(c: char) -> Option<char> {
    match c {
        _ if c.is_ascii() => Some(c),
        '\u{300}'..='\u{331}' => None,
        _ => Some(MARKED.iter().find(|(marked, _)| marked.contains(c)).map_or(c, |(_, plain)| *plain)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_case_marks_and_punctuation() {
        for (text, words) in [
            ("Hello, World!", " hello world "),
            ("  don't  ", " don t "),
            ("Crème BRÛLÉE", " creme brulee "),
            ("cafe\u{301} x\u{301}y\u{331}z", " cafe xyz "),
            ("Việt Nam", " viet nam "),
            ("日本 42", " 日本 42 "),
            ("… ?!", ""),
            ("", ""),
        ] {
            assert_eq!(of(text), words, "{text:?}");
        }
        assert_eq!(wanted("don't ?! Ä"), [" don t ", " a "]);
    }
}
