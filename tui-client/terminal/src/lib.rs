//! What the chat's programs in a terminal share, whatever they show: `chat-tui`, and the server's console.
//!
//! | to find | look in |
//! |---|---|
//! | the terminal's state, what is typed, and giving it back | [`screen`]; what was pressed: [`chord`] |
//! | which part of the screen looks how | [`theme`] |
//! | text on its way to cells, made harmless | [`text`], [`wrap`], [`links`]; boxes above it: [`boxes`] |
//! | what the system tells the process | [`signals`] |
//! | where a server is, whom to believe that it is there, one request to it | [`reach`] |
//!
//! It knows no model, no configuration and nothing that is said in the chat.

pub mod boxes;
pub mod chord;
pub mod links;
pub mod reach;
pub mod screen;
pub mod signals;
pub mod text;
pub mod theme;
pub mod wrap;
