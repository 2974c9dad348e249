//! The terminal's events: read on a thread of their own, and put into our words. The only file that knows crossterm's keys.

use std::{io, sync::mpsc as threads, thread, time::Duration};

use crossterm::event::{
    Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use futures::StreamExt as _;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use tokio::{
    runtime::Handle,
    sync::{
        mpsc::{self, Receiver, Sender},
        oneshot,
    },
};

use crate::chord::{Chord, Code};

/// How many events may wait to be taken; with more, the terminal waits.
const WAITING: usize = 256;
/// How long a stopped reader may take to let go. Only the one of a terminal that is gone takes longer, and it reads nothing.
const LET_GO: Duration = Duration::from_secs(1);

/// What a terminal tells.
#[derive(Clone, Debug)]
pub enum Input {
    Key(Chord),
    /// Text put in at once.
    Paste(String),
    /// The wheel, or a click.
    Mouse(Mouse),
    /// The terminal has this size.
    Resized {
        columns: u16,
        rows: u16,
    },
    /// The terminal got or lost the focus.
    Focus(bool),
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// Notches, upwards positive.
    Wheel(isize),
    Click {
        column: u16,
        row: u16,
    },
}

/// What is typed, while it is read. Read on a thread, because crossterm turns in circles for ever on a terminal that is gone;
/// stopped, so that an editor gets the keys that are for it.
pub struct Keyboard {
    events: Receiver<Input>,
    stop: Option<oneshot::Sender<()>>,
    /// Closed when the thread lets go of the terminal.
    reads: threads::Receiver<()>,
}

impl Keyboard {
    /// Begins to read. To be called within the runtime.
    pub fn start() -> io::Result<Self> {
        let (sender, events) = mpsc::channel(WAITING);
        let (stop, stopped) = oneshot::channel();
        let runtime = Handle::current();
        let (lets_go, reads) = threads::sync_channel(0);
        let thread = move || {
            runtime.block_on(read(sender, stopped));
            // A thread of crossterm's waits for the next key, and takes it with it. It is told to end when its stream goes, and
            // holds a lock until it does, for which a new stream waits; which reads nothing by itself.
            drop(EventStream::new());
            drop(lets_go);
        };
        thread::Builder::new().name("keyboard".into()).spawn(thread)?;
        Ok(Self { events, stop: Some(stop), reads })
    }

    /// The next event; none when the terminal is gone.
    pub async fn next(&mut self) -> Option<Input> {
        self.events.recv().await
    }

    /// An event that is there already.
    pub fn waiting(&mut self) -> Option<Input> {
        self.events.try_recv().ok()
    }

    /// Ends reading; from here on what is typed is for somebody else.
    pub fn stop(mut self) {
        drop(self.stop.take());
        // A thread that waits for room in the channel would never end.
        self.events.close();
        let _ = self.reads.recv_timeout(LET_GO);
    }
}

async fn read(sender: Sender<Input>, mut stopped: oneshot::Receiver<()>) {
    let mut stream = EventStream::new();
    loop {
        let event = tokio::select! {
            event = stream.next() => event,
            _ = &mut stopped => return,
        };
        let Some(Ok(event)) = event else { return };
        let Some(input) = understood(&event) else { continue };
        if sender.send(input).await.is_err() {
            return;
        }
    }
}

/// Tells when the terminal at our standard input is gone: crossterm does not. A thread sleeps over it, and wakes once.
pub fn hung_up() -> oneshot::Receiver<()> {
    let (gone, told) = oneshot::channel();
    let watch = move || {
        let stdin = io::stdin();
        // Asked for nothing, the system tells only that it is over.
        let mut watched = [PollFd::new(&stdin, PollFlags::empty())];
        while let Err(Errno::INTR) = poll(&mut watched, None) {}
        let _ = gone.send(());
    };
    // Without the thread the receiver is told at once; but who cannot begin one has no keyboard either.
    let _ = thread::Builder::new().name("hang-up".into()).spawn(watch);
    told
}

/// What an event means; nothing, for some.
fn understood(event: &Event) -> Option<Input> {
    match event {
        Event::Key(key) => chord(key).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text.clone())),
        Event::Resize(columns, rows) => Some(Input::Resized { columns: *columns, rows: *rows }),
        Event::FocusGained => Some(Input::Focus(true)),
        Event::FocusLost => Some(Input::Focus(false)),
        Event::Mouse(event) => mouse(event).map(Input::Mouse),
    }
}

fn mouse(event: &MouseEvent) -> Option<Mouse> {
    match event.kind {
        MouseEventKind::ScrollUp => Some(Mouse::Wheel(1)),
        MouseEventKind::ScrollDown => Some(Mouse::Wheel(-1)),
        MouseEventKind::Down(MouseButton::Left) => Some(Mouse::Click { column: event.column, row: event.row }),
        _ => None,
    }
}

/// The same key in one spelling, whichever way the terminal spells it.
fn chord(key: &KeyEvent) -> Option<Chord> {
    let held = |modifier| key.modifiers.contains(modifier);
    if key.kind == KeyEventKind::Release || key.modifiers.intersects(KeyModifiers::SUPER | KeyModifiers::HYPER) {
        return None;
    }
    let mut chord = Chord {
        ctrl: held(KeyModifiers::CONTROL),
        alt: held(KeyModifiers::ALT) || held(KeyModifiers::META),
        shift: held(KeyModifiers::SHIFT),
        code: Code::Enter,
    };
    chord.code = match key.code {
        KeyCode::Char(c) => {
            // AltGr, where it is told as both: it made this character, and is no part of a chord.
            if chord.ctrl && chord.alt && !c.is_ascii_alphanumeric() && c != ' ' {
                (chord.ctrl, chord.alt) = (false, false);
            }
            let shifted = chord.shift && !chord.ctrl;
            chord.shift = false;
            Code::Char(match c {
                _ if chord.ctrl => c.to_ascii_lowercase(),
                _ if shifted => single_uppercase(c),
                _ => c,
            })
        }
        KeyCode::Null => {
            chord.ctrl = true;
            Code::Char(' ')
        }
        KeyCode::BackTab => {
            chord.shift = true;
            Code::Tab
        }
        KeyCode::Enter => Code::Enter,
        KeyCode::Tab => Code::Tab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Esc => Code::Escape,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    Some(chord)
}

/// The capital of a letter, if that is one character.
fn single_uppercase(c: char) -> char {
    let mut capital = c.to_uppercase();
    match (capital.next(), capital.next()) {
        (Some(capital), None) => capital,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEventState;

    use super::*;

    #[track_caller]
    fn check(code: KeyCode, modifiers: KeyModifiers, expected: Option<&str>) {
        let found = chord(&KeyEvent::new(code, modifiers));
        assert_eq!(found, expected.map(|text| Chord::parse(text).unwrap()), "{code:?} {modifiers:?}");
    }

    #[test]
    fn keys_have_one_spelling() {
        use KeyModifiers as M;
        let (ctrl, alt, shift) = (M::CONTROL, M::ALT, M::SHIFT);
        check(KeyCode::Char('a'), M::NONE, Some("a"));
        check(KeyCode::Char('A'), shift, Some("A"));
        check(KeyCode::Char('a'), shift, Some("A"));
        check(KeyCode::Char('ß'), shift, Some("ß"));
        check(KeyCode::Char('?'), shift, Some("?"));
        check(KeyCode::Char('K'), ctrl | shift, Some("ctrl-k"));
        check(KeyCode::Char('k'), ctrl, Some("ctrl-k"));
        check(KeyCode::Char('7'), ctrl, Some("ctrl-7"));
        check(KeyCode::Char('1'), alt, Some("alt-1"));
        check(KeyCode::Char('x'), M::META, Some("alt-x"));
        check(KeyCode::Char('@'), ctrl | alt, Some("@"));
        check(KeyCode::Char('ą'), ctrl | alt, Some("ą"));
        check(KeyCode::Char('h'), ctrl | alt, Some("ctrl-alt-h"));
        check(KeyCode::Char(' '), ctrl, Some("ctrl-space"));
        check(KeyCode::Null, M::NONE, Some("ctrl-space"));
        check(KeyCode::BackTab, shift, Some("shift-tab"));
        check(KeyCode::BackTab, M::NONE, Some("shift-tab"));
        check(KeyCode::Tab, M::NONE, Some("tab"));
        check(KeyCode::Enter, alt, Some("alt-enter"));
        check(KeyCode::Up, alt | shift, Some("alt-shift-up"));
        check(KeyCode::F(1), M::NONE, Some("f1"));
        check(KeyCode::Char('c'), M::SUPER, None);
        check(KeyCode::CapsLock, M::NONE, None);
        let released =
            KeyEvent { code: KeyCode::Char('a'), modifiers: M::NONE, kind: KeyEventKind::Release, state: KeyEventState::NONE };
        assert_eq!(chord(&released), None);
    }

    #[test]
    fn the_rest_of_the_events_is_read_too() {
        let mouse = |kind| Event::Mouse(MouseEvent { kind, column: 3, row: 4, modifiers: KeyModifiers::NONE });
        for (event, expected) in [
            (Event::Paste("a\nb".into()), Some("Paste(\"a\\nb\")")),
            (Event::Resize(1, 2), Some("Resized { columns: 1, rows: 2 }")),
            (Event::FocusGained, Some("Focus(true)")),
            (Event::FocusLost, Some("Focus(false)")),
            (mouse(MouseEventKind::ScrollUp), Some("Mouse(Wheel(1))")),
            (mouse(MouseEventKind::ScrollDown), Some("Mouse(Wheel(-1))")),
            (mouse(MouseEventKind::Down(MouseButton::Left)), Some("Mouse(Click { column: 3, row: 4 })")),
            (mouse(MouseEventKind::Down(MouseButton::Right)), None),
            (mouse(MouseEventKind::Moved), None),
        ] {
            let found = understood(&event).map(|input| format!("{input:?}"));
            assert_eq!(found.as_deref(), expected, "{event:?}");
        }
    }
}
