//! Taking a typed command apart.

use super::Typed;
use crate::{ClientMessage, Seq};

/// What follows a command, taken from the front.
pub(super) struct Words<'a>(pub(super) &'a str);

impl Words<'_> {
    /// The next word; one in quotes may hold spaces.
    pub(super) fn word(&mut self) -> Option<String> {
        let quoted = self.0.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (word, rest) = quoted.unwrap_or_else(|| self.0.split_once(char::is_whitespace).unwrap_or((self.0, "")));
        let word = word.to_owned();
        self.0 = rest.trim_start();
        (!word.is_empty()).then_some(word)
    }

    /// Which of these come first, in any order, each by its name or its first letter. No name begins like them.
    pub(super) fn flags<const N: usize>(&mut self, known: &[&str; N]) -> Option<[bool; N]> {
        let mut found = [false; N];
        while self.0.starts_with('-') {
            let word = self.word()?;
            let place = known.iter().position(|flag| word == *flag || (word.len() == 2 && flag[1..].starts_with(&word)))?;
            found[place] = true;
        }
        Some(found)
    }

    /// A name that is all there is: its spaces need no quotes.
    pub(super) fn name(&mut self) -> Option<String> {
        if self.0.starts_with('"') {
            return self.word();
        }
        let name = std::mem::take(&mut self.0).to_owned();
        (!name.is_empty()).then_some(name)
    }

    pub(super) fn seq(&mut self) -> Option<Seq> {
        let word = self.word()?;
        word.parse().ok().filter(|seq| *seq <= crate::names::HIGHEST).map(Seq)
    }

    /// All that is left, as it was typed.
    pub(super) fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.0).to_owned();
        (!rest.is_empty()).then_some(rest)
    }

    /// The request, if nothing is left over.
    pub(super) fn end(&self, message: ClientMessage) -> Option<Typed> {
        self.0.is_empty().then_some(Typed::Request(message))
    }
}
