//! What Tab offers: names, the last speaker first; rooms; commands with their usage; `:emoji:`.

/// What is offered, and which of it stands in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// The text before it was begun, to go back to.
    pub(crate) before: String,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) chosen: Option<usize>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What is put into the line.
    pub(crate) text: String,
    /// How it is shown.
    pub(crate) label: String,
    /// What stands beside it: a command's usage and help.
    pub(crate) note: String,
}
