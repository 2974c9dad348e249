//! The one loop: gather what happened → update → perform effects → draw if something changed. It owns the clock, the
//! randomness and the channels; it decides nothing.
//!
//! There is no frame rate. Without anything happening there is one turn a minute, and not a byte for the terminal.

mod clock;

use std::{collections::HashMap, future::pending, io, mem, time::Duration};

use anyhow::Context as _;
use chat_protocol::{RoomName, UserName};
pub(crate) use chat_terminal::signals::{Signals, Word};
use crossterm::terminal;
use tokio::{
    sync::mpsc::{self, Receiver},
    task::{self, JoinHandle},
    time::{Instant, sleep, sleep_until, timeout},
};

pub(crate) use self::clock::{Clock, random};
use crate::{
    config::Settings,
    disklog::DiskLog,
    effect::{Effect, Ending},
    model::{Model, Rooms, Seen},
    msg::{LinkEvent, Msg},
    perform::{Keep, Keeper, Reload, World, editor::Editor, sequence},
    terminal::{self as screen, Background, Keyboard, Kind, Panics, Screen},
    theme::Theme,
    transport::{self, Server},
    update::update,
    view::{links, view},
};

/// How many events are taken before the screen may be drawn again.
const BATCH: usize = 256;
/// How long a frame stays at least: under a flood, drawing must not eat the time that reading keys needs.
const FRAME: Duration = Duration::from_millis(16);
/// How long a goodbye to the server may take.
const GOODBYE: Duration = Duration::from_millis(500);
/// How long it may take to keep what is to be kept, once we leave.
const PUT_AWAY: Duration = Duration::from_secs(3);

/// What it takes to begin.
pub(crate) struct Start {
    pub(crate) server: Server,
    pub(crate) user: UserName,
    /// The proofs of our names there, from earlier starts.
    pub(crate) sessions: HashMap<UserName, String>,
    pub(crate) room: RoomName,
    pub(crate) rooms: Vec<RoomName>,
    pub(crate) settings: Settings,
    pub(crate) keep: Keep,
    pub(crate) reload: Reload,
    pub(crate) log: Option<DiskLog>,
}

impl Start {
    /// What is known at the beginning, and the hands of it. To be called within the runtime.
    pub(crate) fn begin(self) -> (Model, World, Ears) {
        let (commands, asked) = mpsc::channel(BATCH);
        let (told, events) = mpsc::channel(BATCH);
        // What comes of effects is little: words, settings.
        let (own, made) = mpsc::channel(64);
        let link = tokio::spawn(transport::run(self.server, asked, told, random));
        let rooms = Rooms::new(self.room, self.rooms);
        let mut model = Model::new(self.user, rooms, self.settings, jiff::tz::TimeZone::system(), random());
        model.sessions = self.sessions;
        let (keeper, kept) = Keeper::start(self.keep, own.clone());
        let world = World { commands, own, keeper, reload: self.reload, log: self.log, breaking: None };
        (model, world, Ears { events, made, link, kept })
    }
}

/// Where news comes from, besides the keys.
pub(crate) struct Ears {
    pub(crate) events: Receiver<LinkEvent>,
    pub(crate) made: Receiver<Msg>,
    link: JoinHandle<()>,
    kept: JoinHandle<()>,
}

impl Ears {
    /// The next thing that the link or an effect tells.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Msg> {
        tokio::select! {
            biased;
            Some(msg) = self.made.recv() => Ok(msg),
            event = self.events.recv() => event.map(Msg::Link).context("the connection's task is gone"),
        }
    }

    /// Something that is there already.
    pub(crate) fn waiting(&mut self) -> Option<Msg> {
        self.made.try_recv().ok().or_else(|| self.events.try_recv().ok().map(Msg::Link))
    }

    /// Says goodbye to the server, and lets be kept what is to be kept. The hands are gone by then, by which both know that no
    /// more comes.
    pub(crate) async fn close(self) {
        drop(self.events);
        let _ = tokio::join!(timeout(GOODBYE, self.link), timeout(PUT_AWAY, self.kept));
    }
}

/// The theme for a background.
pub(crate) type Themes = Box<dyn FnOnce(Background) -> Theme>;

/// Runs on the terminal until the user leaves, or the server does not let them in. With `themes` the terminal is asked which of
/// them it needs.
pub(crate) async fn run(start: Start, themes: Option<Themes>) -> anyhow::Result<Ending> {
    let signals = Signals::new()?;
    let (model, world, ears) = start.begin();
    let screen = Screen::enter("chat-tui", model.settings.mouse, Panics::OfAll).context("the terminal")?;
    let mut app = App {
        model,
        world,
        screen,
        kind: Kind::of_environment(),
        keyboard: None,
        colors: None,
        themes,
        editor: None,
        drawn: None,
        lost: false,
    };
    let ending = app.talk(ears, signals).await;
    if let Some(keyboard) = app.keyboard.take() {
        // What is typed while we say goodbye is for the shell.
        keyboard.stop();
    }
    if let Some(colors) = app.colors.take() {
        // Whoever asks has its own idea of how the terminal was, and would put it back after us.
        let _ = colors.await;
    }
    if let Some(editor) = app.editor.take() {
        // It has the terminal, and would go on to write on it, or leave it as editors need it.
        editor.end().await;
        app.screen.clear_away();
    }
    drop(app.screen);
    let Ok((ending, ears)) = ending else { return ending.map(|(ending, _)| ending) };
    drop(app.world);
    ears.close().await;
    Ok(ending)
}

struct App {
    model: Model,
    world: World,
    screen: Screen,
    kind: Kind,
    /// Nobody reads the keys while the terminal is asked for its colours, or lent to an editor.
    keyboard: Option<Keyboard>,
    colors: Option<JoinHandle<Option<Background>>>,
    themes: Option<Themes>,
    editor: Option<Editor>,
    drawn: Option<Instant>,
    /// The terminal is gone: nothing is drawn, and the end must come.
    lost: bool,
}

impl App {
    async fn talk(&mut self, mut ears: Ears, mut signals: Signals) -> anyhow::Result<(Ending, Ears)> {
        let clock = Clock::default();
        let mut gone = screen::hung_up();
        let (columns, rows) = terminal::size().unwrap_or((80, 24));
        let mut batch = vec![Msg::Resized { columns, rows }, Msg::Started];
        loop {
            let lost = self.lost;
            if let Some(ending) = self.turn(&clock, &mut batch)? {
                return Ok((ending, ears));
            }
            if lost {
                // It was told to leave, and there is nobody left to ask.
                return Ok((Ending::Wished, ears));
            }
            if self.draw().is_err() {
                self.lose(&mut batch);
                continue;
            }
            self.begin_to_read()?;
            let idle = clock.next_tick(&self.model);
            let due = self.drawn.map(|at| at + FRAME).filter(|_| self.model.dirty && self.editor.is_none());
            tokio::select! {
                biased;
                msg = next_key(&mut self.keyboard) => match msg {
                    Some(msg) => batch.push(msg),
                    None => self.lose(&mut batch),
                },
                word = signals.next() => self.heed(word, &mut batch)?,
                _ = &mut gone, if !self.lost => self.lose(&mut batch),
                edited = finished(&mut self.editor) => batch.push(self.come_back(edited)?),
                found = answered(&mut self.colors) => self.recolor(found),
                msg = ears.next() => batch.push(msg?),
                () = until(due) => {}
                () = sleep(idle) => {}
            }
            while batch.len() < BATCH {
                let key = self.keyboard.as_mut().and_then(Keyboard::waiting).map(Msg::from);
                let Some(msg) = key.or_else(|| ears.waiting()) else { break };
                batch.push(msg);
            }
        }
    }

    /// Takes what happened, and does what comes of it.
    fn turn(&mut self, clock: &Clock, batch: &mut Vec<Msg>) -> anyhow::Result<Option<Ending>> {
        let mut effects = update(&mut self.model, Msg::Tick(clock.now()));
        for msg in batch.drain(..) {
            effects.extend(update(&mut self.model, msg));
        }
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> anyhow::Result<Option<Ending>> {
        for effect in effects {
            let Some(effect) = self.world.perform(effect) else { continue };
            let failed = match effect {
                Effect::Quit(ending) => return Ok(Some(ending)),
                Effect::Notify { title, body } => {
                    let how = self.model.settings.alerts.notify;
                    self.write(&sequence::notification(how, &self.kind, &title, &body))
                }
                Effect::Title(title) => self.write(&sequence::title(&self.kind, &title)),
                Effect::Copy(text) => match sequence::copy(&self.kind, &text) {
                    Ok(sequence) => self.write(&sequence),
                    Err(words) => Some(words),
                },
                Effect::Edit(text) => {
                    self.lend();
                    match Editor::open(&text, random()) {
                        Ok(editor) => self.editor = Some(editor),
                        Err(words) => {
                            let failed = self.come_back(Err(words))?;
                            let _ = self.world.own.try_send(failed);
                        }
                    }
                    None
                }
                Effect::Suspend => self.suspend()?,
                Effect::Redraw => {
                    self.model.dirty = true;
                    self.screen.redraw().err().map(|error| error.to_string())
                }
                // The rest was done without a screen.
                _ => None,
            };
            if let Some(words) = failed {
                let _ = self.world.own.try_send(Msg::Failed(words));
            }
        }
        Ok(None)
    }

    /// Draws, if something changed and the last frame has been seen.
    fn draw(&mut self) -> io::Result<()> {
        let fresh = self.drawn.is_some_and(|at| at.elapsed() < FRAME);
        if self.lost || self.editor.is_some() || fresh || !mem::take(&mut self.model.dirty) {
            return Ok(());
        }
        // The configuration may have been read again.
        self.screen.use_mouse(self.model.settings.mouse)?;
        let mut seen = Seen::default();
        let links = self.model.settings.look.links && self.kind.is_window();
        self.screen.draw(|frame| {
            let spots;
            (seen, spots) = view(&self.model, frame);
            if links {
                links::apply(frame.buffer_mut(), &spots);
            }
        })?;
        self.drawn = Some(Instant::now());
        let effects = update(&mut self.model, Msg::Drawn(seen));
        // What drawing brings to light is asked of the server, or is said in the title; it ends nothing.
        self.perform(effects).map(drop).map_err(io::Error::other)?;
        Ok(())
    }

    /// Begins to read the keys, after the first frame and what the terminal is asked before.
    fn begin_to_read(&mut self) -> anyhow::Result<()> {
        if self.keyboard.is_some() || self.colors.is_some() || self.editor.is_some() || self.lost {
            return Ok(());
        }
        if self.themes.is_some() && self.kind.is_window() {
            self.colors = Some(task::spawn_blocking(screen::background));
            return Ok(());
        }
        self.keyboard = Some(Keyboard::start().context("the keyboard")?);
        Ok(())
    }

    /// The terminal has said whether it is dark or light.
    fn recolor(&mut self, found: Option<Background>) {
        self.colors = None;
        let themes = self.themes.take();
        if let (Some(themes), Some(background)) = (themes, found) {
            self.model.settings.look.theme = themes(background);
            self.model.dirty = true;
        }
    }

    fn heed(&mut self, word: Word, batch: &mut Vec<Msg>) -> anyhow::Result<()> {
        match word {
            Word::Leave => batch.push(Msg::Leave),
            // What interrupts the editor comes to us, too, and is not for us.
            Word::Interrupt if self.editor.is_none() => batch.push(Msg::Leave),
            // The shell had the terminal meanwhile, and left it as it likes it.
            Word::GoOn if self.editor.is_none() => {
                self.model.dirty = true;
                self.screen.take_again().context("the terminal")?;
            }
            Word::Interrupt | Word::GoOn => {}
        }
        Ok(())
    }

    /// The terminal is gone. Nobody is there to be asked or told.
    fn lose(&mut self, batch: &mut Vec<Msg>) {
        self.lost = true;
        // Not stopped: crossterm may turn in circles in there, and ends with the process.
        self.keyboard = None;
        batch.push(Msg::Leave);
    }

    fn write(&mut self, sequence: &str) -> Option<String> {
        if sequence.is_empty() || self.editor.is_some() {
            return None;
        }
        self.screen.write(sequence).err().map(|error| error.to_string())
    }

    fn lend(&mut self) {
        if let Some(keyboard) = self.keyboard.take() {
            keyboard.stop();
        }
        self.screen.lend();
    }

    fn come_back(&mut self, edited: Result<String, String>) -> anyhow::Result<Msg> {
        self.editor = None;
        self.model.dirty = true;
        // An editor that crashed has put nothing away.
        self.screen.straighten();
        self.screen.take_again().context("the terminal")?;
        Ok(Msg::Edited(edited))
    }

    /// To the shell, until it says to go on. With the whole group: whoever started us would otherwise still wait for us.
    fn suspend(&mut self) -> anyhow::Result<Option<String>> {
        self.lend();
        // Without a shell that could wake us, the system does not let us sleep, and this goes on at once.
        let slept = rustix::process::kill_current_process_group(rustix::process::Signal::TSTP);
        self.model.dirty = true;
        self.screen.take_again().context("the terminal")?;
        Ok(slept.err().map(|error| format!("It cannot be suspended: {error}")))
    }
}

async fn next_key(keyboard: &mut Option<Keyboard>) -> Option<Msg> {
    match keyboard {
        Some(keyboard) => keyboard.next().await.map(Msg::from),
        None => pending().await,
    }
}

async fn finished(editor: &mut Option<Editor>) -> Result<String, String> {
    match editor {
        Some(editor) => editor.closed().await,
        None => pending().await,
    }
}

async fn answered(colors: &mut Option<JoinHandle<Option<Background>>>) -> Option<Background> {
    match colors {
        Some(answer) => answer.await.ok().flatten(),
        None => pending().await,
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => pending().await,
    }
}
