//! Keys as data: a [`Chord`] is what was pressed, an [`Action`] what it means here, a [`KeyMap`] the live table between the two.
//! Help, hints and the configuration are all made from these tables. Nothing here knows the terminal's own key codes; those are
//! read in `crate::terminal`.

mod action;
mod chord;
mod map;

pub(crate) use self::{
    action::{ACTIONS, Action, Context},
    chord::{Chord, Code},
    map::KeyMap,
};
