//! A key → what it means where the user is: in a question or a list, at a selected message, in the input line; and what it means
//! everywhere.

use super::{commands, compose, hint, leaving, overlays, rooms, scroll, select};
use crate::{
    effect::Effect,
    keys::{Action, Chord, Code, Context},
    model::{Find, Link, Model, Overlay, Target},
    msg::Mouse,
};

/// How long a first Ctrl-C waits for the second.
const LEAVING: std::time::Duration = std::time::Duration::from_secs(2);
/// Rows of one notch of the wheel.
const NOTCH: isize = 3;

pub(super) fn pressed(model: &mut Model, chord: Chord) -> Vec<Effect> {
    let mut effects = Vec::new();
    model.typed += 1;
    model.typed_at = model.now.since;
    // Whoever touches the keys wants to be connected now.
    if matches!(model.link, Link::Waiting { .. }) {
        effects.push(Effect::Wake);
    }
    let context = match &model.overlay {
        Some(_) => Context::List,
        None if model.find.as_ref().is_some_and(|find| find.typing) => Context::List,
        None if model.room().selected.is_some() && model.room().selecting => Context::Select,
        None => Context::Input,
    };
    let action = model.settings.keys.action(context, chord);
    if action != Some(Action::Interrupt) {
        model.leaving = None;
    }
    effects.extend(meant(model, context, chord, action));
    effects
}

fn meant(model: &mut Model, context: Context, chord: Chord, action: Option<Action>) -> Vec<Effect> {
    match action {
        Some(Action::Suspend) => return vec![Effect::Suspend],
        Some(Action::Redraw) => return vec![Effect::Redraw],
        Some(Action::Interrupt) => return interrupt(model),
        _ => {}
    }
    if model.overlay.is_some() {
        return overlays::key(model, chord, action);
    }
    if context == Context::List {
        return finding(model, chord, action);
    }
    if let Some(effects) = action.and_then(|action| everywhere(model, action)) {
        return effects;
    }
    if context == Context::Select {
        if let Some(effects) = action.and_then(|action| select::key(model, action)) {
            return effects;
        }
        // Who types wants to type.
        if !matches!(chord.code, Code::Char(_)) || chord.ctrl || chord.alt {
            return Vec::new();
        }
        model.room_mut().selected = None;
    }
    if action == Some(Action::SelectMessage) {
        return select::begin(model);
    }
    // What was pointed at has been seen.
    model.room_mut().selected = None;
    compose::key(model, chord, action.filter(|_| context == Context::Input))
}

fn everywhere(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    if let Some(effects) = scroll::moved(model, action) {
        return Some(effects);
    }
    let (count, current) = (model.rooms.len(), model.rooms.number());
    Some(match action {
        Action::Help => {
            model.overlay = Some(Overlay::Help { scroll: 0 });
            Vec::new()
        }
        Action::Switcher => overlays::open_switcher(model),
        Action::Room(number) => rooms::go(model, usize::from(number).saturating_sub(1)),
        Action::NextRoom => rooms::go(model, (current + 1) % count),
        Action::PreviousRoom => rooms::go(model, (current + count - 1) % count),
        Action::ImportantRoom => rooms::important(model),
        Action::LastRoom => model.rooms.last().map_or_else(Vec::new, |index| rooms::go(model, index)),
        Action::ToggleRooms => {
            let shown = model.show_rooms.unwrap_or(model.size.0 >= 90);
            model.show_rooms = Some(!shown);
            Vec::new()
        }
        Action::ToggleUsers => {
            let shown = model.show_users.unwrap_or(model.size.0 >= 60);
            model.show_users = Some(!shown);
            Vec::new()
        }
        Action::Find => {
            let words = model.find.take().map_or_else(String::new, |find| find.words);
            model.find = Some(Find { words, typing: true });
            Vec::new()
        }
        Action::FindNext => commands::find_step(model, false),
        Action::FindPrevious => commands::find_step(model, true),
        _ => return None,
    })
}

/// Words to find are being typed.
fn finding(model: &mut Model, chord: Chord, action: Option<Action>) -> Vec<Effect> {
    let Some(find) = &mut model.find else { return Vec::new() };
    match (action, chord.code) {
        (Some(Action::Cancel), _) => model.find = None,
        (Some(Action::Choose), _) if find.words.trim().is_empty() => model.find = None,
        (Some(Action::Choose), _) => {
            find.typing = false;
            model.room_mut().selected = None;
            return commands::find_step(model, true);
        }
        (_, Code::Char('u' | 'w')) if chord.ctrl => find.words.clear(),
        (_, Code::Char(c)) if !chord.ctrl && !chord.alt && find.words.len() < 200 => find.words.push(c),
        (_, Code::Backspace) => drop(find.words.pop()),
        _ => {}
    }
    Vec::new()
}

/// Ctrl-C: what is open is closed, what is typed is put away, and the second one leaves.
fn interrupt(model: &mut Model) -> Vec<Effect> {
    if model.leaving.is_some_and(|until| model.now.since < until) {
        return vec![Effect::Quit(leaving::ending(model))];
    }
    model.overlay = None;
    model.find = None;
    model.room_mut().selected = None;
    let effects = compose::interrupt(model).unwrap_or_default();
    model.leaving = Some(model.now.since + LEAVING);
    let unsent = match model.outbox.len() {
        0 => String::new(),
        1 => " One message is not sent.".into(),
        count => format!(" {count} messages are not sent."),
    };
    hint(model, format!("Ctrl-C again leaves.{unsent}"));
    effects
}

pub(super) fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    model.typed += 1;
    model.typed_at = model.now.since;
    if model.overlay.is_some() {
        return Vec::new();
    }
    if let Some(find) = model.find.as_mut().filter(|find| find.typing) {
        find.words.extend(text.chars().filter(|c| !c.is_control()).take(200));
        return Vec::new();
    }
    model.room_mut().selected = None;
    compose::pasted(model, text)
}

pub(super) fn moused(model: &mut Model, mouse: Mouse) -> Vec<Effect> {
    match mouse {
        Mouse::Wheel(notches) => scroll::by(model, notches.saturating_mul(NOTCH)),
        Mouse::Click { column, row } if model.overlay.is_none() => {
            let spots = &model.seen.spots;
            let hit = spots.iter().find(|(spot, _)| spot.row == row && (spot.columns.0..spot.columns.1).contains(&column));
            match hit.map(|(_, target)| target.clone()) {
                Some(Target::Room(index)) => return rooms::go(model, index),
                Some(Target::User(name)) => {
                    let start = model.room().composer.is_empty();
                    let name = if start { format!("{name}: ") } else { format!("{name} ") };
                    let _ = model.room_mut().composer.insert(&name);
                }
                Some(Target::Message(place)) => select::at(model, place),
                Some(Target::Newest) => return super::to_newest(model),
                None => {}
            }
        }
        Mouse::Click { .. } => {}
    }
    Vec::new()
}
