//! What keys mean in the console: one table, from which the help and the hints are made. The habits are the terminal client's: F1,
//! Tab, Escape, the arrows or `j` and `k`, `/` to look for something.

use chat_terminal::chord::Chord;

use super::model::Tab;

/// Something that a key can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Help,
    Quit,
    Redraw,
    Suspend,
    NextTab,
    PreviousTab,
    Tab(Tab),
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Back,
    Filter,
    Sort,
    Level,
    Notice,
    Kick,
    Mute,
    Unmute,
    Ban,
    Unban,
    Slow,
    Close,
    Leave,
    Stay,
    Backup,
    Export,
    Verify,
    LogFilter,
    Reload,
}

/// Where a key means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Everywhere,
    /// Rooms, connections, and what is below them.
    Lists,
    Log,
}

/// A row of the table: where, what, by which keys, and what it does.
pub struct About {
    pub place: Place,
    pub key: Key,
    pub chords: &'static [&'static str],
    pub help: &'static str,
}

const fn row(place: Place, key: Key, chords: &'static [&'static str], help: &'static str) -> About {
    About { place, key, chords, help }
}

/// The table.
pub const KEYS: &[About] = {
    use Place::{Everywhere, Lists, Log};
    &[
        row(Everywhere, Key::Tab(Tab::Overview), &["1"], "overview"),
        row(Everywhere, Key::Tab(Tab::Rooms), &["2"], "rooms"),
        row(Everywhere, Key::Tab(Tab::Connections), &["3"], "connections"),
        row(Everywhere, Key::Tab(Tab::Log), &["4"], "log"),
        row(Everywhere, Key::NextTab, &["tab", "right"], "the next of these"),
        row(Everywhere, Key::PreviousTab, &["shift-tab", "left"], "the one before"),
        row(Everywhere, Key::Notice, &["n"], "say something to the chosen room, or to everybody"),
        row(Everywhere, Key::Leave, &["d"], "go down, after a while"),
        row(Everywhere, Key::Stay, &["D"], "do not go down after all"),
        row(Everywhere, Key::Backup, &["B"], "make a backup"),
        row(Everywhere, Key::Verify, &["V"], "look through the store"),
        row(Everywhere, Key::LogFilter, &["L"], "which log lines are written"),
        row(Everywhere, Key::Reload, &["R"], "read the configuration again"),
        row(Everywhere, Key::Help, &["f1", "?"], "this help"),
        row(Everywhere, Key::Redraw, &["ctrl-l"], "draw the screen anew"),
        row(Everywhere, Key::Suspend, &["ctrl-z"], "to the shell; fg comes back"),
        row(Everywhere, Key::Quit, &["q", "ctrl-c"], "leave the console"),
        row(Lists, Key::Up, &["up", "k"], "up"),
        row(Lists, Key::Down, &["down", "j"], "down"),
        row(Lists, Key::PageUp, &["pageup"], "a page up"),
        row(Lists, Key::PageDown, &["pagedown"], "a page down"),
        row(Lists, Key::First, &["home", "g"], "the first"),
        row(Lists, Key::Last, &["end", "G"], "the last"),
        row(Lists, Key::Open, &["enter"], "look closer"),
        row(Lists, Key::Back, &["esc"], "back"),
        row(Lists, Key::Filter, &["/"], "only those in which something stands"),
        row(Lists, Key::Sort, &["s"], "order them otherwise"),
        row(Lists, Key::Kick, &["K"], "kick the chosen user"),
        row(Lists, Key::Mute, &["m"], "mute the chosen user"),
        row(Lists, Key::Unmute, &["M"], "let the chosen user speak again"),
        row(Lists, Key::Ban, &["b"], "ban the chosen user"),
        row(Lists, Key::Unban, &["u"], "lift a ban"),
        row(Lists, Key::Close, &["c"], "end the chosen connection"),
        row(Lists, Key::Slow, &["w"], "let the chosen room wait between messages"),
        row(Lists, Key::Export, &["e"], "export the chosen room"),
        row(Log, Key::Up, &["up", "k"], "up"),
        row(Log, Key::Down, &["down", "j"], "down"),
        row(Log, Key::PageUp, &["pageup"], "a page up"),
        row(Log, Key::PageDown, &["pagedown"], "a page down"),
        row(Log, Key::First, &["home", "g"], "the oldest"),
        row(Log, Key::Last, &["end", "G"], "the newest, and follow"),
        row(Log, Key::Back, &["esc"], "follow"),
        row(Log, Key::Filter, &["/"], "only lines in which something stands"),
        row(Log, Key::Level, &["l"], "how much a line must matter"),
    ]
};

/// What a chord means on a tab.
pub fn meaning(tab: Tab, chord: Chord) -> Option<Key> {
    let here = |place| match place {
        Place::Everywhere => true,
        Place::Lists => matches!(tab, Tab::Rooms | Tab::Connections),
        Place::Log => tab == Tab::Log,
    };
    let is_meant = |about: &&About| here(about.place) && about.chords.iter().any(|text| Chord::parse(text) == Some(chord));
    KEYS.iter().find(is_meant).map(|about| about.key)
}

/// The first chord of a meaning, as it is shown.
pub fn shown(key: Key) -> String {
    let about = KEYS.iter().find(|about| about.key == key);
    about.and_then(|about| Chord::parse(about.chords.first()?)).map(|chord| chord.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_means_one_thing_at_a_place() {
        for about in KEYS {
            for text in about.chords {
                let chord = Chord::parse(text).unwrap_or_else(|| panic!("{text} is no key"));
                let others = KEYS.iter().filter(|other| {
                    let meet = other.place == about.place || other.place == Place::Everywhere || about.place == Place::Everywhere;
                    meet && other.chords.iter().any(|other| Chord::parse(other) == Some(chord))
                });
                assert_eq!(others.count(), 1, "{text}");
            }
        }
    }

    #[test]
    fn a_letter_means_something_where_it_should() {
        let chord = |text| Chord::parse(text).unwrap();
        for (tab, text, expected) in [
            (Tab::Overview, "2", Some(Key::Tab(Tab::Rooms))),
            (Tab::Overview, "b", None),
            (Tab::Rooms, "b", Some(Key::Ban)),
            (Tab::Log, "k", Some(Key::Up)),
            (Tab::Log, "l", Some(Key::Level)),
            (Tab::Connections, "K", Some(Key::Kick)),
            (Tab::Connections, "ctrl-k", None),
        ] {
            assert_eq!(meaning(tab, chord(text)), expected, "{tab:?} {text}");
        }
    }
}
