//! Any deeds in any order, and the ends of things.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{past::SENT, *};

/// What can be done to a composer.
#[derive(Clone, Debug)]
enum Deed {
    Insert(String),
    Paste(String),
    Replace(prop::sample::Index, prop::sample::Index, String),
    Edit(Action),
    Take,
    Clear,
    Lend(String),
    PutBack,
    Set(String),
    Remember(String),
    BeginSearch,
    Search(String, bool),
    EndSearch,
}

const EDITS: &[Action] = &[
    Action::NewLine,
    Action::Left,
    Action::Right,
    Action::WordLeft,
    Action::WordRight,
    Action::LineStart,
    Action::LineEnd,
    Action::DeleteBack,
    Action::DeleteForward,
    Action::DeleteWordBack,
    Action::DeleteWordForward,
    Action::KillToStart,
    Action::KillToEnd,
    Action::Yank,
    Action::Undo,
    Action::Redo,
    Action::Up,
    Action::Down,
    Action::HistoryBack,
    Action::HistoryForward,
    Action::Send,
];

/// Texts with everything that is hard: clusters of all kinds, their parts alone, controls, line ends.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "B_",
        " ",
        "/",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "e\u{301}",
        "\u{301}",
        "👨‍👩‍👧",
        "👩",
        "\u{200d}",
        "🇩",
        "🇪",
        "🏽",
        "👍",
        "日本",
        "\u{1b}[201~",
        "\u{7}",
        "\u{9b}",
        "\u{202e}",
        "\u{2028}",
        "ก็",
        "각",
        "ᄀ",
        "ᅡ",
        "-",
        "words and words",
    ]);
    prop_oneof![prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()), any::<String>()]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => text().prop_map(Deed::Insert),
        2 => text().prop_map(Deed::Paste),
        1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>(), text()).prop_map(|(a, b, text)| Deed::Replace(a, b, text)),
        16 => prop::sample::select(EDITS).prop_map(Deed::Edit),
        1 => Just(Deed::Take),
        1 => Just(Deed::Clear),
        1 => text().prop_map(Deed::Lend),
        1 => Just(Deed::PutBack),
        1 => text().prop_map(Deed::Set),
        1 => text().prop_map(Deed::Remember),
        1 => Just(Deed::BeginSearch),
        1 => (text(), any::<bool>()).prop_map(|(words, go_on)| Deed::Search(words, go_on)),
        1 => Just(Deed::EndSearch),
    ]
}

fn perform(composer: &mut Composer, deed: &Deed) {
    match deed {
        Deed::Insert(text) => drop(composer.insert(text)),
        Deed::Paste(text) => drop(composer.paste(text)),
        Deed::Replace(a, b, text) => {
            let whole = composer.text();
            let mut ends = [a, b].map(|end| {
                let places: Vec<usize> = whole.char_indices().map(|(place, _)| place).chain([whole.len()]).collect();
                *end.get(&places)
            });
            ends.sort_unstable();
            composer.replace(ends[0]..ends[1], text);
            let expected = [&whole[..ends[0]], &clean(text), &whole[ends[1]..]].concat();
            assert_eq!(composer.text(), expected);
        }
        Deed::Edit(action) => drop(composer.edit(*action)),
        Deed::Take => {
            let text = composer.text();
            assert_eq!(composer.take(), text);
        }
        Deed::Clear => {
            composer.clear();
            assert!(composer.is_empty());
        }
        Deed::Lend(text) => composer.lend(text),
        Deed::PutBack => composer.put_back(),
        Deed::Set(text) => composer.set(text),
        Deed::Remember(text) => composer.remember(text),
        Deed::BeginSearch => composer.begin_search(),
        Deed::Search(words, go_on) => drop(composer.search(words, *go_on)),
        Deed::EndSearch => composer.end_search(),
    }
}

proptest! {
    #[test]
    fn whatever_is_done_the_cursor_stands_between_two_characters(deeds in prop::collection::vec(deed(), 0..60)) {
        let mut composer = Composer::default();
        let mut slashes_typed = false;
        for deed in &deeds {
            slashes_typed |= !matches!(deed, Deed::Paste(_)) && format!("{deed:?}").contains('/');
            perform(&mut composer, deed);
            let text = composer.text();
            let (row, column) = composer.cursor();
            prop_assert_eq!(composer.lines().join("\n"), &*text);
            prop_assert!(column <= composer.lines()[row].chars().count());
            let at = composer.offset();
            prop_assert!(at == text.len() || text.grapheme_indices(true).any(|(place, _)| place == at), "{} in {:?}", at, text);
            prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
            prop_assert!(text.len() <= LONGEST);
            // Without a slash that was typed there is no command.
            prop_assert!(slashes_typed || !text.starts_with('/') || !composer.is_typed(), "{:?}", text);
        }
    }

    #[test]
    fn all_that_was_done_can_be_undone(start in text(), edits in prop::collection::vec(prop_oneof![text().prop_map(Deed::Insert), prop::sample::select(&EDITS[..14]).prop_map(Deed::Edit)], 0..20)) {
        let mut composer = Composer::default();
        composer.set(&start);
        let start = composer.text();
        edits.iter().for_each(|deed| perform(&mut composer, deed));
        let end = composer.text();
        for _ in 0..100 {
            composer.edit(Action::Undo);
        }
        prop_assert_eq!(composer.text(), start);
        for _ in 0..100 {
            composer.edit(Action::Redo);
        }
        prop_assert_eq!(composer.text(), end);
    }
}

#[test]
fn there_is_an_end_to_a_text() {
    let mut composer = Composer::default();
    assert!(composer.insert(&"x".repeat(LONGEST)));
    assert!(!composer.insert("y") && !composer.paste("y") && !composer.replace(0..1, "yy"));
    assert_eq!(composer.cursor(), (0, LONGEST));
    composer.edit(Action::NewLine);
    assert_eq!(composer.text().len(), LONGEST);
    composer.edit(Action::DeleteBack);
    assert!(composer.insert("y"));
    composer.edit(Action::LineStart);
    composer.edit(Action::LineEnd);
    assert_eq!(composer.cursor(), (0, LONGEST));
    composer.set(&"é".repeat(LONGEST));
    assert_eq!(composer.text().len(), LONGEST - 1);
    let mut lines = Composer::default();
    assert!(lines.insert(&"\n".repeat(LONGEST)));
    assert_eq!(lines.cursor(), (LONGEST, 0));
}

#[test]
fn the_history_has_an_end_too() {
    let mut composer = Composer::default();
    for number in 0..SENT + 10 {
        composer.set(&number.to_string());
        composer.take();
    }
    assert_eq!(composer.sent.len(), SENT);
    while composer.edit(Action::HistoryBack) {}
    assert_eq!(composer.text(), "10");
}
