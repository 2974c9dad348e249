//! What a name looks like to a hurried reader: two names with the same looks must not be in use by two people, and nobody looks
//! like those who speak for the server.

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

use super::{NameError, UserName, fold};

/// The skeleton of what names are mostly made of: ASCII, of which each looks the same in any company, so that no table need be
/// searched. Each name is looked at from several sides at the door.
fn plain_skeleton(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0' => plain.push('O'),
            '1' | 'I' | '|' => plain.push('l'),
            'm' => plain.push_str("rn"),
            '"' => plain.push_str("''"),
            '`' => plain.push('\''),
            // Nothing of ASCII.
            '%' => return None,
            c if c.is_ascii() => plain.push(c),
            _ => return None,
        }
    }
    Some(plain)
}

/// The skeleton of UTS 39, without dots that cannot be seen, and with one kind of stroke.
fn skeleton(text: &str) -> String {
    plain_skeleton(text).unwrap_or_else(|| any_skeleton(text))
}

fn any_skeleton(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut dotted = false;
    for c in unicode_security::skeleton(text) {
        // A dot over what has one anyway.
        if c == DOT_ABOVE && dotted {
            continue;
        }
        // A stroke through a letter is a stroke, short or long, straight or not.
        let c = if canonical_combining_class(c) == OVERLAY { STROKE } else { c };
        // What stands below or through a letter leaves its dot alone.
        let leaves_the_dot = !matches!(canonical_combining_class(c), 0 | ABOVE);
        dotted = matches!(c, 'i' | 'j') || (dotted && leaves_the_dot);
        plain.push(c);
    }
    plain
}

/// Of the compatible form (NFKC): wide and styled letters and digits look like plain ones.
fn skeleton_of_compatible(text: &str) -> String {
    // What is ASCII is its own.
    if text.is_ascii() {
        return skeleton(text);
    }
    skeleton(&text.nfkc().collect::<String>())
}

/// As it stands, and then of its compatible form: a long s looks like an f, and its compatible form does not.
fn skeleton_as_it_stands(text: &str) -> String {
    skeleton_of_compatible(&skeleton(text))
}

const DOT_ABOVE: char = '\u{307}';
const STROKE: char = '\u{338}';
/// The combining classes of marks through a letter and above it.
const OVERLAY: u8 = 1;
const ABOVE: u8 = 230;

impl UserName {
    /// What the name looks like to a hurried reader (UTS 39): two names in use may not share it.
    #[must_use]
    pub fn skeleton(&self) -> String {
        fold(&skeleton_of_compatible(self.folded()))
    }

    /// The same as it is shown: a capital I passes for an l only before it is folded.
    #[must_use]
    pub fn shown_skeleton(&self) -> String {
        fold(&skeleton_as_it_stands(self.shown()))
    }

    /// The word of the [table](RESERVED) that this name is, or looks like.
    #[must_use]
    pub fn reserved(&self) -> Option<&'static str> {
        let name = self.shown().trim_end_matches(ENDINGS);
        let looks =
            [skeleton_of_compatible(&fold(name)), skeleton_as_it_stands(name), skeleton_of_compatible(&name.to_uppercase())]
                .map(|looks| fold(&looks));
        let is = |row: &&Reserved| row.looks.iter().any(|one| looks.iter().any(|other| other == one));
        RESERVED.iter().find(is).map(|row| row.word)
    }

    /// A name that somebody may come in by who shows nothing for it.
    ///
    /// # Errors
    /// As [`UserName::parse`], and for what is [reserved](UserName::reserved).
    pub fn guest(text: &str) -> Result<Self, NameError> {
        let name = Self::parse(text)?;
        match name.reserved() {
            Some(word) => Err(NameError::Reserved(word)),
            None => Ok(name),
        }
    }
}

/// What changes nothing at the end of a word.
const ENDINGS: [char; 6] = ['_', '-', '.', '+', '\'', ' '];

/// A word that a guest may not go by.
#[derive(Debug)]
pub struct Reserved {
    /// The word.
    pub word: &'static str,
    /// What it looks like in small letters and in capitals. Written out, because a name is compared with all of them at the door.
    looks: [&'static str; 2],
}

const fn row(word: &'static str, small: &'static str, capitals: &'static str) -> Reserved {
    Reserved { word, looks: [small, capitals] }
}

/// Who speaks for the server, who has power over it, and whom a message can be meant for: a guest of such a name would be
/// believed. Rooms need no such table: what only the server makes begins with `#` or `@`.
pub static RESERVED: &[Reserved] = &[
    row("admin", "adrnin", "admln"),
    row("administrator", "adrninistrator", "admlnlstrator"),
    row("all", "all", "all"),
    row("anonymous", "anonyrnous", "anonymous"),
    row("channel", "channel", "channel"),
    row("everybody", "everybody", "everybody"),
    row("everyone", "everyone", "everyone"),
    row("here", "here", "here"),
    row("mod", "rnod", "mod"),
    row("moderator", "rnoderator", "moderator"),
    row("nobody", "nobody", "nobody"),
    row("notice", "notice", "notlce"),
    row("operator", "operator", "operator"),
    row("owner", "owner", "owner"),
    row("root", "root", "root"),
    row("security", "security", "securlty"),
    row("server", "server", "server"),
    row("staff", "staff", "staff"),
    row("support", "support", "support"),
    row("system", "systern", "system"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_its_words_look_like() {
        for row in RESERVED {
            let looks = [row.word.to_owned(), row.word.to_uppercase()].map(|form| fold(&skeleton(&form)));
            assert_eq!(looks, row.looks, "{}", row.word);
            assert_eq!(UserName::guest(row.word), Err(NameError::Reserved(row.word)));
        }
    }

    #[test]
    fn plain_names_look_the_same_by_either_way() {
        for (one, other) in (0..128_u8).flat_map(|one| (0..128_u8).map(move |other| (one, other))) {
            let text = String::from_utf8(vec![one, other]).unwrap();
            match plain_skeleton(&text) {
                Some(looks) => assert_eq!(looks, any_skeleton(&text), "{text:?}"),
                None => assert!(text.contains('%'), "{text:?}"),
            }
        }
        let names = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+' ";
        assert_eq!(plain_skeleton(names), Some(any_skeleton(names)));
        assert_eq!(plain_skeleton("łukasz"), None);
    }

    #[test]
    fn nobody_looks_like_those_who_speak_for_the_server() {
        for (name, word) in [
            ("Admin", "admin"),
            ("ADMIN", "admin"),
            ("adrnin", "admin"),
            ("adm1n", "admin"),
            ("ADMlN", "admin"),
            ("admın", "admin"),
            ("ADMİN", "admin"),
            ("admi\u{307}n", "admin"),
            ("ａｄｍｉｎ", "admin"),
            ("𝐚𝐝𝐦𝐢𝐧", "admin"),
            ("admin_", "admin"),
            ("Admin.-", "admin"),
            ("r00t", "root"),
            ("a11", "all"),
            ("AII", "all"),
            ("0wner", "owner"),
            ("Ѕ", ""),
            ("systern", "system"),
            ("rnod", "mod"),
            ("alice", ""),
            ("adam", ""),
            ("admiral", ""),
            ("Al", ""),
            ("Ally", ""),
            ("guest-abcd", ""),
            ("Rooter", ""),
        ] {
            assert_eq!(UserName::parse(name).unwrap().reserved().unwrap_or(""), word, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_looks_alike() {
        let looks = |name: &str| UserName::parse(name).unwrap().skeleton();
        for (one, other) in [
            ("Corner", "comer"),
            ("İlker", "ilker"),
            ("i\u{323}\u{307}lker", "i\u{323}lker"),
            ("０ｋ", "0k"),
            ("j\u{307}an", "jan"),
            ("l\u{335}ukasz", "łukasz"),
            ("o\u{337}re", "øre"),
        ] {
            assert_eq!(looks(one), looks(other), "{one} {other}");
        }
        for (one, other) in [("alice", "alicia"), ("ílker", "ilker"), ("i\u{301}\u{307}", "i\u{301}"), ("ė", "e")] {
            assert_ne!(looks(one), looks(other), "{one} {other}");
        }
    }
}
