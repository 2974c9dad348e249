//! Keys as data: a [`Chord`] is what was pressed, an [`Action`] what it means here, a [`KeyMap`] the live table between the two.
//! Help, hints and the configuration are all made from these tables. Nothing here knows the terminal's own key codes; those are
//! read in [`chat_terminal::screen`].

mod action;
mod map;

pub(crate) use self::{
    action::{ACTIONS, Action, Context},
    map::KeyMap,
};
pub(crate) use chat_terminal::chord::{Chord, Code};
