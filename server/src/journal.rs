//! The log lines of the program itself, the last of them kept at hand for whoever looks; and which of them are written at all.
//!
//! Does not know who writes them elsewhere. A line is kept as it was meant: whoever shows it makes it safe.

use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use chat_protocol::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::{Event, Subscriber, field::Field};
use tracing_subscriber::{
    EnvFilter, Layer,
    layer::Context,
    registry::{LookupSpan, Registry},
    reload,
};

use crate::clock;

/// Lines that are kept.
const KEPT: usize = 1000;
/// What of a line is kept, in bytes.
const LONGEST: usize = 2000;

/// How much a line matters, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl Level {
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// As it is written and chosen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    fn of(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::TRACE => Self::Trace,
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Each has one more than the one before.
    pub number: u64,
    pub at: Timestamp,
    pub level: Level,
    /// Which part of the program it is of.
    pub part: String,
    pub text: String,
}

#[derive(Default)]
struct Lines {
    last: u64,
    kept: VecDeque<Line>,
}

/// What decides which lines are written.
type Chosen = reload::Handle<EnvFilter, Registry>;

/// A handle on the lines.
#[derive(Clone, Default)]
pub struct Journal {
    lines: Arc<Mutex<Lines>>,
    chosen: Option<Chosen>,
}

impl Journal {
    /// One whose lines can be chosen anew; and what decides it, for the program's subscriber.
    #[must_use]
    pub fn with(filter: EnvFilter) -> (Self, reload::Layer<EnvFilter, Registry>) {
        let (layer, chosen) = reload::Layer::new(filter);
        (Self { lines: Arc::default(), chosen: Some(chosen) }, layer)
    }

    /// What keeps them.
    pub fn keeper<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl Layer<S> + use<S> {
        Keeps(self.clone())
    }

    /// The lines behind one, at most so many: the last, if there are more.
    #[must_use]
    pub fn after(&self, number: u64, most: usize) -> Vec<Line> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = lines.kept.iter().rev().take_while(|line| line.number > number).take(most);
        let mut newer: Vec<_> = newer.cloned().collect();
        newer.reverse();
        newer
    }

    /// Which lines are written, as `RUST_LOG` has it.
    #[must_use]
    pub fn filter(&self) -> Option<String> {
        self.chosen.as_ref()?.with_current(ToString::to_string).ok()
    }

    /// Chooses anew which are.
    ///
    /// # Errors
    /// In words: it says nothing that can be understood.
    pub fn choose(&self, filter: &str) -> Result<(), String> {
        let chosen = self.chosen.as_ref().ok_or("this server's log lines are chosen by somebody else")?;
        let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
        chosen.reload(filter).map_err(|error| error.to_string())
    }

    fn keep(&self, level: Level, part: &str, text: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.last += 1;
        let line = Line { number: lines.last, at: clock::now(), level, part: part.to_owned(), text };
        if lines.kept.len() == KEPT {
            lines.kept.pop_front();
        }
        lines.kept.push_back(line);
    }
}

struct Keeps(Journal);

impl<S: Subscriber> Layer<S> for Keeps {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let metadata = event.metadata();
        let text = words.whole();
        self.0.keep(Level::of(*metadata.level()), metadata.target(), text);
    }
}

/// What an event says, and the values beside it.
#[derive(Default)]
struct Words {
    message: String,
    values: String,
}

impl Words {
    fn whole(self) -> String {
        let mut text = self.message + &self.values;
        if text.len() > LONGEST {
            text.truncate(text.floor_char_boundary(LONGEST));
            text.push('…');
        }
        text
    }
}

impl tracing::field::Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.values, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[test]
    fn lines_are_kept_as_they_were_meant_and_chosen_anew() {
        let (journal, filter) = Journal::with(EnvFilter::new("info"));
        let subscriber = Registry::default().with(filter).with(journal.keeper());
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!("not yet");
            tracing::warn!(who = "al\nice", name = 7, "somebody {}", "asks");
            journal.choose("debug").unwrap();
            assert_eq!(journal.filter().as_deref(), Some("debug"));
            tracing::debug!("now");
            assert!(journal.choose("a=b=c").is_err());
            tracing::debug!("{}", "x".repeat(5000));
        });
        let lines = journal.after(0, 9);
        let told: Vec<_> = lines.iter().map(|line| (line.number, line.level, line.text.as_str())).collect();
        assert_eq!(told[0], (1, Level::Warn, "somebody asks who=\"al\\nice\" name=7"));
        assert_eq!(told[1], (2, Level::Debug, "now"));
        assert!(told[2].2.len() < 2010 && told.len() == 3);
        assert_eq!(journal.after(1, 9).len(), 2);
        assert_eq!(journal.after(0, 1)[0].number, 3, "the last of them");
    }

    #[test]
    fn the_oldest_go_first() {
        let journal = Journal::default();
        (0..KEPT + 5).for_each(|number| journal.keep(Level::Info, "here", number.to_string()));
        let lines = journal.after(0, usize::MAX);
        assert_eq!((lines.len(), lines[0].number), (KEPT, 6));
        assert!(journal.choose("info").is_err() && journal.filter().is_none());
    }
}
