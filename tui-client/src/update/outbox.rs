//! What is said, from the input line until the server has it.

use std::{cmp::Ordering, collections::BTreeMap};

use chat_protocol::{ClientId, ClientMessage, Request, RoomName, Seq, Timestamp, limits, server::Message};

use super::{
    fault,
    requests::{ask, queue, signal},
};
use crate::{
    effect::{Effect, Told},
    model::{Entry, Link, Membership, Model, Outbox, Place, Progress, Purpose, Room, Scroll, State, Why},
};

/// A text to say in the current room: a new message, an answer or other words for an old one, as the input line has it.
pub(super) fn say(model: &mut Model, text: String) -> Vec<Effect> {
    let room = model.room_mut();
    let name = room.name.clone();
    match std::mem::replace(&mut room.purpose, Purpose::New) {
        Purpose::New => send(model, &name, text, None, false),
        Purpose::Reply(seq) => send(model, &name, text, Some(seq), false),
        Purpose::Edit(seq) => {
            let unchanged = room.shown().message(seq).is_some_and(|message| message.text == text);
            if unchanged { stopped_typing(model) } else { change(model, &name, |room| ClientMessage::Edit { room, seq, text }) }
        }
    }
}

/// Says something in a room.
pub(super) fn send(model: &mut Model, room: &RoomName, text: String, reply_to: Option<Seq>, action: bool) -> Vec<Effect> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let at = model.now.wall;
    model.outbox.push(room.clone(), text, reply_to, action, at);
    if let Some(room) = model.rooms.find_mut(room) {
        room.told_typing = None;
        // Who speaks has read, and wants to see it.
        room.follow();
        room.marker = room.marker.filter(|_| room.unread > 0);
    }
    flush(model)
}

/// Something other than a message that is to last.
pub(super) fn change(model: &mut Model, room: &RoomName, message: impl FnOnce(Option<String>) -> ClientMessage) -> Vec<Effect> {
    if model.link != Link::Online {
        return fault(model, "There is no connection now, and this cannot wait for one.");
    }
    let (why, message) = (Why::Change { room: room.clone() }, message(Some(room.shown().to_owned())));
    if model.asked.values().any(|asked| asked.why == why && !matches!(asked.progress, Progress::Sent(_))) {
        queue(model, why, message);
        return Vec::new();
    }
    vec![ask(model, why, message)]
}

/// What is to go out now.
pub(super) fn flush(model: &mut Model) -> Vec<Effect> {
    if model.link != Link::Online {
        return Vec::new();
    }
    let rooms = &model.rooms;
    let due = model.outbox.due(model.now.since, |name| rooms.find(name).is_none_or(Room::is_open));
    let Some(pending) = due else { return Vec::new() };
    model.dirty = true;
    let reference = Some(pending.cid.as_str().to_owned());
    let (room, cid) = (Some(pending.room.shown().to_owned()), Some(pending.cid));
    let message = ClientMessage::Send { room, text: pending.text, cid, reply_to: pending.reply_to, action: pending.action };
    vec![Effect::Ask(Request { reference, message })]
}

/// The log has one of ours: it is shown in its place, before it comes by.
pub(super) fn acked(model: &mut Model, room: RoomName, seq: Seq, at: Timestamp, cid: &ClientId) -> Vec<Effect> {
    let moved = slot(&model.outbox, cid);
    let Some(pending) = model.outbox.settle(cid) else { return Vec::new() };
    follow(model, moved, Some(seq));
    let message = Message {
        room: room.clone(),
        seq,
        from: model.user.clone(),
        text: pending.text,
        at,
        cid: Some(pending.cid),
        reply_to: pending.reply_to,
        action: pending.action,
        edited_at: None,
        deleted: false,
        reactions: BTreeMap::new(),
    };
    if let Some(room) = model.rooms.find_mut(&room)
        && room.live.message(seq).is_none()
        // An old one that was sent twice may lie before what is here.
        && room.live.first().is_none_or(|first| first < seq)
    {
        room.live.insert(seq, Entry::Message(Box::new(message)));
    }
    vec![Effect::Tell(Told::Sent { room, seq })]
}

/// Which room a message of ours waits in, as the how-manieth.
fn slot(outbox: &Outbox, cid: &ClientId) -> Option<(RoomName, usize)> {
    let room = &outbox.iter().find(|pending| pending.cid == *cid)?.room;
    Some((room.clone(), outbox.of(room).position(|pending| pending.cid == *cid)?))
}

/// A selection stays with its message when one of ours comes into the log, or is dropped.
fn follow(model: &mut Model, slot: Option<(RoomName, usize)>, seq: Option<Seq>) {
    let Some((name, gone)) = slot else { return };
    let Some(room) = model.rooms.find_mut(&name) else { return };
    let Some(selected) = room.selected.and_then(Place::as_pending) else { return };
    room.selected = match selected.cmp(&gone) {
        Ordering::Less => room.selected,
        Ordering::Equal => seq.map(Place::of),
        Ordering::Greater => u32::try_from(selected - 1).ok().map(Place::pending),
    };
}

/// Our own message came by: it needs no more sending. Somebody else's key may look like ours, and means nothing.
pub(super) fn settled(model: &mut Model, cid: &ClientId, seq: Seq) -> Option<Effect> {
    let moved = slot(&model.outbox, cid);
    let pending = model.outbox.settle(cid)?;
    follow(model, moved, Some(seq));
    Some(Effect::Tell(Told::Sent { room: pending.room, seq }))
}

/// The server does not want one.
pub(super) fn failed(model: &mut Model, cid: &ClientId, why: &str) -> Vec<Effect> {
    let Some(pending) = model.outbox.fail(cid, why.to_owned()) else { return Vec::new() };
    let (room, words) = (pending.room.clone(), format!("Not sent: {why}"));
    if model.rooms.find(&room).is_none() {
        // Where it was said it can no longer be seen.
        return fault(model, format!("{room}: {words}. /resend or /drop"));
    }
    vec![Effect::Tell(Told::Fault { room: Some(room), text: words })]
}

/// Sends again what was refused or is old.
pub(super) fn resend(model: &mut Model) -> Vec<Effect> {
    let at = model.now.wall;
    for cid in model.outbox.stuck() {
        model.outbox.again(&cid, at);
    }
    flush(model)
}

/// Drops it. The words are in the history of their room.
pub(super) fn drop_stuck(model: &mut Model) {
    for cid in model.outbox.stuck() {
        drop_one(model, &cid);
    }
}

/// Drops one of ours.
pub(super) fn drop_one(model: &mut Model, cid: &ClientId) {
    let moved = slot(&model.outbox, cid);
    let Some(pending) = model.outbox.settle(cid) else { return };
    follow(model, moved, None);
    if let Some(room) = model.rooms.find_mut(&pending.room) {
        room.selected = None;
        room.composer.remember(&pending.text);
    }
}

/// Tells the others that we type, at most so often; while words of ours are on their way, those go first.
pub(super) fn typing(model: &mut Model) -> Vec<Effect> {
    let now = model.now.since;
    let wanted = model.settings.send_typing && model.link == Link::Online;
    let room = model.rooms.current();
    let free = model.outbox.of(&room.name).all(|pending| matches!(pending.state, State::Failed(_) | State::Stale));
    let room = model.room_mut();
    let due = room.told_typing.is_none_or(|told| now >= told + limits::TYPING_RENEW);
    if !(wanted && free && due) || room.membership != Membership::Joined || matches!(room.purpose, Purpose::Edit(_)) {
        return Vec::new();
    }
    room.told_typing = Some(now);
    vec![signal(ClientMessage::Typing { room: Some(room.name.shown().into()), active: true })]
}

/// Tells the others that we no longer type, if they think so.
pub(super) fn stopped_typing(model: &mut Model) -> Vec<Effect> {
    let online = model.link == Link::Online;
    let room = model.room_mut();
    if room.told_typing.take().is_none() || !online {
        return Vec::new();
    }
    vec![signal(ClientMessage::Typing { room: Some(room.name.shown().into()), active: false })]
}

impl Room {
    /// Back to the newest.
    pub(super) fn follow(&mut self) {
        self.past = None;
        self.scroll = Scroll::Newest;
        self.news = 0;
        self.selected = None;
    }
}
