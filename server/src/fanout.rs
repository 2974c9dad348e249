//! From the tail of the log to the shards: what was committed is grouped by room, and encoded once per dialect by the first
//! shard that has a reader for it. Signals take the same way without the log, and are dropped where a shard is behind.
//!
//! Does not know who is in which room, nor any socket.

mod frames;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use chat_protocol::{CloseCode, RoomName, Seq, Signal, UserName};
use tokio::sync::{mpsc, oneshot, watch};

pub use self::frames::{Entry, Frames, RoomBatch, Said, frame, text_frame};
use crate::{
    closing::Closing,
    log::{Asker, Import, Outcome, Write, keeper::Committed},
    metrics::{Metrics, Reason},
    roster::{Asked, ConnectionLine},
    tasks::{Audience, TaskUpdate},
};

/// What a shard is told.
#[derive(Debug)]
pub enum Mail {
    /// A commit: what is new in rooms, and answers to connections of this shard.
    Committed { rooms: Arc<[Arc<RoomBatch>]>, answers: Vec<Answer> },
    /// Something passing, for everybody in its room.
    Signal(Arc<Said>),
    /// Something passing, for the other connections of one user.
    ToUser { user: UserName, except: u64, said: Arc<Said> },
    /// News of the server's own work, and for whom it is.
    Task { update: Arc<TaskUpdate>, audience: Audience },
    /// Something of a room is gone, or came into it, without a word to its members: what was read of it before is not what it holds.
    Outdated(RoomName),
    /// Who belongs here has changed: every connection is to see whether it may stay.
    LookAgain,
    /// Somebody may read less than before: whoever may not be in a room any more is told nothing of it from here on.
    ShutOut,
    /// From where is somebody here?
    Whereabouts { user: UserName, answer: mpsc::Sender<IpAddr> },
    /// Who is here, for the operator?
    Roster { asked: Arc<Asked>, answer: oneshot::Sender<Vec<ConnectionLine>> },
    /// One connection is to go.
    Close { connection: u64, closing: Closing },
    /// A word from the operator, for everybody.
    Notice(Arc<str>),
    /// Whether the shard turns: it is to say so.
    Beat(mpsc::Sender<()>),
    /// Every connection is told to go. It comes after all that was committed, so that nobody goes without an answer.
    CloseAll(CloseCode),
}

/// What became of a draft, for the connection that made it.
#[derive(Debug)]
pub struct Answer {
    pub connection: u64,
    pub reference: Option<String>,
    pub outcome: Outcome,
}

/// Places of one user that are told of; with more, some are not.
const PLACES: usize = 64;

/// The way from the log and the hub to the shards.
pub struct Fanout {
    shards: Vec<mpsc::Sender<Mail>>,
    /// Rooms that somebody tails over HTTP, and how far each is.
    tails: Mutex<HashMap<Arc<str>, watch::Sender<Seq>>>,
    metrics: Arc<Metrics>,
}

impl Fanout {
    pub fn new(shards: Vec<mpsc::Sender<Mail>>, metrics: Arc<Metrics>) -> Self {
        Self { shards, tails: Mutex::default(), metrics }
    }

    /// Takes a commit apart and hands it on, in order. Runs on the log's thread: if a shard is that far behind, the log waits,
    /// and with it everybody who appends. Nothing committed is ever dropped here.
    pub fn committed(&self, committed: Committed) {
        let mut answers: Vec<Vec<Answer>> = self.shards.iter().map(|_| Vec::new()).collect();
        let mut order: Vec<RoomBatch> = Vec::new();
        let mut places: HashMap<Arc<str>, usize> = HashMap::new();
        let (mut decreed, mut shuts_out) = (false, false);
        let (mut waiting, mut outdated) = (Vec::new(), Vec::new());
        for (write, outcome) in committed {
            let draft = match write {
                Write::Event(draft) => draft,
                Write::Mark { author: _, room, asker: Asker::Reader { user, connection }, .. } => {
                    if let Outcome::Marked(seq) = outcome {
                        self.signal_user(&user, connection, Signal::Read { room, seq });
                    }
                    continue;
                }
                Write::Decree(motion) => {
                    decreed |= matches!(outcome, Outcome::Decreed(_));
                    shuts_out |= matches!(&outcome, Outcome::Decreed(decreed) if decreed.decree.shuts_out());
                    if let Asker::Waiting(sender) = motion.asker {
                        waiting.push((sender, outcome));
                    }
                    continue;
                }
                Write::Block { asker: Asker::Waiting(sender), .. } => {
                    waiting.push((sender, outcome));
                    continue;
                }
                Write::Prune { room, asker, .. } | Write::Import(Import { room, asker, .. }) => {
                    if matches!(outcome, Outcome::Pruned { messages: 1.., .. } | Outcome::Imported { messages: 1.. }) {
                        outdated.push(room);
                    }
                    if let Asker::Waiting(sender) = asker {
                        waiting.push((sender, outcome));
                    }
                    continue;
                }
                Write::Mark { .. } | Write::Session(_) | Write::Used { .. } | Write::Block { .. } => continue,
            };
            if let Outcome::Kept(recorded) = &outcome {
                self.metrics.messages.inc();
                let place = *places.entry(recorded.room.key()).or_insert_with(|| {
                    order.push(RoomBatch::new(recorded.room.clone()));
                    order.len() - 1
                });
                let by = match &draft.asker {
                    Asker::Connection { connection, .. } => Some(*connection),
                    _ => None,
                };
                order[place].entries.push(Entry { recorded: Arc::clone(recorded), by });
            }
            match draft.asker {
                Asker::Nobody | Asker::Reader { .. } => {}
                Asker::Waiting(sender) => {
                    // Who asked may have gone; the event is kept all the same.
                    let _ = sender.send(outcome);
                }
                Asker::Connection { shard, connection, reference } => {
                    answers[shard].push(Answer { connection, reference, outcome });
                }
            }
        }
        // Before anything that was said behind it, and before anybody hears that it is so.
        if shuts_out {
            for shard in &self.shards {
                let _ = shard.blocking_send(Mail::ShutOut);
            }
        }
        let rooms: Arc<[Arc<RoomBatch>]> = order.into_iter().map(Arc::new).collect();
        for (shard, answers) in self.shards.iter().zip(answers) {
            if !rooms.is_empty() || !answers.is_empty() {
                // A shard that is gone has no connections left to tell.
                let _ = shard.blocking_send(Mail::Committed { rooms: Arc::clone(&rooms), answers });
            }
        }
        self.tell_tails(&rooms);
        for (shard, room) in self.shards.iter().flat_map(|shard| outdated.iter().map(move |room: &RoomName| (shard, room))) {
            let _ = shard.blocking_send(Mail::Outdated(room.clone()));
        }
        if decreed {
            for shard in &self.shards {
                let _ = shard.blocking_send(Mail::LookAgain);
            }
        }
        for (sender, outcome) in waiting {
            // Who asked may have gone; it is so all the same.
            let _ = sender.send(outcome);
        }
    }

    /// From where somebody is here, as often as it is.
    pub async fn whereabouts(&self, user: &UserName) -> Vec<IpAddr> {
        let (answer, mut answers) = mpsc::channel(PLACES);
        for shard in &self.shards {
            // A shard that is gone has nobody.
            let _ = shard.send(Mail::Whereabouts { user: user.clone(), answer: answer.clone() }).await;
        }
        drop(answer);
        let mut places = Vec::new();
        while let Some(place) = answers.recv().await {
            places.push(place);
        }
        places
    }

    /// Those connections of which the operator wants to know.
    pub async fn roster(&self, asked: Asked) -> Vec<ConnectionLine> {
        let asked = Arc::new(asked);
        let mut waited = Vec::with_capacity(self.shards.len());
        for shard in &self.shards {
            let (answer, told) = oneshot::channel();
            if shard.send(Mail::Roster { asked: Arc::clone(&asked), answer }).await.is_ok() {
                waited.push(told);
            }
        }
        let mut lines = Vec::new();
        for told in waited {
            lines.extend(told.await.unwrap_or_default());
        }
        asked.cut(&mut lines);
        lines
    }

    /// Has one connection go, wherever it is.
    pub async fn close(&self, connection: u64, closing: Closing) {
        for shard in &self.shards {
            // A shard that is gone has no connection.
            let _ = shard.send(Mail::Close { connection, closing: closing.clone() }).await;
        }
    }

    /// A word for everybody.
    pub async fn notice(&self, text: &str) {
        let text: Arc<str> = text.into();
        for shard in &self.shards {
            // A shard that is gone has nobody to tell.
            let _ = shard.send(Mail::Notice(Arc::clone(&text))).await;
        }
    }

    /// Waits until every shard has come to this. False if one is gone.
    pub async fn beat(&self) -> bool {
        let (passed, mut passes) = mpsc::channel(self.shards.len().max(1));
        for shard in &self.shards {
            if shard.send(Mail::Beat(passed.clone())).await.is_err() {
                return false;
            }
        }
        drop(passed);
        let mut turning = 0;
        while passes.recv().await.is_some() {
            turning += 1;
        }
        turning == self.shards.len()
    }

    /// Who may be here may have changed, by time alone.
    pub async fn look_again(&self) {
        for shard in &self.shards {
            // A shard that is gone has nobody to look.
            let _ = shard.send(Mail::LookAgain).await;
        }
    }

    /// Something passing: dropped by a shard that is behind.
    pub fn signal(&self, signal: Signal) {
        let said = Arc::new(Said::new(signal));
        for shard in &self.shards {
            self.pass(shard, Mail::Signal(Arc::clone(&said)));
        }
    }

    /// Something passing, for the other connections of one user.
    pub fn signal_user(&self, user: &UserName, except: u64, signal: Signal) {
        let said = Arc::new(Said::new(signal));
        for shard in &self.shards {
            self.pass(shard, Mail::ToUser { user: user.clone(), except, said: Arc::clone(&said) });
        }
    }

    /// News of the server's own work: likewise.
    pub fn task(&self, update: &Arc<TaskUpdate>, audience: &Audience) {
        for shard in &self.shards {
            self.pass(shard, Mail::Task { update: Arc::clone(update), audience: audience.clone() });
        }
    }

    /// Tells every connection to go, after everything that was passed on before.
    pub async fn close_all(&self, code: CloseCode) {
        for shard in &self.shards {
            // A shard that is gone has nobody to tell.
            let _ = shard.send(Mail::CloseAll(code)).await;
        }
    }

    fn pass(&self, shard: &mpsc::Sender<Mail>, mail: Mail) {
        if shard.try_send(mail).is_err() {
            self.metrics.dropped(Reason::Signal);
        }
    }

    /// Tells when a room has more, for readers that read the log itself.
    pub fn tail(&self, room: &RoomName) -> watch::Receiver<Seq> {
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        tails.retain(|_, tail| !tail.is_closed());
        tails.entry(room.key()).or_insert_with(|| watch::channel(Seq(0)).0).subscribe()
    }

    fn tell_tails(&self, rooms: &[Arc<RoomBatch>]) {
        let tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        if tails.is_empty() {
            return;
        }
        for batch in rooms {
            if let Some(tail) = tails.get(batch.room.folded()) {
                tail.send_replace(batch.last());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chat_protocol::{Event, Recorded, Role, Timestamp};

    use super::*;
    use crate::{
        log::{Author, Draft, Motion},
        realm::{AccountId, Decree, Decreed},
    };

    fn decreed(decree: Decree) -> (Write, Outcome) {
        let kept = Decreed { seq: Seq(1), at: Timestamp(0), by: String::new(), decree: decree.clone() };
        let motion = Motion { by: String::new(), of: None, decree, asker: Asker::Nobody };
        (Write::Decree(motion), Outcome::Decreed(Arc::new(kept)))
    }

    fn said(room: &RoomName) -> (Write, Outcome) {
        let (room, from) = (room.clone(), UserName::parse("ann").unwrap());
        let event = Event::Message { text: "hi".into(), cid: None, reply_to: None, action: false };
        let kept = Recorded {
            room: room.clone(),
            seq: Seq(1),
            at: Timestamp(0),
            from: from.clone(),
            event: event.clone(),
            deleted: false,
        };
        let draft = Draft { room, from, author: Author("ann".into()), event, asker: Asker::Nobody };
        (Write::Event(draft), Outcome::Kept(Arc::new(kept)))
    }

    fn pass(mail: &mut mpsc::Receiver<Mail>) {
        match mail.try_recv() {
            Ok(Mail::Beat(passed)) => passed.try_send(()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_beat_has_passed_when_every_shard_has_come_to_it() {
        let ((one, mut mail), (two, mut stuck)) = (mpsc::channel(8), mpsc::channel(8));
        let fanout = Fanout::new(vec![one, two], Arc::new(Metrics::default()));
        let mut beat = std::pin::pin!(fanout.beat());
        assert!(futures::poll!(&mut beat).is_pending());
        pass(&mut mail);
        assert!(futures::poll!(&mut beat).is_pending(), "the other is stuck");
        pass(&mut stuck);
        assert!(beat.await);
        // One that broke takes no more mail, and what it had taken is dropped with it.
        let mut beat = std::pin::pin!(fanout.beat());
        assert!(futures::poll!(&mut beat).is_pending());
        pass(&mut mail);
        drop(stuck);
        assert!(!beat.await);
        assert!(!fanout.beat().await);
    }

    /// Of one commit, in whatever order: who is shut out by it is told nothing that it holds.
    #[test]
    fn the_door_closes_before_anything_of_the_same_commit_is_told() {
        let (shard, mut mail) = mpsc::channel(8);
        let fanout = Fanout::new(vec![shard], Arc::new(Metrics::default()));
        let room = RoomName::parse("ops").unwrap();
        let out = Decree::Rank { room: room.clone(), account: AccountId(1), role: None };
        let newcomer = Decree::Account { name: UserName::parse("bob").unwrap(), role: Role::Member };
        for (committed, expected) in [
            (vec![said(&room), decreed(out.clone())], vec!["ShutOut", "Committed", "LookAgain"]),
            (vec![decreed(out), said(&room)], vec!["ShutOut", "Committed", "LookAgain"]),
            (vec![decreed(newcomer), said(&room)], vec!["Committed", "LookAgain"]),
        ] {
            fanout.committed(committed);
            let told: Vec<_> = std::iter::from_fn(|| mail.try_recv().ok()).map(|mail| format!("{mail:?}")).collect();
            let told: Vec<_> = told.iter().map(|mail| mail.split([' ', '(']).next().unwrap()).collect();
            assert_eq!(told, expected);
        }
    }
}
