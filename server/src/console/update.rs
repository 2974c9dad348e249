//! What happens → what is known, and what is to be asked of the server. Decides, and does nothing itself.

use std::{collections::HashMap, time::Duration};

use chat_protocol::{
    Action, RoomName,
    task::{TaskKind, TaskStatus, TaskUpdate},
};
use chat_terminal::{
    chord::{Chord, Code},
    screen::{Input, Mouse},
};

use super::{
    keys::{self, Key},
    model::{Closer, Counted, Deed, LINES, Link, Model, Overlay, Said, Tab, Talker},
    prompt::{Prompt, Want},
};
use crate::{
    admin::{Act, Answer, Order, RoomLine, RoomSorting, Sight},
    journal::Level,
    roster::{Asked, ConnectionLine, MOST, Sorting},
};

/// Rows of the help, about: nobody scrolls beyond them.
const HELP: usize = keys::KEYS.len();
/// Answers closer together than this say nothing of a second.
const CLOSE: Duration = Duration::from_millis(500);
/// And further apart they say nothing of now.
const FAR: Duration = Duration::from_secs(10);

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
            answered(model, answer)
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

fn answered(model: &mut Model, answer: Answer) -> Vec<Effect> {
    match answer {
        Answer::Sight(sight) => seen(model, *sight),
        // What was asked for before something else was typed is no answer to that.
        Answer::Rooms { filter, sorting, rooms } => {
            arrived(model, &Order::Rooms { filter, sorting, limit: MOST }, rooms);
        }
        Answer::Room { name, users, about } => {
            if let Some(Closer::Room { name: shown, about: known }) = &mut model.closer
                && *shown == name
            {
                *known = about;
                model.users.renew(users, Clone::clone);
            }
        }
        Answer::Connections { asked, connections } => talked(model, &Order::Connections(asked), connections),
        Answer::Done { words } => model.said = Some(Said { words, is_fault: false }),
        Answer::Refused { words } => model.said = Some(Said { words, is_fault: true }),
        // It is followed by what is looked at every second.
        Answer::Tasks { tasks } => {
            let words = tasks.first().map(|task| format!("{} begins", task_word(task.task)));
            model.said = words.map(|words| Said { words, is_fault: false });
        }
        // Nothing of the kind was asked.
        _ => {}
    }
    Vec::new()
}

/// As it is called on the screen.
pub fn task_word(task: TaskKind) -> &'static str {
    match task {
        TaskKind::Export => "export",
        TaskKind::Verify => "verification",
        TaskKind::Backup => "backup",
        TaskKind::Prune => "pruning",
        TaskKind::Import => "import",
    }
}

fn seen(model: &mut Model, mut sight: Sight) {
    // Another server counts its lines anew.
    let anew = model.sight.as_ref().is_some_and(|known| known.vitals.started != sight.vitals.started);
    if anew {
        model.log.lines.clear();
    }
    model.history.add(&sight.vitals);
    if let Some(ended) = ended(model, &sight) {
        model.said = Some(ended);
    }
    let last = model.log.lines.back().map_or(0, |line| line.number);
    let news: Vec<_> = std::mem::take(&mut sight.lines).into_iter().filter(|line| line.number > last).collect();
    let before = model.log.wanted().count();
    model.log.lines.extend(news);
    if model.log.above > 0 {
        // What is read stays where it is.
        model.log.above += model.log.wanted().count() - before;
    }
    while model.log.lines.len() > LINES {
        model.log.lines.pop_front();
    }
    model.log.above = model.log.above.min(model.log.wanted().count().saturating_sub(1));
    model.sight = Some(sight);
}

/// What came of work that was under way when we looked last, or has begun and ended since.
fn ended(model: &Model, sight: &Sight) -> Option<Said> {
    let known = &model.sight.as_ref()?.tasks;
    let was_over = |task: &TaskUpdate| known.iter().any(|one| one.task_id == task.task_id && one.status.is_over());
    let task = sight.tasks.iter().rev().find(|task| task.status.is_over() && !was_over(task))?;
    let place = task.result.as_ref().map(|result| format!(": {}", result.url)).unwrap_or_default();
    let words = format!("{}: {}{place}", task_word(task.task), task.message);
    Some(Said { words, is_fault: task.status == TaskStatus::Failed })
}

fn arrived(model: &mut Model, asked: &Order, rooms: Vec<RoomLine>) {
    if list(model).as_ref() != Some(asked) {
        return;
    }
    let now = rooms.iter().filter_map(|room| Some((room.name.clone(), room.seq?))).collect();
    match counted(&mut model.rooms_before, model.since, now) {
        Count::TooSoon => {}
        Count::First => model.room_rates.clear(),
        Count::After(seconds, before) => {
            let rates = rooms.iter().filter_map(|room| {
                let (now, before) = (room.seq?, before.get(&room.name)?);
                Some((room.name.clone(), now.saturating_sub(*before) as f64 / seconds))
            });
            model.room_rates = rates.collect();
        }
    }
    model.rooms.renew(rooms, |room| room.name.clone());
}

/// What a count says beside the one before.
enum Count<K, V> {
    /// Nothing: it is too short a while.
    TooSoon,
    /// There was none before, or too long ago to be of a second.
    First,
    After(f64, HashMap<K, V>),
}

fn counted<K, V>(counts: &mut Counted<K, V>, since: Duration, now: HashMap<K, V>) -> Count<K, V> {
    let apart = counts.as_ref().map(|(then, _)| since.saturating_sub(*then));
    if apart.is_some_and(|apart| apart < CLOSE) {
        return Count::TooSoon;
    }
    match (counts.replace((since, now)), apart) {
        (Some((_, before)), Some(apart)) if apart <= FAR => Count::After(apart.as_secs_f64(), before),
        _ => Count::First,
    }
}

fn talked(model: &mut Model, asked: &Order, lines: Vec<ConnectionLine>) {
    if list(model).as_ref() != Some(asked) {
        return;
    }
    if let Some(Closer::Connection { id, line: shown }) = &mut model.closer {
        let id = *id;
        match lines.into_iter().find(|line| line.id == id) {
            Some(line) => *shown = Some(Box::new(line)),
            None => {
                model.closer = None;
                model.said = Some(Said { words: format!("Connection {id} is over"), is_fault: false });
            }
        }
        return;
    }
    let now = lines.iter().map(|line| (line.id, (line.said, line.took))).collect();
    let shown: HashMap<_, _> = model.connections.rows.iter().map(|talker| (talker.line.id, talker.rates)).collect();
    let before = counted(&mut model.talkers_before, model.since, now);
    let talker = |line: ConnectionLine| {
        let rates = match &before {
            Count::After(seconds, before) => before.get(&line.id).map(|(said, took)| {
                (f64::from(line.said.wrapping_sub(*said)) / seconds, f64::from(line.took.wrapping_sub(*took)) / seconds)
            }),
            Count::TooSoon => shown.get(&line.id).copied().flatten(),
            Count::First => None,
        };
        Talker { line, rates }
    };
    let talkers = lines.into_iter().map(talker).collect();
    model.connections.renew(talkers, |talker| talker.line.id);
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

#[cfg(test)]
mod tests;
