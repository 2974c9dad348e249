//! What the client knows, as plain data. [`crate::update`] changes it, [`crate::view`] shows it.

mod asked;
mod completion;
mod composer;
pub(crate) mod emoji;
pub(crate) mod links;
mod mention;
mod outbox;
mod overlay;
mod room;
mod rooms;
mod seen;
mod transcript;

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use chat_protocol::{Epoch, RoomName, UserName, limits};
use jiff::tz::TimeZone;

pub(crate) use self::{
    asked::{Asked, Progress, Then, Why},
    completion::{Candidate, Completion},
    composer::{Composer, LONGEST, clean},
    mention::mentions,
    outbox::{Outbox, Pending, State},
    overlay::{Item, List, ListKind, Overlay, Question, Row},
    room::{Membership, Purpose, Room, Scroll},
    rooms::Rooms,
    seen::{Now, Seen, Spot, Target},
    transcript::{Entry, Place, Transcript},
};
use crate::config::Settings;

/// How the connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Connecting {
        attempt: u32,
    },
    /// Welcomed.
    Online,
    /// To be tried again at that time.
    Waiting {
        until: Duration,
        attempt: u32,
        reason: String,
    },
    /// Not to be tried again, unless the user does something about it.
    Refused {
        reason: String,
    },
}

/// Everything.
#[derive(Debug)]
pub(crate) struct Model {
    /// Only ticks move it.
    pub(crate) now: Now,
    pub(crate) zone: TimeZone,
    pub(crate) settings: Settings,
    pub(crate) user: UserName,
    pub(crate) link: Link,
    /// The server has let us in once.
    pub(crate) welcomed: bool,
    /// How long the way to the server and back is.
    pub(crate) lag: Option<Duration>,
    /// Of the connection; a room's position may still belong to the one before.
    pub(crate) epoch: Option<Epoch>,
    pub(crate) text_bytes: usize,
    pub(crate) rooms: Rooms,
    pub(crate) outbox: Outbox,
    /// What the server was asked and has not answered, by `ref`.
    pub(crate) asked: HashMap<String, Asked>,
    pub(crate) asked_count: u64,
    /// The server was asked too fast; until then what waits goes out one at a time, the last at that time.
    pub(crate) slow_until: Duration,
    pub(crate) released: Duration,
    /// How much was typed, pressed or pasted, and when last: what the user is in the middle of is not taken over.
    pub(crate) typed: u64,
    pub(crate) typed_at: Duration,
    /// The text of that room is in the editor.
    pub(crate) editing: Option<RoomName>,
    /// The proofs of our names.
    pub(crate) sessions: HashMap<UserName, String>,
    /// Who we were before another name was tried: that is who we are again if it is refused.
    pub(crate) previous: Option<UserName>,
    /// The user was asked about old messages on this connection.
    pub(crate) asked_stale: bool,
    /// To be shown when nothing else is open and nothing is being typed.
    pub(crate) later: Option<Overlay>,
    /// The rooms in which something was read of which the server was told last.
    pub(crate) told_rooms: Vec<RoomName>,
    /// The terminal's title, as it is.
    pub(crate) title: String,
    /// Whom the user ignored and what was muted since the start.
    pub(crate) ignored: Vec<String>,
    /// Whom the user blocked, as the server keeps it.
    pub(crate) blocked: Vec<chat_protocol::UserName>,
    pub(crate) muted: Vec<String>,
    /// When the server was last told what is read.
    pub(crate) told_read: Duration,
    /// People with whom there is an old conversation, which is not among the rooms.
    pub(crate) people: BTreeSet<UserName>,
    /// Rooms of the server's that were heard of.
    pub(crate) known_rooms: BTreeSet<RoomName>,
    /// Ctrl-C was pressed; until then a second one leaves.
    pub(crate) leaving: Option<Duration>,
    /// The user leaves as soon as everything is sent; until then it may take.
    pub(crate) quitting: Option<Duration>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) completion: Option<Completion>,
    /// What is searched for in what was sent; the text in the line is what was found.
    pub(crate) history_search: Option<String>,
    /// What is looked for in this room, and whether it is still being typed.
    pub(crate) find: Option<Find>,
    /// A word at the foot of the screen, until then.
    pub(crate) hint: Option<(String, Duration)>,
    /// The size of the screen.
    pub(crate) size: (u16, u16),
    /// Whether the user looks here, as far as the terminal tells.
    pub(crate) focused: bool,
    /// Lists of rooms and users: as the width has it, or as the user wishes.
    pub(crate) show_rooms: Option<bool>,
    pub(crate) show_users: Option<bool>,
    pub(crate) seen: Seen,
    /// The screen no longer shows this.
    pub(crate) dirty: bool,
    pub(crate) audience: Audience,
}

/// Who sees what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// A person at a screen, on which one room is shown.
    Screen,
    /// A person who is told everything, line by line.
    Lines,
    /// A program.
    Program,
}

/// Something looked for in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Find {
    pub(crate) words: String,
    pub(crate) typing: bool,
}

impl Model {
    /// Before anything happened.
    pub(crate) fn new(user: UserName, rooms: Rooms, settings: Settings, zone: TimeZone, seed: u64) -> Self {
        Self {
            now: Now::default(),
            zone,
            settings,
            user,
            link: Link::Connecting { attempt: 1 },
            welcomed: false,
            lag: None,
            epoch: None,
            text_bytes: limits::TEXT_BYTES,
            rooms,
            outbox: Outbox::new(seed),
            asked: HashMap::new(),
            asked_count: 0,
            slow_until: Duration::ZERO,
            released: Duration::ZERO,
            typed: 0,
            typed_at: Duration::ZERO,
            editing: None,
            sessions: HashMap::new(),
            previous: None,
            asked_stale: false,
            later: None,
            told_rooms: Vec::new(),
            title: String::new(),
            ignored: Vec::new(),
            blocked: Vec::new(),
            muted: Vec::new(),
            told_read: Duration::ZERO,
            people: BTreeSet::new(),
            known_rooms: BTreeSet::new(),
            leaving: None,
            quitting: None,
            overlay: None,
            completion: None,
            history_search: None,
            find: None,
            hint: None,
            size: (80, 24),
            focused: true,
            show_rooms: None,
            show_users: None,
            seen: Seen::default(),
            dirty: true,
            audience: Audience::Screen,
        }
    }

    /// Whether there is no screen to show or ask something on.
    pub(crate) fn is_headless(&self) -> bool {
        self.audience != Audience::Screen
    }

    /// The room on the screen.
    pub(crate) fn room(&self) -> &Room {
        self.rooms.current()
    }

    pub(crate) fn room_mut(&mut self) -> &mut Room {
        self.rooms.current_mut()
    }

    /// The proof of our name.
    pub(crate) fn session(&self) -> Option<String> {
        self.sessions.get(&self.user).cloned()
    }

    /// Nothing is open and nothing is being typed: the user can be asked something.
    pub(crate) fn is_free(&self) -> bool {
        self.overlay.is_none()
            && self.editing.is_none()
            && self.history_search.is_none()
            && !self.find.as_ref().is_some_and(|find| find.typing)
            && self.room().composer.is_empty()
    }

    /// Whether time alone will change something.
    pub(crate) fn is_waiting(&self) -> bool {
        let online = self.link == Link::Online;
        self.hint.is_some()
            || self.quitting.is_some()
            || self.later.is_some()
            || matches!(self.link, Link::Waiting { .. })
            || self.rooms.iter().any(|room| !room.typing.is_empty() || !room.missing.0.is_empty())
            || online && (self.outbox.is_moving() || !self.asked.is_empty())
            || online && self.rooms.iter().any(|room| room.told_read < room.read && room.membership == Membership::Joined)
            || online
                && !self.is_headless()
                && !self.asked_stale
                && self.outbox.iter().any(|pending| pending.state == State::Stale)
    }
}
