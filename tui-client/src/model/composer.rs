//! The text that is being typed, with its undo, what was deleted from it, and what was sent before. Moves and deletions go by
//! what a person sees as one character. The storing and undoing is [`ratatui_textarea`]'s; nothing outside this file knows that.
//!
//! It also knows whether a `/` at the beginning was typed or came with a paste: only what a person typed is a command.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    ops::Range,
};

use chat_protocol::limits;
use ratatui_textarea::{CursorMove, TextArea};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};
use unicode_width::UnicodeWidthStr as _;

use crate::keys::Action;

/// The most bytes of a text: what no frame can carry is not worth typing. One less, since the area's own columns end at 65,535.
pub(crate) const LONGEST: usize = limits::FRAME_BYTES - 1;
/// How many sent texts are kept.
const SENT: usize = 500;
/// How many edits can be undone.
const UNDO: usize = 500;
/// What a tab becomes: the columns of a tab would be somebody else's guess.
const TAB: &str = "    ";

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

/// One text with its undo.
#[derive(Debug)]
struct Page {
    area: TextArea<'static>,
    /// Something of it, or of what can come back by undo, was pasted.
    pasted: bool,
    /// The `/` at its beginning was not typed.
    literal: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    text: String,
    literal: bool,
}

/// A look at what was sent.
#[derive(Debug)]
struct Back {
    index: usize,
    /// Texts left on the way, as they were changed; behind the last sent one, the draft.
    pages: BTreeMap<usize, Page>,
    /// A search began from here.
    from: usize,
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

/// Who put a text in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Typing,
    Paste,
}

impl Default for Page {
    fn default() -> Self {
        Self::new("", false)
    }
}

impl Page {
    /// A text with the cursor at its end.
    fn new(text: &str, literal: bool) -> Self {
        let mut area = TextArea::from(text.split('\n'));
        area.set_max_histories(UNDO);
        area.move_cursor(CursorMove::Bottom);
        area.move_cursor(CursorMove::End);
        Self { area, pasted: literal, literal }
    }

    fn lines(&self) -> &[String] {
        self.area.lines()
    }

    fn text(&self) -> String {
        self.lines().join("\n")
    }

    fn cursor(&self) -> (usize, usize) {
        let cursor = self.area.cursor();
        (cursor.0, cursor.1)
    }

    fn begins_with_slash(&self) -> bool {
        self.area.lines().first().is_some_and(|line| line.starts_with('/'))
    }

    /// The bytes of the text before the cursor.
    fn offset(&self) -> usize {
        let (row, column) = self.cursor();
        let lines = self.lines();
        lines[..row].iter().map(|line| line.len() + 1).sum::<usize>()
            + lines[row].chars().take(column).map(char::len_utf8).sum::<usize>()
    }

    /// Puts the cursor there, or behind the character that is there.
    fn go(&mut self, offset: usize) {
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
    fn replace(&mut self, range: Range<usize>, text: &str, by: By) {
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

    /// One step back, or forth again. A word that was typed letter by letter is one step.
    fn step(&mut self, step: fn(&mut TextArea<'static>) -> bool, back: fn(&mut TextArea<'static>) -> bool) -> bool {
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
        steps > 0
    }
}

impl Composer {
    pub(crate) fn text(&self) -> String {
        self.page.text()
    }

    pub(crate) fn lines(&self) -> &[String] {
        self.page.area.lines()
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
        self.page.area.is_empty()
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
        self.page = Page::new(head(&clean(text), LONGEST), false);
        self.back = None;
        self.last = Last::Other;
    }

    /// Another text for a while, which was said before and is no command; what is being typed waits for [`Self::put_back`].
    pub(crate) fn lend(&mut self, text: &str) {
        self.leave_history();
        let text = clean(text);
        let text = head(&text, LONGEST);
        let page = mem::replace(&mut self.page, Page::new(text, text.starts_with('/')));
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
        let text = self.text();
        let literal = self.page.literal;
        self.leave_history();
        self.record(&text, literal);
        self.page = self.aside.take().unwrap_or_default();
        text
    }

    /// Empties it. The text comes back by undo, and is in the history.
    pub(crate) fn clear(&mut self) {
        let (text, literal) = (self.text(), self.page.literal);
        self.leave_history();
        self.record(&text, literal);
        if !text.is_empty() {
            self.page.replace(0..text.len(), "", By::Typing);
        }
        self.last = Last::Other;
    }

    /// Keeps a text for the history, though it never was in the line.
    pub(crate) fn remember(&mut self, text: &str) {
        self.leave_history();
        let text = clean(text);
        self.record(&text, text.starts_with('/'));
    }

    fn record(&mut self, text: &str, literal: bool) {
        if text.trim().is_empty() || text.len() > LONGEST || self.sent.back().is_some_and(|last| last.text == text) {
            return;
        }
        if self.sent.len() == SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(Sent { text: text.to_owned(), literal });
    }

    /// The text in the line is the one to go on with. A draft that was left behind goes among what was sent, so that it is not lost.
    fn leave_history(&mut self) {
        self.last = Last::Other;
        let Some(mut back) = self.back.take() else { return };
        if let Some(draft) = back.pages.remove(&self.sent.len()) {
            self.record(&draft.text(), draft.literal);
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
            Some(sent) => Page::new(&sent.text, sent.literal),
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
    fn browse(&mut self, older: bool) -> bool {
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
        let words = chat_protocol::names::fold(words);
        // What was found may match more words, too.
        let upto = if go_on { from } else { (from + 1).min(self.sent.len()) };
        let shown = go_on.then(|| self.text());
        let found = (0..upto).rev().find(|index| {
            self.sent
                .get(*index)
                .is_some_and(|sent| chat_protocol::names::fold(&sent.text).contains(&words) && shown.as_ref() != Some(&sent.text))
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
            Action::Undo => drop(self.page.step(TextArea::undo, TextArea::redo)),
            Action::Redo => drop(self.page.step(TextArea::redo, TextArea::undo)),
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

/// The text as it may stand in a line: no control characters but the line end, in one form.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        // A paste may hold the marks that frame a paste.
        if let Some(after) = rest.strip_prefix("\u{1b}[201~").or_else(|| rest.strip_prefix("\u{1b}[200~")) {
            rest = after;
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\r' if rest.starts_with('\n') => {}
            '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\t' => clean.push_str(TAB),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// So many bytes of a text at most, with no character cut.
fn head(text: &str, longest: usize) -> &str {
    let mut end = longest.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The nearest end of a character as a person sees it, there or behind.
fn boundary(line: &str, offset: usize) -> usize {
    let mut offset = offset.min(line.len());
    while !line.is_char_boundary(offset) {
        offset += 1;
    }
    let mut cursor = GraphemeCursor::new(offset, line.len(), true);
    match cursor.is_boundary(line, 0) {
        Ok(true) | Err(_) => offset,
        Ok(false) => cursor.next_boundary(line, 0).ok().flatten().unwrap_or(line.len()),
    }
}

fn before(text: &str, at: usize) -> usize {
    GraphemeCursor::new(at, text.len(), true).prev_boundary(text, 0).ok().flatten().unwrap_or(0)
}

fn after(text: &str, at: usize) -> usize {
    GraphemeCursor::new(at, text.len(), true).next_boundary(text, 0).ok().flatten().unwrap_or(text.len())
}

/// The end of the last character that lies within so many columns.
fn within(line: &str, columns: usize) -> usize {
    let mut width = 0;
    let fits = line.grapheme_indices(true).find(|(_, grapheme)| {
        width += grapheme.width();
        width > columns
    });
    fits.map_or(line.len(), |(offset, _)| offset)
}

/// Whether a character belongs to a word: letters, digits, and what has no room in ASCII, such as an emoji.
fn in_word(grapheme: &str) -> bool {
    grapheme.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_' || !(c.is_ascii() || c.is_whitespace()))
}

fn word_start(text: &str, at: usize) -> usize {
    let mut start = at;
    let mut inside = false;
    for (offset, grapheme) in text[..at].grapheme_indices(true).rev() {
        if inside && !in_word(grapheme) {
            break;
        }
        inside |= in_word(grapheme);
        start = offset;
    }
    start
}

fn word_end(text: &str, at: usize) -> usize {
    let mut inside = false;
    for (offset, grapheme) in text[at..].grapheme_indices(true) {
        if inside && !in_word(grapheme) {
            return at + offset;
        }
        inside |= in_word(grapheme);
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
}
