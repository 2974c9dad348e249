//! The wire of the chat: what a client may ask, what a server may say, and how either is written down.
//!
//! Everything here is plain data and pure functions. There is no IO, no clock and no randomness: time comes in as a
//! [`Timestamp`], and whoever has a socket owns it elsewhere. `tests/purity.rs` fails when that stops being true.
//!
//! | to find | look in |
//! |---|---|
//! | names that are valid once parsed, positions | [`names`] |
//! | what a client may ask, and how a frame is read | [`client`] |
//! | what a server may say | [`server`] |
//! | what happened in a room: logged events and passing signals | [`event`] |
//! | who may do what in a room, in words | [`rights`] |
//! | what a person may type | [`command`] |
//! | how one endpoint reads and writes all that | [`dialect`] |
//! | the server's long work, as a feed | [`task`] |
//! | codes: errors, closes | [`error`], [`close`] |
//! | how much of anything | [`limits`] |
//! | hostile text made safe to show | [`display`] |
//!
//! The protocol is version [`VERSION`]. Fields may be added at any time, so both sides ignore fields that they do not know;
//! a type that a side does not know is ignored by a client and answered with `unknown_type` by a server.
#![warn(missing_docs)]

pub mod client;
pub mod close;
pub mod command;
pub mod dialect;
pub mod display;
pub mod error;
pub mod event;
pub mod json;
pub mod limits;
pub mod names;
pub mod rights;
pub mod server;
pub mod task;
pub mod time;

pub use client::{ClientMessage, Request};
pub use close::CloseCode;
pub use dialect::Dialect;
pub use error::{ErrorCode, Refusal};
pub use event::{Event, Recorded, Signal, is_reaction};
pub use names::{ClientId, Epoch, NameError, RoomName, Seq, UserName};
pub use rights::{Access, Action, Role, Rules, Voice};
pub use server::{ServerFrame, ServerMessage};
pub use time::Timestamp;

/// The version that `welcome` announces.
pub const VERSION: u32 = 1;
