//! The terminal's state: what is taken of it (raw mode, the other screen, marked pastes, focus, the mouse) and that all of it
//! is given back, once, however the program ends. What its events mean is read in [`events`], what kind it is in [`detect`].
//! It knows nothing of what is drawn.

mod detect;
mod events;
#[cfg(test)]
mod tests;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, BufWriter, Stdout, Write},
    mem::ManuallyDrop,
    panic,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use chat_protocol::display;
use crossterm::{
    Command,
    cursor::Show,
    event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange},
    execute, queue,
    style::ResetColor,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{
    Frame, Terminal,
    backend::CrosstermBackend,
    layout::{Position, Rect},
};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

pub use self::{
    detect::{Background, Kind, background},
    events::{Input, Keyboard, Mouse, hung_up},
};

/// What a frame of a large screen takes at most without being cut into several writes.
const FRAME_BYTES: usize = 64 * 1024;

/// The terminal is ours. Whoever takes this away has to give it back: so it is given back once, whether the end, a panic or
/// both come by.
static HELD: AtomicBool = AtomicBool::new(false);

/// Whose panics give the terminal back.
#[derive(Clone, Copy, Debug)]
pub enum Panics {
    /// Everybody's: nothing goes on.
    OfAll,
    /// This thread's. There is something else in the program that may go on; of it, `others` is told.
    OfThisThread { others: fn(&str) },
}

/// The terminal while it is ours.
pub struct Screen {
    /// Never dropped: it would write what is left of a frame, show the cursor once more, and panic where there is nobody to say
    /// that this failed.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    mouse: bool,
    /// How the lines of the terminal were when it was lent.
    lent: Option<Termios>,
}

impl Screen {
    /// Takes the terminal. If that fails half way, it is given back as it was.
    pub fn enter(program: &'static str, mouse: bool, panics: Panics) -> io::Result<Self> {
        give_back_on_panic(program, panics);
        let terminal = Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout())))?;
        take(mouse)?;
        Ok(Self { terminal: ManuallyDrop::new(terminal), mouse, lent: None })
    }

    /// Gives the terminal to somebody else for a while.
    pub fn lend(&mut self) {
        give_back();
        self.lent = tcgetattr(io::stdin()).ok();
    }

    /// It was lent to a program that has ended: its lines are made as they were then, however that program left them.
    pub fn straighten(&mut self) {
        if let Some(lent) = self.lent.take() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &lent);
        }
    }

    /// The same for a program that was cut off: what it may have taken besides is given back in its stead.
    pub fn clear_away(&mut self) {
        silence();
        self.straighten();
        leave();
    }

    /// Takes it again. The next frame draws everything: nothing is known of what is on the screen now.
    pub fn take_again(&mut self) -> io::Result<()> {
        // What somebody else left behind is not what is to be given back in the end.
        give_back();
        take(self.mouse)?;
        self.redraw()
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub fn use_mouse(&mut self, mouse: bool) -> io::Result<()> {
        if mouse != self.mouse {
            self.mouse = mouse;
            execute!(io::stdout(), Reports(mouse))?;
        }
        Ok(())
    }

    /// The next frame draws everything.
    pub fn redraw(&mut self) -> io::Result<()> {
        // Not `clear`: that asks the terminal where the cursor is, and somebody else reads the answer as keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Draws one frame.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        // A panic in a task has given the terminal back; what is drawn now would lie in the shell.
        if !HELD.load(Ordering::SeqCst) {
            return Err(io::Error::other("the terminal was given back"));
        }
        self.terminal.draw(render).map(drop)
    }

    /// Writes a control sequence that moves nothing on the screen.
    pub fn write(&mut self, sequence: &str) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        out.write_all(sequence.as_bytes())?;
        Write::flush(out)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Presses, releases and the wheel, with coordinates of any size. Not the motions that crossterm's own command asks for as
/// well: they would wake the program with every move over its window.
struct Reports(bool);

impl Command for Reports {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str(if self.0 { "\x1b[?1000h\x1b[?1006h" } else { "\x1b[?1006l\x1b[?1000l" })
    }
}

/// The title of the window, put aside, and taken out again. Terminals that cannot do that ignore it.
struct Title(bool);

impl Command for Title {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str(if self.0 { "\x1b[22;2t" } else { "\x1b[23;2t" })
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    HELD.store(true, Ordering::SeqCst);
    let taken = (|| {
        let mut out = io::stdout().lock();
        queue!(out, Title(true), EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
        if mouse {
            queue!(out, Reports(true))?;
        }
        out.flush()
    })();
    if taken.is_err() {
        give_back();
    }
    taken
}

/// Gives the terminal back, if it is ours.
fn give_back() {
    if !HELD.swap(false, Ordering::SeqCst) {
        return;
    }
    silence();
    // Before the screen of the shell is seen: who types there is heard by the shell, as it reads. What is echoed until then goes with
    // the other screen.
    let _ = disable_raw_mode();
    leave();
    let mut out = io::stdout().lock();
    let _ = queue!(out, Title(false));
    let _ = out.flush();
}

/// The terminal reports nothing any more but keys. Each on its own: where one fails, the others may still work.
fn silence() {
    let mut out = io::stdout().lock();
    let _ = queue!(out, Reports(false));
    let _ = queue!(out, DisableFocusChange, DisableBracketedPaste);
    let _ = out.flush();
}

/// The screen is the one from before.
fn leave() {
    let mut out = io::stdout().lock();
    let _ = queue!(out, ResetColor, LeaveAlternateScreen, Show);
    let _ = out.flush();
}

/// A panic gives the terminal back before it says what it is, and says that safely: its words may quote a peer's.
fn give_back_on_panic(program: &'static str, panics: Panics) {
    let own = thread::current().id();
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(move |info| {
            if let Panics::OfThisThread { others } = panics
                && thread::current().id() != own
            {
                let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
                return others(&format!("{}{place}", info.payload_as_str().unwrap_or("no words")));
            }
            give_back();
            let words = info.payload_as_str().unwrap_or("no words");
            let place = info.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
            let mut out = io::stderr().lock();
            let _ = writeln!(out, "{program}: a fault of its own{place}: {}", display::indented(words));
            let trace = Backtrace::capture();
            if trace.status() == BacktraceStatus::Captured {
                let _ = writeln!(out, "{trace}");
            }
        }));
    });
}
