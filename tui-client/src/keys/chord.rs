//! What was pressed: a key and its modifiers, read from and written as `ctrl-k`, `alt-enter`, `f1`.

use std::fmt;

/// A key by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Code {
    Char(char),
    Enter,
    Tab,
    Backspace,
    Delete,
    Insert,
    Escape,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

/// A key with its modifiers. A letter's Shift is in the letter itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Chord {
    pub(crate) ctrl: bool,
    pub(crate) alt: bool,
    pub(crate) shift: bool,
    pub(crate) code: Code,
}

impl Chord {
    /// A key without modifiers.
    pub(crate) const fn plain(code: Code) -> Self {
        Self { ctrl: false, alt: false, shift: false, code }
    }

    /// Reads `ctrl-k`, `alt-shift-up`, `f1`, `space`, `?`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut chord = Self::plain(Code::Enter);
        let mut rest = text;
        loop {
            let lower = rest.to_ascii_lowercase();
            let (flag, length) = match () {
                () if lower.starts_with("ctrl-") => (&mut chord.ctrl, 5),
                () if lower.starts_with("alt-") => (&mut chord.alt, 4),
                () if lower.starts_with("shift-") => (&mut chord.shift, 6),
                () => break,
            };
            *flag = true;
            rest = &rest[length..];
        }
        let lower = rest.to_ascii_lowercase();
        chord.code = match NAMES.iter().find(|(name, _)| *name == lower) {
            Some((_, code)) => *code,
            None => match lower.strip_prefix('f').and_then(|number| number.parse().ok()) {
                Some(number @ 1..=24) => Code::F(number),
                _ => {
                    let mut chars = rest.chars();
                    let c = chars.next().filter(|_| chars.next().is_none())?;
                    Code::Char(if chord.ctrl { c.to_ascii_lowercase() } else { c })
                }
            },
        };
        Some(chord)
    }
}

const NAMES: [(&str, Code); 18] = [
    ("enter", Code::Enter),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("esc", Code::Escape),
    ("left", Code::Left),
    ("right", Code::Right),
    ("up", Code::Up),
    ("down", Code::Down),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("space", Code::Char(' ')),
    ("minus", Code::Char('-')),
    ("escape", Code::Escape),
    ("return", Code::Enter),
];

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "Ctrl-"), (self.alt, "Alt-"), (self.shift, "Shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char(c) if self.ctrl => write!(f, "{}", c.to_ascii_uppercase()),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(number) => write!(f, "F{number}"),
            Code::PageUp => f.write_str("PageUp"),
            Code::PageDown => f.write_str("PageDown"),
            code => write!(f, "{code:?}").and(Ok(())),
        }
    }
}
