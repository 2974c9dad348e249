//! Control sequences for what is around the screen: title, notification, clipboard. This is the last border before the
//! terminal: whatever came here, nothing leaves that could end a sequence early or begin another.

use chat_protocol::display;

use super::base64;
use crate::{config::Notify, terminal::Kind};

/// Characters of a title.
const TITLE: usize = 80;
/// Characters of a notification's parts.
const WORDS: usize = 200;
/// What terminals take into the clipboard; more is refused rather than cut.
const COPY_BYTES: usize = 100_000;

/// Calls the user.
pub(crate) fn notification(how: Notify, kind: &Kind, title: &str, body: &str) -> String {
    let how = match how {
        Notify::Auto if !kind.is_window() => Notify::Bell,
        Notify::Auto if ["rxvt", "foot"].iter().any(|term| kind.term.starts_with(term)) => Notify::Osc777,
        Notify::Auto => Notify::Osc9,
        chosen => chosen,
    };
    let (title, body) = (words(title, WORDS), words(body, WORDS));
    let sequence = match how {
        Notify::Off => return String::new(),
        Notify::Bell => String::new(),
        Notify::Osc777 => envelope(kind, format!("\x1b]777;notify;{title};{body}\x07")),
        Notify::Osc9 | Notify::Auto => {
            let between = if title.is_empty() || body.is_empty() { "" } else { ": " };
            envelope(kind, format!("\x1b]9;{title}{between}{body}\x07"))
        }
    };
    format!("\x07{sequence}")
}

/// The title of the terminal's window.
pub(crate) fn title(kind: &Kind, text: &str) -> String {
    if kind.is_window() { format!("\x1b]2;{}\x07", words(text, TITLE)) } else { String::new() }
}

/// Text for the clipboard. Writes only: what is in it is never asked for.
///
/// # Errors
/// In words, if it is too much.
pub(crate) fn copy(kind: &Kind, text: &str) -> Result<String, String> {
    if text.len() > COPY_BYTES {
        return Err(format!("That is too much for the clipboard: {} bytes, of at most {COPY_BYTES}", text.len()));
    }
    if !kind.is_window() {
        return Err("This terminal has no clipboard".into());
    }
    Ok(envelope(kind, format!("\x1b]52;c;{}\x07", base64::encode(text.as_bytes()))))
}

/// So that tmux hands it on to the terminal behind it.
fn envelope(kind: &Kind, sequence: String) -> String {
    if kind.tmux { format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")) } else { sequence }
}

/// One line without anything that a sequence could end or be divided with.
fn words(text: &str, longest: usize) -> String {
    display::clip(text, longest).chars().filter(|c| !c.is_control() && *c != ';').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(term: &str, tmux: bool) -> Kind {
        Kind { term: term.into(), tmux, colors: None }
    }

    #[test]
    fn the_user_is_called_as_the_terminal_understands() {
        let (xterm, tmux, foot, linux) = (kind("xterm", false), kind("screen", true), kind("foot", false), kind("linux", false));
        for (how, kind, expected) in [
            (Notify::Auto, &xterm, "\x07\x1b]9;bob: hi\x07"),
            (Notify::Auto, &foot, "\x07\x1b]777;notify;bob;hi\x07"),
            (Notify::Auto, &linux, "\x07"),
            (Notify::Auto, &tmux, "\x07\x1bPtmux;\x1b\x1b]9;bob: hi\x07\x1b\\"),
            (Notify::Osc777, &xterm, "\x07\x1b]777;notify;bob;hi\x07"),
            (Notify::Osc9, &foot, "\x07\x1b]9;bob: hi\x07"),
            (Notify::Bell, &xterm, "\x07"),
            (Notify::Off, &xterm, ""),
        ] {
            assert_eq!(notification(how, kind, "bob", "hi"), expected, "{how:?} {kind:?}");
        }
        assert_eq!(notification(Notify::Osc9, &xterm, "bob", ""), "\x07\x1b]9;bob\x07");
    }

    #[test]
    fn nothing_hostile_ends_a_sequence() {
        let hostile = "4;1;\x1b\\\x07\u{9c}\u{9d}52;c;x\n\u{202e}evil";
        for sequence in [
            notification(Notify::Osc9, &kind("xterm", false), hostile, hostile),
            notification(Notify::Osc777, &kind("xterm", false), hostile, hostile),
            title(&kind("xterm", false), hostile),
        ] {
            let inner = sequence.trim_start_matches('\x07').strip_prefix("\x1b]").unwrap().strip_suffix('\x07').unwrap();
            assert!(!inner.chars().any(char::is_control), "{inner:?}");
            assert!(!inner.contains('\u{202e}') && inner.matches(';').count() <= 3, "{inner:?}");
        }
        let long = title(&kind("xterm", false), &"x".repeat(5000));
        assert!(long.chars().count() < 100, "{}", long.len());
    }

    #[test]
    fn the_clipboard_takes_what_is_not_too_much() {
        assert_eq!(copy(&kind("xterm", false), "foob").as_deref(), Ok("\x1b]52;c;Zm9vYg==\x07"));
        assert_eq!(copy(&kind("tmux-256color", true), "f").as_deref(), Ok("\x1bPtmux;\x1b\x1b]52;c;Zg==\x07\x1b\\"));
        assert!(copy(&kind("xterm", false), &"x".repeat(COPY_BYTES + 1)).is_err());
        assert!(copy(&kind("linux", false), "x").is_err());
    }
}
