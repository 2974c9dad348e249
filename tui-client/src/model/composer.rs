//! The text that is being typed, with its undo, what was deleted from it, and what was sent before. The editing itself is
//! [`ratatui_textarea`]'s; nothing outside this file knows that.

use ratatui_textarea::{CursorMove, TextArea};

use crate::keys::Action;

/// A text being typed.
#[derive(Debug, Default)]
pub(crate) struct Composer {
    area: TextArea<'static>,
    sent: Vec<String>,
}

impl Composer {
    pub(crate) fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    /// The line, and the code points before the cursor in it.
    pub(crate) fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    /// Puts a text at the cursor.
    pub(crate) fn insert(&mut self, text: &str) {
        self.area.insert_str(text);
    }

    /// Another text, with the cursor at its end.
    pub(crate) fn set(&mut self, text: &str) {
        self.area = TextArea::from(text.split('\n'));
        self.area.move_cursor(CursorMove::Bottom);
        self.area.move_cursor(CursorMove::End);
    }

    /// Empties it; what it held can be brought back by going back in the history.
    pub(crate) fn take(&mut self) -> String {
        let text = self.text();
        self.sent.push(text.clone());
        self.set("");
        text
    }

    /// Does what a key of the input line means, where that is editing. Answers whether it was.
    pub(crate) fn edit(&mut self, action: Action) -> bool {
        match action {
            Action::DeleteBack => self.area.delete_char(),
            _ => return false,
        };
        true
    }
}
