//! The terminal's state: raw mode, the other screen, pastes marked as such; and giving all of it back, also on a panic.

use std::{io, panic, thread};

use crossterm::{
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute,
};
use ratatui::{DefaultTerminal, Frame};

/// The terminal while it is ours.
pub(crate) struct Screen(DefaultTerminal);

impl Screen {
    /// Takes the terminal.
    pub(crate) fn enter() -> io::Result<Self> {
        // Ratatui's own hook, which comes before this one, gives back the rest.
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let _ = execute!(io::stdout(), DisableBracketedPaste);
            print(info);
        }));
        let screen = Self(ratatui::try_init()?);
        // Without it a pasted line end is an Enter, and a page of text is fifty messages.
        execute!(io::stdout(), EnableBracketedPaste)?;
        Ok(screen)
    }

    /// Draws one frame.
    pub(crate) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.0.draw(render).map(drop)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The hook has done it then, and a second time would put the cursor onto the panic's words.
        if !thread::panicking() {
            let _ = execute!(io::stdout(), DisableBracketedPaste);
            ratatui::restore();
        }
    }
}

/// What an event of the terminal means; nothing, for most.
pub(crate) fn read(event: crossterm::event::Event) -> Option<crate::msg::Msg> {
    match event {
        crossterm::event::Event::Paste(text) => Some(crate::msg::Msg::Paste(text)),
        _ => None,
    }
}
