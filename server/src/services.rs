//! What every connection of the server may use, whatever its shard: one handle, made once by the composition root.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use chat_protocol::CloseCode;

use crate::{
    admission::Admission, auth::Tokens, config::Config, fanout::Fanout, hub::Presence, log::Keeper, metrics::Metrics,
    tasks::Tasks, tls::Certificate,
};

pub struct Services {
    pub config: Config,
    pub tokens: Tokens,
    pub keeper: Keeper,
    pub hub: Presence,
    pub fanout: Arc<Fanout>,
    pub metrics: Arc<Metrics>,
    pub tasks: Tasks,
    pub admission: Arc<Admission>,
    /// None: TLS is not spoken.
    pub certificate: Option<Arc<Certificate>>,
    pub numbers: Numbers,
    /// No new work: the server is going down.
    pub draining: AtomicBool,
}

/// Numbers that are given out once.
#[derive(Default)]
pub struct Numbers {
    connections: AtomicU64,
    nameless: AtomicU64,
}

impl Numbers {
    pub fn connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    pub fn nameless(&self) -> u64 {
        self.nameless.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Services {
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// What everybody is told when the server goes down.
    pub fn parting(&self) -> CloseCode {
        if self.config.going_for_good { CloseCode::GoingAway } else { CloseCode::Restarting }
    }

    /// Whether new work is welcome: the log takes writes and nobody asked the server to go.
    pub fn is_ready(&self) -> bool {
        self.keeper.is_writable() && !self.is_draining()
    }
}
