//! Without a screen: the same model and the same update, of which only what they tell is printed. [`pipe()`] sends what comes on
//! standard input, [`tail()`] prints what is said, [`plain()`] does both, line by line, for a person.
//!
//! What is printed is safe to show, and goes through one writer; whoever reads it may stop at any time.

mod lines;
mod pipe;
mod plain;
mod position;
mod tail;

use std::{
    io::{self, Write},
    time::Duration,
};

use chat_protocol::display;
use rustix::io::Errno;
use tokio::time::sleep;

pub(crate) use self::{
    pipe::{once, pipe},
    plain::plain,
    tail::{Tail, tail},
};
use crate::{
    app::{Clock, Ears, Signals, Start, Word},
    effect::{Effect, Ending},
    model::{Audience, Link, Model, State},
    msg::Msg,
    perform::World,
    update::update,
};

/// How many events are taken before what they came to is printed.
const BATCH: usize = 256;
/// How many messages may wait for the server, before no more is read of a program's.
const WAITING: usize = 64;

/// A conversation that nobody looks at.
struct Quiet {
    model: Model,
    world: World,
    ears: Ears,
    signals: Signals,
    clock: Clock,
    /// The connection is in trouble, and that was said.
    trouble: bool,
}

/// What came next.
enum Next {
    Msg(Msg),
    Word(Word),
    Time,
}

impl Quiet {
    fn begin(start: Start, audience: Audience) -> anyhow::Result<Self> {
        let signals = Signals::new()?;
        let (mut model, world, ears) = start.begin();
        model.audience = audience;
        Ok(Self { model, world, ears, signals, clock: Clock::default(), trouble: false })
    }

    /// Waits for something to happen, or for time to matter: at most so long.
    async fn next(&mut self, longest: Duration) -> anyhow::Result<Next> {
        let idle = self.clock.next_tick(&self.model).min(longest);
        tokio::select! {
            biased;
            word = self.signals.next() => Ok(Next::Word(word)),
            msg = self.ears.next() => Ok(Next::Msg(msg?)),
            () = sleep(idle) => Ok(Next::Time),
        }
    }

    /// Takes what happened and whatever else is there, and does what comes of it. Handed back is what was told, and what
    /// would need a screen.
    fn take(&mut self, msg: Option<Msg>) -> Vec<Effect> {
        let mut msgs = vec![Msg::Tick(self.clock.now())];
        msgs.extend(msg);
        while msgs.len() < BATCH
            && let Some(msg) = self.ears.waiting()
        {
            msgs.push(msg);
        }
        msgs.into_iter().flat_map(|msg| self.put(msg)).collect()
    }

    /// The same with this alone.
    fn put(&mut self, msg: Msg) -> Vec<Effect> {
        let effects = update(&mut self.model, msg);
        effects.into_iter().filter_map(|effect| self.world.perform(effect)).collect()
    }

    /// The messages that the server may still take.
    fn waiting(&self) -> usize {
        self.model.outbox.iter().filter(|pending| !matches!(pending.state, State::Failed(_))).count()
    }

    /// Why the server does not want one of them.
    fn refused(&self) -> Option<&str> {
        self.model.outbox.iter().find_map(|pending| match &pending.state {
            State::Failed(why) => Some(why.as_str()),
            _ => None,
        })
    }

    /// Says on standard error that the connection is gone, and that it is back; not that it is there.
    fn tell_trouble(&mut self, words: &str) {
        let online = self.model.link == Link::Online;
        if !online || self.trouble {
            say(words);
        }
        self.trouble = !online;
    }

    /// Says goodbye.
    async fn close(self) {
        drop(self.world);
        self.ears.close().await;
    }
}

/// So many messages are not sent, and perhaps some that were not even read.
fn unsent(count: usize, more: bool, why: &str) -> Ending {
    if count == 0 && !more {
        return Ending::Wished;
    }
    let messages = if count == 1 { "message" } else { "messages" };
    let more = if more { " and what was still to come" } else { "" };
    Ending::Unsent(format!("{count} {messages}{more} not sent: {why}"))
}

/// A line on standard error.
fn say(words: &str) {
    let _ = writeln!(io::stderr(), "chat-tui: {}", display::line(words));
}

/// Whoever read our output has gone, which is their right: a quiet end. A pipe says so in one way, a terminal in another.
fn closed_is_wished(error: io::Error) -> anyhow::Result<Ending> {
    let closed = error.kind() == io::ErrorKind::BrokenPipe || error.raw_os_error() == Some(Errno::IO.raw_os_error());
    if closed { Ok(Ending::Wished) } else { Err(error.into()) }
}
