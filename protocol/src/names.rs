//! Names and positions that are valid once parsed: nothing behind this border checks them again.
//!
//! A name is kept as it is shown and as it is compared (NFC and full case folding). Kinds that only the server makes begin
//! with `#` (a client of the tutorials' endpoints) or `@` (a private room), which no parsed name can. What is chosen today is
//! of one script ([`mod@script`]); what was stored or is only named need not be, so that old logs can be read.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

mod looks;
mod place;
mod script;

pub use self::{
    looks::{RESERVED, Reserved},
    place::{ClientId, Epoch, HIGHEST, Seq},
};
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
    /// Letters of scripts that are not written together: one of them is there to be taken for another.
    #[error("a name is written in one script: {} is {} and {} is {}", .0[0].0, .0[0].1, .0[1].0, .0[1].1)]
    Scripts([(String, &'static str); 2]),
    /// It is read from the right and begins with a digit.
    #[error("a name that is read from the right begins with a letter")]
    WrongSide,
    /// What a guest could be believed to speak for.
    #[error("nobody comes in as «{0}», or as what looks like it")]
    Reserved(&'static str),
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

    /// The same for what somebody chooses now. The folded form is looked at too: `µ` is of no script, and folds to a Greek letter.
    fn choose(text: &str, longest: usize) -> Result<Self, NameError> {
        let name = Self::parse(text, longest)?;
        if script::begins_on_the_wrong_side(&name.0.shown) {
            return Err(NameError::WrongSide);
        }
        let clash = script::clash(&name.0.shown).or_else(|| script::clash(&name.0.folded));
        match clash {
            Some(clash) => Err(NameError::Scripts(clash.map(|(c, script)| (display::name_of_char(c), script)))),
            None => Ok(name),
        }
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
        let Kind { letter_or_digit, mark } = Kind::of(c);
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

/// What a character is in a name.
struct Kind {
    letter_or_digit: bool,
    mark: bool,
}

impl Kind {
    fn of(c: char) -> Self {
        // Most names are written with these, and every message names a room: they need no table.
        if c.is_ascii() {
            return Self { letter_or_digit: c.is_ascii_alphanumeric(), mark: false };
        }
        let (category, visible) = (c.general_category(), !display::is_invisible(c));
        let letter_or_digit = is_letter(category) || category == GeneralCategory::DecimalNumber;
        let mark = matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark);
        Self { letter_or_digit: letter_or_digit && visible, mark: mark && visible }
    }
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
        Name::choose(text, limits::USER_CHARS).map(Self)
    }

    /// A name that may also be of a kind that the server makes, or of several scripts as names once could be: for what is
    /// read off the wire or the store, and for naming somebody else (`/pm #7 hi`).
    ///
    /// # Errors
    /// As [`UserName::parse`].
    pub fn known(text: &str) -> Result<Self, NameError> {
        match text.strip_prefix('#') {
            Some(rest) if is_made(rest) => Ok(Self(Name::of(text, text))),
            _ => Name::parse(text, limits::USER_CHARS).map(Self),
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
        Name::choose(text, limits::ROOM_CHARS).map(Self)
    }

    /// A public or a private room, as the wire or the store names it: to read, not to go into.
    ///
    /// # Errors
    /// As [`RoomName::parse`], but for several scripts; for a private room, as [`UserName::known`].
    pub fn known(text: &str) -> Result<Self, NameError> {
        match pair(text) {
            Some((one, other)) => Ok(Self::private(&UserName::known(one)?, &UserName::known(other)?)),
            None => Name::parse(text, limits::ROOM_CHARS).map(Self),
        }
    }

    /// A public or a private room to go into or to speak in, which may make it.
    ///
    /// # Errors
    /// As [`RoomName::parse`]; for a private room, as [`UserName::known`].
    pub fn to_enter(text: &str) -> Result<Self, NameError> {
        if pair(text).is_some() { Self::known(text) } else { Self::parse(text) }
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
        pair(self.folded())
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

/// The two names of a private room.
fn pair(room: &str) -> Option<(&str, &str)> {
    room.strip_prefix('@')?.split_once(',')
}

#[cfg(test)]
mod tests;
