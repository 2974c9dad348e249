//! What every implementation of the log does in the same words: refusals, and how an epoch is made.
//!
//! Stands alone so that an answer does not depend on where it was given. Does not know any store.

use chat_protocol::{Epoch, ErrorCode, Event, Recorded, Refusal, RoomName, Seq, Timestamp, json, limits};

use super::{Author, Draft, Events, From, Messages};
use crate::realm::{Realm, Someone, rights::Deed};

pub(in crate::log) fn no_such_message() -> Refusal {
    Refusal::new(ErrorCode::NoSuchMessage, "there is no such message here")
}

pub(in crate::log) fn not_yours() -> Refusal {
    Refusal::new(ErrorCode::Forbidden, "it is somebody else's message")
}

pub(in crate::log) fn too_many_reactions() -> Refusal {
    let text = format!("a message takes at most {} reactions", limits::REACTIONS_PER_MESSAGE);
    Refusal::new(ErrorCode::BadRequest, text)
}

/// How many one author may want to hear nothing more of.
pub(in crate::log) const BLOCKS: usize = 500;

pub(in crate::log) fn too_many_blocks() -> Refusal {
    Refusal::new(ErrorCode::BadRequest, format!("At most {BLOCKS} can be blocked: let some be again first"))
}

/// Whether a draft may be, by what its author is in the room. Whose the message is that it changes is asked elsewhere.
pub(in crate::log) fn permit(realm: &Realm, draft: &Draft, now: Timestamp) -> Result<(), Refusal> {
    let deed = match &draft.event {
        Event::Message { .. } | Event::Edited { .. } | Event::Reacted { .. } => Deed::Speak,
        Event::Topic { .. } => Deed::SetTopic,
        // One's own words may always be taken back.
        Event::Deleted { .. } => Deed::Read,
    };
    realm.may(deed, &draft.room, someone(draft), now)
}

/// Whether a draft's author may take others' messages away.
pub(in crate::log) fn may_clear(realm: &Realm, draft: &Draft, now: Timestamp) -> bool {
    matches!(draft.event, Event::Deleted { .. }) && realm.may(Deed::Delete, &draft.room, someone(draft), now).is_ok()
}

/// Whether somebody has waited long enough in a slow room since they last said something.
pub(in crate::log) fn patience(slow: u32, last: Option<Timestamp>, now: Timestamp) -> Result<(), Refusal> {
    let left = last.map_or(0, |last| last.0 + i64::from(slow) * 1000 - now.0);
    let Some(left) = u64::try_from(left).ok().filter(|left| *left > 0) else { return Ok(()) };
    let text = format!("This room is slow: the next message is welcome in {} s", left.div_ceil(1000));
    Err(Refusal::new(ErrorCode::RateLimited, text).retry(left))
}

/// Whose haste is counted together in a slow room: an account's, or a guest's by its name, by whichever door it comes.
pub(in crate::log) fn pace(draft: &Draft) -> Author {
    if draft.author.is_account() { draft.author.clone() } else { Author(format!("guest:{}", draft.from.folded()).into()) }
}

pub(in crate::log) fn someone(draft: &Draft) -> Someone<'_> {
    Someone { name: &draft.from, account: draft.author.account_id() }
}

/// Events that one [`Write::Prune`](super::Write::Prune) takes. To take a message's words out of the search index, so that nothing of
/// them is left there, costs 0.8 ms in a room of a million: whoever speaks meanwhile waits for 40 ms of it.
pub(in crate::log) const BITE: u64 = 50;
/// And so many bytes of text, because every word of it costs: after the message that reaches this, the bite is over.
pub(in crate::log) const BITE_BYTES: usize = 16 * 1024;

/// What a message sent again is answered with when it was pruned since: that it was sent is known for ever.
/// Who sent it knows it by its `cid`; when it was said is not known any more.
pub(in crate::log) fn pruned(room: &RoomName, seq: Seq, draft: &Draft, now: Timestamp) -> Recorded {
    let cid = match &draft.event {
        Event::Message { cid, .. } => cid.clone(),
        _ => None,
    };
    let event = Event::Message { text: String::new(), cid, reply_to: None, action: false };
    Recorded { room: room.clone(), seq, at: now, from: draft.from.clone(), event, deleted: true }
}

/// Under which key it is remembered that a source began a room.
pub(in crate::log) const IMPORT: &str = "import";

pub(in crate::log) fn in_use(room: &RoomName) -> Refusal {
    Refusal::new(ErrorCode::BadRequest, format!("{room} holds something else already: import into a room that nobody used"))
}

/// Whose a reaction is that came with a message of another log: by its number, because two may have had one name there.
pub(in crate::log) fn nobody(number: usize) -> Author {
    Author(format!("nobody:{number}").into())
}

/// How far somebody has read, by their mark, in a room of which everything up to the horizon is gone.
pub(in crate::log) fn read(mark: Seq, horizon: Seq) -> Seq {
    if mark == Seq(0) { mark } else { mark.max(horizon) }
}

/// Sixteen random characters: 80 bits, so that no two logs are ever taken for each other.
pub(in crate::log) fn new_epoch() -> Result<Epoch, String> {
    const BASE32: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| format!("no randomness: {error}"))?;
    Ok(Epoch(random.iter().map(|byte| char::from(BASE32[usize::from(byte % 32)])).collect::<String>().into()))
}

/// Terms that one search takes; the index is walked once for each.
const TERMS: usize = 8;

/// What a search looks for: each different word once, and no more of them than are looked for.
pub(in crate::log) fn search_terms(query: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    for term in query.split_whitespace().filter(|term| term.chars().any(char::is_alphanumeric)) {
        if terms.len() < TERMS && !terms.contains(&term) {
            terms.push(term);
        }
    }
    terms
}

/// What a page of text weighs at most, so that an answer is one that a client takes. One message may be heavier than that.
const PAGE_BYTES: usize = 256 * 1024;

/// How many of these texts make a page: at least one.
fn fitting<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    let mut bytes = 0;
    let fits = texts.take_while(|text| {
        bytes += json::weight(text) + 200;
        bytes <= PAGE_BYTES
    });
    fits.count().max(1)
}

/// Cuts a page of events where it gets too heavy.
pub(in crate::log) fn fit_events(page: &mut Events) {
    let text = |event: &Event| match event {
        Event::Message { text, .. } | Event::Edited { text, .. } | Event::Topic { text } => text.clone(),
        Event::Deleted { .. } | Event::Reacted { .. } => String::new(),
    };
    let texts: Vec<_> = page.events.iter().map(|event| text(&event.event)).collect();
    let fits = fitting(texts.iter().map(String::as_str));
    page.more |= fits < page.events.len();
    page.events.truncate(fits);
}

/// Cuts a page of messages where it gets too heavy: those furthest from where it was asked from go.
pub(in crate::log) fn fit_messages(page: &mut Messages, from: From) {
    let texts = page.messages.iter().map(|message| message.text.as_str());
    let (fits, newest) = match from {
        From::After(_) => (fitting(texts), false),
        From::End | From::Before(_) => (fitting(texts.rev()), true),
    };
    let over = page.messages.len().saturating_sub(fits);
    page.more |= over > 0;
    if newest {
        page.messages.drain(..over);
    } else {
        page.messages.truncate(fits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_looks_for_each_word_once_and_for_few() {
        assert_eq!(search_terms("tea  cake tea … tea"), ["tea", "cake"]);
        let many: Vec<_> = (0..100).map(|n| format!("w{n}")).collect();
        assert_eq!(search_terms(&many.join(" ")).len(), TERMS);
    }

    #[test]
    fn a_page_is_cut_where_it_gets_heavy_and_is_never_empty() {
        let heavy = "\u{7f}".repeat(PAGE_BYTES);
        assert_eq!(fitting([heavy.as_str(), "light"].into_iter()), 1);
        assert_eq!(fitting(["light"; 100].into_iter()), 100);
        let half = "x".repeat(PAGE_BYTES / 2 - 300);
        assert_eq!(fitting([half.as_str(), &half, &half].into_iter()), 2);
    }
}
