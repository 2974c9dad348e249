//! Messages of another log come into a room in memory. See `sqlite/import.rs`, which does the same to tables.

use chat_protocol::{ClientId, Event, Seq, Timestamp, server::Message};

use super::{Kept, Reaction, Room, Said, State, words};
use crate::log::{Author, Import, Outcome, rules};

pub(super) fn import(state: &mut State, import: &Import, now: Timestamp) -> Outcome {
    let refused = || Outcome::Refused(rules::in_use(&import.room));
    let Some(mark) = ClientId::parse(rules::IMPORT).map(|mark| (import.source.clone(), mark)) else { return refused() };
    let room = state.by_name.get(import.room.folded()).map(|&place| &state.rooms[place]);
    let room = room.filter(|room| room.head() > Seq(0));
    let head = room.map_or(Seq(0), Room::head);
    let Some(before) = room.map_or(Some(head), |room| room.sent.get(&mark).copied()) else { return refused() };
    let mut new = import.messages.iter().filter(|message| message.seq > head).peekable();
    let Some(first) = new.peek() else { return Outcome::Imported { messages: 0 } };
    if first.seq != head.next() || before != head {
        return refused();
    }
    let room = state.room_made(&import.room, now);
    let mut messages = 0;
    for message in new {
        room.at = message.at;
        room.events.push_back(kept(message, import.source.clone()));
        messages += 1;
    }
    let head = room.head();
    room.sent.insert(mark, head);
    Outcome::Imported { messages }
}

fn kept(message: &Message, author: Author) -> Kept {
    let Message { seq, from, text, at, cid, reply_to, action, edited_at, deleted, reactions, .. } = message.clone();
    let reactions = reactions.into_iter().flat_map(|(emoji, names)| {
        let reaction =
            move |(number, name)| Reaction { emoji: emoji.clone(), author: rules::nobody(number), name, seq: Seq(number as u64) };
        names.into_iter().enumerate().map(reaction)
    });
    let said = Said {
        edited: edited_at.map(|at| (text.clone(), at)),
        edits: Vec::new(),
        deleted_by: deleted.then_some(seq),
        reactions: reactions.collect(),
        words: if deleted { String::new() } else { words::of(&text) },
    };
    let event = Event::Message { text, cid, reply_to, action };
    Kept { at, from, author, event, deleted, said: Some(Box::new(said)) }
}
