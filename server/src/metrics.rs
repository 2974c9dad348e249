//! What the server counts of itself, and its Prometheus text. Counting is a few atomics; nobody reads them to decide anything.

use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// Why a connection or a delivery was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Reason {
    TooSlow,
    Flooding,
    RateLimited,
    Silent,
    /// There was no place for it.
    Refused,
    /// Its address connects too often.
    Connects,
    /// It had not said who it is, and others came.
    Stranger,
    /// A message in too many pieces, or not whole in time.
    Piecemeal,
    /// A ping or pong beyond the limit: not answered.
    Control,
    /// An attempt to log in that was one too many.
    Login,
    Signal,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    reason: Reason,
}

/// All counters of one server.
pub struct Metrics {
    registry: Registry,
    pub connections: Gauge,
    pub rooms: Gauge,
    pub users: Gauge,
    pub messages: Counter,
    pub deliveries: Counter,
    pub tellings: Counter,
    pub queue_bytes: Gauge,
    commit_seconds: Histogram,
    commit_size: Histogram,
    drops: Family<Why, Counter>,
    pub log_writable: Gauge<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("chat"),
            connections: Gauge::default(),
            rooms: Gauge::default(),
            users: Gauge::default(),
            messages: Counter::default(),
            deliveries: Counter::default(),
            tellings: Counter::default(),
            queue_bytes: Gauge::default(),
            commit_seconds: Histogram::new(exponential_buckets(0.000_05, 2.0, 16)),
            commit_size: Histogram::new(exponential_buckets(1.0, 2.0, 11)),
            drops: Family::default(),
            log_writable: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("connections", "Open WebSocket connections", metrics.connections.clone());
        registry.register("rooms", "Rooms that somebody is in", metrics.rooms.clone());
        registry.register("users", "Names in use", metrics.users.clone());
        registry.register("messages", "Events that the log kept", metrics.messages.clone());
        registry.register("deliveries", "Events given to a connection", metrics.deliveries.clone());
        registry.register("tellings", "Goes in which they were given: fewer where several go together", metrics.tellings.clone());
        registry.register_with_unit("queue", "Waiting for slow readers", Unit::Bytes, metrics.queue_bytes.clone());
        registry.register_with_unit("commit", "Time of one commit", Unit::Seconds, metrics.commit_seconds.clone());
        registry.register("commit_size", "Writes in one commit", metrics.commit_size.clone());
        registry.register("drops", "What was dropped or closed, by reason", metrics.drops.clone());
        registry.register("log_writable", "Whether the last write went well", metrics.log_writable.clone());
        metrics
    }
}

impl Metrics {
    /// One commit of so many writes.
    pub fn committed(&self, writes: usize, took: Duration) {
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_size.observe(writes as f64);
    }

    /// Something was dropped.
    pub fn dropped(&self, reason: Reason) {
        self.drops.get_or_create(&Why { reason }).inc();
    }

    /// The Prometheus text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
