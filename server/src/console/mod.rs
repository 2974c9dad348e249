//! The operator's console: the running server in a terminal, looked at by the second and told what to do. It is a client of the
//! admin's orders and of nothing else, whether it runs in the server's own program, beside it or far away.
//!
//! | to find | look in |
//! |---|---|
//! | what is known, as plain data | [`model`]; over the last minutes: [`history`] |
//! | what happens → what is known, and what is asked | [`update`](mod@update) |
//! | what keys mean | [`keys`]; a line of words: [`prompt`] |
//! | how it looks | [`view`](mod@view) |
//! | the way to the server | [`link`] |

pub mod history;
pub mod keys;
pub mod link;
pub mod model;
pub mod prompt;
pub mod update;
pub mod view;

use std::{env, io, time::Duration};

use anyhow::Context as _;
use chat_terminal::{
    screen::{self, Background, Keyboard, Kind, Panics, Screen},
    signals::{Signals, Word},
    theme::{Depth, Theme},
};
use tokio::{
    sync::{
        mpsc::{self, Receiver, Sender, error::TrySendError},
        oneshot,
    },
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use self::{
    link::{WAITING, Way},
    model::{Model, Said},
    update::{Effect, Msg, update},
    view::view,
};
use crate::admin::Order;

/// How often the server is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long a frame stays at least.
const FRAME: Duration = Duration::from_millis(33);
/// How long what was ordered last may take when we leave.
const LAST: Duration = Duration::from_secs(2);

/// Runs on the terminal until the operator leaves it, or `gone` says that the server has.
///
/// # Errors
/// The terminal is none, or cannot be had.
pub async fn run(way: Way, mut gone: oneshot::Receiver<()>) -> anyhow::Result<()> {
    let kind = Kind::of_environment();
    anyhow::ensure!(!kind.is_dumb(), "this terminal (TERM={}) can show no console", kind.term);
    let signals = Signals::new()?;
    let (orders, asked) = mpsc::channel(WAITING);
    let (told, answers) = mpsc::channel(WAITING);
    let model = Model { place: way.place(), is_own: matches!(way, Way::Here(_)), dirty: true, ..Model::default() };
    let talking = tokio::spawn(link::run(way, asked, told));
    let screen = Screen::enter("chat-server", true, Panics::OfThisThread { others: another_broke }).context("the terminal")?;
    let mut console = Console { model, screen, keyboard: None, orders, drawn: None };
    console.recolor(kind.background().unwrap_or(Background::Dark));
    let ended = console.talk(&kind, answers, signals, &mut gone).await;
    if let Some(keyboard) = console.keyboard.take() {
        keyboard.stop();
    }
    let Console { screen, orders, .. } = console;
    drop(screen);
    drop(orders);
    let _ = tokio::time::timeout(LAST, talking).await;
    ended
}

/// Of the server, where that runs in this program.
fn another_broke(words: &str) {
    tracing::error!(words, "a thread of the server broke");
}

struct Console {
    model: Model,
    screen: Screen,
    keyboard: Option<Keyboard>,
    orders: Sender<Order>,
    drawn: Option<Instant>,
}

impl Console {
    fn recolor(&mut self, background: Background) {
        let depth = Depth::of(&|name| env::var(name).ok());
        // Nothing of a built-in theme can be wrong.
        self.model.theme = Theme::build(background == Background::Dark, depth, &[]).unwrap_or_default();
        self.model.dirty = true;
    }

    async fn talk(
        &mut self,
        kind: &Kind,
        mut answers: Receiver<Msg>,
        mut signals: Signals,
        gone: &mut oneshot::Receiver<()>,
    ) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut every = interval(EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut hung_up = screen::hung_up();
        self.draw().context("the terminal")?;
        if kind.background().is_none() && kind.is_window() {
            // Before the keys are read: the answer comes as if it were typed.
            if let Ok(Some(background)) = tokio::task::spawn_blocking(screen::background).await {
                self.recolor(background);
            }
        }
        self.keyboard = Some(Keyboard::start().context("the keyboard")?);
        loop {
            if self.draw().is_err() {
                return Ok(());
            }
            let due = self.drawn.map(|at| at + FRAME).filter(|_| self.model.dirty);
            let Some(keyboard) = self.keyboard.as_mut() else { return Ok(()) };
            let msg = tokio::select! {
                biased;
                input = keyboard.next() => match input {
                    Some(input) => Msg::Input(input),
                    None => return Ok(()),
                },
                word = signals.next() => match word {
                    Word::Leave | Word::Interrupt => return Ok(()),
                    Word::GoOn => {
                        self.screen.take_again().context("the terminal")?;
                        self.model.dirty = true;
                        continue;
                    }
                },
                _ = &mut *gone => return Ok(()),
                _ = &mut hung_up => return Ok(()),
                Some(msg) = answers.recv() => msg,
                _ = every.tick() => Msg::Tick,
                () = until(due) => continue,
            };
            self.model.since = start.elapsed();
            for effect in update(&mut self.model, msg) {
                if !self.perform(effect)? {
                    return Ok(());
                }
            }
        }
    }

    /// Whether it goes on.
    fn perform(&mut self, effect: Effect) -> anyhow::Result<bool> {
        match effect {
            Effect::Ask(order) => match self.orders.try_send(order) {
                Ok(()) => {}
                // What is looked at will be looked at again. What is to be done has to be said.
                Err(TrySendError::Full(order)) if !order.is_a_look() => {
                    self.model.said = Some(Said { words: "The server is busy: that was not done".into(), is_fault: true });
                }
                Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Closed(_)) => return Ok(false),
            },
            Effect::Quit => return Ok(false),
            Effect::Redraw => {
                self.screen.redraw()?;
                self.model.dirty = true;
            }
            Effect::Suspend => {
                if let Some(keyboard) = self.keyboard.take() {
                    keyboard.stop();
                }
                self.screen.lend();
                let _ = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
                self.screen.take_again().context("the terminal")?;
                self.model.dirty = true;
                self.keyboard = Some(Keyboard::start().context("the keyboard")?);
            }
        }
        Ok(true)
    }

    /// Draws, if something changed and the last frame has been seen.
    fn draw(&mut self) -> io::Result<()> {
        let fresh = self.drawn.is_some_and(|at| at.elapsed() < FRAME);
        if fresh || !std::mem::take(&mut self.model.dirty) {
            return Ok(());
        }
        let model = &mut self.model;
        self.screen.draw(|frame| {
            let area = frame.area();
            model.page = view(model, frame.buffer_mut(), area);
        })?;
        self.drawn = Some(Instant::now());
        Ok(())
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
