//! What the console knows, as plain data. Who changes or shows it is not known here.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use chat_protocol::{RoomName, Timestamp};
use chat_terminal::theme::Theme;

use super::{history::History, prompt::Prompt};
use crate::{
    admin::{Act, RoomLine, RoomSorting, Sight},
    journal::{Level, Line},
    roster::{ConnectionLine, Sorting},
};

/// Log lines that are kept to be looked at.
pub const LINES: usize = 2000;

/// What is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    #[default]
    Overview,
    Rooms,
    Connections,
    Log,
}

impl Tab {
    pub const ALL: [Self; 4] = [Self::Overview, Self::Rooms, Self::Connections, Self::Log];

    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Rooms => "Rooms",
            Self::Connections => "Connections",
            Self::Log => "Log",
        }
    }
}

/// How it stands between us and the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    #[default]
    Trying,
    Here,
    /// In words, why not.
    Lost(String),
}

/// Rows of which one is chosen.
#[derive(Clone, Debug)]
pub struct List<T> {
    pub rows: Vec<T>,
    pub chosen: usize,
    pub filter: String,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), chosen: 0, filter: String::new() }
    }
}

impl<T> List<T> {
    /// The chosen row.
    pub fn chosen(&self) -> Option<&T> {
        self.rows.get(self.chosen)
    }

    /// Other rows; what was chosen stays so, wherever it is now.
    pub fn renew<K: PartialEq>(&mut self, rows: Vec<T>, key: impl Fn(&T) -> K) {
        let chosen = self.chosen().map(&key);
        let place = chosen.and_then(|chosen| rows.iter().position(|row| key(row) == chosen));
        self.rows = rows;
        self.chosen = place.unwrap_or(self.chosen).min(self.rows.len().saturating_sub(1));
    }

    /// So many rows further down, or up.
    pub fn step(&mut self, rows: isize) {
        self.chosen = self.chosen.saturating_add_signed(rows).min(self.rows.len().saturating_sub(1));
    }
}

/// Looked at closer.
#[derive(Clone, Debug, PartialEq)]
pub enum Closer {
    Room { name: RoomName, about: String },
    Connection { id: u64, line: Option<Box<ConnectionLine>> },
}

/// A connection, and what it does in a second.
#[derive(Clone, Debug)]
pub struct Talker {
    pub line: ConnectionLine,
    /// Messages that it says, and bytes that it takes.
    pub rates: Option<(f64, f64)>,
}

/// The log as it is looked at.
#[derive(Clone, Debug)]
pub struct LogPane {
    pub lines: VecDeque<Line>,
    pub level: Level,
    pub filter: String,
    /// How many of the lines that are shown lie below the screen; 0 follows.
    pub above: usize,
}

impl Default for LogPane {
    fn default() -> Self {
        Self { lines: VecDeque::new(), level: Level::Info, filter: String::new(), above: 0 }
    }
}

impl LogPane {
    /// Those lines that are wanted, the oldest first.
    pub fn wanted(&self) -> impl DoubleEndedIterator<Item = &Line> {
        let filter = self.filter.to_lowercase();
        self.lines.iter().filter(move |line| {
            let stands = || line.text.to_lowercase().contains(&filter) || line.part.contains(&filter);
            line.level <= self.level && (filter.is_empty() || stands())
        })
    }
}

/// What lies above the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    Help {
        scroll: usize,
    },
    /// Something is asked for in a line of words.
    Prompt(Prompt),
    /// Whether this is meant.
    Question {
        words: String,
        order: Deed,
    },
}

/// Something that is ordered once it is meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Act(Act),
    Backup,
    Verify,
    Export(RoomName),
    /// Leave the console, and with it the server that is run in it.
    Quit,
}

/// What the last order came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub words: String,
    pub is_fault: bool,
}

/// All that is known.
#[derive(Default)]
pub struct Model {
    pub theme: Theme,
    /// Where the server is, in words.
    pub place: String,
    /// It runs in this program, and ends with it.
    pub is_own: bool,
    /// Since the start.
    pub since: Duration,
    pub link: Link,
    pub tab: Tab,
    pub sight: Option<Sight>,
    pub history: History,
    pub rooms: List<RoomLine>,
    pub room_sorting: RoomSorting,
    /// Events in a second, by room.
    pub room_rates: HashMap<RoomName, f64>,
    /// Where rooms' logs were, and what connections had said and taken, when we counted last.
    pub rooms_before: Counted<RoomName, u64>,
    pub talkers_before: Counted<u64, (u32, u32)>,
    pub connections: List<Talker>,
    pub sorting: Sorting,
    pub closer: Option<Closer>,
    /// Who is in the room that is looked at closer.
    pub users: List<String>,
    pub log: LogPane,
    pub overlay: Option<Overlay>,
    pub said: Option<Said>,
    /// Rows of a list that are shown.
    pub page: usize,
    pub dirty: bool,
}

/// Numbers, and when they were so.
pub type Counted<K, V> = Option<(Duration, HashMap<K, V>)>;

impl Model {
    /// What the server's clock says: ours may be another.
    pub fn clock(&self) -> Timestamp {
        self.sight.as_ref().map_or(Timestamp(0), |sight| sight.vitals.at)
    }

    /// The room that is chosen, or looked at.
    pub fn room(&self) -> Option<RoomName> {
        match (&self.closer, self.tab) {
            (Some(Closer::Room { name, .. }), _) => Some(name.clone()),
            (None, Tab::Rooms) => self.rooms.chosen().map(|room| room.name.clone()),
            _ => None,
        }
    }

    /// The connection that is chosen, or looked at.
    pub fn connection(&self) -> Option<&ConnectionLine> {
        match (&self.closer, self.tab) {
            (Some(Closer::Connection { line, .. }), _) => line.as_deref(),
            (None, Tab::Connections) => self.connections.chosen().map(|talker| &talker.line),
            _ => None,
        }
    }

    /// The user who is chosen, or looked at.
    pub fn user(&self) -> Option<String> {
        match &self.closer {
            Some(Closer::Room { .. }) => self.users.chosen().cloned(),
            _ => self.connection().and_then(|line| line.user.clone()),
        }
    }
}
