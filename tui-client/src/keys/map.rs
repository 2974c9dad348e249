//! The live table from keys to actions.

use std::collections::HashMap;

use super::{ACTIONS, Action, Chord, Context};

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
    /// In words for whoever wrote the configuration: an unknown action, an unreadable key, a key with two meanings in one place.
    pub(crate) fn new(changes: &[(String, Vec<String>)]) -> Result<Self, String> {
        if let Some((name, _)) = changes.iter().find(|(name, _)| !ACTIONS.iter().any(|about| about.name == *name)) {
            return Err(format!("there is no action «{name}» to give a key to"));
        }
        let mut map = Self { keys: HashMap::new(), chords: HashMap::new() };
        for about in ACTIONS {
            let changed = changes.iter().rev().find(|(name, _)| name == about.name);
            let keys: Vec<&str> = match changed {
                Some((_, keys)) => keys.iter().map(String::as_str).collect(),
                None => about.keys.to_vec(),
            };
            for key in keys {
                let chord = Chord::parse(key)
                    .ok_or_else(|| format!("«{key}» (for {}) is not a key; like ctrl-k, alt-1, f1", about.name))?;
                if let Some(other) = map.keys.insert((about.context, chord), about.action).filter(|other| *other != about.action)
                {
                    // A key that the configuration gives away is taken from the action that has it by default.
                    let other = ACTIONS.iter().find(|row| row.action == other && row.context == about.context);
                    let other = other.map_or("", |row| row.name);
                    if changed.is_some() == changes.iter().any(|(name, _)| name == other) {
                        return Err(format!("«{key}» means both {other} and {}", about.name));
                    }
                    if changed.is_none() {
                        let other = ACTIONS.iter().find(|row| row.name == other).map(|row| row.action);
                        map.keys.extend(other.map(|other| ((about.context, chord), other)));
                        continue;
                    }
                    for chords in
                        map.chords.iter_mut().filter(|((context, _), _)| *context == about.context).map(|(_, chords)| chords)
                    {
                        chords.retain(|other| *other != chord);
                    }
                }
                map.chords.entry((about.context, about.action)).or_default().push(chord);
            }
        }
        Ok(map)
    }

    /// What a key means there, or everywhere.
    pub(crate) fn action(&self, context: Context, chord: Chord) -> Option<Action> {
        self.keys.get(&(context, chord)).or_else(|| self.keys.get(&(Context::Everywhere, chord))).copied()
    }

    /// The keys of an action, the one to show first.
    pub(crate) fn chords(&self, context: Context, action: Action) -> &[Chord] {
        self.chords.get(&(context, action)).map_or(&[], Vec::as_slice)
    }
}

impl Default for KeyMap {
    fn default() -> Self {
        Self::new(&[]).expect("the table has no key twice in one place")
    }
}
