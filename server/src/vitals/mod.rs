//! What is known of a running server at one moment: one type, which the operator's console shows and `/metrics` writes.
//!
//! Does not know who asks.

mod process;
mod prometheus;

use std::{collections::BTreeMap, path::Path};

use chat_protocol::{Epoch, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::process::{Process, Thread};
use crate::{clock, config::Store, metrics::Distribution, services::Services};

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vitals {
    pub at: Timestamp,
    pub version: String,
    pub started: Timestamp,
    /// What an acknowledgement means.
    pub durability: String,
    /// Which log this is.
    pub epoch: Epoch,
    pub draining: bool,
    /// Whether the last write went well.
    pub log_writable: bool,
    pub connections: u64,
    pub connects: u64,
    pub users: u64,
    pub rooms: u64,
    pub accounts: u64,
    pub messages: u64,
    pub deliveries: u64,
    pub tellings: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
    pub queue_bytes: u64,
    pub slow_readers: u64,
    pub commit_seconds: Distribution,
    pub commit_sizes: Distribution,
    pub drops: BTreeMap<String, u64>,
    pub tasks: u64,
    /// When the certificate is over; none where no TLS is spoken.
    pub tls_expires: Option<Timestamp>,
    /// None where nothing is kept.
    pub store: Option<Disk>,
    pub process: Process,
}

/// What the store takes, and what is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disk {
    pub path: String,
    pub bytes: u64,
    pub free_bytes: u64,
}

/// What of a server does not change while it runs.
#[derive(Clone, Debug)]
pub struct Birth {
    pub started: Timestamp,
    pub store: Store,
}

impl Birth {
    /// Now.
    pub fn of(store: Store) -> Self {
        Self { started: clock::now(), store }
    }

    fn durability(&self) -> &'static str {
        match &self.store {
            Store::Ephemeral => "none",
            Store::Directory { durability, .. } => durability.word(),
        }
    }
}

impl Vitals {
    /// As it is now. Reads a few small files: not on a thread that serves.
    pub fn of(services: &Services) -> Self {
        let (metrics, birth) = (&services.metrics, &services.birth);
        let (commit_seconds, commit_sizes) = metrics.commits();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Self {
            at: clock::now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: birth.started,
            durability: birth.durability().to_owned(),
            epoch: services.keeper.epoch().clone(),
            draining: services.is_draining(),
            log_writable: services.keeper.is_writable(),
            connections: metrics.connections.level(),
            connects: metrics.connects.count(),
            users: count(services.hub.online()),
            rooms: count(services.hub.rooms_in_use()),
            accounts: count(services.realm().accounts().count()),
            messages: metrics.messages.count(),
            deliveries: metrics.deliveries.count(),
            tellings: metrics.tellings.count(),
            sent_bytes: metrics.sent_bytes.count(),
            received_bytes: metrics.received_bytes.count(),
            queue_bytes: metrics.queue_bytes.level(),
            slow_readers: metrics.slow.level(),
            commit_seconds,
            commit_sizes,
            drops: metrics.drops(),
            tasks: count(services.tasks.unfinished()),
            tls_expires: services.certificate.as_ref().and_then(|certificate| certificate.expires()),
            store: match &birth.store {
                Store::Ephemeral => None,
                Store::Directory { path, .. } => Some(Disk::of(path)),
            },
            process: Process::now(),
        }
    }
}

impl Disk {
    fn of(path: &Path) -> Self {
        let (bytes, free_bytes) = process::disk(path);
        Self { path: path.display().to_string(), bytes, free_bytes }
    }
}
