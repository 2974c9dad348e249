//! The one loop: gather what happened → update → perform effects → draw if something changed. It owns the clock, the
//! randomness and the channels; it decides nothing.

use std::{
    hash::{BuildHasher as _, RandomState},
    mem,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use chat_protocol::{RoomName, UserName};
use crossterm::event::EventStream;
use futures::StreamExt as _;
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use crate::{
    config::Settings,
    effect::Effect,
    model::{Model, Rooms},
    msg::{LinkEvent, Msg, Now, Seen},
    terminal::Screen,
    transport::{self, Address, Command},
    update::update,
    view::view,
};

/// How often what passes with time is looked at, while there is something of the kind.
const TICK: Duration = Duration::from_millis(250);
/// How many events are taken before the screen is drawn again.
const BATCH: usize = 256;
/// How long a goodbye to the server may take.
const GOODBYE: Duration = Duration::from_millis(500);

/// Runs until the user leaves, or the server does not let them in.
pub(crate) async fn run(screen: &mut Screen, address: &Address, user: UserName, room: RoomName) -> anyhow::Result<()> {
    let (commands, asked) = mpsc::channel(256);
    let (told, mut events) = mpsc::channel(BATCH);
    let link = tokio::spawn(transport::run(address.clone(), asked, told, random));
    let (typed, mut keys) = mpsc::channel(BATCH);
    let keyboard = tokio::spawn(read_keys(typed));

    let mut model = Model::new(user, Rooms::new(room, []), Settings::default(), jiff::tz::TimeZone::system(), random());
    let quit = talk(screen, &mut model, &commands, &mut keys, &mut events).await;
    keyboard.abort();
    // By this the transport knows that it is no longer needed.
    drop(commands);
    let _ = timeout(GOODBYE, link).await;
    match quit? {
        Some(reason) => Err(anyhow!(reason)),
        None => Ok(()),
    }
}

async fn talk(
    screen: &mut Screen,
    model: &mut Model,
    commands: &Sender<Command>,
    keys: &mut Receiver<Msg>,
    events: &mut Receiver<LinkEvent>,
) -> anyhow::Result<Option<String>> {
    let started = Instant::now();
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut batch = vec![Msg::Started];
    loop {
        let mut todo = update(model, Msg::Tick(Now { since: started.elapsed(), ..Now::default() }));
        for msg in batch.drain(..) {
            todo.extend(update(model, msg));
        }
        if mem::take(&mut model.dirty) {
            let mut seen = Seen::default();
            screen.draw(|frame| seen = view(model, frame).0).context("drawing")?;
            todo.extend(update(model, Msg::Drawn(seen)));
        }
        for effect in todo {
            match effect {
                Effect::Quit(_) => return Ok(None),
                Effect::Connect { resume, no_sooner } => drop(commands.try_send(Command::Connect { resume, no_sooner })),
                Effect::Ask(request) => drop(commands.try_send(Command::Send(request.encode()))),
                _ => {}
            }
        }
        if !batch.is_empty() {
            continue;
        }
        tokio::select! {
            key = keys.recv() => batch.push(key.context("the terminal is gone")?),
            event = events.recv() => batch.push(Msg::Link(event.context("the connection's task is gone")?)),
            _ = tick.tick(), if model.is_waiting() => {}
        }
        while batch.len() < BATCH {
            let next = keys.try_recv().or_else(|_| events.try_recv().map(Msg::Link));
            let Ok(msg) = next else { break };
            batch.push(msg);
        }
    }
}

/// A task of its own, because the stream may not be asked with any waker but the one that waits.
async fn read_keys(typed: Sender<Msg>) {
    let mut stream = EventStream::new();
    while let Some(Ok(event)) = stream.next().await {
        let Some(msg) = crate::terminal::read(event) else { continue };
        if typed.send(msg).await.is_err() {
            return;
        }
    }
}

/// Good enough to tell two clients apart; nothing secret hangs on it.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}
