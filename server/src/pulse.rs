//! Whether the server's threads turn: a beat goes through each of them as what they work on does, in the same queues, and has passed
//! when it has come out of all. A thread that is stuck or gone stops it, and so do all that wait behind it.
//!
//! The threads that read are not asked: a long search is no standstill.

use std::sync::Arc;

use crate::services::Services;

/// See the module.
pub struct Pulse {
    services: Arc<Services>,
}

impl Pulse {
    pub(crate) fn new(services: Arc<Services>) -> Self {
        Self { services }
    }

    /// Waits until a beat has passed through the log's writer and every shard. It never does while one of them is stuck, and is
    /// false when one is gone.
    pub async fn beat(&self) -> bool {
        let (log, shards) = tokio::join!(self.services.keeper.beat(), self.services.fanout.beat());
        log && shards
    }
}
