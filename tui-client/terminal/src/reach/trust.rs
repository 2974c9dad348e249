//! Whom to believe that a server is who it says: the system's authorities and those of `--ca-file`, or one certificate alone. And
//! what was wrong with a certificate, in words.

use std::{
    fs,
    path::Path,
    sync::{Arc, OnceLock},
};

use rustls::{
    CertificateError, ClientConfig, Error, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::pin::{Another, Fingerprint, Pinned};

/// Authorities beside the system's; or no authority, but one certificate.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    more: Vec<CertificateDer<'static>>,
    pinned: Option<Fingerprint>,
    /// Made once: it takes reading many files.
    made: OnceLock<Arc<ClientConfig>>,
}

impl Trust {
    /// The certificate of this fingerprint and no other, whoever signed it and for whatever name.
    pub fn pinned(fingerprint: Fingerprint) -> Self {
        Self { pinned: Some(fingerprint), ..Self::default() }
    }

    /// Those of a file too, in PEM.
    ///
    /// # Errors
    /// In words for the one who named the file.
    pub fn with_file(path: &Path) -> Result<Self, String> {
        let named = |why: &str| format!("CA file {}: {why}", path.display());
        let pem = fs::read(path).map_err(|error| named(&error.to_string()))?;
        let more: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let more = more.map_err(|_| named("not PEM"))?;
        if more.is_empty() {
            return Err(named("no certificate in it; one begins with -----BEGIN CERTIFICATE-----"));
        }
        let mut store = RootCertStore::empty();
        for certificate in &more {
            store.add(certificate.clone()).map_err(|_| named("it holds a certificate that cannot be read"))?;
        }
        Ok(Self { more, ..Self::default() })
    }

    /// What TLS connections are made with. Reads the system's authorities, which takes milliseconds.
    pub fn config(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(made) = self.made.get() {
            return Ok(Arc::clone(made));
        }
        let made = self.make()?;
        Ok(Arc::clone(self.made.get_or_init(|| made)))
    }

    fn make(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(fingerprint) = self.pinned {
            let provider = Arc::new(ring::default_provider());
            let pinned = Pinned::new(fingerprint, &provider);
            let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let config =
                config.map_err(|error| error.to_string())?.dangerous().with_custom_certificate_verifier(Arc::new(pinned));
            return Ok(Arc::new(config.with_no_client_auth()));
        }
        // A system without any, or with one that cannot be read, is fine as long as something is left.
        self.beside(rustls_native_certs::load_native_certs().certs)
    }

    fn beside(&self, system: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system);
        roots.add_parsable_certificates(self.more.iter().cloned());
        if roots.is_empty() {
            return Err("this system knows no certificate authorities; name one with --ca-file".into());
        }
        let config =
            ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
        let config = config.map_err(|error| error.to_string())?;
        Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
    }
}

/// Why a handshake failed, in words.
pub fn words(error: &Error, host: &str) -> String {
    use CertificateError as Bad;
    match error {
        Error::InvalidCertificate(bad) => match bad {
            // A signature that does not fit is an authority of the same name, made anew.
            Bad::UnknownIssuer | Bad::BadSignature => {
                "the server's certificate is signed by nobody whom this system trusts (--ca-file names an authority of your own, \
                 --fingerprint the very certificate, as its server printed it)"
                    .into()
            }
            Bad::Expired | Bad::ExpiredContext { .. } => "the server's certificate has expired".into(),
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                "the server's certificate is not valid yet (is this machine's clock right?)".into()
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                format!("the server's certificate is not for {host}")
            }
            Bad::Revoked => "the server's certificate was revoked".into(),
            Bad::Other(other) if other.0.is::<Another>() => format!("the server's certificate {}", other.0),
            // The usual self-signed one; webpki has no name for it that could be matched.
            Bad::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                "the server's certificate is an authority's own; it needs one that the authority signed (CA:FALSE)".into()
            }
            _ => format!("the server's certificate is not valid: {bad}"),
        },
        Error::InvalidMessage(_) => "what answers there does not speak TLS (a ws:// server, perhaps)".into(),
        Error::AlertReceived(alert) => format!("the server refuses TLS with us: {alert:?}"),
        Error::PeerIncompatible(_) => "the server's TLS is too old".into(),
        other => format!("TLS: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_authorities_is_read_or_refused_in_words() {
        let made = rcgen::generate_simple_self_signed(["chat.example".into()]).unwrap();
        let twice = format!("words before\n{0}{0}", made.cert.pem());
        let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        let hollow = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (pem, expected) in [
            (made.cert.pem().as_str(), Ok(1)),
            (twice.as_str(), Ok(2)),
            ("", Err("no certificate in it")),
            (made.signing_key.serialize_pem().as_str(), Err("no certificate in it")),
            (broken, Err("not PEM")),
            (hollow, Err("cannot be read")),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), pem).unwrap();
            match (Trust::with_file(file.path()), expected) {
                (Ok(trust), expected) => assert_eq!(Ok(trust.more.len()), expected, "{pem}"),
                (Err(words), Err(part)) => assert!(words.contains(part), "{words}"),
                (Err(words), Ok(_)) => panic!("{words}"),
            }
        }
        let nothing = Trust::default().beside(Vec::new());
        assert!(nothing.is_err_and(|words| words.contains("--ca-file")));
        let of_the_system = Trust::default().beside(vec![made.cert.der().clone()]);
        assert!(of_the_system.is_ok());
        let of_a_file = Trust { more: vec![made.cert.der().clone()], ..Trust::default() };
        assert!(of_a_file.beside(Vec::new()).is_ok(), "a system without authorities is no hindrance");
        assert!(Trust::with_file(Path::new("/no/such")).is_err_and(|words| words.contains("/no/such: No such file")));
    }
}
