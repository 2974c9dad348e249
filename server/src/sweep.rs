//! What is kept no longer is taken away: soon after the start, then each minute, and when it is chosen anew.
//!
//! Bite by bite, through the log's one queue, with as long a rest after each bite as it took: whoever speaks meanwhile waits for one
//! bite at most, and the writer is theirs for half of the time. Does not know what is too old.

use std::time::{Duration, Instant};

use chat_protocol::{Refusal, Seq};
use tokio::time::{sleep, timeout};

use crate::{
    log::{Keeper, LogError, retention::Retention},
    services::Services,
};

const EVERY: Duration = Duration::from_secs(60);

/// Why not all of it is gone.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error(transparent)]
    Read(#[from] LogError),
    #[error("{}", .0.text)]
    Write(Refusal),
    #[error("it was stopped")]
    Stopped,
}

/// What is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub messages: u64,
    pub rooms: u64,
}

/// Takes away what is kept no longer. `progress` is told 0 to 100 and may say «stop» with `false`.
///
/// # Errors
/// What was taken away until then is gone.
pub async fn sweep(
    keeper: &Keeper,
    retention: &Retention,
    progress: &mut (dyn FnMut(u8) -> bool + Send),
) -> Result<Swept, SweepError> {
    let overdue = keeper.overdue(retention.clone()).await?;
    let mut swept = Swept::default();
    let rooms = overdue.len();
    for (done, (room, end)) in overdue.into_iter().enumerate() {
        let (mut gone, mut first, mut before) = (0, None, None);
        loop {
            let begun = Instant::now();
            let (messages, upto) = keeper.prune(room.clone(), end).await.map_err(SweepError::Write)?;
            gone += messages;
            let first = *first.get_or_insert(upto);
            if upto >= end {
                break;
            }
            if before.replace(upto) == Some(upto) {
                tracing::warn!(%room, "a room's oldest cannot be taken away");
                break;
            }
            let of_it = part(upto, first, end);
            let percent = u8::try_from((done * 100 + of_it) / rooms.max(1)).unwrap_or(100);
            if !progress(percent) {
                return Err(SweepError::Stopped);
            }
            sleep(begun.elapsed()).await;
        }
        tracing::debug!(%room, messages = gone, upto = %end, "kept no longer");
        (swept.messages, swept.rooms) = (swept.messages + gone, swept.rooms + 1);
    }
    Ok(swept)
}

/// How much of a room is done, in percent.
fn part(upto: Seq, first: Seq, end: Seq) -> usize {
    usize::try_from(upto.0.saturating_sub(first.0) * 100 / (end.0.saturating_sub(first.0)).max(1)).unwrap_or(100)
}

/// Does so for ever.
pub async fn keep_swept(services: &Services) {
    let mut chosen = services.retention.subscribe();
    loop {
        let retention = chosen.borrow_and_update().clone();
        if !retention.keeps_all() {
            match sweep(&services.keeper, &retention, &mut |_| true).await {
                Ok(Swept { messages: 0, .. }) => {}
                Ok(Swept { messages, rooms }) => tracing::info!(messages, rooms, "what is kept no longer is gone"),
                // It is tried again in a minute; of a log that cannot write, the log itself has spoken.
                Err(error) => tracing::warn!(%error, "what is kept no longer is not all gone"),
            }
        }
        let _ = timeout(EVERY, chosen.changed()).await;
    }
}
