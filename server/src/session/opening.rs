//! What a handshake asked for, in the session's own words.

use chat_protocol::{Dialect, Seq};

use crate::{admission::Place, auth::Credential};
use std::{net::IpAddr, sync::Arc};

/// Where a peer knocked, and what it showed.
#[derive(Clone, Debug)]
pub struct Opening {
    pub endpoint: Endpoint,
    pub credential: Credential,
    /// A guest's secret.
    pub session: Option<String>,
    /// Where it was before.
    pub after: Option<Seq>,
    pub epoch: Option<String>,
    /// From where it came.
    pub address: IpAddr,
    /// The connection's place among all, held for as long as the conversation lasts.
    pub place: Option<Arc<Place>>,
}

/// The WebSocket endpoints. Names are as the URL has them.
#[derive(Clone, Debug)]
pub enum Endpoint {
    Chat { room: String, user: String },
    Auth { room: String, user: Option<String> },
    Echo,
    Client(u64),
    Named(String),
    Channels { user: Option<String> },
    Tasks,
}

impl Endpoint {
    /// How it speaks; the task feed has a way of its own.
    pub fn dialect(&self) -> Option<Dialect> {
        Some(match self {
            Self::Chat { .. } | Self::Auth { .. } => Dialect::Chat,
            Self::Echo => Dialect::Echo,
            Self::Client(_) => Dialect::Plain,
            Self::Named(_) => Dialect::Envelope,
            Self::Channels { .. } => Dialect::Channel,
            Self::Tasks => return None,
        })
    }

    pub fn is_auth(&self) -> bool {
        matches!(self, Self::Auth { .. })
    }
}
