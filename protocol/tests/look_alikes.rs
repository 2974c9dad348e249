//! Every character of Unicode that passes for a plain letter or digit, by either of two tables: what a name makes of it.

use chat_protocol::{
    UserName,
    names::{NameError, RESERVED},
};
use unicode_normalization::UnicodeNormalization;

/// The plain text that a character can be taken for: its compatible form (wide, styled), and its prototype in UTS 39.
fn passes_for(c: char) -> impl Iterator<Item = String> {
    let compatible: String = c.nfkc().collect();
    let prototype: String = unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).collect();
    [compatible, prototype].into_iter().filter(|plain| plain.chars().all(|c| c.is_ascii_alphanumeric()) && !plain.is_empty())
}

fn impostors() -> impl Iterator<Item = (char, String)> {
    ('\u{80}'..=char::MAX).flat_map(|c| passes_for(c).map(move |plain| (c, plain)))
}

fn looks(name: &UserName) -> [String; 2] {
    [name.skeleton(), name.shown_skeleton()]
}

#[test]
fn whoever_passes_for_somebody_looks_like_them_or_is_no_name() {
    let (mut tried, mut taken, mut refused) = (0, 0, 0);
    for (c, plain) in impostors() {
        for (before, after) in [("x", "y"), ("", "42"), ("Q.", "")] {
            tried += 1;
            let Ok(name) = UserName::parse(&format!("{before}{c}{after}")) else {
                refused += 1;
                continue;
            };
            let other = UserName::parse(&format!("{before}{plain}{after}")).expect("plain letters are a name");
            assert!(looks(&name).iter().any(|one| looks(&other).contains(one)), "{name} and {other} ({})", c.escape_unicode());
            taken += 1;
        }
    }
    assert!(tried > 6_000 && taken > 1_000 && refused > 1_000, "{tried} tried: {taken} taken, {refused} refused");
}

#[test]
fn no_impostor_comes_in_as_one_of_the_reserved() {
    let mut tried = 0;
    for (c, plain) in impostors() {
        let plain = plain.to_lowercase();
        for row in RESERVED {
            for (place, _) in row.word.match_indices(&plain) {
                let mut name = row.word.to_owned();
                name.replace_range(place..place + plain.len(), c.encode_utf8(&mut [0; 4]));
                tried += 1;
                assert!(UserName::guest(&name).is_err(), "{name} ({}) passes for {}", c.escape_unicode(), row.word);
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
}

#[test]
fn an_honest_name_is_not_reserved() {
    for name in ["Alice", "Al", "Ally", "Adam", "Hera", "Heré", "Roo", "Chanel", "Sven", "Ola", "Aymen", "Noti", "Ann Lee"] {
        assert!(UserName::guest(name).is_ok(), "{name}");
    }
    assert_eq!(UserName::guest("Root-"), Err(NameError::Reserved("root")));
}
