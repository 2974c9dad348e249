//! A line that a person typed: a command from the table that server, page and this client share, one of the client's own, or a
//! text to say.

use chat_protocol::{
    ClientMessage, RoomName, UserName,
    command::{self, Typed},
    limits, names,
};

use super::{fault, hint, leaving, link, notice, outbox, overlays, requests::ask, rooms, scroll};
use crate::{
    effect::{Effect, Told},
    model::{Find, Link, Model, Overlay, Purpose as Draft, Why},
};

/// A command that only this client knows.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) name: &'static str,
    /// What follows, as it is shown: `<must>`, `[may]`.
    pub(crate) usage: &'static str,
    /// One line of help.
    pub(crate) help: &'static str,
    run: fn(&mut Model, &str) -> Vec<Effect>,
}

/// Every command of the client's own, in the order of the help.
pub(crate) static LOCAL_COMMANDS: &[Local] = &[
    Local { name: "go", usage: "<room>", help: "go to a room; @name for a private conversation", run: go },
    Local { name: "close", usage: "", help: "leave this room, or put this conversation away", run: close },
    Local { name: "find", usage: "<words>", help: "find in what is loaded of this room", run: find },
    Local { name: "jump", usage: "<seq>", help: "go to a message by its number", run: jump },
    Local { name: "read", usage: "", help: "everything here is read", run: |model, _| rooms::mark_read(model) },
    Local { name: "quiet", usage: "[room]", help: "count and call only for what names you", run: quiet },
    Local { name: "unquiet", usage: "[room]", help: "count and call as usual", run: unquiet },
    Local { name: "ignore", usage: "[user]", help: "do not show what somebody says", run: ignore },
    Local { name: "unignore", usage: "<user>", help: "show it again", run: unignore },
    Local { name: "nick", usage: "<name>", help: "be somebody else; connects anew", run: nick },
    Local { name: "resend", usage: "", help: "send again what was refused or is old", run: |model, _| outbox::resend(model) },
    Local { name: "drop", usage: "", help: "drop what was refused or is old; the history keeps the words", run: drop_stuck },
    Local { name: "connect", usage: "", help: "try now, without waiting", run: |model, _| link::again(model) },
    Local { name: "keys", usage: "", help: "the keys and commands", run: |model, _| help(model) },
    Local { name: "reload", usage: "", help: "read the configuration again", run: |_, _| vec![Effect::Reload] },
];

/// Whoever may make one is told at the door. Here no password is ever to be typed: a slip of the finger would say it to all.
const HOW_TO_REGISTER: &str = "An account is made at the door, never here: leave, and run chat-tui --register, with --invite and the link if you were invited. Type no password into a chat.";

/// Takes a line.
pub(super) fn entered(model: &mut Model, line: &str) -> Vec<Effect> {
    if !line.starts_with('/') {
        return outbox::say(model, line.to_owned());
    }
    if let Some(text) = line.strip_prefix("//") {
        return outbox::say(model, format!("/{text}"));
    }
    if line.trim() == "/topic" {
        let topic = model.room().topic.clone();
        return notice(model, if topic.is_empty() { "There is no topic.".into() } else { format!("The topic: {topic}") });
    }
    let (name, rest) = line[1..].split_once(char::is_whitespace).unwrap_or((&line[1..], ""));
    let lower = name.to_lowercase();
    if let Some(local) = LOCAL_COMMANDS.iter().find(|local| local.name == lower) {
        let rest = rest.trim();
        if rest.is_empty() && local.usage.starts_with('<') {
            return fault(model, format!("Like this: /{} {}", local.name, local.usage));
        }
        return (local.run)(model, rest);
    }
    match command::parse(line) {
        Ok(Typed::Quit) => leaving::quit(model),
        Ok(Typed::Register) => notice(model, HOW_TO_REGISTER.to_owned()),
        Ok(Typed::Help(None)) => help(model),
        Ok(Typed::Help(Some(name))) => {
            let local = LOCAL_COMMANDS.iter().find(|local| local.name == name);
            let text = local
                .map_or_else(|| command::help(Some(&name)), |local| format!("/{} {}  {}", local.name, local.usage, local.help));
            notice(model, text)
        }
        Ok(Typed::Request(message)) => request(model, message),
        Err(error) => fault(model, error.to_string()),
    }
}

fn request(model: &mut Model, message: ClientMessage) -> Vec<Effect> {
    let here = model.room().name.clone();
    let waits = matches!(message, ClientMessage::Send { .. } | ClientMessage::Private { .. } | ClientMessage::Leave { .. });
    if model.link != Link::Online && !waits && !matches!(message, ClientMessage::Join { .. }) {
        return fault(model, "There is no connection now: a command cannot wait for one.");
    }
    match message {
        ClientMessage::Send { text, reply_to, action, .. } => {
            model.room_mut().purpose = Draft::New;
            outbox::send(model, &here, text, reply_to, action)
        }
        ClientMessage::Private { to, text, .. } => {
            let to = match UserName::known(&to) {
                Ok(to) => to,
                Err(error) => return fault(model, format!("«{to}»: {error}")),
            };
            let room = RoomName::private(&model.user, &to);
            let mut effects = rooms::converse(model, to);
            effects.extend(outbox::send(model, &room, text, None, false));
            effects
        }
        ClientMessage::Join { room, .. } => match RoomName::parse(room.trim_start_matches('#')) {
            Ok(room) => rooms::enter(model, room),
            Err(error) => fault(model, format!("«{room}»: {error}")),
        },
        ClientMessage::Leave { room: None } => rooms::leave(model, &here),
        ClientMessage::Leave { room: Some(room) } => match named(model, &room) {
            Some(room) => rooms::leave(model, &room),
            None => fault(model, format!("You are not in {room}.")),
        },
        ClientMessage::Edit { seq, text, .. } => outbox::change(model, &here, |room| ClientMessage::Edit { room, seq, text }),
        ClientMessage::Delete { seq, .. } => outbox::change(model, &here, |room| ClientMessage::Delete { room, seq }),
        ClientMessage::React { seq, emoji, on, .. } => {
            outbox::change(model, &here, |room| ClientMessage::React { room, seq, emoji, on })
        }
        ClientMessage::Topic { text, .. } => outbox::change(model, &here, |room| ClientMessage::Topic { room, text }),
        ClientMessage::Search { query, .. } => overlays::search(model, query),
        ClientMessage::Rooms {} if !model.is_headless() => overlays::open_switcher(model),
        ClientMessage::Rooms {} => vec![ask(model, Why::Rooms, ClientMessage::Rooms {})],
        ClientMessage::Users { room } => {
            let room = room.or_else(|| Some(here.shown().to_owned()));
            vec![ask(model, Why::Show, ClientMessage::Users { room })]
        }
        ClientMessage::History { limit, .. } => history(model, &here, limit),
        // What has no command, and a ping.
        message => vec![ask(model, Why::Show, message)],
    }
}

/// Older messages: printed where there is no pane, else there is one to scroll.
fn history(model: &mut Model, here: &RoomName, limit: Option<i64>) -> Vec<Effect> {
    let limit = limit.or(Some(limits::HISTORY_DEFAULT as i64));
    let room = Some(here.shown().to_owned());
    let before = model.room().shown().first();
    if model.is_headless() {
        return vec![ask(model, Why::Show, ClientMessage::History { room, before: None, after: None, limit })];
    }
    let Some(before) = before.filter(|_| model.room().shown().more_before) else {
        hint(model, "There is nothing older.");
        return Vec::new();
    };
    let message = ClientMessage::History { room, before: Some(before), after: None, limit };
    vec![ask(model, Why::Older { room: here.clone(), before }, message)]
}

/// One of our rooms by what the user calls it.
fn named(model: &Model, text: &str) -> Option<RoomName> {
    let text = text.trim().trim_matches('"');
    let folded = names::fold(text.trim_start_matches(['#', '@']));
    let private = text.starts_with('@');
    let is_meant = |room: &&crate::model::Room| match &room.with {
        Some(with) => with.folded() == folded,
        None => !private && room.name.folded() == folded,
    };
    model.rooms.iter().find(is_meant).map(|room| room.name.clone())
}

fn go(model: &mut Model, to: &str) -> Vec<Effect> {
    if let Some(index) = named(model, to).and_then(|name| model.rooms.index(&name)) {
        return rooms::go(model, index);
    }
    if let Some(user) = to.strip_prefix('@') {
        return match UserName::known(user) {
            Ok(user) => rooms::converse(model, user),
            Err(error) => fault(model, format!("«{user}»: {error}")),
        };
    }
    fault(model, format!("You are not in {to}: /join {to} goes there, and makes it if there is none."))
}

fn drop_stuck(model: &mut Model, _: &str) -> Vec<Effect> {
    outbox::drop_stuck(model);
    Vec::new()
}

fn close(model: &mut Model, _: &str) -> Vec<Effect> {
    let here = model.room().name.clone();
    rooms::leave(model, &here)
}

fn find(model: &mut Model, words: &str) -> Vec<Effect> {
    model.find = Some(Find { words: words.to_owned(), typing: false });
    find_step(model, true)
}

fn jump(model: &mut Model, seq: &str) -> Vec<Effect> {
    match seq.parse() {
        Ok(seq) => scroll::jump(model, chat_protocol::Seq(seq), true),
        Err(_) => fault(model, "Like this: /jump <seq>"),
    }
}

/// To the next message that holds what is looked for, upwards or downwards from the one that is selected.
pub(super) fn find_step(model: &mut Model, up: bool) -> Vec<Effect> {
    let Some(find) = model.find.as_ref().filter(|find| !find.words.trim().is_empty()) else {
        hint(model, "Nothing is looked for: F3 begins.");
        return Vec::new();
    };
    let words = names::fold(find.words.trim());
    let room = model.room();
    let from = room.selected.map(|place| place.seq);
    let holds = |message: &&chat_protocol::server::Message| names::fold(&message.text).contains(&words);
    let seq = if up {
        room.shown().messages().rev().filter(|message| from.is_none_or(|from| message.seq < from)).find(holds)
    } else {
        room.shown().messages().filter(|message| from.is_some_and(|from| message.seq > from)).find(holds)
    };
    match seq.map(|message| message.seq) {
        Some(seq) => scroll::jump(model, seq, true),
        None => {
            let there = if up { "above" } else { "below" };
            hint(model, format!("Nothing more {there}. /search looks in everything."));
            Vec::new()
        }
    }
}

fn meant(model: &Model, room: &str) -> Option<String> {
    let name = if room.is_empty() { model.room().name.clone() } else { named(model, room)? };
    model.rooms.find(&name).map(|room| room.title())
}

fn quiet(model: &mut Model, room: &str) -> Vec<Effect> {
    let Some(title) = meant(model, room) else { return fault(model, format!("You are not in {room}.")) };
    hint(model, format!("{title} calls only for what names you, until you leave. The configuration keeps it."));
    model.muted.push(title.clone());
    model.settings.alerts.mute.push(title);
    rooms::mute(model);
    Vec::new()
}

fn unquiet(model: &mut Model, room: &str) -> Vec<Effect> {
    let Some(title) = meant(model, room) else { return fault(model, format!("You are not in {room}.")) };
    let folded = names::fold(&title);
    let is_other = |name: &String| names::fold(name).trim_start_matches(['#', '@']) != folded.trim_start_matches('@');
    model.settings.alerts.mute.retain(is_other);
    model.muted.retain(is_other);
    rooms::mute(model);
    hint(model, format!("{title} calls as usual."));
    Vec::new()
}

fn ignore(model: &mut Model, user: &str) -> Vec<Effect> {
    if user.is_empty() {
        let mut names = model.settings.ignore.clone();
        names.extend(model.blocked.iter().map(|name| format!("{name} (blocked)")));
        let names = names.join(", ");
        return notice(model, if names.is_empty() { "Nobody is ignored.".into() } else { format!("Ignored: {names}") });
    }
    let user = user.trim_matches('"').trim_start_matches('@');
    if names::fold(user) == model.user.folded() {
        return fault(model, "That is you.");
    }
    model.settings.ignore.push(user.to_owned());
    model.ignored.push(user.to_owned());
    recount(model);
    hint(model, format!("{user} is not shown, until you leave. The configuration keeps it."));
    Vec::new()
}

fn unignore(model: &mut Model, user: &str) -> Vec<Effect> {
    let folded = names::fold(user.trim_matches('"').trim_start_matches('@'));
    let before = model.settings.ignore.len();
    model.settings.ignore.retain(|name| names::fold(name) != folded);
    model.ignored.retain(|name| names::fold(name) != folded);
    let found = model.settings.ignore.len() < before;
    recount(model);
    hint(model, if found { format!("{user} is shown again.") } else { format!("{user} was not ignored.") });
    Vec::new()
}

pub(super) fn recount(model: &mut Model) {
    let rooms: Vec<_> = model.rooms.iter().map(|room| room.name.clone()).collect();
    for room in rooms {
        rooms::count(model, &room);
    }
}

fn nick(model: &mut Model, name: &str) -> Vec<Effect> {
    match UserName::parse(name.trim_matches('"')) {
        Ok(user) => link::rename(model, user),
        Err(error) => fault(model, format!("«{name}»: {error}")),
    }
}

fn help(model: &mut Model) -> Vec<Effect> {
    if !model.is_headless() {
        model.overlay = Some(Overlay::Help { scroll: 0 });
        return Vec::new();
    }
    let mut text = command::help(None);
    for Local { name, usage, help, .. } in LOCAL_COMMANDS {
        text.push_str(&format!("\n/{name} {usage}  {help}"));
    }
    vec![Effect::Tell(Told::Notice { room: None, text })]
}
