//! What connections are encrypted with: a certificate and its key, from files that may be renewed while the server runs, or made
//! by the server itself. Each new connection asks for what holds then; those that are there keep what they began with.
//!
//! Does not know connections.

mod facts;
mod own;

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chat_protocol::Timestamp;
use rustls::{
    Error, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sha2::{Digest, Sha256};
use tokio::{
    sync::Notify,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

pub use self::{facts::Facts, own::files as own_files};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What was chosen of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// None is spoken.
    #[default]
    Off,
    /// With what is in these files.
    Files(Files),
    /// With a certificate that the server makes for itself.
    SelfSigned,
}

/// Where a certificate and its key are, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The server's own first, then those that lead to an authority.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A file that is of no use for TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", .path.display())]
pub struct Unusable {
    path: PathBuf,
    why: String,
}

/// What is in the files.
#[derive(PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// The certificate that a server shows.
pub struct Certificate {
    /// None were given where the server made it for itself.
    files: Option<Files>,
    config: Mutex<Arc<ServerConfig>>,
    /// Until when it is good, in milliseconds as clocks count them; 0 where that cannot be read.
    until: AtomicI64,
    fingerprint: String,
    asked: Notify,
}

impl Files {
    fn read(&self) -> Result<Pem, Unusable> {
        let read = |path: &Path| fs::read(path).map_err(|error| unusable(path, error.to_string()));
        Ok(Pem { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }

    /// What connections are made with, and the certificate's fingerprint.
    fn config(&self, pem: &Pem) -> Result<(Arc<ServerConfig>, String), Unusable> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.certificate).collect();
        let chain = chain.map_err(|_| unusable(&self.certificate, "it is not PEM"))?;
        let Some(first) = chain.first() else { return Err(unusable(&self.certificate, "there is no certificate in it")) };
        let fingerprint = Sha256::digest(first).iter().map(|byte| format!("{byte:02x}")).collect();
        let key = PrivateKeyDer::from_pem_slice(&pem.key)
            .map_err(|_| unusable(&self.key, "there is no private key in it that can be used without a password"))?;
        let builder =
            ServerConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
        let made = builder.and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut config = made.map_err(|error| match error {
            Error::InconsistentKeys(_) => unusable(&self.key, "it is not the key of the certificate"),
            Error::InvalidCertificate(_) => unusable(&self.certificate, "the certificate cannot be read"),
            other => unusable(&self.key, other.to_string()),
        })?;
        // A WebSocket begins with HTTP/1.1, and who offers only something else is told so in the handshake.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok((Arc::new(config), fingerprint))
    }
}

fn unusable(path: &Path, why: impl Into<String>) -> Unusable {
    Unusable { path: path.to_owned(), why: why.into() }
}

/// See [`Certificate::until`].
fn until(pem: &Pem) -> i64 {
    Facts::of_the_first(&pem.certificate).map_or(0, |facts| facts.until.0)
}

impl Certificate {
    /// What was chosen. One of the server's own is kept in its directory, if it has one; `host` is where it listens.
    ///
    /// # Errors
    /// A file cannot be read, written or used.
    pub fn open(choice: &Choice, directory: Option<&Path>, host: IpAddr) -> Result<Option<Self>, Unusable> {
        let (files, pem, given) = match choice {
            Choice::Off => return Ok(None),
            Choice::Files(files) => (files.clone(), files.read()?, Some(files.clone())),
            Choice::SelfSigned => {
                let (files, pem) = own::open(directory, host)?;
                (files, pem, None)
            }
        };
        let (config, fingerprint) = files.config(&pem)?;
        let until = until(&pem).into();
        Ok(Some(Self { files: given, config: Mutex::new(config), until, fingerprint, asked: Notify::new() }))
    }

    /// What a connection that begins now is made with.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the server made it for itself.
    pub fn is_own(&self) -> bool {
        self.files.is_none()
    }

    /// The SHA-256 of the certificate with which it was opened.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Until when it is good, as far as that can be read.
    pub fn expires(&self) -> Option<Timestamp> {
        Some(Timestamp(self.until.load(Ordering::Relaxed))).filter(|until| until.0 > 0)
    }

    /// Asks for the files to be read again now.
    pub fn read_again(&self) {
        self.asked.notify_one();
    }

    /// Takes what is in the files whenever that is something else than before, or somebody asks for it. What cannot be used is
    /// said, and changes nothing.
    pub async fn keep_fresh(&self) {
        let Some(files) = &self.files else { return std::future::pending().await };
        let mut tried = files.read();
        let mut every = interval(LOOK_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                _ = every.tick() => false,
                () = self.asked.notified() => true,
            };
            let again = files.clone();
            let Ok(read) = spawn_blocking(move || again.read()).await else { continue };
            if read == tried && !asked {
                continue;
            }
            tried = read;
            let usable = |pem: &Pem| files.config(pem).map(|made| (made, until(pem)));
            match tried.as_ref().map_err(Clone::clone).and_then(usable) {
                Ok(((config, fingerprint), until)) => {
                    self.until.store(until, Ordering::Relaxed);
                    *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
                    tracing::info!(fingerprint, "the certificate was read again");
                }
                Err(error) => tracing::warn!(%error, "the new certificate is of no use; the old one goes on"),
            }
        }
    }
}
