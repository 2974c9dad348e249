//! The flags about how much of anything there may be. `docs/operations.md` has them all in one table, with what is fixed.

use clap::Args;

use crate::limits::{Limits, Rate};

/// They are part of the server's arguments.
#[derive(Debug, Args)]
pub(super) struct LimitFlags {
    /// Lines of one connection in one go, and per second after that; or «off»
    #[arg(long, env = "CHAT_RATE_LIMIT", default_value = "100/10", value_name = "BURST/PER_SECOND", help_heading = "Limits")]
    pub(super) rate_limit: Rate,
    /// The same of all connections of one account together
    #[arg(long, env = "CHAT_ACCOUNT_RATE", default_value = "300/30", value_name = "BURST/PER_SECOND", help_heading = "Limits")]
    account_rate: Rate,
    /// The same of all connections of one address together, and its requests to /api/
    #[arg(long, env = "CHAT_IP_RATE", default_value = "6400/640", value_name = "BURST/PER_SECOND", help_heading = "Limits")]
    ip_rate: Rate,
    /// Pings and pongs of one connection
    #[arg(long, env = "CHAT_CONTROL_RATE", default_value = "50/5", value_name = "BURST/PER_SECOND", help_heading = "Limits")]
    control_rate: Rate,
    /// Connections that one address begins
    #[arg(long, env = "CHAT_CONNECT_RATE", default_value = "1000/50", value_name = "BURST/PER_SECOND", help_heading = "Limits")]
    connect_rate: Rate,
    /// Connections of one address; 0 for no limit
    #[arg(long, env = "CHAT_MAX_PER_IP", default_value_t = 256, value_name = "COUNT", help_heading = "Limits")]
    pub(super) max_per_ip: usize,
    /// Connections in all; 0 for as many as the limit of open files allows
    #[arg(long, env = "CHAT_MAX_CONNECTIONS", default_value_t = 0, value_name = "COUNT", help_heading = "Limits")]
    pub(super) max_connections: usize,
    /// Sockets that have not said yet who they are, in all; 0 for no limit
    #[arg(long, env = "CHAT_MAX_STRANGERS", default_value_t = 1024, value_name = "COUNT", help_heading = "Limits")]
    max_strangers: usize,
    /// The same of one address; 0 for no limit
    #[arg(long, env = "CHAT_MAX_STRANGERS_PER_IP", default_value_t = 128, value_name = "COUNT", help_heading = "Limits")]
    max_strangers_per_ip: usize,
}

impl LimitFlags {
    /// What they mean, beside what the configuration has apart.
    pub(super) fn choice(&self) -> Limits {
        Limits {
            account: self.account_rate,
            address: self.ip_rate,
            control: self.control_rate,
            connects: self.connect_rate,
            strangers: self.max_strangers,
            strangers_per_address: self.max_strangers_per_ip,
        }
    }
}
