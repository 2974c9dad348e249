//! The connection's coming and going: what is lost with it, what is asked for again, what the user is told.

use std::time::Duration;

use chat_protocol::{ClientMessage, server::Welcome};

use super::{frames, hint, requests, rooms};
use crate::{
    effect::{Effect, Ending, Resume, Told},
    model::{Audience, Link, Membership, Model, Room, Seen, Then, Why},
    msg::LinkEvent,
};

/// A way there and back that is worth a word.
const SLOW: Duration = Duration::from_millis(400);

pub(super) fn heard(model: &mut Model, event: LinkEvent) -> Vec<Effect> {
    match event {
        LinkEvent::Frame(frame) => return frames::heard(model, *frame),
        LinkEvent::Trying { attempt } => model.link = Link::Connecting { attempt },
        LinkEvent::Waiting { delay, attempt } => {
            let reason = match &model.link {
                Link::Waiting { reason, .. } => reason.clone(),
                _ => String::new(),
            };
            model.link = Link::Waiting { until: model.now.since + delay, attempt, reason };
        }
        LinkEvent::Lag(lag) => model.lag = Some(lag).filter(|lag| *lag >= SLOW),
        LinkEvent::Lost { reason, come_back } => return lost(model, reason, come_back),
    }
    Vec::new()
}

fn lost(model: &mut Model, reason: String, come_back: Option<Duration>) -> Vec<Effect> {
    let was_online = model.link == Link::Online;
    model.lag = None;
    model.outbox.lost();
    requests::lost(model);
    for room in model.rooms.iter_mut() {
        room.membership = Membership::Absent;
        room.typing.clear();
        room.told_typing = None;
    }
    match come_back {
        Some(no_sooner) => {
            let attempt = match model.link {
                Link::Connecting { attempt } if !was_online => attempt + 1,
                _ => 1,
            };
            let mut effects = Vec::new();
            if was_online || attempt == 2 {
                effects.push(Effect::Tell(Told::Connection(format!("not connected: {reason}"))));
            }
            model.link = Link::Waiting { until: model.now.since + no_sooner, attempt, reason };
            effects.push(connect(model, no_sooner));
            effects
        }
        // The name that was tried is refused; the one that we had is ours still.
        None if model.previous.is_some() => {
            let mut effects = Vec::new();
            if let Some(previous) = model.previous.take() {
                effects = super::fault(model, format!("{reason}. You are {previous} as before."));
                // It was meant to be said by somebody else.
                let cids: Vec<_> = model.outbox.iter().map(|pending| pending.cid.clone()).collect();
                for cid in cids {
                    model.outbox.fail(&cid, format!("said as {}", model.user));
                }
                model.user = previous;
                model.link = Link::Connecting { attempt: 1 };
                effects.push(connect(model, Duration::ZERO));
            }
            effects
        }
        // Nobody is there to do something about it.
        None if model.is_headless() => vec![Effect::Quit(Ending::Refused(reason))],
        None => {
            let mut effects =
                super::fault(model, format!("{reason}. /nick NAME tries another name, /connect tries again, /quit leaves."));
            model.link = Link::Refused { reason: reason.clone() };
            effects.push(Effect::Tell(Told::Connection(format!("refused: {reason}"))));
            effects
        }
    }
}

/// Where to go, with what is known from before.
pub(super) fn connect(model: &Model, no_sooner: Duration) -> Effect {
    // One cannot come in by a private conversation. There is always a public room: the last of them is not left.
    let room = model.rooms.iter().find(|room| room.with.is_none()).unwrap_or(model.room());
    let resume =
        Resume { room: room.name.clone(), user: model.user.clone(), session: model.session(), position: room.position.clone() };
    Effect::Connect { resume, no_sooner }
}

/// The server lets us in: every room but the first, which the address names, is asked for.
pub(super) fn welcomed(model: &mut Model, welcome: Welcome) -> Vec<Effect> {
    let mut effects = vec![Effect::Keep { user: welcome.user.clone(), session: welcome.session.clone() }];
    effects.push(Effect::Tell(Told::Connection("connected".into())));
    if model.epoch.as_ref().is_some_and(|epoch| *epoch != welcome.epoch) && requests::forget_changes(model) {
        effects.extend(super::fault(model, "The server has another log: a change that it had not confirmed is dropped."));
    }
    model.welcomed = true;
    model.previous = None;
    model.link = Link::Online;
    model.sessions.insert(welcome.user.clone(), welcome.session);
    model.epoch = Some(welcome.epoch);
    model.user = welcome.user;
    model.blocked = welcome.blocked;
    model.text_bytes = welcome.limits.text_bytes;
    model.asked_stale = false;
    for private in welcome.private {
        let known = model.rooms.find(&private.room).is_some();
        // Old conversations are a part of the switcher; those with something new come by themselves. A program is only where it
        // was sent.
        if known || (private.seq > private.read && model.audience != Audience::Program) {
            let room = model.rooms.add(private.room, Some(private.with));
            room.read = private.read.max(room.read);
            room.told_read = private.read;
        } else {
            model.people.insert(private.with);
        }
    }
    let mut first = true;
    let mut wanted = Vec::new();
    for room in model.rooms.iter_mut() {
        room.membership = Membership::Joining;
        // The first public room comes by itself.
        if room.with.is_some() || !std::mem::take(&mut first) {
            wanted.push(room.name.clone());
        }
    }
    wanted.retain(|room| !rooms::is_leaving(model, room));
    for room in wanted {
        join(model, room, None);
    }
    effects.extend(rooms::keep(model));
    // Where nobody can be asked, what is to be sent is sent.
    if model.audience != Audience::Program {
        let stale = model.outbox.stale(model.now.wall);
        if stale > 0 && model.audience == Audience::Lines {
            let words = format!("{stale} not sent, and older than an hour: /resend sends them, /drop drops them.");
            effects.extend(super::fault(model, words));
        }
    }
    effects
}

/// Asks to be in a room, from where we were there.
pub(super) fn join(model: &mut Model, room: chat_protocol::RoomName, then: Option<Then>) {
    let position = model.rooms.find(&room).and_then(|room| room.position.clone());
    let resumes = position.is_some();
    let (epoch, after) = position.map(|(epoch, seq)| (epoch.0.to_string(), seq)).unzip();
    let message = ClientMessage::Join { room: room.shown().into(), after, epoch };
    requests::queue(model, Why::Join { room, resumes, then }, message);
}

/// A try at once, if there is none: another name, or simply again.
pub(super) fn again(model: &mut Model) -> Vec<Effect> {
    match &model.link {
        Link::Refused { .. } => {
            model.link = Link::Connecting { attempt: 1 };
            vec![connect(model, Duration::ZERO)]
        }
        Link::Waiting { .. } => vec![Effect::Wake],
        Link::Connecting { .. } | Link::Online => {
            hint(model, "The connection needs no help.");
            Vec::new()
        }
    }
}

impl Room {
    /// Whether it takes what we say now.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.membership, Membership::Joined | Membership::CatchingUp)
    }
}

/// Another name. What belongs to the old one stays with it: its session, its private conversations, its unsent messages.
pub(super) fn rename(model: &mut Model, user: chat_protocol::UserName) -> Vec<Effect> {
    if user == model.user && !matches!(model.link, Link::Refused { .. }) {
        hint(model, format!("You are {} already.", model.user));
        return Vec::new();
    }
    if !model.outbox.is_empty() {
        return super::fault(
            model,
            "There are messages that are not sent yet; they would be said in the other name. /resend or /drop them first.",
        );
    }
    let private: Vec<_> = model.rooms.iter().filter(|room| room.with.is_some()).map(|room| room.name.clone()).collect();
    for name in private {
        model.rooms.remove(&name);
    }
    model.people.clear();
    let before = std::mem::replace(&mut model.user, user);
    let before = model.previous.take().unwrap_or(before);
    let known = model.welcomed && !matches!(model.link, Link::Refused { .. });
    model.previous = Some(before).filter(|before| known && *before != model.user);
    model.asked.clear();
    model.seen = Seen::default();
    for room in model.rooms.iter_mut() {
        room.membership = Membership::Absent;
        room.users.clear();
        room.unlisted = 0;
    }
    model.link = Link::Connecting { attempt: 1 };
    vec![connect(model, Duration::ZERO)]
}
