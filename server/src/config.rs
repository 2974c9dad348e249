//! What the server was told to be, parsed once into small types.

use std::{net::IpAddr, path::PathBuf};

use crate::{
    auth::Tokens,
    limits::{Limits, Rate},
    log::{retention::Retention, sqlite::Durability},
    proxy::Proxies,
    registration::Registration,
    tls,
};

/// Open files that are not connections: the store, exports, event queues.
pub const FILES_APART: usize = 128;

/// Where the log lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// In memory: gone with the process.
    Ephemeral,
    /// In a directory of its own.
    Directory { path: PathBuf, durability: Durability },
}

impl Store {
    /// What a person should know who relies on it, unless it keeps all that was acknowledged.
    #[must_use]
    pub fn caveat(&self) -> Option<&'static str> {
        match self {
            Self::Ephemeral => Some("This server keeps nothing: what is said here is gone when it stops."),
            Self::Directory { durability: Durability::Normal, .. } => {
                Some("This server keeps messages with normal durability: a power cut may take the last seconds.")
            }
            Self::Directory { durability: Durability::Full, .. } => None,
        }
    }
}

/// Everything that can be chosen.
#[derive(Clone, Debug)]
pub struct Config {
    pub host: IpAddr,
    pub port: u16,
    pub tls: tls::Choice,
    /// Who is believed about where others come from.
    pub proxies: Proxies,
    pub store: Store,
    /// How long messages are kept.
    pub retention: Retention,
    /// Credentials for `/ws/auth`, and for everything where one is required.
    pub tokens: Vec<String>,
    pub require_auth: bool,
    /// Who may make an account of their own.
    pub registration: Registration,
    /// Origins welcome beside the server's own, as a browser writes them.
    pub allow_origin: Vec<String>,
    /// Lines of one connection.
    pub rate: Rate,
    /// What holds beside it.
    pub limits: Limits,
    /// Connections of one address; 0 for no limit.
    pub max_per_ip: usize,
    /// Connections in all; 0 for no limit.
    pub max_connections: usize,
    pub shards: usize,
    /// After a restart, names wait for their sessions as they do after a drop.
    pub hold_names: bool,
    /// Going down means for good: clients are told not to come back.
    pub going_for_good: bool,
}

/// What of it may be chosen anew while the server runs, beside what is counted, which is [`Admission`](crate::admission::Admission)'s:
/// one value, exchanged whole. It holds for whoever comes next.
pub struct Live {
    pub tokens: Tokens,
    pub registration: Registration,
    pub allow_origin: Vec<String>,
    pub going_for_good: bool,
}

impl Config {
    /// See [`Live`].
    #[must_use]
    pub fn live(&self) -> Live {
        Live {
            tokens: Tokens::new(&self.tokens, self.require_auth),
            registration: self.registration,
            allow_origin: self.allow_origin.clone(),
            going_for_good: self.going_for_good,
        }
    }

    /// By which name this machine reaches the server.
    #[must_use]
    pub fn host_here(&self) -> String {
        match self.host {
            host if host.is_unspecified() || host.is_loopback() => "localhost".to_owned(),
            IpAddr::V6(host) => format!("[{host}]"),
            IpAddr::V4(host) => host.to_string(),
        }
    }

    /// What tests and trials start from: loopback, any free port, nothing kept.
    #[must_use]
    pub fn ephemeral() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: 0,
            tls: tls::Choice::Off,
            proxies: Proxies::default(),
            store: Store::Ephemeral,
            retention: Retention::default(),
            tokens: Vec::new(),
            require_auth: false,
            registration: Registration::Closed,
            allow_origin: Vec::new(),
            rate: Rate::new(chat_protocol::limits::BURST, chat_protocol::limits::PER_SECOND),
            // Everybody in a test has one address.
            limits: Limits::OFF,
            max_per_ip: 0,
            max_connections: 0,
            shards: 2,
            hold_names: true,
            going_for_good: false,
        }
    }
}
