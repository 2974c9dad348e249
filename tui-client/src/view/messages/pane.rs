//! Which rows of which entries fill the pane: from the row at its foot upwards, and laid out no further than that needs.

use std::{collections::HashMap, rc::Rc};

use chat_protocol::Seq;

use super::{
    super::text::{line, width},
    entry::{self, Columns, Item, Row},
    hidden::Hidden,
    top,
};
use crate::model::{Entry, Model, Pending, Place, Scroll, Transcript};

/// Moved further than this, it is moved to the end.
const FAR: usize = 10_000;
/// So many hidden entries in a row are passed over. What lies behind more of them is out of reach from here, or a draw would look
/// at all that somebody ignored ever said.
const PASSED: usize = 2000;

/// The entries of a room, and those that are laid out.
pub(super) struct Pane<'a> {
    model: &'a Model,
    transcript: &'a Transcript,
    pending: Vec<&'a Pending>,
    width: usize,
    columns: Columns,
    hidden: Hidden,
    /// The entry that the line «new» stands above.
    marked: Option<usize>,
    laid: HashMap<usize, Rc<[Row]>>,
    /// What is beside an entry, once it was looked for.
    beside: HashMap<(usize, Way), Next>,
    /// How often an entry was looked at.
    #[cfg(test)]
    looked: std::cell::Cell<usize>,
}

/// What fills the pane.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// From the top, with the entry that they belong to.
    pub(super) rows: Vec<(Option<Place>, Row)>,
    pub(super) bottom: Option<(Place, usize)>,
    pub(super) at_top: bool,
    pub(super) first: Option<Seq>,
    pub(super) last: Option<Seq>,
}

/// A row of an entry.
type At = (usize, usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    Up,
    Down,
}

/// What is next to an entry, of those that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Entry(usize),
    /// Nothing more is loaded.
    End,
    /// Too much that is hidden.
    Hidden,
}

impl Next {
    fn entry(self) -> Option<usize> {
        match self {
            Self::Entry(index) => Some(index),
            Self::End | Self::Hidden => None,
        }
    }
}

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
            hidden: Hidden::by(&model.settings),
            marked: None,
            laid: HashMap::new(),
            beside: HashMap::new(),
            #[cfg(test)]
            looked: std::cell::Cell::new(0),
        }
    }

    /// How many entries were laid out, and how often one was looked at.
    #[cfg(test)]
    pub(super) fn cost(&self) -> (usize, usize) {
        (self.laid.len(), self.looked.get())
    }

    /// How wide everything is, once it is filled.
    pub(super) fn columns(&self) -> Columns {
        self.columns
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
        let is_news = |index: &usize| match self.shown(*index) {
            Some(Item::Entry(Entry::Message(message))) => message.from != self.model.user && !message.deleted,
            _ => false,
        };
        (from..self.transcript.len()).take(PASSED).find(is_news)
    }

    /// An item that is shown.
    fn shown(&self, index: usize) -> Option<Item<'a>> {
        self.item(index).map(|(_, item)| item).filter(|item| !self.hidden.has(*item))
    }

    /// What is beside an entry. What is hidden is only looked at, not laid out.
    fn next(&mut self, index: usize, way: Way) -> Next {
        if let Some(next) = self.beside.get(&(index, way)) {
            return *next;
        }
        let next = match way {
            Way::Up => self.first_shown((0..index.min(self.len())).rev()),
            Way::Down => self.first_shown(index + 1..self.len()),
        };
        self.beside.insert((index, way), next);
        next
    }

    fn first_shown(&self, indices: impl Iterator<Item = usize>) -> Next {
        for (passed, index) in indices.enumerate() {
            if self.shown(index).is_some() {
                return Next::Entry(index);
            }
            if passed == PASSED {
                return Next::Hidden;
            }
        }
        Next::End
    }

    /// The longest name near an entry: more than what can be seen, so that it is known before anything is laid out.
    fn longest(&self, near: usize, page: usize) -> usize {
        let around = near.saturating_sub(page)..(near + page).min(self.len());
        let items = around.filter_map(|index| self.shown(index));
        items.filter_map(|item| entry::name_of(self.model, item)).map(|name| width(&line(name.shown()))).max().unwrap_or(0)
    }

    /// The rows of an entry; none, if it is not shown.
    fn rows(&mut self, index: usize) -> Rc<[Row]> {
        if let Some(rows) = self.laid.get(&index) {
            return Rc::clone(rows);
        }
        let Some(item) = self.shown(index) else { return Rc::new([]) };
        let before = self.next(index, Way::Up).entry().and_then(|before| self.shown(before));
        let rows: Rc<[Row]> = entry::rows(self.model, self.columns, before, item, self.marked == Some(index)).into();
        self.laid.insert(index, Rc::clone(&rows));
        rows
    }

    /// The row of an entry, or the nearest that there is: of that entry, else the last of one before, else the first of one after.
    fn nearest(&mut self, index: usize, row: usize) -> Option<At> {
        let index = index.min(self.len().checked_sub(1)?);
        let rows = self.rows(index).len();
        if rows > 0 {
            return Some((index, row.min(rows - 1)));
        }
        self.entry_before(index).or_else(|| self.entry_after(index))
    }

    /// The last row of the entry before; the first of the entry after.
    fn entry_before(&mut self, index: usize) -> Option<At> {
        let before = self.next(index, Way::Up).entry()?;
        Some((before, self.rows(before).len().checked_sub(1)?))
    }

    fn entry_after(&mut self, index: usize) -> Option<At> {
        self.next(index, Way::Down).entry().map(|after| (after, 0))
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
        self.entry_before(self.len())
    }

    /// The row at the foot of the pane, as the user has scrolled; where that is out of reach, the newest.
    fn foot(&mut self, page: usize) -> Option<At> {
        self.wanted(page).or_else(|| self.newest())
    }

    fn wanted(&mut self, page: usize) -> Option<At> {
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
                    _ if moved.unsigned_abs() > FAR => self.nearest(0, 0).or(Some(at)),
                    ..0 => Some(self.moved(at, moved.unsigned_abs(), Self::below)),
                    1.. => Some(self.moved(at, moved.unsigned_abs(), Self::above)),
                }
            }
            Scroll::Show { place, down } => {
                let index = self.index(place);
                let own = self.rows(index.min(self.len().saturating_sub(1))).iter().position(|row| row.is_own).unwrap_or(0);
                let at = self.nearest(index, own)?;
                let above = page.saturating_sub(1) * usize::from(down.min(100)) / 100;
                // The oldest is shown with all that there is above it: its day, and whether there is more.
                let is_oldest = self.next(at.0, Way::Up) == Next::End;
                let above = if is_oldest { above.max(at.1 + 1).min(page.saturating_sub(1)) } else { above };
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
            // A page of older messages may hold something to show; that all of many are hidden is no reason to fetch the whole log.
            return Filled { at_top: self.next(self.len(), Way::Up) == Next::End, ..Filled::default() };
        };
        let mut shown = vec![foot];
        while shown.len() < page {
            match shown.last().and_then(|at| self.above(*at)) {
                Some(at) => shown.push(at),
                None => break,
            }
        }
        shown.reverse();
        let at_top = shown.first().is_some_and(|(index, row)| *row == 0 && self.next(*index, Way::Up) == Next::End);
        let head = if at_top && shown.len() < page { top::row(self.model, self.columns) } else { None };
        let page = page - usize::from(head.is_some());
        // Above the oldest there is nothing: what is left of the pane shows more of what comes after.
        while shown.len() < page {
            let Some(next) = self.below(foot) else { break };
            foot = next;
            shown.push(next);
        }
        let is_newest = self.below(foot).is_none() && self.next(foot.0, Way::Down) == Next::End;
        let bottom = if is_newest { None } else { self.item(foot.0).map(|(place, _)| (place, foot.1)) };
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
            self.item(*index).map(|(place, _)| (Some(place), row))
        });
        Filled { rows: head.map(|row| (None, row)).into_iter().chain(rows).collect(), bottom, at_top, first, last }
    }
}
