//! What the server says.

use std::time::Duration;

use chat_protocol::{
    ClientId, ErrorCode, RoomName, Seq, ServerFrame, ServerMessage, UserName,
    server::{Joined, Message, User},
};

use super::{
    events::{self, News},
    fault, hint, link, notice, outbox, overlays,
    requests::{self, answered},
    rooms, scroll,
};
use crate::{
    effect::{Effect, Told},
    model::{Entry, Membership, Model, Purpose as Draft, Room, Scroll, Transcript, Why},
};

/// How long somebody is shown as typing when the server does not say that it ended.
const TYPING_AT_MOST: Duration = Duration::from_secs(6);
/// A server that asks for more patience than this does not get it.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long others may take to come back from what took our connection, too.
const RETURN: Duration = Duration::from_secs(30);
/// Names in one line of who came and went.
const FOLDED: usize = 40;

pub(super) fn heard(model: &mut Model, frame: ServerFrame) -> Vec<Effect> {
    use ServerMessage as Said;
    let reference = frame.reference.as_deref();
    let why = match &frame.message {
        // A refusal may only mean later.
        Said::Error { .. } => None,
        _ => answered(model, reference),
    };
    match frame.message {
        Said::Welcome(welcome) => link::welcomed(model, welcome),
        Said::Joined(snapshot) => joined(model, why, snapshot),
        Said::Left { room } => rooms::gone(model, &room),
        event @ (Said::Message(_) | Said::Edited { .. } | Said::Deleted { .. } | Said::Reacted { .. } | Said::Topic { .. }) => {
            events::logged(model, event, News::Live)
        }
        Said::Events { room, events, more } => {
            let effects = events.into_iter().flat_map(|event| events::logged(model, event, News::Missed)).collect();
            if let Some(room) = model.rooms.find_mut(&room).filter(|_| !more) {
                room.membership = Membership::Joined;
            }
            effects
        }
        Said::Presence { room, joined, left, online } => presence(model, &room, joined, left, online),
        Said::Typing { room, user, active } => {
            let until = model.now.since + TYPING_AT_MOST;
            let shown = model.settings.show_typing && user != model.user && !model.ignores(&user);
            if let Some(room) = model.rooms.find_mut(&room).filter(|_| shown) {
                if active {
                    room.typing.insert(user, until);
                } else {
                    room.typing.remove(&user);
                }
            }
            Vec::new()
        }
        Said::Ack { room, seq, at, cid, .. } => cid.map_or_else(Vec::new, |cid| outbox::acked(model, room, seq, at, &cid)),
        Said::History { room, messages, more } => history(model, why, &room, messages, more),
        Said::Found { messages, more } => match why {
            Some(Why::Search { query }) => overlays::found(model, query, messages, more),
            _ => Vec::new(),
        },
        Said::Rooms { rooms } => overlays::listed(model, rooms),
        Said::Users { room, users } => {
            let names: Vec<_> = names(users).map(|user| user.shown().to_owned()).collect();
            notice(model, format!("In {room}: {}", names.join(", ")))
        }
        Said::Read { room, seq } => rooms::read_elsewhere(model, &room, seq),
        Said::Pong {} => notice(model, "The server is there."),
        Said::Blocked { users } => blocked(model, users),
        Said::Notice { text, room } => said(model, room, text),
        Said::Error { code, .. } if reference == Some(requests::SIGNAL) => {
            if matches!(code, ErrorCode::RateLimited | ErrorCode::Unavailable) {
                rooms::tell_again(model);
            }
            Vec::new()
        }
        Said::Error { code, text, retry_ms } => {
            refused(model, reference, code, &text, Duration::from_millis(retry_ms.unwrap_or(0)).min(PATIENCE))
        }
        // The transport has looked at it already.
        Said::Closing { .. } => Vec::new(),
    }
}

fn joined(model: &mut Model, why: Option<Why>, snapshot: Joined) -> Vec<Effect> {
    let (epoch, me) = (model.epoch.clone(), model.user.clone());
    let with = events::partner(model, &snapshot.room);
    if why.is_none() && with.is_some() && model.rooms.find(&snapshot.room).is_none() {
        // It was put away meanwhile.
        return Vec::new();
    }
    let is_private = with.is_some();
    let room = model.rooms.add(snapshot.room, with);
    let name = room.name.clone();
    let again = match &why {
        Some(Why::Join { resumes, .. }) => *resumes,
        _ => room.position.is_some(),
    };
    let told = room.position.as_ref().filter(|(at, _)| Some(at) == epoch.as_ref()).map_or(Seq(0), |(_, seq)| *seq);
    room.topic = snapshot.topic;
    let was_whole = room.is_whole();
    let before = std::mem::replace(&mut room.users, names(snapshot.users).collect());
    room.counted(snapshot.online.unwrap_or_default());
    if again {
        // Only where both lists are whole did somebody go who is in one of them alone.
        let gone = before.difference(&room.users).filter(|_| was_whole && room.is_whole()).cloned().collect();
        room.missing = (gone, model.now.since + RETURN);
    }
    room.membership = if snapshot.recovered && snapshot.more { Membership::CatchingUp } else { Membership::Joined };
    let mut effects = Vec::new();
    if snapshot.recovered {
        room.read = room.read.max(snapshot.read);
        room.told_read = snapshot.read;
        for event in snapshot.events.unwrap_or_default() {
            effects.extend(events::logged(model, event, News::Missed));
        }
        // While there is more to come, only what has come counts.
        if !snapshot.more
            && let Some(room) = model.rooms.find_mut(&name)
        {
            room.reach(snapshot.seq);
        }
    } else {
        room.live = Transcript::default();
        room.past = None;
        room.selected = None;
        room.scroll = Scroll::Newest;
        match std::mem::replace(&mut room.purpose, Draft::New) {
            // The words of another log's message are no new message.
            Draft::Edit(_) if again => room.composer.put_back(),
            purpose if !again => room.purpose = purpose,
            _ => {}
        }
        room.live.more_before = snapshot.more;
        room.position = epoch.clone().map(|epoch| (epoch, snapshot.seq));
        // Who was never here before has missed nothing; what was said to us alone is another matter.
        let mark = if snapshot.read == Seq(0) && !is_private { snapshot.seq } else { snapshot.read };
        // A position of another log means nothing in this one.
        room.read = if again { mark } else { room.read.max(mark) }.min(snapshot.seq);
        room.told_read = snapshot.read;
        room.marker = None;
        let mut settled = Vec::new();
        for message in snapshot.messages.unwrap_or_default() {
            if message.from == me
                && let Some(cid) = &message.cid
            {
                settled.push((cid.clone(), message.seq));
            }
            if message.seq > told {
                let event = Box::new(ServerMessage::Message(message.clone()));
                effects.push(Effect::Tell(Told::Event { event, epoch: epoch.clone(), old: true }));
            }
            room.live.insert(message.seq, Entry::Message(Box::new(message)));
        }
        room.live.reach(snapshot.seq);
        if again {
            let text = "The server could not fill in what you missed: this is as its log has it now.".to_owned();
            room.push(Entry::Fault { text, at: model.now.wall });
            effects.push(Effect::Tell(Told::Gap { room: name.clone() }));
        }
        for (cid, seq) in settled {
            effects.extend(outbox::settled(model, &cid, seq));
        }
    }
    rooms::count(model, &name);
    rooms::mute(model);
    let is_current = model.room().name == name;
    if let Some(Why::Join { then: Some(then), .. }) = why
        && let Some(index) = model.rooms.index(&name)
    {
        effects.extend(rooms::keep(model));
        if model.typed == then.typed && model.overlay.is_none() && model.editing.is_none() {
            effects.extend(rooms::go(model, index));
            effects.extend(then.show.map(|seq| scroll::jump(model, seq, true)).unwrap_or_default());
        } else {
            // Who types on does not want to be taken elsewhere.
            let words = format!("{name} is joined: /go {name}");
            hint(model, words.clone());
            effects.push(Effect::Tell(Told::Notice { room: Some(name), text: words }));
        }
    } else if is_current && model.room().scroll == Scroll::Newest {
        effects.extend(rooms::entered(model));
    }
    effects
}

fn history(model: &mut Model, why: Option<Why>, room: &RoomName, messages: Vec<Message>, more: bool) -> Vec<Effect> {
    match why {
        Some(Why::Older { before, .. }) => scroll::older(model, room, before, messages, more),
        Some(Why::Newer { after, .. }) => scroll::newer(model, room, after, messages, more),
        Some(Why::Around { seq, select, .. }) => scroll::around(model, room, seq, select, messages, more),
        // A program without a screen asked for them in order to print them.
        Some(Why::Show) => messages.into_iter().map(|message| tell_old(model, message)).collect(),
        _ => Vec::new(),
    }
}

fn tell_old(model: &Model, message: Message) -> Effect {
    Effect::Tell(Told::Event { event: Box::new(ServerMessage::Message(message)), epoch: model.epoch.clone(), old: true })
}

fn presence(model: &mut Model, name: &RoomName, joined: Vec<User>, left: Vec<UserName>, online: usize) -> Vec<Effect> {
    let (at, me) = (model.now.wall, model.user.clone());
    let Some(room) = model.rooms.find_mut(name) else { return Vec::new() };
    let was_whole = room.is_whole();
    // Differences may name somebody whom the snapshot has already.
    let came: Vec<_> = names(joined).filter(|user| room.users.insert(user.clone())).collect();
    let went: Vec<_> = left.into_iter().filter(|user| room.users.remove(user)).collect();
    room.counted(online);
    if !(was_whole && room.is_whole()) {
        // Names moved in and out of a part of the list because others came or went before them. Whoever is in it is here.
        room.missing.0.clear();
        attend(model, &came, &[]);
        return Vec::new();
    }
    let mut effects = Vec::new();
    attend(model, &came, &went);
    let Some(room) = model.rooms.find_mut(name) else { return effects };
    let came: Vec<_> = came.into_iter().filter(|user| !room.missing.0.remove(user)).collect();
    for (user, came) in came.into_iter().map(|user| (user, true)).chain(went.into_iter().map(|user| (user, false))) {
        if !came {
            room.typing.remove(&user);
        }
        if user != me {
            effects.push(Effect::Tell(Told::Presence { room: name.clone(), user: user.clone(), came }));
            fold(&mut room.live, user, came, at);
        }
    }
    effects
}

/// Nobody tells who is there for a private conversation; that somebody came into a room tells it, too. Who went may be in another
/// room, unlisted.
fn attend(model: &mut Model, came: &[UserName], went: &[UserName]) {
    let gone = |model: &Model, user: &UserName| {
        let may_hold = |room: &Room| room.with.is_none() && (room.users.contains(user) || !room.is_whole());
        went.contains(user) && !model.rooms.iter().any(may_hold)
    };
    let absent: Vec<_> = went.iter().filter(|user| gone(model, user)).cloned().collect();
    for room in model.rooms.iter_mut() {
        let Some(with) = &room.with else { continue };
        if came.contains(with) {
            room.users.insert(with.clone());
            room.missing.0.remove(with);
        } else if absent.contains(with) {
            room.users.remove(with);
        }
    }
}

/// Who did not come back in time after our connection broke went.
pub(super) fn missed(model: &mut Model) -> Vec<Effect> {
    let (now, at) = (model.now.since, model.now.wall);
    let mut effects = Vec::new();
    for room in model.rooms.iter_mut().filter(|room| !room.missing.0.is_empty() && room.missing.1 <= now) {
        for user in std::mem::take(&mut room.missing.0) {
            effects.push(Effect::Tell(Told::Presence { room: room.name.clone(), user: user.clone(), came: false }));
            fold(&mut room.live, user, false, at);
        }
    }
    effects
}

/// One more in the run of comings and goings at the end of a transcript, or the first of a new run.
fn fold(live: &mut Transcript, user: UserName, comes: bool, at: chat_protocol::Timestamp) {
    let run = match live.back_mut() {
        Some(Entry::Presence { came, went, passed, .. }) if came.len() + went.len() + passed.len() < FOLDED => {
            Some((came, went, passed))
        }
        _ => None,
    };
    let Some((came, went, passed)) = run else {
        let (came, went) = if comes { (vec![user], Vec::new()) } else { (Vec::new(), vec![user]) };
        live.push(Entry::Presence { came, went, passed: Vec::new(), at });
        return;
    };
    let take = |names: &mut Vec<UserName>| names.iter().position(|name| *name == user).map(|index| names.remove(index)).is_some();
    match comes {
        // Went and is back: as if nothing had been.
        true if take(went) => {}
        true => {
            take(passed);
            came.push(user);
        }
        false if take(came) => passed.push(user),
        false => went.push(user),
    }
}

fn said(model: &mut Model, room: Option<RoomName>, text: String) -> Vec<Effect> {
    let at = model.now.wall;
    let name = room.filter(|name| model.rooms.find(name).is_some()).unwrap_or_else(|| model.room().name.clone());
    if let Some(room) = model.rooms.find_mut(&name) {
        room.push(Entry::Notice { text: text.clone(), at });
    }
    vec![Effect::Tell(Told::Notice { room: Some(name), text })]
}

/// Of whom nothing is wanted from now on.
fn blocked(model: &mut Model, users: Vec<UserName>) -> Vec<Effect> {
    let names = |users: &[UserName]| users.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let before = std::mem::replace(&mut model.blocked, users);
    let new: Vec<_> = model.blocked.iter().filter(|name| !before.contains(name)).cloned().collect();
    let again: Vec<_> = before.into_iter().filter(|name| !model.blocked.contains(name)).collect();
    super::commands::recount(model);
    match (new.is_empty(), again.is_empty()) {
        (false, _) => hint(model, format!("{} is not shown any more, nor heard in private. /unblock ends it.", names(&new))),
        (true, false) => hint(model, format!("{} is shown again.", names(&again))),
        (true, true) if model.blocked.is_empty() => hint(model, "Nobody is blocked."),
        (true, true) => hint(model, format!("Blocked: {}", names(&model.blocked))),
    }
    Vec::new()
}

fn refused(model: &mut Model, reference: Option<&str>, code: ErrorCode, text: &str, retry: Duration) -> Vec<Effect> {
    let passing = matches!(code, ErrorCode::RateLimited | ErrorCode::Unavailable);
    let Some(reference) = reference else { return fault(model, text) };
    if model.asked.contains_key(reference) {
        if passing && requests::hold(model, reference, retry) {
            return Vec::new();
        }
        return match answered(model, Some(reference)) {
            Some(Why::Join { room, .. }) => rooms::refused(model, &room, text),
            Some(Why::Leave { room }) if code == ErrorCode::NotJoined => rooms::gone(model, &room),
            Some(Why::Older { room, .. } | Why::Newer { room, .. }) => {
                scroll::refused(model, &room);
                fault(model, text)
            }
            _ => fault(model, text),
        };
    }
    match ClientId::parse(reference) {
        Some(cid) if passing => {
            let now = model.now.since;
            model.outbox.hold(&cid, now, retry);
            Vec::new()
        }
        Some(cid) => outbox::failed(model, &cid, text),
        None => fault(model, text),
    }
}

fn names(users: Vec<User>) -> impl Iterator<Item = UserName> {
    users.into_iter().map(|user| user.name)
}
