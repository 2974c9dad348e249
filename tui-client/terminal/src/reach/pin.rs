//! One certificate and no other: who was told its fingerprint needs no authority, no name and no date.

use std::{error, fmt, str::FromStr, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl FromStr for Fingerprint {
    type Err = &'static str;

    /// As servers print it, or with colons as others do.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a fingerprint is the 64 hexadecimal digits that the server printed at its start";
        let digits: String = text.trim().chars().filter(|c| *c != ':').collect();
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong);
        }
        let mut bytes = [0; 32];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).map_err(|_| wrong)?;
        }
        Ok(Self(bytes))
    }
}

impl Fingerprint {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// The server showed this certificate instead.
#[derive(Debug)]
pub(super) struct Another(Fingerprint);

impl fmt::Display for Another {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "is not the one of --fingerprint but {}: it was made anew, which its operator knows, or somebody is in between",
            self.0
        )
    }
}

impl error::Error for Another {}

/// Looks at nothing but the fingerprint, and whether the server has the key to it.
#[derive(Debug)]
pub(super) struct Pinned {
    fingerprint: Fingerprint,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Pinned {
    pub(super) fn new(fingerprint: Fingerprint, provider: &CryptoProvider) -> Self {
        Self { fingerprint, algorithms: provider.signature_verification_algorithms }
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _above: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match Fingerprint::of(certificate) {
            found if found == self.fingerprint => Ok(ServerCertVerified::assertion()),
            found => Err(CertificateError::Other(OtherError(Arc::new(Another(found)))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_printed_anywhere() {
        let plain = "00ff".repeat(16);
        let colons = ["00", "FF"].repeat(16).join(":");
        for (text, expected) in [
            (plain.as_str(), Some(plain.as_str())),
            (&colons, Some(&plain)),
            (&format!(" {plain}\n"), Some(&plain)),
            (&plain[1..], None),
            (&format!("{plain}0"), None),
            (&format!("g{}", &plain[1..]), None),
            (&format!("é{}", &plain[2..]), None),
            (&format!("+f{}", &plain[2..]), None),
            ("", None),
        ] {
            let found = text.parse::<Fingerprint>();
            assert_eq!(found.map(|found| found.to_string()).ok().as_deref(), expected, "{text}");
        }
    }
}
