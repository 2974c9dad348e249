//! What Tab offers, and what is explained while a command is typed. Which words a command takes is read off its usage, so that
//! a new command is completed as soon as it is in a table.

use chat_protocol::{RoomName, UserName, command, names::fold};

use super::LOCAL_COMMANDS;
use crate::{
    keys::Action,
    model::{Candidate, Completion, Model, emoji},
};

/// How many messages back somebody is still a recent speaker.
const RECENT: usize = 500;
/// Words before the cursor that may be the beginning of one name.
const WORDS: usize = 4;
/// What may stand before a word that is to be completed.
const OPENING: &[char] = &['(', '[', '{', '"', '\'', '*', '_', '«', '“', '¿', '¡'];

/// Offers for the word that begins there.
struct Offer {
    start: usize,
    candidates: Vec<Candidate>,
}

/// A key, where it is about completing. Answers whether it was; any other accepts what stands in the line.
pub(super) fn key(model: &mut Model, action: Option<Action>) -> bool {
    let open = model.completion.take().filter(|open| stands(model, open));
    match (action, open) {
        (Some(Action::Complete | Action::CompleteBack), open) => {
            let Some(mut next) = open.filter(|open| open.chosen.is_some()).or_else(|| begin(model)) else { return true };
            let length = next.shown().len();
            next.turn(action == Some(Action::CompleteBack));
            let fits = model.room_mut().composer.replace(next.start..next.start + length, next.shown());
            model.completion = Some(next).filter(|next| fits && next.candidates.len() > 1);
            true
        }
        (Some(Action::Escape), Some(open)) => {
            let end = open.start + open.shown().len();
            model.room_mut().composer.replace(open.start..end, &open.before);
            true
        }
        _ => false,
    }
}

/// Whether what was completed still stands before the cursor: the user may be in another room by now.
fn stands(model: &Model, open: &Completion) -> bool {
    let composer = &model.room().composer;
    let text = composer.text();
    let end = open.start + open.shown().len();
    composer.offset() == end && text.get(open.start..end) == Some(open.shown())
}

fn begin(model: &Model) -> Option<Completion> {
    let composer = &model.room().composer;
    let text = composer.text();
    let (head, tail) = text.split_at_checked(composer.offset())?;
    let mut offer = offers(model, head)?;
    if tail.starts_with(' ') {
        for candidate in &mut offer.candidates {
            candidate.text.truncate(candidate.text.trim_end_matches(' ').len());
        }
    }
    let before = head[offer.start..].to_owned();
    Some(Completion { before, start: offer.start, candidates: offer.candidates, chosen: None })
        .filter(|completion| !completion.candidates.is_empty())
}

/// While a command is typed: which ones begin so, then what it takes. Nothing of it is put into the line.
pub(super) fn explain(model: &mut Model) {
    if model.completion.as_ref().is_some_and(|open| open.chosen.is_some()) {
        return;
    }
    let composer = &model.room().composer;
    let text = composer.text();
    let head = &text[..composer.offset()];
    model.completion = typed_command(model, head).and_then(|typed| {
        let Some(rest) = typed.rest else { return begin(model) };
        let (_, usage, help) = known().find(|(name, ..)| *name == typed.name)?;
        let argument = argument(usage, &head[rest..])?;
        let begun = argument.last && rest + argument.start < head.len();
        let row = Candidate { text: String::new(), label: format!("/{} {usage}", typed.name), note: help.to_owned() };
        (!begun).then(|| Completion { before: String::new(), start: head.len(), candidates: vec![row], chosen: None })
    });
}

fn offers(model: &Model, head: &str) -> Option<Offer> {
    if let Some(typed) = typed_command(model, head) {
        let Some(rest) = typed.rest else {
            return Some(Offer { start: 0, candidates: commands(&typed.name, "/") });
        };
        if let Some(offer) = known().find(|(name, ..)| *name == typed.name).and_then(|row| of_argument(model, row.1, head, rest))
        {
            return Some(offer);
        }
    }
    words(model, head)
}

/// A command before the cursor, as far as it goes.
struct TypedCommand {
    name: String,
    /// Where its arguments begin.
    rest: Option<usize>,
}

fn typed_command(model: &Model, head: &str) -> Option<TypedCommand> {
    let command = head.strip_prefix('/').filter(|rest| !rest.starts_with('/') && model.room().composer.is_typed())?;
    let end = command.find(char::is_whitespace);
    // Behind the first line it is text.
    let rest = end.map(|end| end + 1);
    Some(TypedCommand { name: command[..end.unwrap_or(command.len())].to_lowercase(), rest }).filter(|_| !head.contains('\n'))
}

/// Every command by every name: the name, what follows it, the help.
fn known() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let shared = command::COMMANDS.iter().flat_map(|command| {
        let names = std::iter::once(command.name).chain(command.aliases.iter().copied());
        names.map(|name| (name, command.usage, command.help))
    });
    shared.chain(LOCAL_COMMANDS.iter().map(|local| (local.name, local.usage, local.help)))
}

/// Commands that begin so; another name of one only if its first does not.
fn commands(begin: &str, slash: &str) -> Vec<Candidate> {
    let mut found: Vec<(&str, &str, &str)> = Vec::new();
    for row in known().filter(|(name, ..)| name.starts_with(begin)) {
        if found.iter().all(|other| other.0 != row.0 && (other.1, other.2) != (row.1, row.2)) {
            found.push(row);
        }
    }
    let meant = known().find(|(name, ..)| *name == begin);
    found.sort_by_key(|row| meant.is_none_or(|meant| (meant.1, meant.2) != (row.1, row.2)));
    let candidates = found.into_iter().map(|(name, usage, help)| Candidate {
        text: format!("{slash}{name}{}", if usage.is_empty() || slash.is_empty() { "" } else { " " }),
        label: format!("{slash}{name}"),
        note: format!("{usage}  {help}").trim_start().to_owned(),
    });
    candidates.collect()
}

/// Which argument is being typed.
struct Argument<'a> {
    /// What the usage calls it.
    slot: &'a str,
    /// Where it begins in what follows the command.
    start: usize,
    /// It takes all that is left.
    last: bool,
}

fn argument<'a>(usage: &'a str, rest: &str) -> Option<Argument<'a>> {
    let mut start = 0;
    let mut slots = usage.split_whitespace().peekable();
    while let Some(slot) = slots.next() {
        start = rest.len() - rest[start..].trim_start().len();
        let last = slots.peek().is_none();
        let word = &rest[start..];
        let end = match word.strip_prefix('"') {
            Some(quoted) => quoted.find('"').map(|end| end + 2),
            None => word.find(char::is_whitespace),
        };
        match end.filter(|_| !last) {
            Some(end) => start += end,
            None => return Some(Argument { slot, start, last }),
        }
    }
    None
}

fn of_argument(model: &Model, usage: &str, head: &str, rest: usize) -> Option<Offer> {
    let Argument { slot, start, last } = argument(usage, &head[rest..])?;
    let start = rest + start;
    let word = fold(head[start..].trim_start_matches(['"', '#', '@', '/', ':']));
    let end = if last { "" } else { " " };
    let named = |name: &str, quote: bool| Candidate {
        text: if quote && name.contains(' ') { format!("\"{name}\"{end}") } else { format!("{name}{end}") },
        label: name.to_owned(),
        note: String::new(),
    };
    let candidates = match slot.trim_matches(['<', '>', '[', ']']) {
        "user" => {
            let users = people(model).into_iter().chain(acquaintances(model));
            let mut candidates: Vec<Candidate> = Vec::new();
            for user in users.filter(|user| user.folded().trim_start_matches('#').starts_with(&word)) {
                let candidate = named(user.shown(), true);
                if !candidates.contains(&candidate) {
                    candidates.push(candidate);
                }
            }
            candidates
        }
        "room" => rooms(model).filter(|room| room.folded().starts_with(&word)).map(|room| named(room.shown(), !last)).collect(),
        "command" => commands(&word, ""),
        "emoji" => emoji::like(&word)
            .into_iter()
            .map(|(emoji, name)| Candidate { text: format!("{emoji}{end}"), label: emoji.to_owned(), note: format!(":{name}:") })
            .collect(),
        _ => return None,
    };
    Some(Offer { start, candidates })
}

/// Offers in the middle of a text, by how the word begins.
fn words(model: &Model, head: &str) -> Option<Offer> {
    let starts = starts(head);
    let start = *starts.last()?;
    let word = &head[start..];
    let mut marked = word.chars();
    let candidates = match marked.next() {
        Some(':') => emojis(marked.as_str()),
        Some('#') => {
            let begin = fold(marked.as_str());
            let rooms = rooms(model).filter(|room| room.folded().starts_with(&begin));
            rooms
                .map(|room| Candidate { text: format!("#{room} "), label: format!("#{room}"), note: room_note(model, room) })
                .collect()
        }
        _ => return names(model, head, &starts),
    };
    Some(Offer { start, candidates })
}

/// Where the last words of the line begin, in their order.
fn starts(head: &str) -> Vec<usize> {
    let line = head.rfind('\n').map_or(0, |end| end + 1);
    let blanks = head[line..].char_indices().rev().filter(|(_, c)| c.is_whitespace());
    let mut starts: Vec<usize> = blanks.map(|(offset, c)| line + offset + c.len_utf8()).chain([line]).take(WORDS).collect();
    starts.reverse();
    starts.into_iter().map(|start| head.len() - head[start..].trim_start_matches(OPENING).len()).collect()
}

fn emojis(word: &str) -> Vec<Candidate> {
    let one =
        |emoji: &str, name: &str| Candidate { text: format!("{emoji} "), label: emoji.to_owned(), note: format!(":{name}:") };
    if let Some(name) = word.strip_suffix(':') {
        return emoji::named(&name.to_ascii_lowercase()).map(|emoji| one(emoji, name)).into_iter().collect();
    }
    if word.chars().count() < 2 {
        return Vec::new();
    }
    emoji::like(word).into_iter().map(|(emoji, name)| one(emoji, name)).collect()
}

fn room_note(model: &Model, name: &RoomName) -> String {
    model.rooms.find(name).map_or_else(String::new, |room| room.topic.clone())
}

/// Names that begin with the word, or with the last few words, since a name may hold spaces.
fn names(model: &Model, head: &str, starts: &[usize]) -> Option<Offer> {
    for &start in starts {
        let word = &head[start..];
        let at = if word.starts_with('@') { "@" } else { "" };
        let begin = fold(&word[at.len()..]);
        if begin.is_empty() && at.is_empty() {
            continue;
        }
        let first = head[..start].chars().next_back().is_none_or(|before| before == '\n');
        let end = if first { ": " } else { " " };
        let candidates: Vec<Candidate> = people(model)
            .into_iter()
            .filter(|user| user.folded().starts_with(&begin))
            .map(|user| Candidate { text: format!("{at}{user}{end}"), label: user.to_string(), note: String::new() })
            .collect();
        if !candidates.is_empty() {
            return Some(Offer { start, candidates });
        }
    }
    None
}

/// Who is or was in this room: the last speakers first, then the others by name; not oneself.
fn people(model: &Model) -> Vec<&UserName> {
    let room = model.room();
    let speakers = room.live.messages().rev().take(RECENT).map(|message| &message.from);
    let mut people: Vec<&UserName> = Vec::new();
    for user in speakers.chain(&room.with) {
        if *user != model.user && !people.contains(&user) {
            people.push(user);
        }
    }
    let spoke = people.clone();
    people.extend(room.users.iter().filter(|user| **user != model.user && !spoke.contains(user)));
    people
}

/// Who is in other rooms, by name.
fn acquaintances(model: &Model) -> impl Iterator<Item = &UserName> {
    let mut others: Vec<&UserName> =
        model.rooms.iter().flat_map(|room| room.users.iter().chain(&room.with)).filter(|user| **user != model.user).collect();
    others.sort_unstable();
    others.dedup();
    others.into_iter()
}

/// Public rooms: ours, then those that we heard of.
fn rooms(model: &Model) -> impl Iterator<Item = &RoomName> {
    let ours = model.rooms.iter().map(|room| &room.name);
    let others = model.known_rooms.iter().filter(|name| model.rooms.find(name).is_none());
    ours.chain(others).filter(|name| !name.is_private())
}
