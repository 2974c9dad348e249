//! One text with its cursor and its undo, and whether its beginning was typed. The storing and undoing is
//! [`ratatui_textarea`]'s; nothing outside this file knows that.

use std::ops::Range;

use ratatui_textarea::{CursorMove, TextArea};

use super::text::{boundary, head};

/// How many edits can be undone.
const UNDO: usize = 500;

/// One text with its undo.
#[derive(Debug)]
pub(super) struct Page {
    area: TextArea<'static>,
    /// Something of it, or of what can come back by undo, was pasted.
    pub(super) pasted: bool,
    /// The `/` at its beginning was not typed.
    pub(super) literal: bool,
}

/// Who put a text in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Typing,
    Paste,
}

impl Default for Page {
    fn default() -> Self {
        Self::new("")
    }
}

impl Page {
    /// A text that was typed, with the cursor at its end.
    pub(super) fn new(text: &str) -> Self {
        let mut area = TextArea::from(text.split('\n'));
        area.set_max_histories(UNDO);
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, pasted: false, literal: false }
    }

    /// A text that nobody typed.
    pub(super) fn untyped(text: &str) -> Self {
        Self { pasted: true, literal: text.starts_with('/'), ..Self::new(text) }
    }

    pub(super) fn lines(&self) -> &[String] {
        self.area.lines()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.area.is_empty()
    }

    pub(super) fn text(&self) -> String {
        self.lines().join("\n")
    }

    pub(super) fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    pub(super) fn begins_with_slash(&self) -> bool {
        self.area.lines().first().is_some_and(|line| line.starts_with('/'))
    }

    /// The bytes of the text before the cursor.
    pub(super) fn offset(&self) -> usize {
        let (row, column) = self.cursor();
        let lines = self.lines();
        lines[..row].iter().map(|line| line.len() + 1).sum::<usize>()
            + lines[row].chars().take(column).map(char::len_utf8).sum::<usize>()
    }

    /// Puts the cursor there, or behind the character that is there.
    pub(super) fn go(&mut self, offset: usize) {
        let (row, start) = self.row(offset);
        let line = &self.lines()[row];
        self.jump(start + boundary(line, offset - start));
    }

    /// Puts the cursor there exactly, even into the middle of what looks like one character.
    fn jump(&mut self, offset: usize) {
        let (row, start) = self.row(offset);
        let line = &self.lines()[row];
        let column = head(line, offset - start).chars().count();
        // Both are below LONGEST, which fits.
        let place = |number| u16::try_from(number).unwrap_or(u16::MAX);
        self.area.move_cursor(CursorMove::Jump(place(row), place(column)));
    }

    /// The line in which that byte is, and the bytes before that line.
    fn row(&self, offset: usize) -> (usize, usize) {
        let (mut row, mut start) = (0, 0);
        let lines = self.lines();
        while row + 1 < lines.len() && offset > start + lines[row].len() {
            start += lines[row].len() + 1;
            row += 1;
        }
        (row, start)
    }

    /// Puts a text in the place of another. That is one step for undo where the one begins with the other, and two elsewhere.
    pub(super) fn replace(&mut self, range: Range<usize>, text: &str, by: By) {
        let slash = self.begins_with_slash();
        self.pasted |= by == By::Paste;
        let whole = self.text();
        let old = &whole[range.clone()];
        // What stays is not touched: completing a word is one step.
        let same: usize = old.chars().zip(text.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        self.jump(range.start + same);
        if old.len() > same {
            self.area.delete_str(old[same..].chars().count());
        }
        if text.len() > same {
            self.area.insert_str(&text[same..]);
        }
        self.go(range.start + text.len());
        if range.start == 0 {
            self.literal = self.begins_with_slash() && (by == By::Paste || (text.is_empty() && self.pasted));
        } else {
            self.literal &= slash;
        }
    }

    /// One step back. A word that was typed letter by letter is one step.
    pub(super) fn undo(&mut self) {
        self.step(TextArea::undo, TextArea::redo);
    }

    /// One step forth again.
    pub(super) fn redo(&mut self) {
        self.step(TextArea::redo, TextArea::undo);
    }

    fn step(&mut self, step: fn(&mut TextArea<'static>) -> bool, back: fn(&mut TextArea<'static>) -> bool) {
        let slash = self.begins_with_slash();
        let mut steps = 0;
        let mut grows = None;
        loop {
            let ((row, column), lines) = (self.cursor(), self.lines());
            let (count, old) = (lines.len(), lines[row].clone());
            if !step(&mut self.area) {
                break;
            }
            steps += 1;
            let ((row_now, column_now), lines) = (self.cursor(), self.lines());
            let now = &lines[row_now];
            let longer = if now.len() > old.len() { now } else { &old };
            let letter = row == row_now
                && count == lines.len()
                && now.chars().count().abs_diff(old.chars().count()) == 1
                && column.abs_diff(column_now) == 1
                && longer.chars().nth(column.min(column_now)).is_some_and(|c| !c.is_whitespace())
                && *grows.get_or_insert(now.len() > old.len()) == (now.len() > old.len());
            if !letter {
                if steps > 1 {
                    back(&mut self.area);
                }
                break;
            }
        }
        self.go(self.offset());
        if !(slash && self.begins_with_slash()) {
            self.literal = self.begins_with_slash() && self.pasted;
        }
    }
}
