//! What the terminal reports → [`Msg`]. The only file that knows keys by their codes.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::msg::{Key, Msg};

/// What an event of the terminal means; nothing, for most.
pub(crate) fn read(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => read_key(key).map(Msg::Key),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(..) => Some(Msg::Resized),
        _ => None,
    }
}

fn read_key(key: KeyEvent) -> Option<Key> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    Some(match key.code {
        // AltGr is reported as both on some keyboards, and makes letters.
        KeyCode::Char(c) if control && !alt => match c.to_ascii_lowercase() {
            'c' => Key::Quit,
            'a' => Key::Home,
            'e' => Key::End,
            'w' => Key::EraseWord,
            'u' => Key::EraseLine,
            'h' => Key::Backspace,
            _ => return None,
        },
        KeyCode::Char(_) if alt && !control => return None,
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        _ => return None,
    })
}
