//! The chat server as a library: what `main.rs` starts, and what tests start on port 0.
//!
//! Everything that is said passes through one log, and everybody reads from the log:
//!
//! ```text
//! peer ─► serve (http) ─► session ─► log::keeper ─► store
//!             │              │            │ after the commit, in order
//!             │              └─► hub      ▼
//!             └──── shard ◄────────────── fanout
//! ```
//!
//! | part | owns |
//! |---|---|
//! | [`log`] | what was said, in one order, kept |
//! | [`fanout`] | the way from the log and the hub to the shards, encoded once |
//! | [`shard`] | one thread's connections, and who of them is where |
//! | [`session`] | one connection's conversation; `session::state` decides purely |
//! | [`govern`], [`office`] | what is ordered about rooms and people; carrying it out |
//! | [`hub`] | who is here, who types |
//! | [`realm`] | who belongs here: accounts and their tokens, and who is invited |
//! | [`registration`] | who may make an account of their own |
//! | [`sweep`] | what is kept no longer, taken away bite by bite |
//! | [`http`] | every route, the handshake, the API |
//! | [`doorstep`] | what comes before HTTP: a proxy's word, the TLS handshake |
//! | [`doorway`] | a socket while HTTP speaks on it |
//! | [`stream`] | a socket, plain or with TLS |
//! | [`tls`], [`proxy`] | the certificate; which proxies are believed, and what they say |
//! | [`serve`] | a shard's thread, from the first byte to the hand-over |
//! | [`passwords`] | passwords, which become tokens |
//! | [`tasks`], [`departure`] | the server's own long work; going down after a while |
//! | [`vitals`], [`metrics`], [`roster`], [`journal`] | what is known of a running server, what it counts, its connections, its log lines |
//! | [`console`] | the operator's screen: a client of the orders of [`admin`] |
//! | [`pulse`] | whether the threads turn |
//! | [`admin`] | what an operator orders from a terminal |
//! | [`doctor`] | what would hinder a server, and what to do |
//! | [`server`] | how all this is put together, started and stopped |

pub mod admin;
pub mod admission;
pub mod auth;
pub mod blocks;
pub mod cli;
mod clock;
pub mod closing;
pub mod config;
pub mod console;
pub mod departure;
pub mod doctor;
pub mod doorstep;
pub mod doorway;
pub mod fanout;
pub mod govern;
pub mod http;
pub mod hub;
pub mod journal;
pub mod limits;
mod listener;
pub mod log;
pub mod metrics;
pub mod office;
pub mod passwords;
pub mod proxy;
pub mod pulse;
pub mod realm;
pub mod registration;
pub mod roster;
pub mod serve;
pub mod server;
pub mod services;
pub mod session;
pub mod shard;
pub mod stream;
pub mod sweep;
pub mod tasks;
pub mod tls;
pub mod vitals;

pub use self::{config::Config, server::Server};
