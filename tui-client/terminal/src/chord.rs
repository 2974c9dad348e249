//! What was pressed: a key and its modifiers, read from and written as `ctrl-k`, `alt-enter`, `f1`. Whatever can be written can
//! be read again. It knows nothing of what a key means, nor of how a terminal reports it.

use std::fmt;

/// A key by what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
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

/// A key with its modifiers. A letter's Shift is in the letter itself, except together with Ctrl, which knows no capitals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chord {
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
    pub code: Code,
}

impl Chord {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self { ctrl: false, alt: false, shift: false, code }
    }

    /// The one way in which a chord is kept, however a terminal or a person put it: Alt-Shift-k is Alt and `K`, Ctrl-K is Ctrl and
    /// `k`, and the Shift that made a `?` is gone.
    pub fn normal(mut self) -> Self {
        if let Code::Char(c) = self.code {
            if self.ctrl {
                self.shift &= c.is_alphabetic() || c == ' ';
                self.code = Code::Char(single(c.to_lowercase()).unwrap_or(c));
            } else if c != ' ' {
                if self.shift {
                    self.code = Code::Char(single(c.to_uppercase()).unwrap_or(c));
                }
                self.shift = false;
            }
        }
        self
    }

    /// The character that this key types, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt && !c.is_control() => Some(c),
            _ => None,
        }
    }

    /// Reads `ctrl-k`, `alt-shift-up`, `f1`, `space`, `?`. Beside Ctrl and Alt a letter's case does not count.
    pub fn parse(text: &str) -> Option<Self> {
        let mut chord = Self::plain(Code::Enter);
        let mut rest = text;
        while let Some((name, key)) = rest.split_once('-').filter(|(name, key)| !name.is_empty() && !key.is_empty()) {
            let held = match name.to_ascii_lowercase().as_str() {
                "ctrl" | "control" | "c" => &mut chord.ctrl,
                "alt" | "meta" | "a" | "m" => &mut chord.alt,
                "shift" | "s" => &mut chord.shift,
                _ => return None,
            };
            if std::mem::replace(held, true) {
                return None;
            }
            rest = key;
        }
        let lower = rest.to_ascii_lowercase();
        chord.code = match NAMES.iter().find(|(name, _)| *name == lower) {
            Some((_, code)) => *code,
            None => match lower.strip_prefix('f').filter(|number| !number.is_empty()) {
                Some(number) => Code::F((1..=24).find(|known| known.to_string() == number)?),
                None => {
                    let c = single(rest.chars()).filter(|c| !c.is_control() && (*c == ' ' || !c.is_whitespace()))?;
                    let modified = chord.ctrl || chord.alt;
                    // Which character Shift makes of another is the keyboard's affair: only letters are sure.
                    if chord.shift && !c.is_alphabetic() && c != ' ' {
                        return None;
                    }
                    Code::Char(if modified { single(c.to_lowercase()).unwrap_or(c) } else { c })
                }
            },
        };
        Some(chord.normal())
    }
}

/// The only one.
fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next().filter(|_| chars.next().is_none())
}

/// Names of keys; where there are several, the first is not only read but also written.
const NAMES: [(&str, Code); 23] = [
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
    ("del", Code::Delete),
    ("ins", Code::Insert),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
    ("bs", Code::Backspace),
];

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modified = self.ctrl || self.alt;
        let capital = matches!(self.code, Code::Char(c) if self.alt && !self.ctrl && c.is_uppercase());
        for (held, name) in [(self.ctrl, "Ctrl-"), (self.alt, "Alt-"), (self.shift || capital, "Shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match self.code {
            Code::Char(' ') => f.write_str("Space"),
            Code::Char('-') if modified => f.write_str("Minus"),
            Code::Char(c) if modified => write!(f, "{}", single(c.to_uppercase()).unwrap_or(c)),
            Code::Char(c) => write!(f, "{c}"),
            Code::F(number) => write!(f, "F{number}"),
            Code::PageUp => f.write_str("PageUp"),
            Code::PageDown => f.write_str("PageDown"),
            code => {
                let name = NAMES.iter().find(|(_, other)| *other == code).map_or("", |(name, _)| name);
                let mut chars = name.chars();
                write!(f, "{}{}", chars.next().map_or(' ', |c| c.to_ascii_uppercase()), chars.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, ctrl: bool, alt: bool, shift: bool, code: Code, shown: &str) {
        let chord = Chord { ctrl, alt, shift, code };
        assert_eq!(Chord::parse(text), Some(chord), "{text}");
        assert_eq!(chord.to_string(), shown);
    }

    #[test]
    fn keys_are_read_and_written() {
        check("ctrl-k", true, false, false, Code::Char('k'), "Ctrl-K");
        check("Ctrl-K", true, false, false, Code::Char('k'), "Ctrl-K");
        check("ctrl-shift-k", true, false, true, Code::Char('k'), "Ctrl-Shift-K");
        check("alt-k", false, true, false, Code::Char('k'), "Alt-K");
        check("Alt-K", false, true, false, Code::Char('k'), "Alt-K");
        check("alt-shift-k", false, true, false, Code::Char('K'), "Alt-Shift-K");
        check("k", false, false, false, Code::Char('k'), "k");
        check("G", false, false, false, Code::Char('G'), "G");
        check("shift-g", false, false, false, Code::Char('G'), "G");
        check("ctrl-_", true, false, false, Code::Char('_'), "Ctrl-_");
        check("alt-/", false, true, false, Code::Char('/'), "Alt-/");
        check("-", false, false, false, Code::Char('-'), "-");
        check("minus", false, false, false, Code::Char('-'), "-");
        check("ctrl--", true, false, false, Code::Char('-'), "Ctrl-Minus");
        check("ctrl-minus", true, false, false, Code::Char('-'), "Ctrl-Minus");
        check("space", false, false, false, Code::Char(' '), "Space");
        check("shift-space", false, false, true, Code::Char(' '), "Shift-Space");
        check("f1", false, false, false, Code::F(1), "F1");
        check("shift-F12", false, false, true, Code::F(12), "Shift-F12");
        check("f", false, false, false, Code::Char('f'), "f");
        check("esc", false, false, false, Code::Escape, "Esc");
        check("Escape", false, false, false, Code::Escape, "Esc");
        check("alt-enter", false, true, false, Code::Enter, "Alt-Enter");
        check("up", false, false, false, Code::Up, "Up");
        check("ctrl-alt-down", true, true, false, Code::Down, "Ctrl-Alt-Down");
        check("shift-tab", false, false, true, Code::Tab, "Shift-Tab");
        check("pgdn", false, false, false, Code::PageDown, "PageDown");
        check("C-a", true, false, false, Code::Char('a'), "Ctrl-A");
        check("ä", false, false, false, Code::Char('ä'), "ä");
        check("alt-Ä", false, true, false, Code::Char('ä'), "Alt-Ä");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in
            ["", "-k", "ctrl-", "ctrl", "super-k", "hyper-ctrl-k", "ctrl-ctrl-k", "f0", "f25", "f+1", "f01", "ab", "\n", "\u{1b}"]
        {
            assert_eq!(Chord::parse(text), None, "{text:?}");
        }
        assert_eq!(Chord::parse("shift-5"), None);
    }

    #[test]
    fn a_terminal_s_way_of_putting_it_does_not_matter() {
        let press = |ctrl, alt, shift, c| Chord { ctrl, alt, shift, code: Code::Char(c) }.normal();
        assert_eq!(press(false, false, true, '?'), Chord::plain(Code::Char('?')));
        assert_eq!(press(false, false, true, 'G'), Chord::plain(Code::Char('G')));
        assert_eq!(press(false, false, true, 'g'), Chord::plain(Code::Char('G')));
        assert_eq!(Some(press(true, false, false, 'K')), Chord::parse("ctrl-k"));
        assert_eq!(Some(press(true, false, true, '_')), Chord::parse("ctrl-_"));
        assert_eq!(Some(press(false, true, true, 'K')), Chord::parse("alt-shift-k"));
        assert_eq!(press(false, true, false, 'k').typed(), None);
        assert_eq!(press(false, false, true, 'ß').typed(), Some('ß'));
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(ctrl: bool, alt: bool, shift: bool, c: char, f in 1_u8..=24, named in 0..NAMES.len(), kind in 0..3) {
            let code = match kind {
                0 => Code::Char(c),
                1 => Code::F(f),
                _ => NAMES[named].1,
            };
            prop_assume!(!matches!(code, Code::Char(c) if c.is_control() || (c.is_whitespace() && c != ' ')));
            let chord = Chord { ctrl, alt, shift, code }.normal();
            // A few letters have no capital, or several, of their own: what is shown of them is read as the nearest.
            let plain = !matches!(code, Code::Char(c) if !c.is_ascii());
            if plain {
                prop_assert_eq!(Chord::parse(&chord.to_string()), Some(chord));
            }
        }

        #[test]
        fn reading_never_fails_badly(text: String) {
            if let Some(chord) = Chord::parse(&text) {
                prop_assert_eq!(chord.normal(), chord);
            }
        }
    }
}
