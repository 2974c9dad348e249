//! The live table from keys to actions: the defaults, with the configuration's changes on top. What the user chose wins over
//! what they did not; two choices that contradict each other are refused. It knows nothing of how the configuration is written.

use std::collections::HashMap;

use super::{ACTIONS, Action, Chord, Context, action::About};

/// Which key means what, where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyMap {
    keys: HashMap<(Context, Chord), Action>,
    /// The keys of each action in each context, in the order in which they are shown.
    chords: HashMap<(Context, Action), Vec<Chord>>,
}

impl KeyMap {
    /// The keys as the table has them, changed as the configuration says (`"send" = ["ctrl-s"]`; an empty list: no key).
    ///
    /// # Errors
    /// In words for whoever wrote the configuration: an unknown action, an unreadable key, a key with two meanings in one place,
    /// a key that is needed for typing.
    pub(crate) fn new(changes: &[(String, Vec<String>)]) -> Result<Self, String> {
        let mut chosen: Vec<(&About, Vec<Chord>)> = Vec::new();
        for (name, keys) in changes {
            let about = ACTIONS
                .iter()
                .find(|about| about.name == *name)
                .ok_or_else(|| format!("there is no action «{name}» to give a key to"))?;
            let keys = keys.iter().map(|key| readable(about, key)).collect::<Result<_, _>>()?;
            chosen.retain(|(other, _)| other.name != about.name);
            chosen.push((about, keys));
        }
        for (place, (about, keys)) in chosen.iter().enumerate() {
            for (other, others) in &chosen[..place] {
                // Beside each other as they always were is no contradiction.
                let usual = |key: &Chord| about.context != other.context && is_default(about, *key) && is_default(other, *key);
                let both = keys.iter().find(|key| others.contains(key) && !usual(key));
                if let Some(key) = both.filter(|_| meet(about.context, other.context)) {
                    return Err(format!("{key} means both {} and {}", other.name, about.name));
                }
            }
        }
        let mut map = Self { keys: HashMap::new(), chords: HashMap::new() };
        for about in ACTIONS {
            match chosen.iter().find(|(changed, _)| changed.name == about.name) {
                Some((_, keys)) => keys.iter().for_each(|key| map.add(about, *key)),
                None => {
                    // A key that was chosen for another action is taken from this one. An action of one place that was given a
                    // key of everywhere has it there alone.
                    let taken = |key: &Chord| {
                        let mut rows = chosen.iter().filter(|(_, keys)| keys.contains(key)).map(|(row, _)| row);
                        rows.any(|row| {
                            row.context == about.context || (row.context == Context::Everywhere && !is_default(row, *key))
                        })
                    };
                    for key in about.keys {
                        let key = readable(about, key)?;
                        if !taken(&key) {
                            map.add(about, key);
                        }
                    }
                }
            }
        }
        Ok(map)
    }

    fn add(&mut self, about: &About, chord: Chord) {
        self.keys.insert((about.context, chord), about.action);
        let chords = self.chords.entry((about.context, about.action)).or_default();
        if !chords.contains(&chord) {
            chords.push(chord);
        }
    }

    /// What a key means there, or everywhere.
    pub(crate) fn action(&self, context: Context, chord: Chord) -> Option<Action> {
        self.keys.get(&(context, chord)).or_else(|| self.keys.get(&(Context::Everywhere, chord))).copied()
    }

    /// The keys of an action, the one to show first.
    pub(crate) fn chords(&self, context: Context, action: Action) -> &[Chord] {
        self.chords.get(&(context, action)).map_or(&[], Vec::as_slice)
    }

    /// The key to show for an action in some place: one of that place, or one of everywhere that the place does not use otherwise.
    pub(crate) fn hint(&self, context: Context, action: Action) -> Option<String> {
        let here = self.chords(context, action).iter();
        let everywhere = self.chords(Context::Everywhere, action).iter();
        here.chain(everywhere).find(|chord| self.action(context, **chord) == Some(action)).map(ToString::to_string)
    }
}

fn is_default(about: &About, chord: Chord) -> bool {
    about.keys.iter().any(|key| Chord::parse(key) == Some(chord))
}

/// Whether a key of the one place is pressed in the other, too.
fn meet(one: Context, other: Context) -> bool {
    one == other || one == Context::Everywhere || other == Context::Everywhere
}

fn readable(about: &About, key: &str) -> Result<Chord, String> {
    let chord = Chord::parse(key).ok_or_else(|| format!("«{key}» (for {}) is not a key; like ctrl-k, alt-1, f1", about.name))?;
    // In a list typing filters; only at a selected message nothing is typed.
    if chord.typed().is_some() && about.context != Context::Select {
        return Err(format!("«{key}» (for {}) is needed for typing; with ctrl or alt it is free", about.name));
    }
    Ok(chord)
}

impl Default for KeyMap {
    fn default() -> Self {
        Self::new(&[]).expect("every key of the table is one")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(changes: &[(&str, &[&str])]) -> Result<KeyMap, String> {
        let changes: Vec<_> =
            changes.iter().map(|(name, keys)| ((*name).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())).collect();
        KeyMap::new(&changes)
    }

    #[track_caller]
    fn means(map: &KeyMap, context: Context, key: &str, action: Option<Action>) {
        assert_eq!(map.action(context, Chord::parse(key).unwrap()), action, "{key}");
    }

    #[track_caller]
    fn refused(changes: &[(&str, &[&str])], said: &str) {
        assert_eq!(map(changes).unwrap_err(), said);
    }

    #[test]
    fn the_defaults_hold() {
        let map = KeyMap::default();
        means(&map, Context::Input, "enter", Some(Action::Send));
        means(&map, Context::Input, "f1", Some(Action::Help));
        means(&map, Context::Select, "enter", Some(Action::Reply));
        means(&map, Context::Select, "?", Some(Action::Help));
        means(&map, Context::List, "pageup", Some(Action::ListPageUp));
        means(&map, Context::Input, "pageup", Some(Action::PageUp));
        means(&map, Context::Input, "x", None);
    }

    #[test]
    fn a_chosen_key_is_taken_from_the_default_that_had_it() {
        let map = map(&[("redo", &["ctrl-y"])]).unwrap();
        means(&map, Context::Input, "ctrl-y", Some(Action::Redo));
        means(&map, Context::Input, "alt-z", None);
        assert!(map.chords(Context::Input, Action::Yank).is_empty());
    }

    #[test]
    fn a_key_chosen_for_everywhere_is_taken_from_every_place() {
        let map = map(&[("help", &["ctrl-k"])]).unwrap();
        means(&map, Context::Input, "ctrl-k", Some(Action::Help));
        means(&map, Context::Select, "?", Some(Action::Help));
        means(&map, Context::Input, "f1", None);
    }

    #[test]
    fn a_key_chosen_for_one_place_stays_what_it_was_elsewhere() {
        let map = map(&[("send", &["alt-n"])]).unwrap();
        means(&map, Context::Input, "alt-n", Some(Action::Send));
        means(&map, Context::Select, "alt-n", Some(Action::FindNext));
        assert_eq!(map.hint(Context::Input, Action::FindNext), None);
        assert_eq!(map.hint(Context::Select, Action::FindNext).as_deref(), Some("Alt-N"));
    }

    #[test]
    fn keys_can_be_swapped_added_to_and_taken_away() {
        let swapped = map(&[("undo", &["ctrl-y"]), ("yank", &["ctrl-_"])]).unwrap();
        means(&swapped, Context::Input, "ctrl-y", Some(Action::Undo));
        means(&swapped, Context::Input, "ctrl-_", Some(Action::Yank));
        let none = map(&[("suspend", &[])]).unwrap();
        means(&none, Context::Input, "ctrl-z", None);
        let twice = map(&[("send", &["ctrl-s", "Ctrl-S", "enter"])]).unwrap();
        assert_eq!(twice.chords(Context::Input, Action::Send).len(), 2);
        let last = map(&[("send", &["ctrl-s"]), ("send", &["ctrl-o"])]).unwrap();
        means(&last, Context::Input, "ctrl-o", Some(Action::Send));
        means(&last, Context::Input, "ctrl-s", None);
    }

    #[test]
    fn the_defaults_can_be_written_out() {
        let all: Vec<_> = ACTIONS.iter().map(|about| (about.name, about.keys)).collect();
        assert_eq!(map(&all).unwrap(), KeyMap::default());
        for one in all {
            assert_eq!(map(&[one]).unwrap(), KeyMap::default());
        }
    }

    #[test]
    fn a_wrong_configuration_is_explained() {
        refused(&[("fly", &["ctrl-k"])], "there is no action «fly» to give a key to");
        refused(&[("send", &["super-k"])], "«super-k» (for send) is not a key; like ctrl-k, alt-1, f1");
        refused(&[("undo", &["ctrl-o"]), ("redo", &["ctrl-o"])], "Ctrl-O means both undo and redo");
        refused(&[("send", &["ctrl-o"]), ("help", &["ctrl-o"])], "Ctrl-O means both send and help");
        refused(&[("help", &["?"])], "«?» (for help) is needed for typing; with ctrl or alt it is free");
        refused(&[("send", &["space"])], "«space» (for send) is needed for typing; with ctrl or alt it is free");
        assert!(map(&[("send", &["ctrl-o"]), ("reply", &["ctrl-o"])]).is_ok());
    }

    #[test]
    fn a_hint_is_the_first_key() {
        let map = KeyMap::default();
        assert_eq!(map.hint(Context::Input, Action::KillToEnd).as_deref(), Some("Ctrl-K"));
        assert_eq!(map.hint(Context::Input, Action::Help).as_deref(), Some("F1"));
        assert_eq!(map.hint(Context::Select, Action::Help).as_deref(), Some("?"));
        assert_eq!(map.hint(Context::Input, Action::Reply), None);
    }
}
