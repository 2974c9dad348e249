//! Emoji by their names, as people type them between colons: those of [`emojis`], which are GitHub's.

/// How many are offered.
const MOST: usize = 40;

/// The emoji of that very name.
pub(crate) fn named(name: &str) -> Option<&'static str> {
    emojis::get_by_shortcode(name).map(emojis::Emoji::as_str)
}

/// Emoji whose names begin so, then those whose names hold it, each with that name; the one of that very name first.
pub(crate) fn like(words: &str) -> Vec<(&'static str, &'static str)> {
    let words = words.to_ascii_lowercase();
    let named = || emojis::iter().flat_map(|emoji| emoji.shortcodes().map(move |name| (emoji.as_str(), name)));
    let mut found: Vec<(&str, &str)> = Vec::new();
    let exact = named().filter(|(_, name)| *name == words);
    let begin = named().filter(|(_, name)| name.starts_with(&words));
    let hold = named().filter(|(_, name)| name.contains(&words));
    for (emoji, name) in exact.chain(begin).chain(hold) {
        if found.len() == MOST {
            break;
        }
        if found.iter().all(|(other, _)| *other != emoji) {
            found.push((emoji, name));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_are_found_by_name() {
        assert_eq!(named("smile"), Some("😄"));
        assert_eq!(named("+1"), Some("👍"));
        assert_eq!(named("no such"), None);
        assert_eq!(like("heart").first(), Some(&("❤\u{fe0f}", "heart")));
        assert!(like("heart").contains(&("💔", "broken_heart")));
        let smi = like("SMI");
        assert!(smi[0].1.starts_with("smi") && smi.contains(&("😄", "smile")));
        assert!(like("e").len() == MOST && like("zzzz").is_empty());
    }
}
