//! The text that is being typed, with its undo, what was deleted from it, and what was sent before. Moves and deletions go by
//! what a person sees as one character. The text itself and its undo are in [`page`], places in it in [`text`], what was sent in
//! [`past`].
//!
//! It also knows whether a `/` at the beginning was typed or came with a paste: only what a person typed is a command.

mod page;
mod past;
mod text;

use std::{collections::VecDeque, mem, ops::Range};

use chat_protocol::limits;
use unicode_width::UnicodeWidthStr as _;

pub(crate) use self::text::clean;
use self::{
    page::{By, Page},
    past::{Back, Sent},
    text::{after, before, head, within, word_end, word_start},
};
use crate::keys::Action;

/// The most bytes of a text: what no frame can carry is not worth typing. One less, since the area's own columns end at 65,535.
pub(crate) const LONGEST: usize = limits::FRAME_BYTES - 1;
/// A text being typed.
#[derive(Debug, Default)]
pub(crate) struct Composer {
    page: Page,
    /// What was sent, the oldest first.
    sent: VecDeque<Sent>,
    /// The text in the line is one of `sent`.
    back: Option<Back>,
    /// What was being typed when another text came for a while.
    aside: Option<Page>,
    killed: Killed,
    last: Last,
}

#[derive(Debug, Default)]
struct Killed {
    text: String,
    pasted: bool,
}

/// What came before, for those keys that go on with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Kill,
    /// Up or down, from that column on the screen.
    Vertical(usize),
}

impl Composer {
    pub(crate) fn text(&self) -> String {
        self.page.text()
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.page.lines()
    }

    /// The line, and the code points before the cursor in it.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        self.page.cursor()
    }

    /// The bytes of the text before the cursor.
    pub(crate) fn offset(&self) -> usize {
        self.page.offset()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.page.is_empty()
    }

    /// Whether the text is to be read as a person's own words, and may be a command; not so if its `/` was pasted.
    pub(crate) fn is_typed(&self) -> bool {
        !self.page.literal
    }

    /// Puts a text at the cursor, as typed. Answers whether there was room for it.
    pub(crate) fn insert(&mut self, text: &str) -> bool {
        let at = self.offset();
        self.put(at..at, text, By::Typing)
    }

    /// Puts a text at the cursor that nobody typed. Answers whether there was room for it.
    pub(crate) fn paste(&mut self, text: &str) -> bool {
        let at = self.offset();
        self.put(at..at, text, By::Paste)
    }

    /// Puts a text in the place of a part, as typed. Answers whether there was room for it.
    pub(crate) fn replace(&mut self, range: Range<usize>, text: &str) -> bool {
        self.put(range, text, By::Typing)
    }

    fn put(&mut self, range: Range<usize>, text: &str, by: By) -> bool {
        self.last = Last::Other;
        let text = clean(text);
        if self.length() - range.len() + text.len() > LONGEST {
            return false;
        }
        if !(text.is_empty() && range.is_empty()) {
            self.page.replace(range, &text, by);
        }
        true
    }

    fn length(&self) -> usize {
        self.lines().iter().map(|line| line.len() + 1).sum::<usize>() - 1
    }

    /// Another text, with the cursor at its end; too much of it is cut off. What was there is gone.
    pub(crate) fn set(&mut self, text: &str) {
        self.leave_history();
        self.page = Page::new(head(&clean(text), LONGEST));
    }

    /// Another text for a while, which was said before and is no command; what is being typed waits for [`Self::put_back`].
    pub(crate) fn lend(&mut self, text: &str) {
        self.leave_history();
        let page = mem::replace(&mut self.page, Page::untyped(head(&clean(text), LONGEST)));
        self.aside.get_or_insert(page);
    }

    /// What was being typed before [`Self::lend`].
    pub(crate) fn put_back(&mut self) {
        if let Some(page) = self.aside.take() {
            self.leave_history();
            self.page = page;
        }
    }

    /// Empties it; what it held can be brought back by going back in the history. What had to wait for it comes back.
    pub(crate) fn take(&mut self) -> String {
        self.leave_history();
        let page = mem::replace(&mut self.page, self.aside.take().unwrap_or_default());
        self.record(&page);
        page.text()
    }

    /// Empties it. The text comes back by undo, and is in the history.
    pub(crate) fn clear(&mut self) {
        self.leave_history();
        let page = mem::take(&mut self.page);
        self.record(&page);
        self.page = page;
        self.delete(0..self.length());
        self.last = Last::Other;
    }

    /// Whether the cursor stands behind everything.
    pub(crate) fn is_at_end(&self) -> bool {
        self.offset() == self.length()
    }

    /// Does what a key of the input line means, where that is editing. Answers whether it was.
    pub(crate) fn edit(&mut self, action: Action) -> bool {
        let text = self.text();
        let at = self.offset();
        let last = mem::take(&mut self.last);
        let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let line_end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        match action {
            Action::NewLine => {
                self.insert("\n");
            }
            Action::Left => self.page.go(before(&text, at)),
            Action::Right => self.page.go(after(&text, at)),
            Action::WordLeft => self.page.go(word_start(&text, at)),
            Action::WordRight => self.page.go(word_end(&text, at)),
            Action::LineStart => self.page.go(line_start),
            Action::LineEnd => self.page.go(line_end),
            Action::DeleteBack => self.delete(before(&text, at)..at),
            Action::DeleteForward => self.delete(at..after(&text, at)),
            Action::DeleteWordBack => self.kill(&text, word_start(&text, at)..at, at, last),
            Action::DeleteWordForward => self.kill(&text, at..word_end(&text, at), at, last),
            // At the edge of a line its end goes, so that the key never does nothing in the middle of a text.
            Action::KillToStart if line_start == at => self.kill(&text, before(&text, at)..at, at, last),
            Action::KillToStart => self.kill(&text, line_start..at, at, last),
            Action::KillToEnd if line_end == at => self.kill(&text, at..after(&text, at), at, last),
            Action::KillToEnd => self.kill(&text, at..line_end, at, last),
            Action::Yank => {
                let killed = mem::take(&mut self.killed);
                let by = if killed.pasted { By::Paste } else { By::Typing };
                self.put(at..at, &killed.text, by);
                self.killed = killed;
            }
            Action::Undo => self.page.undo(),
            Action::Redo => self.page.redo(),
            Action::Up | Action::Down => {
                let up = action == Action::Up;
                let row = self.cursor().0;
                let next = if up { row.checked_sub(1) } else { Some(row + 1).filter(|row| *row < self.lines().len()) };
                let Some(next) = next else { return self.browse(up) };
                let column = match last {
                    Last::Vertical(column) => column,
                    _ => text[line_start..at].width(),
                };
                let start: usize = self.lines()[..next].iter().map(|line| line.len() + 1).sum();
                let inside = within(&self.lines()[next], column);
                self.page.go(start + inside);
                self.last = Last::Vertical(column);
            }
            Action::HistoryBack => return self.browse(true),
            Action::HistoryForward => return self.browse(false),
            _ => {
                self.last = last;
                return false;
            }
        }
        true
    }

    fn delete(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.page.replace(range, "", By::Typing);
        }
    }

    /// Deletes what can be put back; what is deleted at one go, before and after the cursor, is put back as one.
    fn kill(&mut self, text: &str, range: Range<usize>, at: usize, last: Last) {
        if range.is_empty() {
            self.last = last;
            return;
        }
        if last != Last::Kill {
            self.killed = Killed::default();
        }
        let place = if range.start < at { 0 } else { self.killed.text.len() };
        self.killed.text.insert_str(place, &text[range.clone()]);
        self.killed.text.truncate(head(&self.killed.text, LONGEST).len());
        self.killed.pasted |= self.page.pasted;
        self.delete(range);
        self.last = Last::Kill;
    }
}

#[cfg(test)]
mod tests;
