//! How the console is told where the server is.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use chat_terminal::reach::{Address, Fingerprint, Trust};
use clap::Args;

use crate::{auth::Secret, console::link::Way};

/// A token where no file is named.
const TOKEN: &str = "CHAT_TOKEN";

/// Where the server is, if not on this machine.
#[derive(Debug, Args)]
pub struct ConsoleArguments {
    /// A server elsewhere, as in `wss://chat.example`, with the token of an account that owns it (--token-file, or CHAT_TOKEN)
    /// [default: the one that runs on the data directory]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// File whose first line is the token
    #[arg(long, value_name = "FILE", requires = "server")]
    token_file: Option<PathBuf>,
    /// Certificates of authorities to believe beside the system's, in PEM
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with = "fingerprint")]
    ca_file: Option<PathBuf>,
    /// The server's own certificate, as it printed it: believed, whoever signed it
    #[arg(long, value_name = "SHA-256", requires = "server")]
    fingerprint: Option<String>,
}

impl ConsoleArguments {
    /// The way to the server. `directory` says where the data are.
    ///
    /// # Errors
    /// In words for the operator.
    pub fn way(self, directory: impl FnOnce() -> anyhow::Result<PathBuf>) -> anyhow::Result<Way> {
        let Some(server) = self.server else { return Ok(Way::Socket(directory()?)) };
        let address = Address::parse(&server)?;
        let trust = match (self.ca_file, self.fingerprint) {
            (Some(file), _) => Trust::with_file(&file).map_err(anyhow::Error::msg)?,
            (None, Some(print)) => Trust::pinned(print.parse::<Fingerprint>().map_err(anyhow::Error::msg)?),
            (None, None) => Trust::default(),
        };
        if address.exposes("the token").is_some() {
            tracing::warn!(server = %address, "the token goes over the network unencrypted");
        }
        Ok(Way::Afar { address, trust, token: token(self.token_file.as_deref())? })
    }
}

fn token(file: Option<&Path>) -> anyhow::Result<Secret> {
    let text = match file {
        Some(file) => fs::read_to_string(file).with_context(|| format!("token file {}", file.display()))?,
        None => env::var(TOKEN).with_context(|| format!("a server elsewhere asks for a token: --token-file, or {TOKEN}"))?,
    };
    let token = text.lines().next().unwrap_or_default().trim();
    ensure!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()), "what is there is no token");
    Ok(Secret::new(token))
}
