//! Names and positions that are valid once parsed: nothing behind this border checks them again.
//!
//! A name is kept as it is shown and as it is compared (NFC and full case folding). Kinds that only the server makes begin
//! with `#` (a client of the tutorials' endpoints) or `@` (a private room), which no parsed name can.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use crate::{display, limits};

/// Why a name is not one, in words for the person who chose it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing there.
    #[error("a name cannot be empty")]
    Empty,
    /// More code points than the kind of name may have.
    #[error("a name cannot be longer than {0} characters")]
    TooLong(usize),
    /// It begins with something else than a letter or digit.
    #[error("a name begins with a letter or digit")]
    Beginning,
    /// A character that no name holds.
    #[error("a name cannot hold {0}")]
    Character(String),
    /// Two spaces in a row, or one at the end.
    #[error("a name holds single spaces only, and none at its end")]
    Spaces,
    /// More marks on a letter than anybody writes.
    #[error("a name cannot stack more than {} marks on a letter", limits::MARKS_PER_LETTER)]
    Marks,
}

/// A name as it is shown and as it is compared. One word: names are kept and handed on in many places.
#[derive(Clone)]
struct Name(Arc<Forms>);

struct Forms {
    shown: Arc<str>,
    folded: Arc<str>,
}

impl Name {
    fn parse(text: &str, longest: usize) -> Result<Self, NameError> {
        // A long input is refused before it is normalised: NFC never makes one code point out of more than a few.
        if text.chars().count() > longest * 4 {
            return Err(NameError::TooLong(longest));
        }
        let shown = normal(text);
        check(&shown, longest)?;
        let folded = fold(&shown);
        // Folding can lengthen (ß) and add marks (İ), and private rooms are named after what comes out: it must be a name too.
        if folded != shown {
            check(&folded, longest)?;
        }
        Ok(Self::of(&shown, &folded))
    }

    fn of(shown: &str, folded: &str) -> Self {
        let shown: Arc<str> = shown.into();
        let folded = if *shown == *folded { Arc::clone(&shown) } else { folded.into() };
        Self(Arc::new(Forms { shown, folded }))
    }
}

/// What may follow the `#` of a name that the server made. A number has one way to be written.
fn is_made(rest: &str) -> bool {
    let plain = rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let padded = rest.len() > 1 && rest.starts_with('0');
    (1..=24).contains(&rest.len()) && plain && !padded
}

/// NFC. What is ASCII is that already.
fn normal(text: &str) -> String {
    if text.is_ascii() { text.to_owned() } else { text.nfc().collect() }
}

/// Full case folding of the normal form, normalised again: the form in which names are compared.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let normal = normal(text);
    caseless::default_case_fold_str(&normal).nfc().collect()
}

fn check(name: &str, longest: usize) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.chars().count() > longest {
        return Err(NameError::TooLong(longest));
    }
    let (mut before, mut marks) = (' ', 0);
    for (place, c) in name.chars().enumerate() {
        let category = c.general_category();
        let letter_or_digit = (is_letter(category) || category == GeneralCategory::DecimalNumber) && !display::is_invisible(c);
        let mark =
            matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark) && !display::is_invisible(c);
        marks = if mark { marks + 1 } else { 0 };
        if place == 0 && !letter_or_digit {
            return Err(NameError::Beginning);
        }
        if marks > limits::MARKS_PER_LETTER {
            return Err(NameError::Marks);
        }
        // A mark belongs to a letter: on a stop or a space it would only make a look-alike.
        let on_letter = || marks > 1 || is_letter(before.general_category());
        if !(letter_or_digit || (mark && on_letter()) || matches!(c, '_' | '-' | '.' | '+' | '\'' | ' ')) {
            return Err(NameError::Character(display::name_of_char(c)));
        }
        if c == ' ' && before == ' ' {
            return Err(NameError::Spaces);
        }
        before = c;
    }
    if before == ' ' { Err(NameError::Spaces) } else { Ok(()) }
}

fn is_letter(category: GeneralCategory) -> bool {
    matches!(
        category,
        GeneralCategory::UppercaseLetter
            | GeneralCategory::LowercaseLetter
            | GeneralCategory::TitlecaseLetter
            | GeneralCategory::ModifierLetter
            | GeneralCategory::OtherLetter
    )
}

/// Whether a character stands on another one.
pub(crate) fn is_mark(c: char) -> bool {
    c.general_category_group() == GeneralCategoryGroup::Mark
}

macro_rules! name_type {
    ($type:ident) => {
        impl $type {
            /// As its owner wrote it.
            #[must_use]
            pub fn shown(&self) -> &str {
                &self.0.0.shown
            }

            /// As it is compared: two names are the same if this is.
            #[must_use]
            pub fn folded(&self) -> &str {
                &self.0.0.folded
            }

            /// The shared form of [`Self::folded`], for maps that hold many.
            #[must_use]
            pub fn key(&self) -> Arc<str> {
                Arc::clone(&self.0.0.folded)
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                self.0.0.folded == other.0.0.folded
            }
        }

        impl Eq for $type {}

        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $type {
            fn cmp(&self, other: &Self) -> Ordering {
                self.0.0.folded.cmp(&other.0.0.folded)
            }
        }

        impl Hash for $type {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.0.folded.hash(state);
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0.0.shown)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0.0.shown)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0.0.shown)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::known(&text).map_err(D::Error::custom)
            }
        }
    };
}

/// Who speaks. Two that fold alike are one name.
#[derive(Clone)]
pub struct UserName(Name);

name_type!(UserName);

impl UserName {
    /// A name that a person chose.
    ///
    /// # Errors
    /// In words for that person.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Name::parse(text, limits::USER_CHARS).map(Self)
    }

    /// A name that may also be of a kind that the server makes: for what is read off the wire or the store, and for
    /// naming somebody else (`/pm #7 hi`).
    ///
    /// # Errors
    /// As [`UserName::parse`].
    pub fn known(text: &str) -> Result<Self, NameError> {
        match text.strip_prefix('#') {
            Some(rest) if is_made(rest) => Ok(Self(Name::of(text, text))),
            _ => Self::parse(text),
        }
    }

    /// The user that client `id` of the tutorials' endpoint is to everybody else.
    #[must_use]
    pub fn client(id: u64) -> Self {
        let name = format!("#{id}");
        Self(Name::of(&name, &name))
    }

    /// The user that a nameless connection of the echo endpoint is to everybody else.
    #[must_use]
    pub fn nameless(number: u64) -> Self {
        let name = format!("#w{number}");
        Self(Name::of(&name, &name))
    }

    /// The number of a client of the tutorials' endpoint.
    #[must_use]
    pub fn client_id(&self) -> Option<u64> {
        self.shown().strip_prefix('#')?.parse().ok()
    }

    /// Whether the server made this name: nobody owns it, and it may be open twice.
    #[must_use]
    pub fn is_made(&self) -> bool {
        self.shown().starts_with('#')
    }

    /// What the name looks like to a hurried reader (UTS 39): two names in use may not share it.
    #[must_use]
    pub fn skeleton(&self) -> String {
        unicode_security::confusable_detection::skeleton(self.folded()).collect()
    }

    /// The same as it is shown: a capital I passes for an l only before it is folded.
    #[must_use]
    pub fn shown_skeleton(&self) -> String {
        fold(&unicode_security::confusable_detection::skeleton(self.shown()).collect::<String>())
    }
}

/// Where something is said. A private room is named `@a,b` after its two users.
#[derive(Clone)]
pub struct RoomName(Name);

name_type!(RoomName);

impl RoomName {
    /// A public room.
    ///
    /// # Errors
    /// In words for the person who chose it.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Name::parse(text, limits::ROOM_CHARS).map(Self)
    }

    /// A public or a private room, as the wire or the store names it.
    ///
    /// # Errors
    /// As [`RoomName::parse`]; for a private room, as [`UserName::parse`].
    pub fn known(text: &str) -> Result<Self, NameError> {
        match text.strip_prefix('@').and_then(|pair| pair.split_once(',')) {
            Some((one, other)) => Ok(Self::private(&UserName::known(one)?, &UserName::known(other)?)),
            None => Self::parse(text),
        }
    }

    /// The conversation of two users, who may be the same one.
    #[must_use]
    pub fn private(one: &UserName, other: &UserName) -> Self {
        let (first, second) = if one <= other { (one, other) } else { (other, one) };
        let name = format!("@{},{}", first.folded(), second.folded());
        Self(Name::of(&name, &name))
    }

    /// Whether only two may read it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.shown().starts_with('@')
    }

    /// The folded names of the two whose conversation it is.
    #[must_use]
    pub fn pair(&self) -> Option<(&str, &str)> {
        self.folded().strip_prefix('@')?.split_once(',')
    }

    /// Whether this user may read and write it.
    #[must_use]
    pub fn admits(&self, user: Option<&UserName>) -> bool {
        match (self.pair(), user) {
            (None, _) => true,
            (Some((one, other)), Some(user)) => one == user.folded() || other == user.folded(),
            (Some(_), None) => false,
        }
    }

    /// The other one of a private room, seen from one of the two.
    #[must_use]
    pub fn other_than(&self, user: &UserName) -> Option<UserName> {
        let (one, other) = self.pair()?;
        UserName::known(if one == user.folded() { other } else { one }).ok()
    }
}

/// The highest number that every JSON reader takes exactly.
pub const HIGHEST: u64 = (1 << 53) - 1;

/// A place in a room's log: dense, from 1. Zero is before everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The next place.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            number if number <= HIGHEST => Ok(Self(number)),
            _ => Err(D::Error::custom("a seq stays below 2^53")),
        }
    }
}

/// Which log a position belongs to: a wiped or restored one has another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub Arc<str>);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A client's own key for one message (`cid`), by which it is kept once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct ClientId(Arc<str>);

impl ClientId {
    /// At most 64 of `A-Z a-z 0-9 _ -`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=limits::CID_CHARS).contains(&text.len());
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        (fits && plain).then(|| Self(text.into()))
    }

    /// The key itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a cid is 1 to 64 of A-Z a-z 0-9 _ -"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, NameError>) {
        let parsed = UserName::parse(text);
        assert_eq!(
            parsed.as_ref().map(UserName::folded),
            expected.as_deref().map_err(|_| parsed.as_ref().unwrap_err()),
            "{text:?}"
        );
        if let (Err(found), Err(wanted)) = (parsed, expected) {
            assert_eq!(found, wanted, "{text:?}");
        }
    }

    #[test]
    fn names_are_letters_digits_and_little_else() {
        check("alice", Ok("alice"));
        check("Ann Lee", Ok("ann lee"));
        check("O'Brien-3.x_+", Ok("o'brien-3.x_+"));
        check("Straße", Ok("strasse"));
        check("İ", Ok("i̇"));
        check("山田", Ok("山田"));
        check("e\u{301}ric", Ok("éric"));
        check("550e8400-e29b-41d4-a716-446655440000", Ok("550e8400-e29b-41d4-a716-446655440000"));
        check("", Err(NameError::Empty));
        check(&"a".repeat(41), Err(NameError::TooLong(40)));
        check(&"a".repeat(9000), Err(NameError::TooLong(40)));
        check("-x", Err(NameError::Beginning));
        check(" x", Err(NameError::Beginning));
        check("#7", Err(NameError::Beginning));
        check("@a,b", Err(NameError::Beginning));
        check("\u{301}a", Err(NameError::Beginning));
        check("a  b", Err(NameError::Spaces));
        check("a ", Err(NameError::Spaces));
        check("a\u{301}\u{302}\u{303}\u{304}", Err(NameError::Marks));
        check("a\u{202e}b", Err(NameError::Character("U+202E".into())));
        check("a\u{200b}b", Err(NameError::Character("U+200B".into())));
        check("a\u{1b}[2J", Err(NameError::Character("U+001B".into())));
        check("a\u{3164}", Err(NameError::Character("U+3164".into())));
        check("a,b", Err(NameError::Character("«,»".into())));
        check("a.\u{301}", Err(NameError::Character("U+0301".into())));
        check(&"ß".repeat(20), Ok(&"s".repeat(40)));
        check(&"ß".repeat(21), Err(NameError::TooLong(40)));
        check("İ\u{903}\u{301}", Err(NameError::Marks));
    }

    #[test]
    fn names_that_look_alike_share_a_skeleton() {
        let skeleton = |text: &str| UserName::parse(text).unwrap().skeleton();
        assert_eq!(skeleton("alice"), skeleton("аlice"));
        assert_eq!(skeleton("Corner"), skeleton("comer"));
        assert_ne!(skeleton("alice"), skeleton("alicia"));
    }

    #[test]
    fn private_rooms_are_named_after_their_two() {
        let (alice, bob) = (UserName::parse("Alice").unwrap(), UserName::parse("bob").unwrap());
        let room = RoomName::private(&bob, &alice);
        assert_eq!(room.shown(), "@alice,bob");
        assert_eq!(RoomName::known("@Bob,alice").unwrap(), room);
        assert!(RoomName::parse("@alice,bob").is_err());
        assert!(room.admits(Some(&alice)) && !room.admits(Some(&UserName::parse("eve").unwrap())) && !room.admits(None));
        assert_eq!(room.other_than(&alice), Some(bob));
        let alone = RoomName::private(&alice, &alice);
        assert_eq!(alone.other_than(&alice), Some(alice));
        assert_eq!(RoomName::known("@#7,alice").unwrap().pair(), Some(("#7", "alice")));
    }

    #[test]
    fn made_names_are_known_and_never_chosen() {
        assert_eq!(UserName::client(7), UserName::known("#7").unwrap());
        assert_eq!(UserName::client(u64::MAX).client_id(), Some(u64::MAX));
        assert_eq!(UserName::nameless(3).client_id(), None);
        assert!(UserName::known("#").is_err() && UserName::known("#A").is_err() && UserName::known("##").is_err());
        assert!(UserName::known("#007").is_err() && UserName::known("#0").is_ok());
    }

    #[test]
    fn client_ids_are_short_and_plain() {
        assert!(ClientId::parse("aZ09_-").is_some());
        for bad in ["", "a b", "ä", "a.b", &"x".repeat(65)] {
            assert!(ClientId::parse(bad).is_none(), "{bad}");
        }
    }
}
