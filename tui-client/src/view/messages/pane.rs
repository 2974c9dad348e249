//! Which rows of which entries fill the pane: from the row at its foot upwards, and laid out no further than that needs.

use std::{collections::HashMap, rc::Rc};

use chat_protocol::Seq;

use super::{
    super::text::{line, width},
    entry::{self, Columns, Item, Row},
};
use crate::model::{Entry, Model, Pending, Place, Scroll, Transcript};

/// Moved further than this, it is moved to the end.
const FAR: usize = 10_000;

/// The entries of a room, and those that are laid out.
pub(super) struct Pane<'a> {
    model: &'a Model,
    transcript: &'a Transcript,
    pending: Vec<&'a Pending>,
    width: usize,
    columns: Columns,
    /// The entry that the line «new» stands above.
    marked: Option<usize>,
    laid: HashMap<usize, Rc<[Row]>>,
    /// How often an entry was looked at.
    #[cfg(test)]
    looked: std::cell::Cell<usize>,
}

/// What fills the pane.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// From the top.
    pub(super) rows: Vec<(Place, Row)>,
    pub(super) bottom: Option<(Place, usize)>,
    pub(super) at_top: bool,
    pub(super) first: Option<Seq>,
    pub(super) last: Option<Seq>,
}

/// A row of an entry.
type At = (usize, usize);

impl<'a> Pane<'a> {
    pub(super) fn new(model: &'a Model, width: usize) -> Self {
        let room = model.room();
        let transcript = room.shown();
        // What is not sent yet comes after what is live, not after a piece of the past.
        let pending = if room.past.is_none() { model.outbox.of(&room.name).collect() } else { Vec::new() };
        let columns = Columns::new(model, width, 0);
        Self {
            model,
            transcript,
            pending,
            width,
            columns,
            marked: None,
            laid: HashMap::new(),
            #[cfg(test)]
            looked: std::cell::Cell::new(0),
        }
    }

    /// How many entries were laid out, and how often one was looked at.
    #[cfg(test)]
    pub(super) fn cost(&self) -> (usize, usize) {
        (self.laid.len(), self.looked.get())
    }

    fn len(&self) -> usize {
        self.transcript.len() + self.pending.len()
    }

    fn item(&self, index: usize) -> Option<(Place, Item<'a>)> {
        #[cfg(test)]
        self.looked.set(self.looked.get() + 1);
        match self.transcript.entry(index) {
            Some((place, entry)) => Some((place, Item::Entry(entry))),
            None => {
                let number = index - self.transcript.len();
                let place = Place::pending(u32::try_from(number).unwrap_or(u32::MAX));
                self.pending.get(number).map(|pending| (place, Item::Pending(pending)))
            }
        }
    }

    fn index(&self, place: Place) -> usize {
        if place >= Place::pending(0) {
            self.transcript.len() + (place.behind as usize).min(self.pending.len())
        } else {
            self.transcript.index(place)
        }
    }

    /// Where the line «new» stands: above the first message of somebody else's that was not read.
    fn marked(&self) -> Option<usize> {
        let marker = self.model.room().marker?;
        let from = self.transcript.index(Place { seq: marker.next(), behind: 0 });
        let is_news = |index: &usize| match self.transcript.entry(*index) {
            Some((_, entry @ Entry::Message(message))) => {
                message.from != self.model.user && !message.deleted && entry::is_shown(self.model, Item::Entry(entry))
            }
            _ => false,
        };
        (from..self.transcript.len()).take(FAR).find(is_news)
    }

    /// The longest name near an entry: more than what can be seen, so that it is known before anything is laid out.
    fn longest(&self, near: usize, page: usize) -> usize {
        let around = near.saturating_sub(page)..(near + page).min(self.len());
        let items = around.filter_map(|index| self.item(index)).filter(|(_, item)| entry::is_shown(self.model, *item));
        items.filter_map(|(_, item)| entry::name_of(self.model, item)).map(|name| width(&line(name.shown()))).max().unwrap_or(0)
    }

    /// The rows of an entry; none, if it is not shown.
    fn rows(&mut self, index: usize) -> Rc<[Row]> {
        if let Some(rows) = self.laid.get(&index) {
            return Rc::clone(rows);
        }
        let shown = |index: usize| self.item(index).map(|(_, item)| item).filter(|item| entry::is_shown(self.model, *item));
        let rows = match shown(index) {
            Some(item) => {
                let before = (0..index).rev().take(FAR).find_map(shown);
                entry::rows(self.model, self.columns, before, item, self.marked == Some(index))
            }
            None => Vec::new(),
        };
        let rows: Rc<[Row]> = rows.into();
        self.laid.insert(index, Rc::clone(&rows));
        rows
    }

    /// The row of an entry, or the nearest that there is: of that entry, else the last of one before, else the first of all.
    fn nearest(&mut self, index: usize, row: usize) -> Option<At> {
        let index = index.min(self.len().checked_sub(1)?);
        let rows = self.rows(index).len();
        if rows > 0 {
            return Some((index, row.min(rows - 1)));
        }
        self.entry_before(index).or_else(|| self.entry_after(index).map(|(index, _)| (index, 0)))
    }

    /// The last row of the entry before; the first of the entry after.
    fn entry_before(&mut self, index: usize) -> Option<At> {
        (0..index).rev().find_map(|index| Some((index, self.rows(index).len().checked_sub(1)?)))
    }

    fn entry_after(&mut self, index: usize) -> Option<At> {
        (index + 1..self.len()).find_map(|index| (!self.rows(index).is_empty()).then_some((index, 0)))
    }

    fn above(&mut self, (index, row): At) -> Option<At> {
        if row > 0 { Some((index, row - 1)) } else { self.entry_before(index) }
    }

    fn below(&mut self, (index, row): At) -> Option<At> {
        if row + 1 < self.rows(index).len() { Some((index, row + 1)) } else { self.entry_after(index) }
    }

    /// So many rows up or down, or as far as it goes.
    fn moved(&mut self, mut at: At, rows: usize, step: fn(&mut Self, At) -> Option<At>) -> At {
        for _ in 0..rows {
            match step(self, at) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    fn newest(&mut self) -> Option<At> {
        self.nearest(usize::MAX, usize::MAX)
    }

    /// The row at the foot of the pane, as the user has scrolled.
    fn foot(&mut self, page: usize) -> Option<At> {
        match self.model.room().scroll {
            Scroll::Newest => self.newest(),
            Scroll::At { place, row, moved } => {
                let index = self.index(place);
                // What stood there may be gone; then it is what stood before it.
                let gone = self.item(index).is_none_or(|(other, _)| other != place);
                let at = match index.checked_sub(1).filter(|_| gone) {
                    Some(before) => self.nearest(before, usize::MAX)?,
                    None => self.nearest(index, row)?,
                };
                match moved {
                    0 => Some(at),
                    _ if moved.unsigned_abs() > FAR && moved < 0 => self.newest(),
                    _ if moved.unsigned_abs() > FAR => self.nearest(0, 0),
                    ..0 => Some(self.moved(at, moved.unsigned_abs(), Self::below)),
                    1.. => Some(self.moved(at, moved.unsigned_abs(), Self::above)),
                }
            }
            Scroll::Show { place, down } => {
                let index = self.index(place);
                let own = self.rows(index.min(self.len().saturating_sub(1))).iter().position(|row| row.is_own).unwrap_or(0);
                let at = self.nearest(index, own)?;
                let above = page.saturating_sub(1) * usize::from(down.min(100)) / 100;
                Some(self.moved(at, page.saturating_sub(1 + above), Self::below))
            }
        }
    }

    /// Fills so many rows.
    pub(super) fn fill(&mut self, page: usize) -> Filled {
        let near = match self.model.room().scroll {
            Scroll::Newest => self.len(),
            Scroll::At { place, .. } | Scroll::Show { place, .. } => self.index(place),
        };
        self.columns = Columns::new(self.model, self.width, self.longest(near, page));
        self.marked = self.marked();
        let Some(mut foot) = self.foot(page).filter(|_| page > 0) else {
            return Filled { at_top: true, ..Filled::default() };
        };
        let mut shown = vec![foot];
        while shown.len() < page {
            match shown.last().and_then(|at| self.above(*at)) {
                Some(at) => shown.push(at),
                None => break,
            }
        }
        shown.reverse();
        // Above the oldest there is nothing: what is left of the pane shows more of what comes after.
        while shown.len() < page {
            let Some(next) = self.below(foot) else { break };
            foot = next;
            shown.push(next);
        }
        let at_top = shown.first().is_none_or(|at| self.above(*at).is_none());
        let bottom = if self.below(foot).is_none() { None } else { self.item(foot.0).map(|(place, _)| (place, foot.1)) };
        let whole = |pane: &mut Self, index: usize| {
            let rows = pane.rows(index).len();
            let is_whole = shown.iter().filter(|(other, _)| *other == index).count() == rows;
            match pane.item(index) {
                Some((place, Item::Entry(Entry::Message(_)))) if is_whole => Some(place.seq),
                _ => None,
            }
        };
        let first = shown.iter().find_map(|(index, _)| whole(self, *index));
        let last = shown.iter().rev().find_map(|(index, _)| whole(self, *index));
        let rows = shown.iter().filter_map(|(index, row)| {
            let row = self.laid.get(index)?.get(*row)?.clone();
            self.item(*index).map(|(place, _)| (place, row))
        });
        Filled { rows: rows.collect(), bottom, at_top, first, last }
    }
}
