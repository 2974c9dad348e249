//! What lies above the screen: the help, a line of words that is asked for, a question.

use chat_protocol::display;
use chat_terminal::{
    boxes::{boxed, centred},
    chord::Chord,
    text::{Piece, columns, ending},
    theme::Role,
    wrap::wrap,
};
use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    super::{
        keys::{KEYS, Place},
        model::{Model, Overlay},
        prompt::Prompt,
    },
    row, rows,
};

const WIDEST: u16 = 72;

pub(super) fn draw(model: &Model, overlay: &Overlay, buffer: &mut Buffer, screen: Rect) {
    match overlay {
        Overlay::Help { scroll } => help(model, *scroll, buffer, screen),
        Overlay::Prompt(prompt) => ask(model, prompt, buffer, screen),
        Overlay::Question { words, .. } => question(model, words, buffer, screen),
    }
}

fn wide(screen: Rect) -> u16 {
    screen.width.saturating_sub(2).min(WIDEST)
}

fn help(model: &Model, scroll: usize, buffer: &mut Buffer, screen: Rect) {
    let theme = &model.theme;
    let area = centred(screen, wide(screen), screen.height.saturating_sub(2));
    let inner = boxed(theme, buffer, area, "Help");
    let mut all = Vec::new();
    for (place, heading) in [(Place::Everywhere, "Everywhere"), (Place::Lists, "Rooms and connections"), (Place::Log, "Log")] {
        if !all.is_empty() {
            all.push(Vec::new());
        }
        all.push(vec![Piece::new(heading, theme.style(Role::Title))]);
        for about in KEYS.iter().filter(|about| about.place == place) {
            let chords = about.chords.iter().filter_map(|text| Chord::parse(text)).map(|chord| chord.to_string());
            let chords = chords.collect::<Vec<_>>().join("  ");
            let chords = Piece::new(format!("  {chords:<16} "), theme.style(Role::Key));
            all.push(vec![chords, Piece::new(about.help, theme.style(Role::Text))]);
        }
    }
    let first = scroll.min(all.len().saturating_sub(usize::from(inner.height)));
    rows(buffer, inner, all.split_off(first));
}

fn ask(model: &Model, prompt: &Prompt, buffer: &mut Buffer, screen: Rect) {
    let theme = &model.theme;
    let (title, how) = prompt.words();
    let area = centred(screen, wide(screen), 5);
    let inner = boxed(theme, buffer, area, &title);
    let space = usize::from(inner.width);
    let text = display::line(&prompt.text);
    let end = ending(&text, space.saturating_sub(3));
    let cursor = Piece::new("▏", theme.style(Role::Key));
    row(
        buffer,
        inner,
        inner.y,
        vec![Piece::new("› ", theme.style(Role::Key)), Piece::new(end.to_owned(), theme.style(Role::Text)), cursor],
    );
    let (words, role) = match &prompt.fault {
        Some(fault) => (fault.as_str(), Role::Fault),
        None => (how, Role::Dim),
    };
    let lines = wrap(&[Piece::new(words.to_owned(), theme.style(role))], space, space);
    let below = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    rows(buffer, below, lines);
}

fn question(model: &Model, words: &str, buffer: &mut Buffer, screen: Rect) {
    let theme = &model.theme;
    let wide = wide(screen);
    let space = usize::from(wide.saturating_sub(4)).max(1);
    let mut all = wrap(&[Piece::new(display::text(words).into_owned(), theme.style(Role::Text))], space, space);
    all.push(Vec::new());
    all.push(vec![
        Piece::new("[y]", theme.style(Role::Key)),
        Piece::new(" yes   ", theme.style(Role::Text)),
        Piece::new("[n]", theme.style(Role::Key)),
        Piece::new(" no", theme.style(Role::Text)),
    ]);
    let area = centred(screen, wide, columns(all.len() + 2));
    let inner = boxed(theme, buffer, area, "Is that meant?");
    rows(buffer, inner, all);
}
