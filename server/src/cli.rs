//! The command line, and what it means. Every flag has an environment variable, so that a container needs no wrapper, and is a
//! key of the configuration file: [`keys`] reads them from the definition here.

mod console;
mod example;
mod file;
mod invite;
mod keeping;
mod keys;
mod limits;
mod manual;
mod outside;
mod settings;

use std::{net::IpAddr, path::PathBuf};

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use etcetera::BaseStrategy;

pub use self::{
    console::ConsoleArguments,
    example::example,
    file::{Fault, Faults, File},
    invite::Invite,
    keeping::Export,
    keys::is_variable,
    manual::{completions, manual},
    settings::{Change, Origin, Settings, Unread},
};
use self::{keeping::KeepingFlags, limits::LimitFlags, outside::Outside};
use crate::{
    admin::Order,
    auth::Secret,
    config::{Config, Store},
    log::sqlite::Durability,
    realm::{Role, TokenId},
    registration::Registration,
    server::shards_for_this_machine,
};

/// A team's own chat in one file: rooms over WebSocket, a page, and a log that keeps what it acknowledged.
#[derive(Debug, Parser)]
#[command(
    name = "chat-server",
    version,
    after_help = "Open http://localhost:PORT/ in a browser, or run: chat-tui --user you --room general"
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Address to listen on; 0.0.0.0 or :: for every network
    #[arg(long, env = "CHAT_HOST", default_value = "127.0.0.1", help_heading = "Where")]
    host: IpAddr,
    /// Port to listen on; 0 for any that is free
    #[arg(long, short, env = "CHAT_PORT", default_value_t = 8000, help_heading = "Where")]
    port: u16,
    /// Origin of another web site whose pages may connect, as in `https://chat.example` (repeatable)
    #[arg(long, env = "CHAT_ALLOW_ORIGIN", value_delimiter = ',', value_name = "ORIGIN", help_heading = "Where")]
    allow_origin: Vec<String>,

    #[command(flatten)]
    outside: Outside,

    /// Configuration file [default: the first that is there of $XDG_CONFIG_HOME/chat-server/config.toml (~/.config/…) and
    /// /etc/chat-server/config.toml]
    #[arg(long, env = "CHAT_CONFIG", value_name = "FILE", help_heading = "Running", global = true)]
    config: Option<PathBuf>,

    /// Directory for the messages [default: the platform's data directory]
    #[arg(long, env = "CHAT_DATA_DIR", value_name = "DIR", help_heading = "Keeping", global = true)]
    data_dir: Option<PathBuf>,
    /// Keep nothing: messages are gone when the server stops
    #[arg(long, env = "CHAT_EPHEMERAL", conflicts_with = "data_dir", help_heading = "Keeping")]
    ephemeral: bool,
    /// What an acknowledgement means: on disk (full), or handed to the system, so that a power cut may take the last seconds
    #[arg(long, env = "CHAT_DURABILITY", default_value = "full", help_heading = "Keeping")]
    durability: DurabilityArgument,
    #[command(flatten)]
    keeping: KeepingFlags,

    /// Token that opens /ws/auth (repeatable)
    #[arg(long, env = "CHAT_AUTH_TOKEN", value_name = "TOKEN", hide_env_values = true, help_heading = "Who may come in")]
    auth_token: Vec<String>,
    /// Ask for a token everywhere: one of those above, or an account's
    #[arg(long, env = "CHAT_REQUIRE_AUTH", help_heading = "Who may come in")]
    require_auth: bool,
    /// Who may make an account of their own: anybody (open), who has an invitation (invite), or nobody (closed)
    #[arg(long, env = "CHAT_REGISTRATION", default_value = "closed", value_name = "WHO", help_heading = "Who may come in")]
    registration: Registration,

    #[command(flatten)]
    limits: LimitFlags,

    /// Threads that serve connections [default: one for each processor]
    #[arg(long, env = "CHAT_SHARDS", value_name = "COUNT", help_heading = "Running")]
    shards: Option<usize>,

    /// Going down means for good: clients are told not to come back
    #[arg(long = "final", env = "CHAT_FINAL", help_heading = "Running")]
    going_for_good: bool,
    /// Show the operator's console in this terminal; leaving it ends the server
    #[arg(long, env = "CHAT_CONSOLE", help_heading = "Running")]
    pub console: bool,
    /// Which log lines are written: warn, info, debug, or by part, chat_server::log=debug,info [default: what RUST_LOG says, or info]
    #[arg(long, env = "CHAT_LOG_FILTER", value_name = "FILTER", value_parser = log_filter, help_heading = "Running")]
    pub log_filter: Option<String>,
    /// Form of the log lines on stderr
    #[arg(long, env = "CHAT_LOG_FORMAT", default_value = "text", help_heading = "Running")]
    pub log_format: LogFormat,
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Accounts: names that belong to somebody, on the running server or on its store
    #[command(subcommand)]
    Account(AccountCommand),
    /// Copy the store into a file, while a server runs or not; it is looked through, and replaces an older backup of that name
    Backup { file: PathBuf },
    /// Put a backup in the place of the store, which no server may have; the store of before is kept beside it
    Restore { file: PathBuf },
    /// Look through the store, or through a backup
    Verify { file: Option<PathBuf> },
    /// Write a room's transcript into a file or on stdout, while a server runs or not
    Export(Export),
    /// Take a transcript (jsonl) into a room that nobody used, through the running server or without one; again, it goes on where it was
    Import {
        file: PathBuf,
        /// The room, which it makes
        #[arg(long)]
        room: String,
    },
    /// Look at a running server and tell it what to do, in this terminal
    Console(ConsoleArguments),
    /// The configuration: an example of it, whether a file can be used, and what holds
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at what a server would need, with the same flags, variables and file: what is right, and what to do where it is not
    Doctor {
        /// As a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Print what a shell needs to complete commands and flags
    Completions { shell: Shell },
    /// Print the manual page of chat-server, or write those of all commands into a directory
    Man {
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print a configuration file with every key, what it means, and what holds without it
    Print,
    /// Say what is wrong with a file, if something is
    Check { file: PathBuf },
    /// Print what holds: flags before environment variables before the file
    Show {
        /// And where each comes from
        #[arg(long)]
        origin: bool,
    },
}

impl Command {
    /// Whether it may change something in the data directory.
    #[must_use]
    pub fn is_about_the_store(&self) -> bool {
        !matches!(self, Self::Config(_) | Self::Doctor { .. } | Self::Completions { .. } | Self::Man { .. })
    }

    /// Whether it is of use where the configuration file is not.
    fn is_apart_from_the_file(&self) -> bool {
        matches!(
            self,
            Self::Config(ConfigCommand::Print | ConfigCommand::Check { .. })
                | Self::Doctor { .. }
                | Self::Completions { .. }
                | Self::Man { .. }
        )
    }
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account; its name, and all that look like it, are nobody else's from then on
    Add {
        name: String,
        #[arg(long, default_value = "member")]
        role: Role,
    },
    /// List accounts
    List,
    /// Make an account something else
    Role { name: String, role: Role },
    /// Keep an account out; its name stays taken
    Disable { name: String },
    /// Let an account in again
    Enable { name: String },
    /// Give an account a password, asked for twice, or the first line of what is piped in
    Passwd {
        name: String,
        /// Take it away instead: the account comes in by tokens alone
        #[arg(long)]
        remove: bool,
    },
    /// Tokens, with which accounts come in
    #[command(subcommand)]
    Token(TokenCommand),
    /// Invitations: links with which people make accounts of their own
    Invite(Invite),
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token for an account, and show it once
    New {
        name: String,
        /// What it is for
        #[arg(long, default_value = "")]
        label: String,
        /// After so many days it opens nothing any more
        #[arg(long, value_name = "DAYS")]
        expires: Option<u32>,
    },
    /// List tokens, of all accounts or of one
    List { name: Option<String> },
    /// End a token, and the connections that came in with it
    Revoke {
        /// Its number in the list
        token: u64,
    },
}

impl AccountCommand {
    /// What it orders. `password` asks for one.
    ///
    /// # Errors
    /// No password was given.
    pub fn order(self, password: impl FnOnce() -> anyhow::Result<Secret>) -> anyhow::Result<Order> {
        Ok(match self {
            Self::Add { name, role } => Order::AddAccount { name, role },
            Self::List => Order::Accounts,
            Self::Role { name, role } => Order::SetRole { name, role },
            Self::Disable { name } => Order::SetDisabled { name, disabled: true },
            Self::Enable { name } => Order::SetDisabled { name, disabled: false },
            Self::Token(TokenCommand::New { name, label, expires }) => Order::NewToken { name, label, days: expires },
            Self::Token(TokenCommand::List { name }) => Order::Tokens { name },
            Self::Passwd { name, remove: true } => Order::SetPassword { name, password: None },
            Self::Passwd { name, remove: false } => Order::SetPassword { name, password: Some(password()?) },
            Self::Invite(invite) => invite.order(),
            Self::Token(TokenCommand::Revoke { token }) => Order::RevokeToken { token: TokenId(token) },
        })
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DurabilityArgument {
    Full,
    Normal,
}

/// Which lines; checked, so that a wrong one is said where it stands.
fn log_filter(text: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

impl Arguments {
    /// Where messages and accounts are kept.
    ///
    /// # Errors
    /// In words for the operator.
    pub fn data_dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(path) = &self.data_dir {
            return Ok(path.clone());
        }
        let strategy = etcetera::choose_base_strategy().context("there is no home directory: give --data-dir")?;
        Ok(strategy.data_dir().join("chat-server"))
    }

    /// What they mean.
    ///
    /// # Errors
    /// In words for the operator.
    pub fn config(self) -> anyhow::Result<Config> {
        if self.shards == Some(0) {
            bail!("--shards needs at least one");
        }
        if self.auth_token.iter().any(String::is_empty) {
            bail!("an empty --auth-token would open the door to everybody");
        }
        let open = self.registration == Registration::Open;
        if self.ephemeral && self.registration == Registration::Invite {
            bail!("--registration invite with --ephemeral lets nobody in: invitations are made in a data directory");
        }
        if self.require_auth && self.ephemeral && self.auth_token.is_empty() && !open {
            bail!("--require-auth with --ephemeral needs an --auth-token: there are no accounts, and nobody could come in");
        }
        let durability = match self.durability {
            DurabilityArgument::Full => Durability::Full,
            DurabilityArgument::Normal => Durability::Normal,
        };
        let store = if self.ephemeral { Store::Ephemeral } else { Store::Directory { path: self.data_dir()?, durability } };
        let (tls, proxies) = self.outside.choice();
        Ok(Config {
            host: self.host,
            port: self.port,
            tls,
            proxies,
            store,
            retention: self.keeping.choice(),
            tokens: self.auth_token,
            require_auth: self.require_auth,
            registration: self.registration,
            allow_origin: self.allow_origin,
            rate: self.limits.rate_limit,
            max_per_ip: self.limits.max_per_ip,
            max_connections: self.limits.max_connections,
            limits: self.limits.choice(),
            shards: self.shards.unwrap_or_else(shards_for_this_machine),
            hold_names: true,
            going_for_good: self.going_for_good,
        })
    }
}
