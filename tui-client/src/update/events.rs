//! What the log holds, as it comes by: live, or caught up with after an absence.

use chat_protocol::{RoomName, ServerMessage, UserName, display, server::Message};

use super::{link, outbox, requests, rooms};
use crate::{
    effect::{Effect, Told},
    model::{Audience, Entry, Membership, Model, Place, Room, mentions},
};

/// How an event comes to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It happens now.
    Live,
    /// It happened while we were away.
    Missed,
}

pub(super) fn logged(model: &mut Model, event: ServerMessage, news: News) -> Vec<Effect> {
    let (ServerMessage::Message(Message { room, seq, .. })
    | ServerMessage::Edited { room, seq, .. }
    | ServerMessage::Deleted { room, seq, .. }
    | ServerMessage::Reacted { room, seq, .. }
    | ServerMessage::Topic { room, seq, .. }) = &event
    else {
        return Vec::new();
    };
    let (name, seq) = (room.clone(), *seq);
    let epoch = model.epoch.clone();
    let mut effects = Vec::new();
    if model.rooms.find(&name).is_none() && model.audience != Audience::Program {
        // Somebody begins a private conversation with us; what else would come unasked is none of ours.
        let Some(with) = partner(model, &name) else { return effects };
        model.rooms.add(name.clone(), Some(with)).membership = Membership::Joining;
        if let ServerMessage::Message(message) = &event
            && message.from != model.user
            && !model.ignores(&message.from)
            && !model.focused
        {
            effects.extend(model.rooms.find(&name).map(|room| call(&model.settings, room, message)));
        }
        // There may be older words. The answer brings this one too.
        link::join(model, name.clone(), None);
    }
    if let ServerMessage::Message(message) = &event
        && message.from == model.user
        && let Some(cid) = &message.cid
    {
        effects.extend(outbox::settled(model, cid, seq));
    }
    let Some(room) = model.rooms.find_mut(&name) else { return effects };
    // A private conversation is live before it is caught up with: what is heard until then comes again, in its order.
    let early = news == News::Live && room.membership != Membership::Joined;
    if early || room.position.as_ref().is_some_and(|(_, position)| *position >= seq) {
        return effects;
    }
    room.reach(seq);
    if room.position.is_none() {
        room.position = epoch.clone().map(|epoch| (epoch, seq));
    }
    effects.push(Effect::Tell(Told::Event { event: Box::new(event.clone()), epoch, old: false }));
    if from(&event) == Some(&model.user) {
        requests::heard(model, &event);
    }
    if let ServerMessage::Deleted { target, .. } = &event {
        rooms::uncount(model, &name, *target);
    }
    let Some(room) = model.rooms.find_mut(&name) else { return effects };
    match event {
        ServerMessage::Message(message) => effects.extend(said(model, message, news)),
        ServerMessage::Topic { from, text, at, .. } => {
            room.topic.clone_from(&text);
            room.live.insert(seq, Entry::Topic { from, text, at });
        }
        change => {
            room.live.change(&change);
            if let Some(past) = &mut room.past {
                past.change(&change);
            }
        }
    }
    if model.audience == Audience::Lines {
        rooms::printed(model, &name);
    }
    effects
}

fn from(event: &ServerMessage) -> Option<&UserName> {
    match event {
        ServerMessage::Edited { from, .. }
        | ServerMessage::Deleted { from, .. }
        | ServerMessage::Reacted { from, .. }
        | ServerMessage::Topic { from, .. } => Some(from),
        _ => None,
    }
}

fn said(model: &mut Model, message: Message, news: News) -> Vec<Effect> {
    let (own, ignored) = (message.from == model.user, model.ignores(&message.from));
    let mentioned = !own && mentions(&model.settings, &model.user, &message.text);
    // What was missed was missed, whoever looks now.
    let looked_at = news == News::Live && model.looks_at(&message.room);
    let Some(room) = model.rooms.find_mut(&message.room) else { return Vec::new() };
    room.typing.remove(&message.from);
    if room.with.is_some() && news == News::Live {
        room.users.insert(message.from.clone());
    }
    if message.seq <= room.read || own || ignored || message.deleted {
        room.live.insert(message.seq, Entry::Message(Box::new(message)));
        return Vec::new();
    }
    // What is looked at is read as soon as it is drawn; until then it is not worth a number in the title.
    room.unread += usize::from(!looked_at);
    room.mentions += usize::from(mentioned && !looked_at);
    // The line «new» stands before the first that comes while nobody looks.
    if !looked_at && room.marker.is_none_or(|marker| marker < room.read) {
        room.marker = Some(room.read);
    }
    if room.scroll != crate::model::Scroll::Newest {
        room.news += 1;
    }
    let calls = mentioned || (room.with.is_some() && !room.muted);
    let effect = (calls && news == News::Live && !model.focused).then(|| call(&model.settings, room, &message));
    room.live.insert(message.seq, Entry::Message(Box::new(message)));
    effect.into_iter().collect()
}

fn call(settings: &crate::config::Settings, room: &Room, message: &Message) -> Effect {
    let from = display::line(message.from.shown()).into_owned();
    let place = display::line(&room.title()).into_owned();
    let title = if room.with.is_some() { from.clone() } else { format!("{from} in {place}") };
    let body = match (settings.alerts.show_text, room.with.is_some()) {
        (true, _) => display::clip(&display::line(&message.text), 200),
        (false, true) => "wrote to you".into(),
        (false, false) => "mentioned you".into(),
    };
    Effect::Notify { title, body }
}

/// The other one of a private room, by the name that is known best.
pub(super) fn partner(model: &Model, room: &RoomName) -> Option<UserName> {
    let (one, other) = room.pair()?;
    let folded = if one == model.user.folded() { other } else { one };
    let known = model.rooms.iter().flat_map(|room| room.users.iter().chain(&room.with)).chain(&model.people);
    known.into_iter().find(|user| user.folded() == folded).cloned().or_else(|| UserName::known(folded).ok())
}

impl Room {
    /// Something that is not logged, at the end.
    pub(super) fn push(&mut self, entry: Entry) -> Place {
        if self.scroll != crate::model::Scroll::Newest {
            self.news += 1;
        }
        self.live.push(entry)
    }

    /// The log of this room has come so far.
    pub(super) fn reach(&mut self, seq: chat_protocol::Seq) {
        self.live.reach(seq);
        if let Some((_, position)) = &mut self.position {
            *position = seq.max(*position);
        }
    }
}

impl Model {
    /// Whether the user does not want to hear of somebody.
    pub(crate) fn ignores(&self, user: &UserName) -> bool {
        self.blocked.contains(user) || self.settings.ignore.iter().any(|name| chat_protocol::names::fold(name) == user.folded())
    }

    /// Whether what comes in a room is before the user's eyes.
    pub(crate) fn looks_at(&self, room: &RoomName) -> bool {
        self.focused
            && self.room().name == *room
            && self.room().scroll == crate::model::Scroll::Newest
            && self.room().past.is_none()
    }
}
