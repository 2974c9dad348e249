//! The search backwards through what was sent in this room. The text in the line is what was found; the composer keeps the draft.

use std::time::Duration;

use crate::{
    keys::{Action, Chord},
    model::Model,
};

/// A search begins, with nothing looked for yet.
pub(super) fn begin(model: &mut Model) {
    model.completion = None;
    model.history_search = Some(String::new());
    model.room_mut().composer.begin_search();
}

/// A key while something is searched for. Answers whether that was all; otherwise the search has ended with what was found, and
/// the key means what it always means.
pub(super) fn key(model: &mut Model, chord: Chord, action: Option<Action>) -> bool {
    let Some(mut words) = model.history_search.take() else { return false };
    let composer = &mut model.room_mut().composer;
    let found = match action {
        Some(Action::HistorySearch) => words.is_empty() || composer.search(&words, true),
        Some(Action::Escape) => {
            composer.end_search();
            return true;
        }
        Some(Action::Send) => return true,
        Some(Action::DeleteBack) => {
            words.pop();
            look(composer, &words)
        }
        None if chord.typed().is_some() => {
            words.extend(chord.typed());
            look(composer, &words)
        }
        _ => return false,
    };
    model.hint = (!found).then(|| (format!("Nothing like «{words}» was sent."), model.now.since + Duration::from_secs(5)));
    model.history_search = Some(words);
    true
}

fn look(composer: &mut crate::model::Composer, words: &str) -> bool {
    if words.is_empty() {
        composer.end_search();
        composer.begin_search();
        return true;
    }
    composer.search(words, false)
}
