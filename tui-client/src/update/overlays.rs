//! What lies above the screen: lists to choose from, questions, the help.

use std::time::Duration;

use chat_protocol::{
    ClientMessage, RoomName, Seq, Timestamp, UserName,
    server::{self, Message},
};

use super::{compose, hint, offers, outbox, requests::ask, rooms, scroll, select};
use crate::{
    effect::{Effect, Ending, Told},
    keys::{Action, Chord, Code},
    model::{Item, Link, List, ListKind, Model, Overlay, Question, Row, State, Then, Why},
};

/// Rows that a page key moves in a list.
const PAGE: usize = 10;
/// How long no key must have been pressed before something opens by itself.
const PAUSE: Duration = Duration::from_secs(1);

/// The rooms to go to, and the people to talk to.
pub(super) fn open_switcher(model: &mut Model) -> Vec<Effect> {
    model.overlay = Some(Overlay::List(List {
        title: "Go to".into(),
        filter: String::new(),
        rows: Vec::new(),
        chosen: 0,
        kind: ListKind::Rooms,
        more: false,
    }));
    refilter(model);
    if model.link == Link::Online { vec![ask(model, Why::Rooms, ClientMessage::Rooms {})] } else { Vec::new() }
}

pub(super) fn open_reactions(model: &mut Model, seq: Seq) {
    let kind = ListKind::Reactions { room: model.room().name.clone(), seq };
    model.overlay = Some(Overlay::List(List {
        title: "React".into(),
        filter: String::new(),
        rows: Vec::new(),
        chosen: 0,
        kind,
        more: false,
    }));
    refilter(model);
}

pub(super) fn open_links(model: &mut Model, rows: Vec<Row>) {
    model.overlay = Some(Overlay::List(List {
        title: "Open which link?".into(),
        filter: String::new(),
        rows,
        chosen: 0,
        kind: ListKind::Links,
        more: false,
    }));
}

/// Looks for words in everything that the server lets us read.
pub(super) fn search(model: &mut Model, query: String) -> Vec<Effect> {
    if model.link != Link::Online {
        return super::fault(model, "There is no connection now: nothing can be searched.");
    }
    let message = ClientMessage::Search { query: query.clone(), room: None, before: None, limit: Some(100) };
    vec![ask(model, Why::Search { query }, message)]
}

pub(super) fn found(model: &mut Model, query: String, messages: Vec<Message>, more: bool) -> Vec<Effect> {
    if model.is_headless() {
        let epoch = model.epoch.clone();
        let told = messages.into_iter().rev().map(|message| {
            let event = Box::new(chat_protocol::ServerMessage::Message(message));
            Effect::Tell(Told::Event { event, epoch: epoch.clone(), old: true })
        });
        return told.collect();
    }
    if messages.is_empty() {
        return super::notice(model, format!("Nothing found for «{query}»."));
    }
    let rows = messages.into_iter().map(|message| Row {
        text: format!("{}: {}", message.from, message.text),
        note: format!("{} · {}", title_of(model, &message.room), moment(model, message.at)),
        item: Item::Message(Box::new(message)),
    });
    let count = rows.len();
    let list = Overlay::List(List {
        title: format!("{count}{} found: {query}", if more { "+" } else { "" }),
        filter: String::new(),
        rows: rows.collect(),
        chosen: 0,
        kind: ListKind::Found { query, room: None },
        more,
    });
    if model.is_free() {
        model.overlay = Some(list);
    } else {
        hint(model, format!("{count} found; shown when nothing is being typed."));
        model.later = Some(list);
    }
    Vec::new()
}

/// What waited to be shown or asked until the user is free for it: nothing is open, nothing is being typed, no key for a moment.
pub(super) fn when_free(model: &mut Model) {
    if model.is_headless() || !model.is_free() || model.now.since < model.typed_at + PAUSE {
        return;
    }
    let count = model.outbox.iter().filter(|pending| pending.state == State::Stale).count();
    if count > 0 && !model.asked_stale {
        model.asked_stale = true;
        model.overlay = Some(Overlay::Question(Question::Stale { count }));
    } else if let Some(list) = model.later.take() {
        model.overlay = Some(list);
    } else {
        return;
    }
    model.dirty = true;
}

/// The day or the time of a message, as short as it is clear.
fn moment(model: &Model, at: Timestamp) -> String {
    let civil = |at: Timestamp| jiff::Timestamp::from_millisecond(at.0).ok().map(|at| at.to_zoned(model.zone.clone()));
    let (Some(then), Some(now)) = (civil(at), civil(model.now.wall)) else { return String::new() };
    let format = if then.date() == now.date() { "%H:%M" } else { "%Y-%m-%d" };
    jiff::fmt::strtime::format(format, &then).unwrap_or_default()
}

fn title_of(model: &Model, room: &RoomName) -> String {
    match super::events::partner(model, room) {
        Some(with) => format!("@{with}"),
        None => room.shown().to_owned(),
    }
}

/// The rooms that the server has.
pub(super) fn listed(model: &mut Model, rooms: Vec<server::Room>) -> Vec<Effect> {
    model.known_rooms = rooms.iter().map(|room| room.name.clone()).collect();
    if let Some(Overlay::List(List { kind: ListKind::Rooms, .. })) = &model.overlay {
        refilter(model);
        return Vec::new();
    }
    if !model.is_headless() {
        return Vec::new();
    }
    let line = |room: server::Room| format!("{} ({} online) {}", room.name, room.users, room.topic);
    let text: Vec<_> = rooms.into_iter().map(line).collect();
    vec![Effect::Tell(Told::Notice { room: None, text: text.join("\n") })]
}

/// A key while something lies above the screen.
pub(super) fn key(model: &mut Model, chord: Chord, action: Option<Action>) -> Vec<Effect> {
    match model.overlay.take() {
        Some(Overlay::Help { scroll }) => help(model, scroll, action),
        Some(Overlay::Question(question)) => answer(model, question, chord, action),
        Some(Overlay::List(list)) => list_key(model, list, chord, action),
        None => Vec::new(),
    }
}

fn help(model: &mut Model, scroll: usize, action: Option<Action>) -> Vec<Effect> {
    let scroll = match action {
        Some(Action::ListUp | Action::SelectUp) => scroll.saturating_sub(1),
        Some(Action::ListDown | Action::SelectDown) => scroll + 1,
        Some(Action::PageUp | Action::ListPageUp) => scroll.saturating_sub(PAGE),
        Some(Action::PageDown | Action::ListPageDown) => scroll + PAGE,
        // Anything else is enough of it.
        _ => return Vec::new(),
    };
    model.overlay = Some(Overlay::Help { scroll: scroll.min(500) });
    Vec::new()
}

fn answer(model: &mut Model, question: Question, chord: Chord, action: Option<Action>) -> Vec<Effect> {
    let letter = match (chord.code, action) {
        (_, Some(Action::Cancel | Action::Interrupt)) => None,
        (Code::Char(letter), _) if !chord.ctrl && !chord.alt => Some(letter.to_ascii_lowercase()),
        _ => {
            model.overlay = Some(Overlay::Question(question));
            return Vec::new();
        }
    };
    match letter {
        Some(letter) if !question.answers().iter().any(|(answer, _)| *answer == letter) => {
            model.overlay = Some(Overlay::Question(question));
            Vec::new()
        }
        letter => decided(model, question, letter.unwrap_or('c')),
    }
}

fn decided(model: &mut Model, question: Question, letter: char) -> Vec<Effect> {
    match (question, letter) {
        (Question::Paste { text }, letter) => compose::answer_paste(model, &text, letter),
        (Question::Open { url }, 'o') => vec![Effect::Open(url)],
        (Question::Delete { room, seq }, 'y') => select::take_away(model, &room, seq),
        (Question::Quit { unsent }, 'q') => vec![Effect::Quit(Ending::Unsent(format!("{unsent} not sent")))],
        (Question::Drop { cid }, 'y') => {
            outbox::drop_one(model, &cid);
            Vec::new()
        }
        (Question::Stale { .. }, 's') => outbox::resend(model),
        (Question::Stale { .. }, 'd') => {
            outbox::drop_stuck(model);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn list_key(model: &mut Model, mut list: List, chord: Chord, action: Option<Action>) -> Vec<Effect> {
    let last = list.rows.len().saturating_sub(1);
    match action {
        Some(Action::Cancel | Action::Interrupt) => return Vec::new(),
        Some(Action::Choose) => return chosen(model, list),
        // At an end, to the other one.
        Some(Action::ListUp) => list.chosen = list.chosen.checked_sub(1).unwrap_or(last),
        Some(Action::ListDown) => list.chosen = if list.chosen >= last { 0 } else { list.chosen + 1 },
        Some(Action::ListPageUp | Action::PageUp) => list.chosen = list.chosen.saturating_sub(PAGE),
        Some(Action::ListPageDown | Action::PageDown) => list.chosen = (list.chosen + PAGE).min(last),
        _ => {
            let filters = !matches!(list.kind, ListKind::Links | ListKind::Found { .. });
            match chord.code {
                Code::Char(c) if !chord.ctrl && !chord.alt && filters && list.filter.len() < 100 => list.filter.push(c),
                Code::Char('u' | 'w') if chord.ctrl => list.filter.clear(),
                Code::Backspace => drop(list.filter.pop()),
                _ => {}
            }
            model.overlay = Some(Overlay::List(list));
            refilter(model);
            return Vec::new();
        }
    }
    model.overlay = Some(Overlay::List(list));
    Vec::new()
}

fn chosen(model: &mut Model, list: List) -> Vec<Effect> {
    let Some(row) = list.rows.into_iter().nth(list.chosen) else { return Vec::new() };
    match (row.item, list.kind) {
        (Item::Room(name), _) => rooms::enter(model, name),
        (Item::Person(name), _) => match UserName::known(&name) {
            Ok(user) => rooms::converse(model, user),
            Err(error) => super::fault(model, error.to_string()),
        },
        (Item::Message(message), _) => {
            let Some(index) = model.rooms.index(&message.room) else {
                let (room, show) = (message.room, Some(message.seq));
                let join = ClientMessage::Join { room: room.shown().into(), after: None, epoch: None };
                if model.link != Link::Online {
                    hint(model, "There is no connection now: that room cannot be joined.");
                    return Vec::new();
                }
                let then = Some(Then { typed: model.typed, show });
                return vec![ask(model, Why::Join { room, resumes: false, then }, join)];
            };
            let mut effects = rooms::go(model, index);
            effects.extend(scroll::jump(model, message.seq, true));
            effects
        }
        (Item::Reaction(emoji), ListKind::Reactions { room, seq }) => react(model, &room, seq, emoji),
        (Item::Reaction(_), _) => Vec::new(),
        (Item::Link(url), _) => {
            model.overlay = Some(Overlay::Question(Question::Open { url }));
            Vec::new()
        }
    }
}

/// Puts a reaction on a message, or takes it back.
fn react(model: &mut Model, name: &RoomName, seq: Seq, emoji: String) -> Vec<Effect> {
    let me = model.user.clone();
    let Some(room) = model.rooms.find_mut(name) else { return Vec::new() };
    room.selected = None;
    let message = room.shown().message(seq);
    let on = !message.is_some_and(|message| message.reactions.get(&emoji).is_some_and(|users| users.contains(&me)));
    outbox::change(model, name, |room| ClientMessage::React { room, seq, emoji, on })
}

/// Fills a list anew, as its filter has it.
fn refilter(model: &mut Model) {
    let Some(Overlay::List(list)) = &model.overlay else { return };
    let filter = list.filter.clone();
    let rows = match list.kind {
        ListKind::Rooms => offers::rooms(model, &filter),
        ListKind::Reactions { .. } => offers::reactions(&filter),
        ListKind::Found { .. } | ListKind::Links => return,
    };
    if let Some(Overlay::List(list)) = &mut model.overlay {
        list.chosen = 0;
        list.rows = rows;
    }
}
