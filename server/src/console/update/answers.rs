//! What the server answers → what is known. An answer to what is not asked for any more is none.

use std::{collections::HashMap, time::Duration};

use chat_protocol::task::{TaskKind, TaskStatus, TaskUpdate};

use super::{
    super::model::{Closer, Counted, LINES, Model, Said, Talker},
    list,
};
use crate::{
    admin::{Answer, Order, RoomLine, Sight},
    roster::{ConnectionLine, MOST},
};

/// Answers closer together than this say nothing of a second.
const CLOSE: Duration = Duration::from_millis(500);
/// And further apart they say nothing of now.
const FAR: Duration = Duration::from_secs(10);

/// Takes an answer of the server.
pub(super) fn answered(model: &mut Model, answer: Answer) {
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
