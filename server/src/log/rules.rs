//! What every implementation of the log does in the same words: refusals, and how an epoch is made.
//!
//! Stands alone so that an answer does not depend on where it was given. Does not know any store.

use chat_protocol::{Epoch, ErrorCode, Refusal, limits};

pub(in crate::log) fn no_such_message() -> Refusal {
    Refusal::new(ErrorCode::NoSuchMessage, "there is no such message here")
}

pub(in crate::log) fn not_yours() -> Refusal {
    Refusal::new(ErrorCode::Forbidden, "it is somebody else's message")
}

pub(in crate::log) fn too_many_reactions() -> Refusal {
    let text = format!("a message takes at most {} reactions", limits::REACTIONS_PER_MESSAGE);
    Refusal::new(ErrorCode::BadRequest, text)
}

/// Sixteen random characters: 80 bits, so that no two logs are ever taken for each other.
pub(in crate::log) fn new_epoch() -> Result<Epoch, String> {
    const BASE32: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| format!("no randomness: {error}"))?;
    Ok(Epoch(random.iter().map(|byte| char::from(BASE32[usize::from(byte % 32)])).collect::<String>().into()))
}
