//! Whether a text names us: one answer for the count, the call and the mark beside the message.

use chat_protocol::{UserName, names::fold};

use crate::config::Settings;

/// Whether a text holds the user's name, or one of the words that the user wants to be called by, as whole words.
pub(crate) fn mentions(settings: &Settings, user: &UserName, text: &str) -> bool {
    let text = fold(text);
    holds(&text, user.folded()) || settings.alerts.words.iter().any(|word| holds(&text, &fold(word)))
}

/// Whether a text holds a word that is not a part of another.
fn holds(text: &str, word: &str) -> bool {
    let ours = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    !word.is_empty()
        && text
            .match_indices(word)
            .any(|(at, found)| !ours(text[..at].chars().next_back()) && !ours(text[at + found.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_in_any_case_count() {
        let mut settings = Settings::default();
        settings.alerts.words = vec!["Deploy".into(), String::new()];
        let alice = UserName::parse("Alice").unwrap();
        for (text, expected) in [
            ("alice: hi", true),
            ("hi ALICE!", true),
            ("@alice", true),
            ("alice's cake", true),
            ("malice", false),
            ("alicette", false),
            ("alice_2", false),
            ("the deploy is done", true),
            ("deployed", false),
            ("", false),
        ] {
            assert_eq!(mentions(&settings, &alice, text), expected, "{text}");
        }
        assert!(mentions(&settings, &UserName::parse("Straße").unwrap(), "STRASSE, hi"));
    }
}
