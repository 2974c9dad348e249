//! Keys typed at a console, and what comes of them.

use std::time::Duration;

use chat_protocol::{
    Epoch, Timestamp,
    task::{TaskStatus, TaskUpdate},
};

use super::*;
use crate::{
    admin::Sight,
    journal::Line,
    metrics::Distribution,
    roster::ConnectionLine,
    vitals::{Process, Vitals},
};

fn vitals(second: i64, started: i64) -> Vitals {
    let none = Distribution::default();
    Vitals {
        at: Timestamp(second * 1000),
        version: String::new(),
        started: Timestamp(started),
        durability: "full".into(),
        epoch: Epoch("e".into()),
        draining: false,
        log_writable: true,
        connections: 1,
        connects: 1,
        users: 1,
        rooms: 1,
        accounts: 0,
        messages: second.unsigned_abs() * 10,
        deliveries: 0,
        tellings: 0,
        sent_bytes: 0,
        received_bytes: 0,
        queue_bytes: 0,
        slow_readers: 0,
        commit_seconds: none.clone(),
        commit_sizes: none,
        drops: Default::default(),
        tasks: 0,
        tls_expires: None,
        store: None,
        process: Process::default(),
    }
}

fn sight(second: i64, started: i64, lines: &[u64]) -> Msg {
    let line = |number: &u64| Line {
        number: *number,
        at: Timestamp(0),
        level: Level::Info,
        part: "here".into(),
        text: format!("line {number}"),
    };
    let sight = Sight {
        vitals: vitals(second, started),
        lines: lines.iter().map(line).collect(),
        log_filter: Some("info".into()),
        leaves_in: None,
        tasks: Vec::new(),
    };
    Msg::Answered(Answer::Sight(Box::new(sight)))
}

/// What is asked for now, answered.
fn connections(model: &mut Model, ids: &[u64]) {
    let line = |id: &u64| ConnectionLine {
        id: *id,
        user: Some(format!("user{id}")),
        account: false,
        address: [127, 0, 0, 1].into(),
        dialect: "chat".into(),
        encrypted: false,
        since: Timestamp(0),
        silent_ms: 0,
        lag_ms: None,
        queued: 0,
        said: 5,
        took: u32::MAX,
        rooms: Vec::new(),
    };
    let Some(Order::Connections(asked)) = list(model) else { panic!("no connections are asked for") };
    update(model, Msg::Answered(Answer::Connections { asked, connections: ids.iter().map(line).collect() }));
}

/// Types keys, each by its name, and answers what they lead to.
fn keys(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.split(' ') {
        let chord = Chord::parse(key).unwrap_or_else(|| panic!("{key}"));
        effects.extend(update(model, Msg::Input(Input::Key(chord))));
    }
    effects
}

fn write(model: &mut Model, text: &str) {
    update(model, Msg::Input(Input::Paste(text.into())));
}

fn acts(effects: &[Effect]) -> Vec<Act> {
    let act = |effect: &Effect| match effect {
        Effect::Ask(Order::Act(act)) => Some(act.clone()),
        _ => None,
    };
    effects.iter().filter_map(act).collect()
}

#[test]
fn a_second_asks_for_what_is_shown_and_no_more() {
    let mut model = Model::default();
    let tick = |model: &mut Model| update(model, Msg::Tick);
    update(&mut model, sight(1, 0, &[1, 2]));
    assert_eq!(tick(&mut model), [Effect::Ask(Order::Look { log_after: 2 })]);
    keys(&mut model, "3");
    let asked = tick(&mut model);
    assert!(matches!(&asked[1], Effect::Ask(Order::Connections(asked)) if asked.only.is_none()), "{asked:?}");
    connections(&mut model, &[7, 8]);
    keys(&mut model, "down enter");
    let asked = tick(&mut model);
    assert!(matches!(&asked[1], Effect::Ask(Order::Connections(asked)) if asked.only == Some(8)), "{asked:?}");
    // It is over: back to the others.
    connections(&mut model, &[]);
    assert!(model.closer.is_none() && model.said.is_some());
}

#[test]
fn what_cannot_be_undone_is_asked_once_more() {
    let mut model = Model::default();
    keys(&mut model, "3");
    connections(&mut model, &[7, 8]);
    assert!(keys(&mut model, "j b").is_empty());
    write(&mut model, "2h spam");
    assert!(acts(&keys(&mut model, "enter")).is_empty(), "not yet");
    assert!(acts(&keys(&mut model, "n")).is_empty() && model.overlay.is_none(), "whatever is no yes is none");
    keys(&mut model, "b enter");
    let acts = acts(&keys(&mut model, "y"));
    assert!(matches!(&acts[..], [Act::Punish { action: Action::Ban, user, seconds: None, .. }] if user == "user8"), "{acts:?}");
}

#[test]
fn a_connection_is_ended_by_its_number_whoever_came_meanwhile() {
    let mut model = Model::default();
    keys(&mut model, "3");
    connections(&mut model, &[7, 8]);
    keys(&mut model, "down c");
    connections(&mut model, &[1, 2, 3, 8]);
    assert_eq!(acts(&keys(&mut model, "y")), [Act::Close { connection: 8 }]);
    assert_eq!(model.connections.chosen, 3, "what was chosen stays so");
}

#[test]
fn a_filter_works_while_it_is_typed_and_goes_with_escape() {
    let mut model = Model::default();
    keys(&mut model, "2 /");
    let asked = keys(&mut model, "t");
    assert!(matches!(&asked[..], [Effect::Ask(Order::Rooms { filter, .. })] if filter == "t"), "{asked:?}");
    keys(&mut model, "e enter");
    assert_eq!((model.rooms.filter.as_str(), model.overlay.is_none()), ("te", true));
    // In words, letters are letters.
    assert!(keys(&mut model, "/ q").iter().all(|effect| *effect != Effect::Quit));
    keys(&mut model, "esc");
    assert_eq!(model.rooms.filter, "");
}

#[test]
fn the_log_is_followed_until_somebody_reads_back() {
    let mut model = Model::default();
    update(&mut model, sight(1, 0, &(1..=50).collect::<Vec<_>>()));
    keys(&mut model, "4 up up");
    assert_eq!(model.log.above, 2);
    update(&mut model, sight(2, 0, &[50, 51, 52, 53]));
    assert_eq!((model.log.above, model.log.lines.len()), (5, 53), "what is read stays where it is, and nothing comes twice");
    keys(&mut model, "G");
    assert_eq!(model.log.above, 0);
    // The server was started anew, and counts from one.
    update(&mut model, sight(3, 2500, &[1]));
    assert_eq!(model.log.lines.len(), 1);
}

#[test]
fn rates_are_of_a_second_and_begin_anew_with_the_server() {
    let mut model = Model::default();
    update(&mut model, sight(1, 0, &[]));
    update(&mut model, sight(3, 0, &[]));
    assert_eq!(model.history.last().messages, 10.0);
    update(&mut model, sight(4, 3500, &[]));
    assert_eq!(model.history.samples.len(), 1, "nothing is counted over a restart");
    keys(&mut model, "3");
    connections(&mut model, &[1]);
    // Nine bytes before the count began anew, and half of a second is half of it.
    model.talkers_before = Some((Duration::ZERO, [(1, (3, u32::MAX - 9))].into()));
    model.since = Duration::from_secs(2);
    connections(&mut model, &[1]);
    assert_eq!(model.connections.rows[0].rates, Some((1.0, 4.5)));
    // Asked again at once, because something was typed: nothing is known better.
    model.since += Duration::from_millis(100);
    connections(&mut model, &[1]);
    assert_eq!(model.connections.rows[0].rates, Some((1.0, 4.5)));
    model.since += Duration::from_secs(60);
    connections(&mut model, &[1]);
    assert_eq!(model.connections.rows[0].rates, None, "a minute's is not a second's");
}

#[test]
fn how_work_ended_is_said_once() {
    let task = |status| TaskUpdate {
        task_id: "t1".into(),
        task: TaskKind::Backup,
        room: None,
        format: None,
        status,
        progress: 50,
        message: "12 kB".into(),
        result: None,
    };
    let seen = |model: &mut Model, status: Option<TaskStatus>| {
        let Msg::Answered(Answer::Sight(mut next)) = sight(1, 0, &[]) else { unreachable!() };
        next.tasks = status.map(task).into_iter().collect();
        update(model, Msg::Answered(Answer::Sight(next)));
        model.said.take().map(|said| (said.words, said.is_fault))
    };
    let mut model = Model::default();
    let begun = keys(&mut model, "B");
    assert!(matches!(&begun[..], [Effect::Ask(Order::Begin { task: TaskKind::Backup, .. })]), "{begun:?}");
    assert_eq!(seen(&mut model, Some(TaskStatus::Completed)), None, "what was over when it came is no news");
    assert_eq!(seen(&mut model, None), None);
    assert_eq!(seen(&mut model, Some(TaskStatus::Running)), None);
    assert_eq!(seen(&mut model, Some(TaskStatus::Failed)), Some(("backup: 12 kB".into(), true)));
    assert_eq!(seen(&mut model, Some(TaskStatus::Failed)), None);
}

#[test]
fn who_leaves_a_server_of_their_own_is_asked() {
    let mut model = Model::default();
    assert_eq!(keys(&mut model, "q"), [Effect::Quit]);
    model.is_own = true;
    assert!(keys(&mut model, "q").is_empty());
    assert_eq!(keys(&mut model, "y"), [Effect::Quit]);
    assert!(keys(&mut model, "ctrl-z").is_empty(), "the server would sleep, too");
}

#[test]
fn an_answer_to_what_was_asked_before_is_none() {
    let mut model = Model::default();
    keys(&mut model, "3");
    connections(&mut model, &[7, 8]);
    let stale = list(&model);
    keys(&mut model, "enter");
    let Some(Order::Connections(asked)) = stale else { panic!("{stale:?}") };
    update(&mut model, Msg::Answered(Answer::Connections { asked, connections: Vec::new() }));
    assert!(model.closer.is_some() && model.said.is_none(), "the list of before says nothing of the one");
}

#[test]
fn what_was_said_goes_with_the_next_key_and_the_help_has_an_end() {
    let mut model = Model::default();
    update(&mut model, Msg::Answered(Answer::Done { words: "done".into() }));
    assert!(model.said.is_some());
    keys(&mut model, "f1");
    assert!(model.said.is_none());
    keys(&mut model, "pagedown ".repeat(30).trim_end());
    keys(&mut model, "pageup ".repeat(10).trim_end());
    assert!(matches!(model.overlay, Some(Overlay::Help { scroll: 0 })), "{:?}", model.overlay);
}

#[test]
fn a_deed_that_may_be_lost_is_said_until_a_key_is_typed() {
    let mut model = Model::default();
    update(&mut model, Msg::Lost { words: "it has gone".into(), was_a_look: false });
    update(&mut model, sight(1, 0, &[]));
    assert!(model.said.is_some_and(|said| said.words == "That may not have been done: it has gone"));
}

#[test]
fn what_went_wrong_is_said() {
    let mut model = Model::default();
    update(&mut model, Msg::Lost { words: "no server".into(), was_a_look: true });
    assert_eq!(model.link, Link::Lost("no server".into()));
    update(&mut model, Msg::Answered(Answer::Refused { words: "no".into() }));
    assert_eq!((model.link.clone(), model.said.clone()), (Link::Here, Some(Said { words: "no".into(), is_fault: true })));
    keys(&mut model, "2 w");
    assert!(model.overlay.is_none() && model.said.is_some_and(|said| said.words.contains("No room")));
}
