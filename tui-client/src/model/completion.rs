//! What Tab offers: names, the last speaker first; rooms; commands with their usage; `:emoji:`. Where the offers come from is
//! the update's affair.

/// What is offered, and which of it stands in the line. Nothing chosen: it is shown as a help, and the text is as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// The word before it was begun, to go back to.
    pub(crate) before: String,
    /// The bytes of the text before that word.
    pub(crate) start: usize,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) chosen: Option<usize>,
}

/// One of them. The words are as they came: the view makes them safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What is put into the line; empty for words that are only to be read.
    pub(crate) text: String,
    /// How it is shown.
    pub(crate) label: String,
    /// What stands beside it: a command's usage and help.
    pub(crate) note: String,
}

impl Completion {
    /// What it has put into the line.
    pub(crate) fn shown(&self) -> &str {
        self.chosen.and_then(|chosen| self.candidates.get(chosen)).map_or(&self.before, |candidate| &candidate.text)
    }

    /// Chooses the next, or the one before; after the last comes the first.
    pub(crate) fn turn(&mut self, back: bool) {
        let count = self.candidates.len();
        self.chosen = match self.chosen {
            _ if count == 0 => None,
            None => Some(if back { count - 1 } else { 0 }),
            Some(chosen) => Some((chosen + if back { count - 1 } else { 1 }) % count),
        };
    }
}
