//! How much of anything: one table of numbers, so that a limit is changed in one place and documented from it.
//!
//! The server enforces them; `welcome` announces those that a client can run into.

use std::time::Duration;

/// The longest text of one message, in bytes of UTF-8.
pub const TEXT_BYTES: usize = 16 * 1024;
/// The longest frame that a client may send; a longer one is closed with 1009.
pub const FRAME_BYTES: usize = 64 * 1024;
/// How deep arrays and objects may lie in each other in what a client says. Nothing that is asked needs more than two.
pub const JSON_DEPTH: usize = 32;
/// The longest topic, in bytes of UTF-8.
pub const TOPIC_BYTES: usize = 1024;
/// The longest reaction, in bytes: a family of four with skin tones takes 41.
pub const EMOJI_BYTES: usize = 64;
/// The most reactions that one message holds, so that a page of history stays a page.
pub const REACTIONS_PER_MESSAGE: usize = 256;
/// The longest search query, in bytes.
pub const QUERY_BYTES: usize = 1024;
/// The longest `ref`, in bytes.
pub const REF_BYTES: usize = 64;
/// The most messages that one answer of `history` or `search` holds.
pub const HISTORY: usize = 200;
/// How many messages `history` and `joined` hold when nobody says otherwise.
pub const HISTORY_DEFAULT: usize = 50;
/// How many events one frame of a resume holds.
pub const EVENTS_PER_FRAME: usize = 500;
/// How many private conversations `welcome` lists.
pub const PRIVATE_LISTED: usize = 50;
/// How many users of a room `joined` names and `presence` keeps up to date, the first by name. Everybody who comes is told the
/// list, so that without an end n people who come into one room would be told n² names. This many are more than anybody
/// reads, and a room that has more is a crowd in which single comings and goings are no news. `users` still lists everybody.
pub const USERS: usize = 200;
/// How many rooms `rooms` lists, the most recently used first.
pub const ROOMS_LISTED: usize = 1000;
/// How many rooms one connection may be in.
pub const ROOMS_PER_CONNECTION: usize = 200;
/// The longest user name, in code points.
pub const USER_CHARS: usize = 40;
/// The longest room name, in code points.
pub const ROOM_CHARS: usize = 64;
/// The longest `cid`.
pub const CID_CHARS: usize = 64;
/// Marks that may stand on one letter of a name.
pub const MARKS_PER_LETTER: usize = 2;
/// Requests in one go before the rate limit begins to count.
pub const BURST: u32 = 100;
/// Requests per second after that.
pub const PER_SECOND: u32 = 10;
/// How often the server looks for a sign of life.
pub const PING_EVERY: Duration = Duration::from_secs(20);
/// No sign of life for so long closes a connection with 4010.
pub const SILENCE: Duration = Duration::from_secs(45);
/// How long somebody is shown as typing after the last word of it.
pub const TYPING_LASTS: Duration = Duration::from_secs(3);
/// A client renews its typing at most this often, and the server passes it on at most this often.
pub const TYPING_RENEW: Duration = Duration::from_secs(2);
