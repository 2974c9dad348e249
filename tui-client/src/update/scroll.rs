//! Moving in a transcript: what is drawn says where the pane stands, and what is not there is fetched. What lies far from the newest is
//! shown as a piece of the past of its own, which grows at both ends until it meets what is live.

use chat_protocol::{ClientMessage, RoomName, Seq, limits, server::Message};

use super::{
    hint,
    requests::{ask, is_asked},
    rooms,
};
use crate::{
    effect::Effect,
    keys::Action,
    model::{Entry, Link, Model, Place, Room, Scroll, Seen, Transcript, Why},
};

/// Messages of a piece of the past before and after the one that is looked for.
const AROUND: u64 = 25;

/// A key that moves the pane. Answers whether it was one.
pub(super) fn moved(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let page = isize::try_from(model.seen.page).unwrap_or(isize::MAX).max(2) - 1;
    match action {
        Action::PageUp => by(model, page),
        Action::PageDown => by(model, -page),
        Action::Oldest => {
            let first = model.room().shown().entry(0).map(|(place, _)| place);
            if let Some(place) = first {
                model.room_mut().scroll = Scroll::Show { place, down: 0 };
            }
        }
        Action::Newest => return Some(super::to_newest(model)),
        Action::FirstUnread => return Some(first_unread(model)),
        Action::MarkRead => return Some(rooms::mark_read(model)),
        _ => return None,
    }
    Some(Vec::new())
}

/// Moves by so many rows, upwards positive.
pub(super) fn by(model: &mut Model, rows: isize) {
    let pending = model.outbox.of(&model.room().name).count();
    let room = model.room_mut();
    room.scroll = match room.scroll {
        Scroll::At { place, row, moved } => Scroll::At { place, row, moved: moved.saturating_add(rows) },
        // Where it stands is known when it is drawn; a second key before that counts from the same place.
        Scroll::Show { place, .. } => Scroll::At { place, row: 0, moved: rows },
        Scroll::Newest if rows <= 0 => Scroll::Newest,
        Scroll::Newest => {
            let last = room.shown().len().checked_sub(1).and_then(|last| room.shown().entry(last)).map(|(place, _)| place);
            let pending = u32::try_from(pending).unwrap_or(u32::MAX).checked_sub(1).filter(|_| room.past.is_none());
            match pending.map(Place::pending).or(last) {
                Some(place) => Scroll::At { place, row: usize::MAX, moved: rows },
                None => Scroll::Newest,
            }
        }
    };
}

/// A frame was drawn: the pane stands where it says, and what is missing at its ends is fetched.
pub(super) fn drawn(model: &mut Model, seen: Seen) -> Vec<Effect> {
    let room = model.rooms.current_mut();
    match (seen.bottom, &room.past) {
        (Some((place, row)), _) => room.scroll = Scroll::At { place, row, moved: 0 },
        // At the end of a piece of the past there is more to come.
        (None, Some(past)) => {
            if let Some((place, _)) = past.len().checked_sub(1).and_then(|last| past.entry(last)) {
                room.scroll = Scroll::At { place, row: usize::MAX, moved: 0 };
            }
        }
        (None, None) => {
            room.scroll = Scroll::Newest;
            room.news = 0;
        }
    }
    let wants_older = seen.at_top && room.shown().more_before;
    let wants_newer = seen.bottom.is_none() && room.past.as_ref().is_some_and(|past| past.more_after);
    let (name, first, last) = (room.name.clone(), room.shown().first(), room.shown().last());
    model.seen = seen;
    rooms::seen(model);
    let mut effects = Vec::new();
    if model.link != Link::Online || !model.room().is_open() {
        return effects;
    }
    let (room, limit) = (Some(name.shown().to_owned()), Some(limits::HISTORY_DEFAULT as i64));
    if let Some(before) = first.filter(|_| wants_older)
        && !is_asked(model, |asked| matches!(asked, Why::Older { room, .. } if *room == name))
    {
        let message = ClientMessage::History { room: room.clone(), before: Some(before), after: None, limit };
        effects.push(ask(model, Why::Older { room: name.clone(), before }, message));
    }
    if let Some(after) = last.filter(|_| wants_newer)
        && !is_asked(model, |asked| matches!(asked, Why::Newer { room, .. } if *room == name))
    {
        let message = ClientMessage::History { room, before: None, after: Some(after), limit };
        effects.push(ask(model, Why::Newer { room: name, after }, message));
    }
    effects
}

/// Messages from before the oldest that was there.
pub(super) fn older(model: &mut Model, name: &RoomName, before: Seq, messages: Vec<Message>, more: bool) -> Vec<Effect> {
    let Some(room) = model.rooms.find_mut(name) else { return Vec::new() };
    // The user may have gone from the past to the present meanwhile, or the other way.
    let place = |transcript: &Transcript| transcript.first() == Some(before);
    let transcript = match &mut room.past {
        Some(past) if place(past) => past,
        _ if place(&room.live) => &mut room.live,
        _ => return Vec::new(),
    };
    // A page that brings nothing would be asked for again and again.
    transcript.more_before = more && !messages.is_empty();
    for message in messages.into_iter().filter(|message| message.room == *name) {
        transcript.insert(message.seq, Entry::Message(Box::new(message)));
    }
    let read = room.read;
    // Only where it reaches back over the mark is there something to count anew.
    if read < before && room.unread_more {
        rooms::count(model, name);
    }
    Vec::new()
}

/// Messages from after a piece of the past.
pub(super) fn newer(model: &mut Model, name: &RoomName, after: Seq, messages: Vec<Message>, more: bool) -> Vec<Effect> {
    let Some(room) = model.rooms.find_mut(name) else { return Vec::new() };
    let Some(past) = room.past.as_mut().filter(|past| past.last() == Some(after)) else { return Vec::new() };
    // A page that brings nothing would be asked for again and again.
    past.more_after = more && !messages.is_empty();
    for message in messages.into_iter().filter(|message| message.room == *name) {
        past.insert(message.seq, Entry::Message(Box::new(message)));
    }
    if room.meet() {
        rooms::count(model, name);
    }
    Vec::new()
}

/// The server does not want to show more: it is not asked again.
pub(super) fn refused(model: &mut Model, name: &RoomName) {
    if let Some(room) = model.rooms.find_mut(name) {
        for transcript in [Some(&mut room.live), room.past.as_mut()].into_iter().flatten() {
            (transcript.more_before, transcript.more_after) = (false, false);
        }
    }
}

/// A piece of the past came, in which something is to be shown.
pub(super) fn around(
    model: &mut Model,
    name: &RoomName,
    seq: Seq,
    select: bool,
    messages: Vec<Message>,
    more: bool,
) -> Vec<Effect> {
    let Some(room) = model.rooms.find_mut(name) else { return Vec::new() };
    let mut past = Transcript::piece(more);
    for message in messages.into_iter().filter(|message| message.room == *name) {
        past.insert(message.seq, Entry::Message(Box::new(message)));
    }
    let found = past.messages().map(|message| message.seq).find(|found| *found >= seq);
    let Some(found) = found else {
        hint(model, "That message is not there any more.");
        return Vec::new();
    };
    room.past = Some(past);
    let met = room.meet();
    show(room, found, select);
    if met {
        rooms::count(model, name);
    }
    Vec::new()
}

/// To a message, wherever it is.
pub(super) fn jump(model: &mut Model, seq: Seq, select: bool) -> Vec<Effect> {
    let room = model.room_mut();
    if room.shown().message(seq).is_some() {
        show(room, seq, select);
        return Vec::new();
    }
    if room.live.message(seq).is_some() {
        room.past = None;
        show(room, seq, select);
        return Vec::new();
    }
    let name = room.name.clone();
    if model.link != Link::Online {
        hint(model, "That is not loaded, and there is no connection to ask.");
        return Vec::new();
    }
    let (before, limit) = (Some(Seq(seq.0.saturating_add(AROUND))), Some(2 * AROUND as i64));
    let message = ClientMessage::History { room: Some(name.shown().into()), before, after: None, limit };
    vec![ask(model, Why::Around { room: name, seq, select }, message)]
}

/// To the first message that is not read.
pub(super) fn first_unread(model: &mut Model) -> Vec<Effect> {
    let room = model.room_mut();
    let mark = match (room.unread, room.marker) {
        (0, Some(marker)) => marker,
        (0, None) => {
            hint(model, "Nothing new here.");
            return Vec::new();
        }
        _ => room.read,
    };
    room.marker = Some(mark);
    if !room.unread_more {
        let first = room.live.messages().find(|message| message.seq > mark).map(|message| message.seq);
        if let Some(seq) = first {
            room.past = None;
            room.scroll = Scroll::Show { place: Place::of(seq), down: 30 };
        }
        return Vec::new();
    }
    jump(model, Seq(mark.0 + 1), false)
}

fn show(room: &mut Room, seq: Seq, select: bool) {
    let place = Place::of(seq);
    room.scroll = Scroll::Show { place, down: if select { 50 } else { 30 } };
    if select {
        // Who is on the way from message to message goes on; else it is pointed at, and letters are letters.
        room.selecting &= room.selected.is_some();
        room.selected = Some(place);
    }
}

impl Room {
    /// A piece of the past that reaches what is live becomes a part of it. Answers whether it did.
    fn meet(&mut self) -> bool {
        let Some(past) = &self.past else { return false };
        let touches = self.live.first().is_none_or(|first| past.last() >= Some(first));
        if (touches || !past.more_after)
            && let Some(past) = self.past.take()
        {
            self.live.absorb(past);
            return true;
        }
        false
    }
}
