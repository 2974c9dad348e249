//! What happens → what is known, and what is to be done about it. Pure: no clock, no socket, no terminal.
//!
//! | to find | look in |
//! |---|---|
//! | what a key means where the user is | [`keys`], then [`compose`] ([`complete`], [`recall`]), [`select`], [`overlays`] |
//! | what a typed line means | [`commands`] |
//! | going from room to room, what is read there | [`rooms`] |
//! | moving in a transcript, fetching what is not there | [`scroll`] |
//! | what is said, until the server has it | [`outbox`] |
//! | what lies above the screen | [`overlays`]; what its lists offer: [`offers`] |
//! | the wish to leave | [`leaving`] |
//! | the connection's coming and going | [`link`] |
//! | what the server says | [`frames`]; what the log holds: [`events`] |
//! | which answer belongs to which question | [`requests`] |

mod commands;
mod complete;
mod compose;
mod events;
mod frames;
mod keys;
mod leaving;
mod link;
mod offers;
mod outbox;
mod overlays;
mod recall;
mod requests;
mod rooms;
mod scroll;
mod select;
#[cfg(test)]
mod tests;

pub(crate) use self::commands::LOCAL_COMMANDS;
use self::{
    commands::entered,
    outbox::{say, stopped_typing, typing},
    overlays::open_switcher,
};
use crate::{
    effect::{Effect, Told},
    model::{Entry, Link, Model, Now},
    msg::Msg,
};

/// How long a hint stays.
const HINT: std::time::Duration = std::time::Duration::from_secs(4);

/// Takes one thing that happened.
pub(crate) fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let mut effects = happened(model, msg);
    overlays::when_free(model);
    effects.extend(requests::due(model));
    effects.extend(leaving::quitting(model));
    // Once for whatever happened, and only if it says something else.
    let title = if model.is_headless() { String::new() } else { rooms::title(model) };
    if title != model.title {
        model.title.clone_from(&title);
        effects.push(Effect::Title(title));
    }
    effects
}

fn happened(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Tick(now) => return tick(model, now),
        Msg::Drawn(seen) => return scroll::drawn(model, seen),
        _ => model.dirty = true,
    }
    let mut effects = match msg {
        Msg::Started => vec![link::connect(model, std::time::Duration::ZERO)],
        Msg::Key(chord) => keys::pressed(model, chord),
        Msg::Line { text, typed } => {
            model.typed += 1;
            if typed { entered(model, &text) } else { say(model, text) }
        }
        Msg::Paste(text) => keys::pasted(model, &text),
        Msg::Mouse(mouse) => keys::moused(model, mouse),
        Msg::Resized { columns, rows } => {
            model.size = (columns, rows);
            Vec::new()
        }
        Msg::Focus(focused) => {
            model.focused = focused;
            Vec::new()
        }
        Msg::Link(event) => link::heard(model, event),
        Msg::Edited(text) => compose::edited(model, text),
        Msg::Settings(Ok(settings)) => {
            model.settings = *settings;
            // What was said to hold until the end does.
            model.settings.ignore.extend(model.ignored.iter().cloned());
            model.settings.alerts.mute.extend(model.muted.iter().cloned());
            rooms::mute(model);
            commands::recount(model);
            hint(model, "The configuration was read again.");
            Vec::new()
        }
        Msg::Settings(Err(words)) | Msg::Failed(words) => fault(model, words),
        Msg::Leave => vec![Effect::Quit(leaving::ending(model))],
        Msg::Tick(_) | Msg::Drawn(_) => Vec::new(),
    };
    effects.extend(outbox::flush(model));
    effects
}

fn tick(model: &mut Model, now: Now) -> Vec<Effect> {
    let before = std::mem::replace(&mut model.now, now);
    let since = now.since;
    for room in model.rooms.iter_mut() {
        let typing = room.typing.len();
        room.typing.retain(|_, until| *until > since);
        model.dirty |= typing != room.typing.len();
    }
    let most = model.settings.scrollback;
    model.rooms.iter_mut().for_each(|room| room.live.trim(most));
    if model.hint.take_if(|(_, until)| *until <= since).is_some() {
        model.dirty = true;
    }
    // The badge counts seconds.
    model.dirty |= matches!(model.link, Link::Waiting { .. }) && since.as_secs() != before.since.as_secs();
    let mut effects = Vec::new();
    let went = frames::missed(model);
    model.dirty |= !went.is_empty();
    effects.extend(went);
    effects.extend(rooms::tell_read(model));
    effects.extend(outbox::flush(model));
    effects
}

/// A word at the foot of the screen, for a moment.
fn hint(model: &mut Model, words: impl Into<String>) {
    model.hint = Some((words.into(), model.now.since + HINT));
}

/// Words for the user in the current room.
fn notice(model: &mut Model, text: impl Into<String>) -> Vec<Effect> {
    let (text, at) = (text.into(), model.now.wall);
    let room = model.room_mut();
    room.push(Entry::Notice { text: text.clone(), at });
    vec![Effect::Tell(Told::Notice { room: Some(room.name.clone()), text })]
}

/// Something that went wrong, likewise.
fn fault(model: &mut Model, text: impl Into<String>) -> Vec<Effect> {
    let (text, at) = (text.into(), model.now.wall);
    let room = model.room_mut();
    room.push(Entry::Fault { text: text.clone(), at });
    vec![Effect::Tell(Told::Fault { room: Some(room.name.clone()), text })]
}

/// Back to the newest message.
fn to_newest(model: &mut Model) -> Vec<Effect> {
    model.room_mut().follow();
    Vec::new()
}
