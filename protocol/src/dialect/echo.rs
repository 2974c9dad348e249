//! `/ws`, the first step of every tutorial: the sender hears an echo, everybody else hears the line. What others hear is plain
//! text like on the other tutorials' endpoints; nobody is announced on coming.

use crate::{Event, Recorded, Signal, display};

pub(super) fn kept(recorded: &Recorded) -> Option<String> {
    match &recorded.event {
        Event::Message { text, .. } => Some(format!("Echo: {}", display::indented(text))),
        _ => None,
    }
}

pub(super) fn signal(signal: &Signal) -> Option<String> {
    match signal {
        Signal::Went { .. } => super::plain::signal(signal),
        _ => None,
    }
}
