//! Sends what comes on standard input, line by line, and ends when the server keeps all of it: `make 2>&1 | chat-tui --pipe`.
//! What waits is bounded: a server that takes nothing stops whoever writes to us.

use std::{collections::VecDeque, io, time::Duration};

use tokio::{
    io::AsyncReadExt as _,
    time::{Instant, sleep_until},
};

use super::{Next, Quiet, WAITING, lines::Lines, say, unsent};
use crate::{
    app::{Start, Word},
    effect::{Effect, Ending, Told},
    model::{Audience, Link},
    msg::Msg,
};

/// What is read at once.
const CHUNK: usize = 8 * 1024;
/// How long it takes at most to send what is known already, once somebody wants us gone.
const FLUSH: Duration = Duration::from_secs(1);

/// Sends standard input.
pub(crate) async fn pipe(start: Start, timeout: Duration) -> anyhow::Result<Ending> {
    Pipe::new(start, timeout, true)?.run().await
}

/// Sends one text, which may hold line ends.
pub(crate) async fn once(start: Start, text: String, timeout: Duration) -> anyhow::Result<Ending> {
    let mut pipe = Pipe::new(start, timeout, false)?;
    pipe.lines.push_back(text);
    pipe.run().await
}

struct Pipe {
    quiet: Quiet,
    timeout: Duration,
    cut: Lines,
    /// Read, and not yet given to the model.
    lines: VecDeque<String>,
    reading: bool,
    /// The time by which something has to move; only while something waits.
    deadline: Option<Instant>,
    /// Somebody wants us gone.
    leaving: bool,
    lossy_told: bool,
}

impl Pipe {
    fn new(start: Start, timeout: Duration, reading: bool) -> anyhow::Result<Self> {
        let quiet = Quiet::begin(start, Audience::Program)?;
        let cut = Lines::new(quiet.model.text_bytes);
        let lines = VecDeque::new();
        Ok(Self { quiet, timeout, cut, lines, reading, deadline: None, leaving: false, lossy_told: false })
    }

    async fn run(mut self) -> anyhow::Result<Ending> {
        let ending = self.talk().await;
        self.quiet.close().await;
        ending
    }

    async fn talk(&mut self) -> anyhow::Result<Ending> {
        let mut stdin = tokio::io::stdin();
        let mut chunk = vec![0; CHUNK];
        let mut msg = Some(Msg::Started);
        loop {
            let mut effects = self.quiet.take(msg.take());
            effects.extend(self.hand_over());
            if let Some(ending) = self.heed(effects) {
                return Ok(ending);
            }
            self.watch();
            if let Some(ending) = self.is_done() {
                return Ok(ending);
            }
            let room = self.reading && self.lines.len() + self.quiet.waiting() <= WAITING;
            let deadline = self.deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                next = self.quiet.next(Duration::MAX) => match next? {
                    Next::Msg(next) => msg = Some(next),
                    Next::Word(Word::GoOn) | Next::Time => {}
                    Next::Word(_) if self.leaving => return Ok(self.unsent("interrupted")),
                    Next::Word(_) => self.leave(),
                },
                count = stdin.read(&mut chunk), if room => self.read(count, &chunk)?,
                () = sleep_until(deadline), if self.deadline.is_some() => {
                    let why = if self.leaving { "interrupted" } else { "the server does not take it" };
                    return Ok(self.unsent(why));
                }
            }
        }
    }

    fn read(&mut self, count: io::Result<usize>, chunk: &[u8]) -> anyhow::Result<()> {
        self.cut.limit(self.quiet.model.text_bytes);
        match count? {
            0 => {
                self.reading = false;
                self.lines.extend(self.cut.finish());
            }
            count => self.lines.extend(self.cut.feed(&chunk[..count])),
        }
        if self.cut.lossy && !self.lossy_told {
            self.lossy_told = true;
            say("the input is not all UTF-8; what is not was replaced");
        }
        Ok(())
    }

    /// Gives the model what it has room for, in pieces that the server takes: it says how long those are when it lets us in.
    fn hand_over(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let limit = self.quiet.model.text_bytes.max(4);
        while self.quiet.model.welcomed
            && self.quiet.waiting() < WAITING
            && let Some(mut text) = self.lines.pop_front()
        {
            if text.len() > limit {
                self.lines.push_front(text.split_off(text.floor_char_boundary(limit)));
            }
            effects.extend(self.quiet.put(Msg::Line { text, typed: false }));
        }
        effects
    }

    /// What waits must move within a while; what does not wait has all the time in the world.
    fn watch(&mut self) {
        if self.quiet.waiting() == 0 && self.lines.is_empty() && !self.leaving {
            self.deadline = None;
        } else if self.deadline.is_none() {
            self.deadline = Some(Instant::now() + self.timeout);
        }
    }

    fn heed(&mut self, effects: Vec<Effect>) -> Option<Ending> {
        for effect in effects {
            match effect {
                Effect::Quit(ending) => return Some(ending),
                Effect::Tell(Told::Sent { .. }) if !self.leaving => self.deadline = Some(Instant::now() + self.timeout),
                Effect::Tell(Told::Fault { text, .. }) => say(&text),
                Effect::Tell(Told::Connection(words)) => self.quiet.tell_trouble(&words),
                _ => {}
            }
        }
        match &self.quiet.model.link {
            Link::Refused { reason } => Some(Ending::Refused(reason.clone())),
            _ => None,
        }
    }

    fn is_done(&self) -> Option<Ending> {
        let refused = self.quiet.refused();
        let all_refused = self.quiet.model.outbox.len() - self.quiet.waiting() >= WAITING;
        let over = !self.reading && self.lines.is_empty() && self.quiet.waiting() == 0;
        match refused {
            Some(why) if over || all_refused => Some(self.unsent(why)),
            None if over => Some(Ending::Wished),
            _ => None,
        }
    }

    fn leave(&mut self) {
        self.leaving = true;
        self.reading = false;
        self.deadline = Some(Instant::now() + FLUSH);
    }

    fn unsent(&self, why: &str) -> Ending {
        unsent(self.quiet.model.outbox.len() + self.lines.len(), self.reading, why)
    }
}
