//! What was sent: going back through it, and searching it. The text that was being typed waits behind the last, and is never lost.

use std::{collections::BTreeMap, mem};

use chat_protocol::names::fold;

use super::{Composer, LONGEST, Last, page::Page, text::clean};

/// How many sent texts are kept.
pub(super) const SENT: usize = 500;

/// A text that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    text: String,
    /// As they are of a [`Page`]: what is deleted before a pasted `/` does not make a command of it, however often it was sent.
    pasted: bool,
    literal: bool,
}

impl Sent {
    fn page(&self) -> Page {
        let mut page = Page::new(&self.text);
        (page.pasted, page.literal) = (self.pasted, self.literal);
        page
    }
}

/// A look at what was sent.
#[derive(Debug)]
pub(super) struct Back {
    index: usize,
    /// Texts left on the way, as they were changed; behind the last sent one, the draft.
    pages: BTreeMap<usize, Page>,
    /// A search began from here.
    from: usize,
}

impl Composer {
    /// Keeps a text for the history, though it never was in the line.
    pub(crate) fn remember(&mut self, text: &str) {
        self.leave_history();
        let text = clean(text);
        self.record(&Page::untyped(&text));
    }

    pub(super) fn record(&mut self, page: &Page) {
        let sent = Sent { text: page.text(), pasted: page.pasted, literal: page.literal };
        if sent.text.trim().is_empty() || sent.text.len() > LONGEST {
            return;
        }
        if let Some(last) = self.sent.back_mut().filter(|last| last.text == sent.text && last.literal == sent.literal) {
            last.pasted |= sent.pasted;
            return;
        }
        if self.sent.len() == SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(sent);
    }

    /// The text in the line is the one to go on with. A draft that was left behind goes among what was sent, so that it is not lost.
    pub(super) fn leave_history(&mut self) {
        self.last = Last::Other;
        let Some(mut back) = self.back.take() else { return };
        if let Some(draft) = back.pages.remove(&self.sent.len()) {
            self.record(&draft);
        }
    }

    /// Shows a text of the history; the one behind the last is the draft.
    fn visit(&mut self, index: usize) {
        let draft = self.sent.len();
        let back = self.back.get_or_insert_with(|| Back { index: draft, pages: BTreeMap::new(), from: draft });
        if back.index == index {
            return;
        }
        let next = back.pages.remove(&index).unwrap_or_else(|| match self.sent.get(index) {
            Some(sent) => sent.page(),
            None => Page::default(),
        });
        let left = mem::replace(&mut self.page, next);
        if back.index == draft || self.sent.get(back.index).is_some_and(|sent| sent.text != left.text()) {
            back.pages.insert(back.index, left);
        }
        back.index = index;
        if index == draft {
            self.back = None;
        }
        self.last = Last::Other;
    }

    fn index(&self) -> usize {
        self.back.as_ref().map_or(self.sent.len(), |back| back.index)
    }

    /// Goes so many texts back (or forth). Answers whether there is one.
    pub(super) fn browse(&mut self, older: bool) -> bool {
        let index = self.index();
        let next = if older { index.checked_sub(1) } else { (index < self.sent.len()).then_some(index + 1) };
        next.map(|next| self.visit(next)).is_some()
    }

    /// From here something is searched for in what was sent.
    pub(crate) fn begin_search(&mut self) {
        let draft = self.sent.len();
        let back = self.back.get_or_insert_with(|| Back { index: draft, pages: BTreeMap::new(), from: draft });
        back.from = back.index;
    }

    /// Shows the newest sent text that holds the words, in whatever case; or, to go on, one older than what is shown.
    pub(crate) fn search(&mut self, words: &str, go_on: bool) -> bool {
        let from = self.back.as_ref().map_or(self.sent.len(), |back| if go_on { back.index } else { back.from });
        let words = fold(words);
        // What was found may match more words, too.
        let upto = if go_on { from } else { (from + 1).min(self.sent.len()) };
        let shown = go_on.then(|| self.text());
        let found = (0..upto).rev().find(|index| {
            self.sent.get(*index).is_some_and(|sent| fold(&sent.text).contains(&words) && shown.as_ref() != Some(&sent.text))
        });
        if let Some(index) = found.filter(|index| *index != self.index()) {
            self.turn(index);
        }
        found.is_some()
    }

    /// As [`Self::visit`], with the search's beginning kept.
    fn turn(&mut self, index: usize) {
        let from = self.back.as_ref().map_or(self.sent.len(), |back| back.from);
        self.visit(index);
        if let Some(back) = &mut self.back {
            back.from = from;
        }
    }

    /// Back to the text from which the search began.
    pub(crate) fn end_search(&mut self) {
        if let Some(from) = self.back.as_ref().map(|back| back.from) {
            self.visit(from);
        }
    }

    /// What was sent, the oldest first, and whether it was typed.
    #[cfg(test)]
    pub(crate) fn sent(&self) -> impl Iterator<Item = (&str, bool)> {
        self.sent.iter().map(|sent| (sent.text.as_str(), !sent.literal))
    }

    /// Whether the text is one of the history.
    pub(crate) fn is_browsing(&self) -> bool {
        self.back.is_some()
    }
}
