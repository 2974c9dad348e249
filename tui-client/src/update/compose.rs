//! The input line: editing, pastes, and sending what was typed. What Tab offers is in [`super::complete`], the search through what
//! was sent in [`super::recall`]. It knows nothing of what becomes of a text that is said, nor of how a command is read.

use chat_protocol::{Seq, limits};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{complete, hint, recall};
use crate::{
    effect::Effect,
    keys::{Action, Chord},
    model::{LONGEST, Model, Overlay, Purpose, Question, clean},
};

/// The most bytes of a paste: more is a file, and not something to say.
const PASTE: usize = 16 * limits::FRAME_BYTES;

/// A key in the input line, and what the key map says of it.
pub(super) fn key(model: &mut Model, chord: Chord, action: Option<Action>) -> Vec<Effect> {
    let before = model.room().composer.text();
    if recall::key(model, chord, action) || complete::key(model, action) {
        return after(model, &before);
    }
    match action {
        Some(Action::Send) => send(model),
        Some(Action::Escape) => escape(model),
        Some(Action::HistorySearch) => {
            recall::begin(model);
            Vec::new()
        }
        Some(Action::Editor) => {
            model.editing = Some(model.room().name.clone());
            vec![Effect::Edit(model.room().composer.text())]
        }
        Some(Action::KillToEnd) if model.room().composer.is_at_end() => super::open_switcher(model),
        Some(action @ (Action::Up | Action::Down)) if edit_other(model, action == Action::Up) => Vec::new(),
        Some(action) => {
            model.room_mut().composer.edit(action);
            after(model, &before)
        }
        None => match chord.typed() {
            Some(c) => {
                if !model.room_mut().composer.insert(c.encode_utf8(&mut [0; 4])) {
                    hint(model, "The line is full.");
                }
                after(model, &before)
            }
            None => Vec::new(),
        },
    }
}

/// What follows a change, if there was one.
fn after(model: &mut Model, before: &str) -> Vec<Effect> {
    if model.room().composer.text() == before { Vec::new() } else { changed(model) }
}

/// The text is another one: the others are told that we type, commands are explained.
fn changed(model: &mut Model) -> Vec<Effect> {
    complete::explain(model);
    let composer = &model.room().composer;
    if composer.is_empty() {
        super::stopped_typing(model)
    } else if composer.is_typed() && composer.lines()[0].starts_with('/') {
        Vec::new()
    } else {
        super::typing(model)
    }
}

/// Nothing is half done any more: a completion is accepted, a search ended where it is. For whoever takes the user elsewhere.
pub(super) fn settle(model: &mut Model) {
    model.completion = None;
    model.history_search = None;
}

fn send(model: &mut Model) -> Vec<Effect> {
    settle(model);
    let composer = &model.room().composer;
    let text = composer.text();
    if text.trim().is_empty() {
        return Vec::new();
    }
    if text.len() > model.text_bytes {
        return too_long(model, text.len());
    }
    let typed = composer.is_typed();
    model.room_mut().composer.take();
    if !typed {
        return super::say(model, text);
    }
    let mut effects = Vec::new();
    if text.starts_with('/') {
        // Before it, since a command may lead to another room. A message says by itself that the typing is over.
        effects.extend(super::stopped_typing(model));
    }
    effects.extend(super::entered(model, &text));
    effects
}

fn too_long(model: &mut Model, bytes: usize) -> Vec<Effect> {
    let most = model.text_bytes;
    super::fault(model, format!("This is too long to send: {bytes} bytes, and at most {most} fit into a message."))
}

/// Lets go of one thing, the innermost first.
fn escape(model: &mut Model) -> Vec<Effect> {
    if model.find.take().is_some() {
        return Vec::new();
    }
    let room = model.room_mut();
    match std::mem::replace(&mut room.purpose, Purpose::New) {
        Purpose::New => super::to_newest(model),
        Purpose::Reply(_) => Vec::new(),
        Purpose::Edit(_) => {
            room.composer.put_back();
            changed(model)
        }
    }
}

/// Empties the line, or lets go of what it was for; nothing, if there was nothing to do.
pub(super) fn interrupt(model: &mut Model) -> Option<Vec<Effect>> {
    let searched = model.history_search.is_some();
    settle(model);
    let room = model.room_mut();
    let purpose = std::mem::replace(&mut room.purpose, Purpose::New);
    if let Purpose::Edit(_) = purpose {
        room.composer.put_back();
    } else if !room.composer.is_empty() {
        room.composer.clear();
    } else if purpose == Purpose::New && !searched {
        return None;
    }
    Some(changed(model))
}

/// Up on an empty line: an own message to edit; again, with nothing changed: the own one before it, or after. Answers whether so.
fn edit_other(model: &mut Model, older: bool) -> bool {
    let room = model.room();
    // Within several lines the key moves first.
    let edge = if older { 0 } else { room.composer.lines().len() - 1 };
    if room.composer.cursor().0 != edge {
        return false;
    }
    let seq = match room.purpose {
        Purpose::New if older && room.composer.is_empty() && !room.composer.is_browsing() => own(model, None, true),
        Purpose::Edit(seq) if room.live.message(seq).is_some_and(|message| clean(&message.text) == room.composer.text()) => {
            let next = own(model, Some(seq), older);
            if next.is_none() && !older {
                let room = model.room_mut();
                room.purpose = Purpose::New;
                room.composer.put_back();
            }
            if next.is_none() {
                return true;
            }
            next
        }
        _ => None,
    };
    let Some(seq) = seq else { return false };
    edit(model, seq)
}

/// The own message that is the next in that direction.
fn own(model: &Model, from: Option<Seq>, older: bool) -> Option<Seq> {
    let mut mine = model.room().live.messages().filter(|message| message.from == model.user && !message.deleted);
    if older {
        mine.rev().find(|message| from.is_none_or(|from| message.seq < from)).map(|message| message.seq)
    } else {
        mine.find(|message| from.is_none_or(|from| message.seq > from)).map(|message| message.seq)
    }
}

/// Puts a message into the line to be edited; what is being typed waits. Answers whether it is there.
pub(super) fn edit(model: &mut Model, seq: Seq) -> bool {
    let room = model.room_mut();
    let Some(text) = room.shown().message(seq).or_else(|| room.live.message(seq)).map(|message| message.text.clone()) else {
        return false;
    };
    room.purpose = Purpose::Edit(seq);
    room.composer.lend(&text);
    true
}

/// What came back from the editor.
pub(super) fn edited(model: &mut Model, text: Result<String, String>) -> Vec<Effect> {
    settle(model);
    let text = match text {
        Ok(text) => text,
        Err(words) => {
            model.editing = None;
            return super::fault(model, words);
        }
    };
    // Into the line of the room that it was taken from.
    let name = model.editing.take();
    let name = name.filter(|name| model.rooms.find(name).is_some()).unwrap_or_else(|| model.room().name.clone());
    let is_here = model.room().name == name;
    let Some(room) = model.rooms.find_mut(&name) else { return Vec::new() };
    let composer = &mut room.composer;
    let (before, length) = (composer.text(), text.len());
    if !composer.replace(0..before.len(), text.strip_suffix('\n').unwrap_or(&text)) {
        return too_long(model, length);
    }
    if is_here { after(model, &before) } else { Vec::new() }
}

/// Text put in at once. One line goes into the line, more are asked about; nothing is ever sent by a paste alone.
pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if text.len() > PASTE {
        return super::fault(model, format!("That paste is too long: {} bytes, and at most {PASTE} are taken.", text.len()));
    }
    settle(model);
    let text = clean(text);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    if text.contains('\n') {
        model.overlay = Some(Overlay::Question(Question::Paste { text: text.to_owned() }));
        return Vec::new();
    }
    put_in(model, text)
}

fn put_in(model: &mut Model, text: &str) -> Vec<Effect> {
    let composer = &mut model.room_mut().composer;
    let before = composer.text();
    if !composer.paste(text) {
        let (bytes, most) = (before.len() + text.len(), LONGEST);
        return super::fault(model, format!("This does not fit into the line: {bytes} bytes, and at most {most} do."));
    }
    if !model.room().composer.is_typed() {
        hint(model, "Pasted, so not a command: it will be sent as text.");
    }
    after(model, &before)
}

/// The answer about a paste of several lines: send it with what is in the line, put it into the line, forget it.
pub(super) fn answer_paste(model: &mut Model, text: &str, answer: char) -> Vec<Effect> {
    match answer {
        's' => {}
        'e' => return put_in(model, text),
        _ => return Vec::new(),
    }
    let room = model.room();
    let (before, at) = (room.composer.text(), room.composer.offset());
    let whole = [&before[..at], text, &before[at..]].concat();
    let command = at > 0 && before.starts_with('/') && room.composer.is_typed();
    if command || matches!(room.purpose, Purpose::Edit(_)) {
        // Only as a whole is it what was begun.
        let effects = put_in(model, text);
        return if model.room().composer.text() == whole { send(model) } else { effects };
    }
    let composer = &mut model.room_mut().composer;
    composer.remember(&whole);
    composer.set("");
    let mut effects = Vec::new();
    for part in parts(&whole, model.text_bytes) {
        effects.extend(super::say(model, part));
    }
    effects
}

/// A text as messages of so many bytes at most, cut at line ends where there are any.
fn parts(text: &str, most: usize) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let mut pieces = vec![line];
        if line.trim_end_matches('\n').len() > most {
            pieces = line.graphemes(true).collect();
        }
        for piece in pieces {
            let Some(part) = parts.last_mut() else { continue };
            if part.len() + piece.trim_end_matches('\n').len() <= most {
                part.push_str(piece);
            } else {
                parts.push(piece.to_owned());
            }
        }
    }
    for part in &mut parts {
        part.truncate(part.trim_end_matches('\n').len());
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests;
