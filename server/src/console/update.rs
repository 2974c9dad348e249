//! What happens → what is known, and what is to be asked of the server. Decides, and does nothing itself.

mod answers;
#[cfg(test)]
mod tests;

use chat_protocol::{Action, RoomName, task::TaskKind};
use chat_terminal::{
    chord::{Chord, Code},
    screen::{Input, Mouse},
};

use self::answers::answered;
pub use self::answers::task_word;
use super::{
    keys::{self, Key},
    model::{Closer, Deed, Link, Model, Overlay, Said, Tab},
    prompt::{Prompt, Want},
};
use crate::{
    admin::{Act, Answer, Order, RoomSorting},
    journal::Level,
    roster::{Asked, MOST, Sorting},
};

/// Rows of the help, about: nobody scrolls beyond them.
const HELP: usize = keys::KEYS.len();

/// One thing that happened.
#[derive(Debug)]
pub enum Msg {
    /// Another second.
    Tick,
    Input(Input),
    Answered(Answer),
    /// The server did not answer, in words; to a look, or to something that was to be done.
    Lost {
        words: String,
        was_a_look: bool,
    },
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Ask(Order),
    Quit,
    Redraw,
    Suspend,
}

/// Takes what happened.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Tick => {
            model.dirty = true;
            look(model)
        }
        Msg::Input(input) => {
            model.dirty = true;
            typed(model, input)
        }
        Msg::Answered(answer) => {
            model.dirty = true;
            model.link = Link::Here;
            answered(model, answer);
            Vec::new()
        }
        Msg::Lost { words, was_a_look } => {
            model.dirty = true;
            if !was_a_look {
                model.said = Some(Said { words: format!("That may not have been done: {words}"), is_fault: true });
            }
            model.link = Link::Lost(words);
            Vec::new()
        }
    }
}

/// What is to be known of the server by the second.
fn look(model: &Model) -> Vec<Effect> {
    let log_after = model.log.lines.back().map_or(0, |line| line.number);
    let mut asked = vec![Order::Look { log_after }];
    asked.extend(list(model));
    asked.into_iter().map(Effect::Ask).collect()
}

/// What is shown of it in particular.
fn list(model: &Model) -> Option<Order> {
    Some(match (&model.closer, model.tab) {
        (Some(Closer::Room { name, .. }), _) => Order::Room { name: name.shown().to_owned() },
        (Some(Closer::Connection { id, .. }), _) => Order::Connections(Asked { only: Some(*id), limit: 1, ..Asked::default() }),
        (None, Tab::Rooms) => Order::Rooms { filter: model.rooms.filter.clone(), sorting: model.room_sorting, limit: MOST },
        (None, Tab::Connections) => {
            let filter = model.connections.filter.clone();
            Order::Connections(Asked { filter, sorting: model.sorting, limit: MOST, only: None })
        }
        (None, Tab::Overview | Tab::Log) => return None,
    })
}

fn typed(model: &mut Model, input: Input) -> Vec<Effect> {
    match (input, &mut model.overlay) {
        (Input::Key(chord), Some(_)) => above(model, chord),
        (Input::Key(chord), None) => {
            model.said = None;
            keys::meaning(model.tab, chord).map(|key| pressed(model, key)).unwrap_or_default()
        }
        (Input::Paste(text), Some(Overlay::Prompt(prompt))) => {
            prompt.put(&text);
            filter(model)
        }
        (Input::Mouse(Mouse::Wheel(notches)), None) => {
            step(model, -3 * notches);
            Vec::new()
        }
        (Input::Mouse(Mouse::Wheel(notches)), Some(Overlay::Help { scroll })) => {
            *scroll = scroll.saturating_add_signed(-3 * notches).min(HELP);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Something lies above the screen, and takes the keys.
fn above(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let is_over = matches!(chord.code, Code::Escape) || (chord.ctrl && chord.code == Code::Char('c'));
    match model.overlay.as_mut() {
        Some(_) if is_over => {
            let filtered = matches!(&model.overlay, Some(Overlay::Prompt(Prompt { want: Want::Filter, .. })));
            model.overlay = None;
            if filtered {
                set_filter(model, String::new());
                return list(model).map(Effect::Ask).into_iter().collect();
            }
        }
        Some(Overlay::Help { scroll }) => match chord.code {
            Code::Up | Code::Char('k') => *scroll = scroll.saturating_sub(1),
            Code::Down | Code::Char('j') => *scroll = (*scroll + 1).min(HELP),
            Code::PageUp => *scroll = scroll.saturating_sub(10),
            Code::PageDown | Code::Char(' ') => *scroll = (*scroll + 10).min(HELP),
            Code::Home => *scroll = 0,
            _ => {
                model.overlay = None;
                return Vec::new();
            }
        },
        Some(Overlay::Question { order, .. }) => {
            // Whatever else is typed is no yes.
            let order = (chord.typed() == Some('y')).then(|| order.clone());
            model.overlay = None;
            return order.map(|order| carry_out(model, order)).unwrap_or_default();
        }
        Some(Overlay::Prompt(prompt)) => match (chord.code, chord.typed()) {
            (Code::Enter, _) => return entered(model),
            (Code::Backspace, _) => {
                prompt.take_back(chord.alt);
                return filter(model);
            }
            (Code::Char('w'), None) => {
                prompt.take_back(true);
                return filter(model);
            }
            (Code::Char('u'), None) => {
                prompt.text.clear();
                return filter(model);
            }
            (_, Some(letter)) => {
                prompt.put(letter.encode_utf8(&mut [0; 4]));
                return filter(model);
            }
            _ => {}
        },
        None => {}
    }
    Vec::new()
}

/// A filter is one while it is typed.
fn filter(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Prompt(Prompt { want: Want::Filter, text, .. })) = &model.overlay else { return Vec::new() };
    let text = text.clone();
    set_filter(model, text);
    list(model).map(Effect::Ask).into_iter().collect()
}

fn set_filter(model: &mut Model, text: String) {
    match model.tab {
        Tab::Rooms => model.rooms.filter = text,
        Tab::Connections => model.connections.filter = text,
        Tab::Log => (model.log.filter, model.log.above) = (text, 0),
        Tab::Overview => {}
    }
}

fn entered(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Prompt(prompt)) = &mut model.overlay else { return Vec::new() };
    if prompt.want == Want::Filter {
        model.overlay = None;
        return Vec::new();
    }
    match prompt.deed() {
        Err(words) => prompt.fault = Some(words),
        Ok((order, Some(words))) => model.overlay = Some(Overlay::Question { words, order }),
        Ok((order, None)) => {
            model.overlay = None;
            return carry_out(model, order);
        }
    }
    Vec::new()
}

fn carry_out(model: &mut Model, deed: Deed) -> Vec<Effect> {
    model.said = None;
    match deed {
        Deed::Act(act) => vec![Effect::Ask(Order::Act(act))],
        Deed::Quit => vec![Effect::Quit],
        Deed::Backup => begin(TaskKind::Backup, None),
        Deed::Verify => begin(TaskKind::Verify, None),
        Deed::Export(room) => begin(TaskKind::Export, Some(room)),
    }
}

fn begin(task: TaskKind, room: Option<RoomName>) -> Vec<Effect> {
    let room = room.map(|room| room.shown().to_owned());
    vec![Effect::Ask(Order::Begin { task, room, format: None, file: None })]
}

fn ask_for(model: &mut Model, want: Want, text: impl Into<String>) {
    model.overlay = Some(Overlay::Prompt(Prompt::new(want, text)));
}

fn fault(model: &mut Model, words: &str) {
    model.said = Some(Said { words: words.to_owned(), is_fault: true });
}

fn go(model: &mut Model, tab: Tab) -> Vec<Effect> {
    (model.tab, model.closer) = (tab, None);
    list(model).map(Effect::Ask).into_iter().collect()
}

fn pressed(model: &mut Model, key: Key) -> Vec<Effect> {
    let tab = |step: usize| {
        let place = Tab::ALL.iter().position(|tab| *tab == model.tab).unwrap_or(0);
        Tab::ALL[(place + step) % Tab::ALL.len()]
    };
    let far = isize::try_from(model.page.max(1)).unwrap_or(1);
    match key {
        Key::Help => model.overlay = Some(Overlay::Help { scroll: 0 }),
        Key::Redraw => return vec![Effect::Redraw],
        Key::Suspend if model.is_own => fault(model, "The server runs in here: it would sleep, too"),
        Key::Suspend => return vec![Effect::Suspend],
        Key::Quit if model.is_own => {
            let words = "Leave? The server that runs in here goes down with its console.".into();
            model.overlay = Some(Overlay::Question { words, order: Deed::Quit });
        }
        Key::Quit => return vec![Effect::Quit],
        Key::Tab(tab) => return go(model, tab),
        Key::NextTab => return go(model, tab(1)),
        Key::PreviousTab => return go(model, tab(Tab::ALL.len() - 1)),
        Key::Up => step(model, -1),
        Key::Down => step(model, 1),
        Key::PageUp => step(model, -far),
        Key::PageDown => step(model, far),
        Key::First => step(model, isize::MIN / 2),
        Key::Last => step(model, isize::MAX / 2),
        Key::Back if model.tab == Tab::Log => model.log.above = 0,
        Key::Back => {
            if model.closer.take().is_none() {
                set_filter(model, String::new());
            }
            return list(model).map(Effect::Ask).into_iter().collect();
        }
        Key::Open => return open(model),
        Key::Filter if model.closer.is_none() => {
            let text = match model.tab {
                Tab::Rooms => model.rooms.filter.clone(),
                Tab::Connections => model.connections.filter.clone(),
                _ => model.log.filter.clone(),
            };
            ask_for(model, Want::Filter, text);
        }
        Key::Filter => {}
        Key::Sort => return sort(model),
        Key::Level => {
            let place = Level::ALL.iter().position(|level| *level == model.log.level).unwrap_or(0);
            (model.log.level, model.log.above) = (Level::ALL[(place + 1) % Level::ALL.len()], 0);
        }
        Key::Notice => ask_for(model, Want::Notice { room: model.room() }, ""),
        Key::Kick => punish(model, Action::Kick),
        Key::Mute => punish(model, Action::Mute),
        Key::Ban => punish(model, Action::Ban),
        // Whom it is about may not be here to be chosen.
        Key::Unmute => {
            let user = model.user().unwrap_or_default();
            ask_for(model, Want::Lift { action: Action::Unmute, room: model.room() }, user);
        }
        Key::Unban => ask_for(model, Want::Lift { action: Action::Unban, room: model.room() }, ""),
        Key::Slow => match model.room() {
            Some(room) => ask_for(model, Want::Slow { room }, ""),
            None => fault(model, "No room is chosen"),
        },
        Key::Close => match model.connection().map(|line| (line.id, line.user.clone())) {
            Some((id, user)) => {
                let user = user.map(|user| format!(" of {}", chat_protocol::display::line(&user))).unwrap_or_default();
                let words = format!("End connection {id}{user}? It may come back.");
                model.overlay = Some(Overlay::Question { words, order: Deed::Act(Act::Close { connection: id }) });
            }
            None => fault(model, "No connection is chosen"),
        },
        Key::Leave => ask_for(model, Want::Leave, "1m"),
        Key::Stay => return carry_out(model, Deed::Act(Act::Stay)),
        Key::Backup => return carry_out(model, Deed::Backup),
        Key::Verify => return carry_out(model, Deed::Verify),
        Key::Export => match model.room() {
            Some(room) => return carry_out(model, Deed::Export(room)),
            None => fault(model, "No room is chosen"),
        },
        Key::LogFilter => {
            let filter = model.sight.as_ref().and_then(|sight| sight.log_filter.clone()).unwrap_or_default();
            ask_for(model, Want::LogFilter, filter);
        }
        Key::Reload => return carry_out(model, Deed::Act(Act::Reload)),
    }
    Vec::new()
}

fn punish(model: &mut Model, action: Action) {
    let Some(user) = model.user() else { return fault(model, "Nobody is chosen") };
    let room = model.room();
    ask_for(model, Want::Punish { action, user, room }, "");
}

fn open(model: &mut Model) -> Vec<Effect> {
    if model.closer.is_some() {
        return Vec::new();
    }
    model.users = Default::default();
    model.closer = match model.tab {
        Tab::Rooms => model.rooms.chosen().map(|room| Closer::Room { name: room.name.clone(), about: String::new() }),
        Tab::Connections => model
            .connections
            .chosen()
            .map(|talker| Closer::Connection { id: talker.line.id, line: Some(Box::new(talker.line.clone())) }),
        Tab::Overview | Tab::Log => None,
    };
    list(model).map(Effect::Ask).into_iter().collect()
}

fn sort(model: &mut Model) -> Vec<Effect> {
    match model.tab {
        Tab::Rooms => {
            let place = RoomSorting::ALL.iter().position(|sorting| *sorting == model.room_sorting).unwrap_or(0);
            model.room_sorting = RoomSorting::ALL[(place + 1) % RoomSorting::ALL.len()];
        }
        _ => {
            let place = Sorting::ALL.iter().position(|sorting| *sorting == model.sorting).unwrap_or(0);
            model.sorting = Sorting::ALL[(place + 1) % Sorting::ALL.len()];
        }
    }
    list(model).map(Effect::Ask).into_iter().collect()
}

/// So many rows down, or up.
fn step(model: &mut Model, rows: isize) {
    match (&model.closer, model.tab) {
        (Some(Closer::Room { .. }), _) => model.users.step(rows),
        (Some(Closer::Connection { .. }), _) => {}
        (None, Tab::Rooms) => model.rooms.step(rows),
        (None, Tab::Connections) => model.connections.step(rows),
        (None, Tab::Log) => {
            let most = model.log.wanted().count().saturating_sub(1);
            model.log.above = model.log.above.saturating_add_signed(rows.saturating_neg()).min(most);
        }
        (None, Tab::Overview) => {}
    }
}
