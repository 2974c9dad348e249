//! A selected message, and what can be done with it.

use chat_protocol::{ClientMessage, Seq, display};

use super::{compose, hint, outbox, overlays, scroll};
use crate::{
    effect::Effect,
    keys::Action,
    model::{Entry, Item, Model, Overlay, Pending, Place, Purpose, Question, Row, Scroll, links::links},
};

/// Selects the newest message that is visible.
pub(super) fn begin(model: &mut Model) -> Vec<Effect> {
    let pending = model.outbox.of(&model.room().name).count();
    model.room_mut().selecting = true;
    let room = model.room();
    if room.selected.is_some() {
        // What is pointed at, by a search or a jump.
        return Vec::new();
    }
    let place = match (room.scroll, u32::try_from(pending)) {
        (Scroll::Newest, Ok(pending @ 1..)) => Some(Place::pending(pending - 1)),
        (Scroll::Newest, _) => room.shown().messages().next_back().map(|message| Place::of(message.seq)),
        _ => model.seen.last.or_else(|| room.shown().messages().next_back().map(|message| message.seq)).map(Place::of),
    };
    model.room_mut().selected = place;
    if place.is_none() {
        hint(model, "There is no message to select.");
    }
    Vec::new()
}

/// Selects what was clicked.
pub(super) fn at(model: &mut Model, place: Place) {
    let room = model.room_mut();
    (room.selected, room.selecting) = (Some(place), true);
}

/// A key while a message is selected. Answers whether it meant something.
pub(super) fn key(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let place = model.room().selected?;
    match action {
        Action::SelectUp => step(model, place, -1),
        Action::SelectDown => step(model, place, 1),
        Action::SelectOldest => {
            let oldest = model.room().shown().messages().next().map(|message| message.seq);
            go(model, oldest.map(Place::of));
        }
        Action::SelectNewest => {
            model.room_mut().follow();
            return Some(begin(model));
        }
        Action::Deselect => model.room_mut().selected = None,
        Action::Resend | Action::Drop => return Some(pending(model, place, action)),
        Action::Copy => {
            let text = match place.as_pending() {
                Some(_) => waiting(model, place).map(|pending| pending.text.clone()),
                None => model.room().shown().message(place.seq).map(|message| message.text.clone()),
            };
            let Some(text) = text.filter(|text| !text.is_empty()) else { return Some(nothing(model)) };
            model.room_mut().selected = None;
            hint(model, "Copied.");
            return Some(vec![Effect::Copy(display::text(&text).into_owned())]);
        }
        Action::Reply => return Some(reply(model, place)),
        Action::Edit => return Some(own(model, place, edit)),
        Action::Delete => return Some(own(model, place, delete)),
        Action::React => {
            let Some(seq) = said(model, place) else { return Some(nothing(model)) };
            overlays::open_reactions(model, seq);
        }
        Action::OpenLink => open_link(model, place),
        Action::GoToReplied => {
            let target = model.room().shown().message(place.seq).and_then(|message| message.reply_to);
            let Some(seq) = target else { return Some(nothing(model)) };
            return Some(scroll::jump(model, seq, true));
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn nothing(model: &mut Model) -> Vec<Effect> {
    hint(model, "Not with this one.");
    Vec::new()
}

/// A message that is in the log and not deleted.
fn said(model: &Model, place: Place) -> Option<Seq> {
    let message = model.room().shown().message(place.seq)?;
    (place.as_pending().is_none() && !message.deleted).then_some(place.seq)
}

fn waiting(model: &Model, place: Place) -> Option<&Pending> {
    model.outbox.of(&model.room().name).nth(place.as_pending()?)
}

/// To the next message up or down; past the newest is back to the input line.
fn step(model: &mut Model, from: Place, by: isize) {
    let count = model.outbox.of(&model.room().name).count();
    let shown = model.room().shown();
    let is_message = |index: &usize| matches!(shown.entry(*index), Some((_, Entry::Message(_))));
    let next = match (from.as_pending(), by < 0) {
        (Some(0), true) => (0..shown.len()).rev().find(is_message).and_then(|index| shown.entry(index)).map(|(place, _)| place),
        (Some(number), true) => u32::try_from(number - 1).ok().map(Place::pending),
        (Some(number), false) => u32::try_from(number + 1).ok().filter(|next| (*next as usize) < count).map(Place::pending),
        (None, true) => {
            (0..shown.index(from)).rev().find(is_message).and_then(|index| shown.entry(index)).map(|(place, _)| place)
        }
        (None, false) => {
            let after = (shown.index(from) + 1..shown.len()).find(is_message).and_then(|index| shown.entry(index));
            after.map(|(place, _)| place).or((count > 0 && model.room().past.is_none()).then_some(Place::pending(0)))
        }
    };
    match next {
        Some(place) => go(model, Some(place)),
        // The oldest stays selected: older ones are being fetched.
        None if by < 0 => model.room_mut().scroll = Scroll::Show { place: from, down: 0 },
        None => model.room_mut().selected = None,
    }
}

/// Selects, and brings into view what is not.
fn go(model: &mut Model, place: Option<Place>) {
    let Some(place) = place else { return };
    let (first, last) = (model.seen.first, model.seen.last);
    let room = model.room_mut();
    room.selected = Some(place);
    if first.is_none_or(|first| place.seq < first) {
        room.scroll = Scroll::Show { place, down: 0 };
    } else if last.is_none_or(|last| place.seq > last) {
        room.scroll = Scroll::Show { place, down: 100 };
    }
}

fn reply(model: &mut Model, place: Place) -> Vec<Effect> {
    let Some(seq) = said(model, place) else { return nothing(model) };
    let room = model.room_mut();
    if matches!(room.purpose, Purpose::Edit(_)) {
        room.composer.put_back();
    }
    room.purpose = Purpose::Reply(seq);
    room.selected = None;
    Vec::new()
}

/// What only the author of a message may do.
fn own(model: &mut Model, place: Place, act: fn(&mut Model, Seq)) -> Vec<Effect> {
    let Some(seq) = said(model, place) else { return nothing(model) };
    let is_own = model.room().shown().message(seq).is_some_and(|message| message.from == model.user);
    if !is_own {
        hint(model, "That message is not yours.");
        return Vec::new();
    }
    act(model, seq);
    Vec::new()
}

fn edit(model: &mut Model, seq: Seq) {
    compose::edit(model, seq);
    model.room_mut().selected = None;
}

fn delete(model: &mut Model, seq: Seq) {
    let room = model.room().name.clone();
    model.overlay = Some(Overlay::Question(Question::Delete { room, seq }));
}

fn open_link(model: &mut Model, place: Place) {
    let Some(message) = model.room().shown().message(place.seq) else { return };
    // As it is shown: what the reader cannot see is no part of it.
    let text = display::text(&message.text);
    let urls: Vec<_> = links(&text).map(|range| text[range].to_owned()).collect();
    match <[String; 1]>::try_from(urls) {
        Ok([url]) => model.overlay = Some(Overlay::Question(Question::Open { url })),
        Err(urls) if urls.is_empty() => hint(model, "There is no link in it."),
        Err(urls) => {
            let rows = urls.into_iter().map(|url| Row { text: url.clone(), note: String::new(), item: Item::Link(url) });
            overlays::open_links(model, rows.collect());
        }
    }
}

/// One of ours that the server does not have yet.
fn pending(model: &mut Model, place: Place, action: Action) -> Vec<Effect> {
    let Some(cid) = waiting(model, place).map(|pending| pending.cid.clone()) else { return nothing(model) };
    if action == Action::Drop {
        model.overlay = Some(Overlay::Question(Question::Drop { cid }));
        return Vec::new();
    }
    let at = model.now.wall;
    model.outbox.again(&cid, at);
    model.room_mut().selected = None;
    outbox::flush(model)
}

/// Takes a message away, after the question.
pub(super) fn take_away(model: &mut Model, room: &chat_protocol::RoomName, seq: Seq) -> Vec<Effect> {
    if let Some(room) = model.rooms.find_mut(room) {
        room.selected = None;
    }
    outbox::change(model, room, |room| ClientMessage::Delete { room, seq })
}
