//! Going from room to room, and what is read there.

use std::time::Duration;

use chat_protocol::{ClientMessage, RoomName, Seq, server::Message};

use super::{
    compose, fault, hint, link, notice,
    requests::{ask, is_asked, queue, signal},
    scroll,
};
use crate::{
    effect::{Effect, Told},
    model::{Audience, Link, Membership, Model, Place, Room, Scroll, Seen, Then, Why, mentions},
};

/// How often the server is told what is read, at most.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Goes to the room of that place in the list.
pub(super) fn go(model: &mut Model, index: usize) -> Vec<Effect> {
    let mut effects = super::stopped_typing(model);
    let before = model.room().name.clone();
    if !model.rooms.go(index) {
        return effects;
    }
    compose::settle(model);
    model.find = None;
    if let Some(room) = model.rooms.find_mut(&before) {
        room.selected = None;
        // What was read needs no line any more.
        room.marker = room.marker.filter(|_| room.unread > 0);
    }
    // What was seen was seen in the other room.
    model.seen = Seen::default();
    let room = model.room();
    if room.membership == Membership::Absent && model.link == Link::Online {
        let name = room.name.clone();
        model.room_mut().membership = Membership::Joining;
        link::join(model, name, None);
    }
    effects.extend(entered(model));
    effects
}

/// The user looks at the current room, which holds something: what is new there is shown from its first.
pub(super) fn entered(model: &mut Model) -> Vec<Effect> {
    let room = model.room_mut();
    if room.unread == 0 || room.past.is_some() {
        return Vec::new();
    }
    room.marker = Some(room.read);
    if room.unread_more {
        return scroll::first_unread(model);
    }
    let first = room.live.messages().find(|message| message.seq > room.read).map(|message| message.seq);
    if let Some(seq) = first {
        room.scroll = Scroll::Show { place: Place::of(seq), down: 30 };
    }
    Vec::new()
}

/// The next room that wants something: mentions before private words before other messages.
pub(super) fn important(model: &mut Model) -> Vec<Effect> {
    let (count, current) = (model.rooms.len(), model.rooms.number());
    let weight = |room: &Room| match (room.mentions > 0, room.with.is_some(), room.unread > 0 && !room.muted) {
        (true, ..) => 3,
        (_, true, true) => 2,
        (_, _, true) => 1,
        _ => 0,
    };
    // From here on around, so that the same weight takes turns.
    let around = (1..count).map(|step| (current + step) % count);
    let rooms: Vec<_> = model.rooms.iter().map(weight).collect();
    let best = around
        .filter(|index| rooms[*index] > 0)
        .max_by_key(|index| (rooms[*index], std::cmp::Reverse((index + count - current) % count)));
    match best {
        Some(index) => go(model, index),
        None => {
            hint(model, "Nothing new in other rooms.");
            Vec::new()
        }
    }
}

/// Into a room, or to it.
pub(super) fn enter(model: &mut Model, name: RoomName) -> Vec<Effect> {
    if let Some(index) = model.rooms.index(&name) {
        return go(model, index);
    }
    if model.link != Link::Online {
        return fault(model, "There is no connection now: no room can be joined.");
    }
    if is_asked(model, |why| matches!(why, Why::Join { room, .. } if *room == name)) {
        return Vec::new();
    }
    let then = Then { typed: model.typed, show: None };
    link::join(model, name, Some(then));
    Vec::new()
}

/// To the conversation with one user.
pub(super) fn converse(model: &mut Model, with: chat_protocol::UserName) -> Vec<Effect> {
    let name = RoomName::private(&model.user, &with);
    model.rooms.add(name.clone(), Some(with));
    model.rooms.index(&name).map_or_else(Vec::new, |index| go(model, index))
}

/// Out of a room; a private conversation is only put away.
pub(super) fn leave(model: &mut Model, name: &RoomName) -> Vec<Effect> {
    let Some(room) = model.rooms.find(name) else { return fault(model, format!("You are not in {name}.")) };
    let with = room.with.clone();
    let unsent = model.outbox.of(name).count();
    if unsent > 0 {
        return fault(model, format!("{unsent} not sent there yet: /resend, /drop, or wait until it is."));
    }
    if let Some(with) = with {
        model.people.insert(with);
        return gone(model, name);
    }
    let others = model.rooms.iter().position(|room| room.with.is_none() && room.name != *name && !is_leaving(model, &room.name));
    let Some(other) = others else {
        return notice(model, "This is your only room. /join another first, or /quit.");
    };
    // At once: what is typed from now on is not for the room that is left.
    let mut effects = Vec::new();
    if model.room().name == *name {
        let stays = |index: &usize| model.rooms.iter().nth(*index).is_some_and(|room| !is_leaving(model, &room.name));
        let to = model.rooms.last().filter(stays).unwrap_or(other);
        effects.extend(go(model, to));
    }
    if model.link != Link::Online {
        // The address of the connection to come names the first: it is left when we are there.
        if model.rooms.iter().find(|room| room.with.is_none()).is_some_and(|room| room.name == *name) {
            queue(model, Why::Leave { room: name.clone() }, ClientMessage::Leave { room: Some(name.shown().into()) });
            return effects;
        }
        effects.extend(gone(model, name));
        return effects;
    }
    let message = ClientMessage::Leave { room: Some(name.shown().into()) };
    effects.push(ask(model, Why::Leave { room: name.clone() }, message));
    effects
}

/// Whether we asked to be out of a room.
pub(super) fn is_leaving(model: &Model, name: &RoomName) -> bool {
    is_asked(model, |why| matches!(why, Why::Leave { room } if room == name))
}

/// The public rooms, for the next start; where a program is, no person is.
pub(super) fn keep(model: &Model) -> Option<Effect> {
    let rooms = model.rooms.iter().filter(|room| room.with.is_none()).map(|room| room.name.clone());
    (model.audience != Audience::Program).then(|| Effect::KeepRooms { user: model.user.clone(), rooms: rooms.collect() })
}

/// We are no longer in a room.
pub(super) fn gone(model: &mut Model, name: &RoomName) -> Vec<Effect> {
    let was_here = model.room().name == *name;
    if model.rooms.remove(name).is_none() {
        return Vec::new();
    }
    model.asked.retain(|_, asked| !asked.is_about(name));
    let text = format!("left {name}");
    model.seen = Seen::default();
    let mut effects = vec![Effect::Tell(Told::Notice { room: None, text })];
    effects.extend(keep(model));
    if was_here {
        effects.extend(entered(model));
    }
    effects
}

/// A room does not let us in.
pub(super) fn refused(model: &mut Model, name: &RoomName, why: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    let new = model.rooms.find(name).is_some_and(|room| room.position.is_none());
    if new && model.rooms.iter().any(|room| room.with.is_none() && room.name != *name) {
        effects.extend(gone(model, name));
    } else if let Some(room) = model.rooms.find_mut(name) {
        room.membership = Membership::Absent;
        model.asked.retain(|_, asked| !matches!(&asked.why, Why::Change { room } if room == name));
    }
    effects.extend(fault(model, format!("{name}: {why}")));
    effects
}

/// What is before the user's eyes is read: what a drawing showed, and no more.
pub(super) fn seen(model: &mut Model) {
    if !model.focused || model.is_headless() {
        return;
    }
    let name = model.room().name.clone();
    let newest = model.looks_at(&name);
    let (last, room) = (model.seen.last, model.room());
    let read = match &room.position {
        Some((_, seq)) if newest => Some(*seq),
        Some((_, seq)) => last.map(|last| last.min(*seq)),
        None => None,
    };
    if let Some(read) = read.filter(|read| *read > room.read) {
        read_to(model, &name, read);
    }
}

/// Up to there it is read: what that was is no longer counted.
fn read_to(model: &mut Model, name: &RoomName, read: Seq) {
    let Some(room) = model.rooms.find(name) else { return };
    let news = room.live.messages().rev().skip_while(|message| message.seq > read).take_while(|message| message.seq > room.read);
    let counted: Vec<_> = news.filter(|message| counts(model, message)).collect();
    let mentioned = counted.iter().filter(|message| mentions(&model.settings, &model.user, &message.text)).count();
    let unread = counted.len();
    let Some(room) = model.rooms.find_mut(name) else { return };
    model.dirty |= unread > 0;
    room.read = room.read.max(read);
    room.unread = room.unread.saturating_sub(unread);
    room.mentions = room.mentions.saturating_sub(mentioned);
    if room.position.as_ref().is_some_and(|(_, newest)| *newest <= read) {
        // What was trimmed or edited since it was counted is read, too.
        (room.unread, room.mentions) = (0, 0);
    }
    let oldest = room.live.first();
    room.unread_more &= oldest.is_some_and(|oldest| room.read.0 + 1 < oldest.0);
}

/// Whether a message waits to be read, if it is new.
pub(super) fn counts(model: &Model, message: &Message) -> bool {
    message.from != model.user && !message.deleted && !model.ignores(&message.from)
}

/// A message that was not read is gone.
pub(super) fn uncount(model: &mut Model, name: &RoomName, target: Seq) {
    let Some(room) = model.rooms.find(name) else { return };
    let waits = |message: &&Message| message.seq > room.read && counts(model, message);
    let Some(message) = room.live.message(target).filter(waits) else { return };
    let mentioned = mentions(&model.settings, &model.user, &message.text);
    if let Some(room) = model.rooms.find_mut(name) {
        room.unread = room.unread.saturating_sub(1);
        room.mentions = room.mentions.saturating_sub(usize::from(mentioned));
    }
}

/// What is printed for a person is read.
pub(super) fn printed(model: &mut Model, name: &RoomName) {
    let Some(room) = model.rooms.find_mut(name) else { return };
    if let Some((_, seq)) = room.position {
        room.read = room.read.max(seq);
    }
    (room.unread, room.mentions) = (0, 0);
}

/// Everything in this room is read.
pub(super) fn mark_read(model: &mut Model) -> Vec<Effect> {
    let room = model.room_mut();
    room.marker = None;
    room.unread_more = false;
    (room.unread, room.mentions) = (0, 0);
    if let Some((_, seq)) = room.position {
        room.read = room.read.max(seq);
    }
    Vec::new()
}

/// Another device of the user's has read up to there.
pub(super) fn read_elsewhere(model: &mut Model, name: &RoomName, seq: Seq) -> Vec<Effect> {
    let Some(room) = model.rooms.find_mut(name) else { return Vec::new() };
    room.told_read = room.told_read.max(seq);
    if seq > room.read {
        read_to(model, name, seq);
    }
    Vec::new()
}

/// Counts anew what is not read: when a room is entered, or it is another question what counts. Only what came since the mark is
/// looked at.
pub(super) fn count(model: &mut Model, name: &RoomName) {
    let Some(room) = model.rooms.find(name) else { return };
    let (read, mut unread, mut mentioned) = (room.read, 0, 0);
    for message in room.live.messages().rev().take_while(|message| message.seq > read) {
        if counts(model, message) {
            unread += 1;
            mentioned += usize::from(mentions(&model.settings, &model.user, &message.text));
        }
    }
    let Some(room) = model.rooms.find_mut(name) else { return };
    let oldest = room.live.first();
    room.unread_more = read > Seq(0) && room.live.more_before && oldest.is_some_and(|oldest| read.0 + 1 < oldest.0);
    (room.unread, room.mentions) = (unread, mentioned);
}

/// Tells the server what is read, not too often.
pub(super) fn tell_read(model: &mut Model) -> Vec<Effect> {
    let now = model.now.since;
    if model.link != Link::Online || now < model.told_read + TELL_EVERY {
        return Vec::new();
    }
    let due = model.rooms.iter_mut().filter(|room| room.told_read < room.read && room.is_open());
    model.told_rooms.clear();
    let told = due.take(4).map(|room| {
        room.told_read = room.read;
        model.told_rooms.push(room.name.clone());
        signal(ClientMessage::Read { room: Some(room.name.shown().into()), seq: room.read })
    });
    let told: Vec<_> = told.collect();
    if !told.is_empty() {
        model.told_read = now;
    }
    told
}

/// A signal was refused: it may have been what was told last.
pub(super) fn tell_again(model: &mut Model) {
    for name in std::mem::take(&mut model.told_rooms) {
        if let Some(room) = model.rooms.find_mut(&name) {
            room.told_read = Seq(0);
        }
    }
}

/// Which rooms are muted, as the settings have it.
pub(super) fn mute(model: &mut Model) {
    let muted: Vec<_> =
        model.settings.alerts.mute.iter().map(|name| chat_protocol::names::fold(name.trim_start_matches('#'))).collect();
    for room in model.rooms.iter_mut() {
        let name = room.with.as_ref().map_or(room.name.folded(), |user| user.folded());
        room.muted = muted.iter().any(|muted| muted.trim_start_matches('@') == name);
    }
}

/// What the terminal's title says: where one is, and how much waits.
pub(super) fn title(model: &Model) -> String {
    let waiting: usize = model.rooms.iter().map(|room| if room.muted { room.mentions } else { room.unread }).sum();
    let count = if waiting > 0 { format!("({waiting}) ") } else { String::new() };
    let title = format!("{count}{} - chat", model.room().title());
    chat_protocol::display::clip(&chat_protocol::display::line(&title), 100)
}
