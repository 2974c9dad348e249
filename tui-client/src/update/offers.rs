//! What a list offers for what is typed into it: rooms and people, reactions. It knows nothing of what choosing one does.

use chat_protocol::{RoomName, limits, names};

use crate::model::{Item, Model, Row};

/// What is offered first as a reaction.
const REACTIONS: [&str; 12] = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀", "✅", "❌", "🚀", "👎"];

/// The rooms to go to, those to join, and the people to talk to, the best fit first.
pub(super) fn rooms(model: &Model, filter: &str) -> Vec<Row> {
    let mut rows: Vec<(i64, Row)> = Vec::new();
    let folded = names::fold(filter.trim());
    let mut add = |text: String, note: String, item: Item, weight: i64| {
        if let Some(score) = score(&names::fold(&text), &folded) {
            rows.push((score * 8 + weight, Row { text, note, item }));
        }
    };
    for (index, room) in model.rooms.iter().enumerate() {
        // Where one is, one need not go.
        let here = index == model.rooms.number();
        let waits = i64::from(room.mentions > 0) * 2 + i64::from(room.unread > 0);
        let note = match (here, room.mentions, room.unread) {
            (true, ..) => "here".to_owned(),
            (_, 0, 0) => room.topic.clone(),
            (_, 0, unread) => format!("{unread} new"),
            (_, mentions, unread) => format!("{unread} new, {mentions} for you"),
        };
        add(room.title(), note, Item::Room(room.name.clone()), if here { -20 } else { 4 + waits });
    }
    for name in model.known_rooms.iter().filter(|name| model.rooms.find(name).is_none()) {
        add(name.shown().to_owned(), "join".into(), Item::Room(name.clone()), 1);
    }
    let mut people: Vec<_> = model.people.iter().collect();
    people.extend(model.rooms.iter().flat_map(|room| &room.users).filter(|user| **user != model.user));
    people.sort();
    people.dedup();
    for user in people {
        if model.rooms.find(&RoomName::private(&model.user, user)).is_none() {
            add(format!("@{user}"), "talk alone".into(), Item::Person(user.shown().to_owned()), 0);
        }
    }
    rows.sort_by(|(one, _), (other, _)| other.cmp(one));
    let mut rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
    if let Ok(name) = RoomName::parse(filter.trim())
        && !model.known_rooms.contains(&name)
        && model.rooms.find(&name).is_none()
    {
        rows.push(Row { text: name.shown().to_owned(), note: "a new room".into(), item: Item::Room(name) });
    }
    rows.truncate(200);
    rows
}

/// How well a name fits what was typed: its letters in their order; together, and at the beginning, is better.
fn score(name: &str, typed: &str) -> Option<i64> {
    if typed.is_empty() {
        return Some(0);
    }
    let bare = name.trim_start_matches('@');
    if bare.starts_with(typed) || name.starts_with(typed) {
        return Some(100 - name.len().min(50) as i64);
    }
    if let Some(at) = name.find(typed) {
        return Some(40 - at.min(30) as i64);
    }
    let mut letters = name.chars();
    let mut gaps = 0;
    for wanted in typed.chars() {
        gaps += letters.by_ref().position(|letter| letter == wanted)?;
    }
    Some(-(gaps.min(100) as i64))
}

/// The reactions that a word calls.
pub(super) fn reactions(filter: &str) -> Vec<Row> {
    let row = |emoji: &str, note: String| Row { text: emoji.to_owned(), note, item: Item::Reaction(emoji.to_owned()) };
    let named = |emoji: &'static emojis::Emoji| row(emoji.as_str(), emoji.shortcode().unwrap_or_else(|| emoji.name()).to_owned());
    let filter = filter.trim().trim_matches(':').to_lowercase();
    if filter.is_empty() {
        return REACTIONS.iter().filter_map(|emoji| emojis::get(emoji)).map(named).collect();
    }
    let fits = |emoji: &&'static emojis::Emoji| {
        emoji.shortcodes().any(|code| code.contains(&filter)) || emoji.name().to_lowercase().contains(&filter)
    };
    let mut rows: Vec<_> = emojis::iter().filter(fits).collect();
    // Best is what is called so, then what begins so.
    let is_called = |emoji: &emojis::Emoji| emoji.shortcodes().any(|code| code == filter);
    rows.sort_by_key(|emoji| (!is_called(emoji), !emoji.shortcodes().any(|code| code.starts_with(&filter))));
    let mut rows: Vec<_> = rows.into_iter().take(100).map(named).collect();
    // A reaction need not be an emoji: a word is one too.
    if rows.is_empty() && !filter.contains(char::is_whitespace) && filter.len() <= limits::EMOJI_BYTES {
        rows.push(row(&filter, "as it is".into()));
    }
    rows
}
