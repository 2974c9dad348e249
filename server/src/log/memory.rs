//! A log in memory: for `--ephemeral` and for tests. Nothing of it outlives the process.
//!
//! It is also the plainest statement of what [`Log`] means: the conformance tests hold it and the SQLite log against each
//! other. One lock guards everything; `apply` holds it for a batch, so a reader sees whole batches only.
//! Does not know files, and never fails for want of room.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, RwLock},
};

use chat_protocol::{ClientId, Epoch, Event, Recorded, RoomName, Seq, Timestamp, UserName, limits};

use tokio::sync::watch;

use super::{Author, Draft, Log, LogError, Motion, Outcome, Reader, SESSION_LASTS_MS, Session, Write, rules};
use crate::realm::{self, Book, Decree, Decreed, Realm, TokenId, rights::Standing};

mod import;
mod prune;
mod read;
mod words;

/// See the module.
pub struct Memory {
    epoch: Epoch,
    state: Arc<RwLock<State>>,
    realm: watch::Receiver<Arc<Realm>>,
}

impl Memory {
    /// An empty log of a new epoch.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new() -> Result<Self, LogError> {
        let state = State::default();
        let realm = state.book.seen();
        Ok(Self { epoch: rules::new_epoch().map_err(LogError::Unavailable)?, state: Arc::new(RwLock::new(state)), realm })
    }
}

impl Log for Memory {
    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    fn realm(&self) -> watch::Receiver<Arc<Realm>> {
        self.realm.clone()
    }

    fn apply(&mut self, writes: &[Write], now: Timestamp) -> Result<Vec<Outcome>, LogError> {
        let mut state = self.state.write().map_err(|_| half_done())?;
        let outcomes = writes.iter().map(|write| state.write(write, now)).collect();
        state.book.keep();
        Ok(outcomes)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, LogError> {
        Ok(Box::new(read::MemoryReader { epoch: self.epoch.clone(), state: Arc::clone(&self.state), realm: self.realm.clone() }))
    }
}

/// A writer that panicked may have left half a batch behind.
fn half_done() -> LogError {
    LogError::Damaged("a writer ended in the middle of a batch".into())
}

#[derive(Default)]
struct State {
    book: Book,
    decrees: Vec<Decreed>,
    token_uses: HashMap<TokenId, Timestamp>,
    /// In the order in which they were first used.
    rooms: Vec<Room>,
    by_name: HashMap<Arc<str>, usize>,
    marks: HashMap<(Author, usize), Seq>,
    sessions: HashMap<[u8; 32], Proof>,
    blocks: HashMap<Author, BTreeMap<Arc<str>, UserName>>,
    /// When somebody said something last, in rooms that are slow.
    spoken: HashMap<(Arc<str>, Author), Timestamp>,
    /// How many sessions there must be before the forgotten ones are looked for again.
    sweep_at: usize,
}

/// A [`Session`] without its hash, by which it is found.
struct Proof {
    author: Author,
    name: UserName,
    made: Timestamp,
    used: Timestamp,
}

impl Proof {
    fn session(&self, hash: &[u8; 32]) -> Session {
        let Self { author, name, made, used } = self;
        Session { hash: *hash, author: author.clone(), name: name.clone(), made: *made, used: *used }
    }
}

struct Room {
    name: RoomName,
    at: Timestamp,
    topic: String,
    topic_at: Timestamp,
    /// Everything up to here was pruned.
    horizon: Seq,
    /// Event `seq` is at `seq - 1 - horizon`.
    events: VecDeque<Kept>,
    sent: HashMap<(Author, ClientId), Seq>,
}

struct Kept {
    at: Timestamp,
    from: UserName,
    author: Author,
    event: Event,
    /// The text was deleted.
    deleted: bool,
    /// For messages: how it stands now.
    said: Option<Box<Said>>,
}

#[derive(Default)]
struct Said {
    edited: Option<(String, Timestamp)>,
    edits: Vec<Seq>,
    deleted_by: Option<Seq>,
    reactions: Vec<Reaction>,
    /// The words that search compares, empty once deleted.
    words: String,
}

struct Reaction {
    emoji: String,
    author: Author,
    name: UserName,
    seq: Seq,
}

impl Room {
    fn head(&self) -> Seq {
        Seq(self.horizon.0 + self.events.len() as u64)
    }

    /// Where an event is, or would be.
    fn place(&self, seq: Seq) -> Option<usize> {
        usize::try_from(seq.0.checked_sub(self.horizon.next().0)?).ok()
    }

    fn kept(&self, seq: Seq) -> Option<&Kept> {
        self.events.get(self.place(seq)?)
    }

    fn kept_mut(&mut self, seq: Seq) -> Option<&mut Kept> {
        let place = self.place(seq)?;
        self.events.get_mut(place)
    }

    fn said_mut(&mut self, seq: Seq) -> Option<&mut Said> {
        self.kept_mut(seq)?.said.as_deref_mut()
    }

    /// An event as [`Reader::events`] shows it.
    fn recorded(&self, seq: Seq) -> Option<Recorded> {
        let Kept { at, from, event, deleted, .. } = self.kept(seq)?;
        Some(Recorded { room: self.name.clone(), seq, at: *at, from: from.clone(), event: event.clone(), deleted: *deleted })
    }

    fn duplicate(&self, seq: Seq, draft: &Draft, now: Timestamp) -> Outcome {
        Outcome::Duplicate(Arc::new(self.recorded(seq).unwrap_or_else(|| rules::pruned(&self.name, seq, draft, now))))
    }
}

impl State {
    fn write(&mut self, write: &Write, now: Timestamp) -> Outcome {
        match write {
            Write::Event(draft) => return self.draft(draft, now),
            Write::Session(session) => self.session(session, now),
            Write::Mark { author, room, seq, .. } => return self.mark(author, room, *seq),
            Write::Decree(motion) => return self.decree(motion, now),
            Write::Block { author, name, on, .. } => return self.block(author, name, *on),
            Write::Used { token, at } => drop(self.token_uses.insert(*token, *at)),
            Write::Prune { room, upto, .. } => return self.prune(room, *upto),
            Write::Import(import) => return import::import(self, import, now),
        }
        Outcome::Noted
    }

    fn session(&mut self, session: &Session, now: Timestamp) {
        let made = self.sessions.get(&session.hash).map_or(session.made, |before| before.made);
        let Session { hash, author, name, used, .. } = session.clone();
        self.sessions.insert(hash, Proof { author, name, made, used });
        // Looking at all of them only when they have doubled keeps the expense per session constant.
        if self.sessions.len() > self.sweep_at {
            self.sessions.retain(|_, session| session.used.0 >= now.0 - SESSION_LASTS_MS);
            self.sweep_at = self.sessions.len() * 2 + 1024;
        }
    }

    fn decree(&mut self, Motion { by, of, decree, .. }: &Motion, now: Timestamp) -> Outcome {
        if let Decree::Founded { room, .. } = decree
            && of.is_some()
            && self.book.look(|realm| realm.standing(*of, None)) < Standing::Operator
            && self.by_name.contains_key(room.folded())
        {
            return Outcome::Refused(realm::taken(room));
        }
        match self.book.decree(by, *of, decree, now) {
            Ok(decreed) => {
                self.decrees.push(decreed.clone());
                Outcome::Decreed(Arc::new(decreed))
            }
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    fn block(&mut self, author: &Author, name: &UserName, on: bool) -> Outcome {
        let blocks = self.blocks.entry(author.clone()).or_default();
        if on && blocks.len() >= rules::BLOCKS && !blocks.contains_key(name.folded()) {
            return Outcome::Refused(rules::too_many_blocks());
        }
        match on {
            true => drop(blocks.insert(name.key(), name.clone())),
            false => drop(blocks.remove(name.folded())),
        }
        Outcome::Noted
    }

    fn mark(&mut self, author: &Author, room: &RoomName, seq: Seq) -> Outcome {
        let Some(&place) = self.by_name.get(room.folded()) else { return Outcome::Noted };
        let seq = seq.min(self.rooms[place].head());
        let mark = self.marks.entry((author.clone(), place)).or_default();
        if seq <= *mark {
            return Outcome::Noted;
        }
        *mark = seq;
        Outcome::Marked(seq)
    }

    fn draft(&mut self, draft: &Draft, now: Timestamp) -> Outcome {
        let permitted = self.book.look(|realm| rules::permit(realm, draft, now));
        let may_clear = self.book.look(|realm| rules::may_clear(realm, draft, now));
        let slow = self.book.look(|realm| realm.slowness(&draft.room, rules::someone(draft)));
        let spoken = (draft.room.key(), rules::pace(draft));
        let room = self.by_name.get(draft.room.folded()).map(|&place| &mut self.rooms[place]);
        let refusal = match &draft.event {
            Event::Message { cid, reply_to, .. } => {
                let before = |room: &Room, cid: &ClientId| room.sent.get(&(draft.author.clone(), cid.clone())).copied();
                if let (Some(room), Some(cid)) = (&room, cid)
                    && let Some(seq) = before(room, cid)
                {
                    return room.duplicate(seq, draft, now);
                }
                if let Err(refusal) =
                    permitted.and_then(|()| rules::patience(slow, self.spoken.get(&spoken).filter(|_| slow > 0).copied(), now))
                {
                    return Outcome::Refused(refusal);
                }
                let known = |seq| room.as_ref().is_some_and(|room| room.kept(seq).is_some_and(|kept| kept.said.is_some()));
                reply_to.is_some_and(|seq| !known(seq)).then(rules::no_such_message)
            }
            Event::Topic { .. } => permitted.err(),
            Event::Edited { target, .. } | Event::Deleted { target } | Event::Reacted { target, .. } => {
                if let Err(refusal) = permitted {
                    return Outcome::Refused(refusal);
                }
                let Some(room) = room else { return Outcome::Refused(rules::no_such_message()) };
                match change(room, *target, draft, may_clear, now) {
                    Ok(None) => None,
                    Ok(Some(from)) => {
                        self.cleared(draft, *target, from, now);
                        None
                    }
                    Err(outcome) => return outcome,
                }
            }
        };
        if let Some(refusal) = refusal {
            return Outcome::Refused(refusal);
        }
        if slow > 0 && matches!(draft.event, Event::Message { .. }) {
            self.spoken.insert(spoken, now);
        }
        Outcome::Kept(Arc::new(self.keep(draft, now)))
    }

    /// A moderator takes somebody's message away.
    fn cleared(&mut self, draft: &Draft, seq: Seq, from: UserName, now: Timestamp) {
        let decree = Decree::Removed { room: draft.room.clone(), seq, from };
        self.decrees.extend(self.book.decree(draft.from.shown(), None, &decree, now));
    }

    /// A room that something will be kept in: its first event makes it.
    fn room_made(&mut self, name: &RoomName, now: Timestamp) -> &mut Room {
        let place = *self.by_name.entry(name.key()).or_insert_with(|| {
            self.rooms.push(Room {
                name: name.clone(),
                at: now,
                topic: String::new(),
                topic_at: Timestamp(0),
                horizon: Seq(0),
                events: VecDeque::new(),
                sent: HashMap::new(),
            });
            self.rooms.len() - 1
        });
        &mut self.rooms[place]
    }

    /// Gives a draft its place. Everything that could refuse it was asked before.
    fn keep(&mut self, draft: &Draft, now: Timestamp) -> Recorded {
        let room = self.room_made(&draft.room, now);
        let (at, seq) = (now.max(room.at), room.head().next());
        room.at = at;
        let mut said = None;
        match &draft.event {
            Event::Message { text, cid, .. } => {
                said = Some(Box::new(Said { words: words::of(text), ..Said::default() }));
                if let Some(cid) = cid {
                    room.sent.insert((draft.author.clone(), cid.clone()), seq);
                }
            }
            Event::Edited { target, text } => {
                if let Some(said) = room.said_mut(*target) {
                    said.words = words::of(text);
                    said.edited = Some((text.clone(), at));
                    said.edits.push(seq);
                }
            }
            Event::Deleted { target } => delete(room, *target, seq),
            Event::Reacted { target, emoji, on } => {
                if let Some(said) = room.said_mut(*target) {
                    let (emoji, author, name) = (emoji.clone(), draft.author.clone(), draft.from.clone());
                    match on {
                        true => said.reactions.push(Reaction { emoji, author, name, seq }),
                        false => said.reactions.retain(|there| there.author != author || there.emoji != emoji),
                    }
                }
            }
            Event::Topic { text } => {
                room.topic.clone_from(text);
                room.topic_at = at;
            }
        }
        let (from, author, event) = (draft.from.clone(), draft.author.clone(), draft.event.clone());
        room.events.push_back(Kept { at, from: from.clone(), author, event: event.clone(), deleted: false, said });
        Recorded { room: room.name.clone(), seq, at, from, event, deleted: false }
    }
}

/// Whether an existing message may be changed so, and whose it is if it is another's; otherwise the answer.
fn change(room: &Room, target: Seq, draft: &Draft, may_clear: bool, now: Timestamp) -> Result<Option<UserName>, Outcome> {
    let refused = |refusal| Err(Outcome::Refused(refusal));
    let Some((kept, said)) = room.kept(target).and_then(|kept| Some((kept, kept.said.as_deref()?))) else {
        return refused(rules::no_such_message());
    };
    if let Event::Reacted { emoji, on, .. } = &draft.event {
        let there = said.reactions.iter().find(|there| there.author == draft.author && there.emoji == *emoji);
        return match (on, there) {
            _ if said.deleted_by.is_some() => refused(rules::no_such_message()),
            (true, Some(there)) => Err(room.duplicate(there.seq, draft, now)),
            (false, None) => Err(room.duplicate(target, draft, now)),
            (true, None) if said.reactions.len() >= limits::REACTIONS_PER_MESSAGE => refused(rules::too_many_reactions()),
            (true, None) | (false, Some(_)) => Ok(None),
        };
    }
    match (said.deleted_by, &draft.event) {
        _ if kept.author != draft.author && !may_clear => refused(rules::not_yours()),
        (Some(seq), Event::Deleted { .. }) => Err(room.duplicate(seq, draft, now)),
        (Some(_), _) => refused(rules::no_such_message()),
        (None, _) => Ok((kept.author != draft.author).then(|| kept.from.clone())),
    }
}

/// Empties a message and everything that was made of it.
fn delete(room: &mut Room, target: Seq, by: Seq) {
    let Some(said) = room.said_mut(target) else { return };
    let edits = std::mem::take(&mut said.edits);
    *said = Said { deleted_by: Some(by), ..Said::default() };
    edits.into_iter().chain([target]).for_each(|seq| empty(room, seq));
}

/// Takes the words out of an event.
fn empty(room: &mut Room, seq: Seq) {
    if let Some(kept) = room.kept_mut(seq) {
        kept.deleted = true;
        if let Event::Message { text, .. } | Event::Edited { text, .. } = &mut kept.event {
            *text = String::new();
        }
    }
}
