//! Whether a message names the user.

use chat_protocol::{UserName, names};

use crate::config::Settings;

/// Whether a text holds the user's name, or one of the words that the user chose, as a whole word.
pub(crate) fn mentions(settings: &Settings, user: &UserName, text: &str) -> bool {
    let text = names::fold(text);
    let own = std::iter::once(user.folded().to_owned());
    let words = settings.alerts.words.iter().map(|word| names::fold(word));
    own.chain(words).any(|word| holds(&text, &word))
}

fn holds(text: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
        })
}
