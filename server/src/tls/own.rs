//! A certificate that the server makes for itself, once: whoever connects knows it by its fingerprint.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    net::IpAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair};

use super::{Files, Pem, Unusable, unusable};

/// The files in the data directory.
const CERTIFICATE: &str = "tls-cert.pem";
const KEY: &str = "tls-key.pem";

/// The one of this directory, made if there is none; without a directory it is gone with the process.
pub(super) fn open(directory: Option<&Path>, host: IpAddr) -> Result<(Files, Pem), Unusable> {
    let files = files(directory.unwrap_or(Path::new("")));
    let make = || make(host).map_err(|error| unusable(&files.certificate, error.to_string()));
    // One without the other is of no use to anybody.
    if directory.is_none() || !files.certificate.exists() || !files.key.exists() {
        let pem = make()?;
        if directory.is_some() {
            keep(&files.key, &pem.key).and_then(|()| keep(&files.certificate, &pem.certificate))?;
        }
        return Ok((files, pem));
    }
    let pem = files.read()?;
    Ok((files, pem))
}

/// Where they are in a directory, if they are there.
#[must_use]
pub fn files(directory: &Path) -> Files {
    Files { certificate: directory.join(CERTIFICATE), key: directory.join(KEY) }
}

fn make(host: IpAddr) -> Result<Pem, rcgen::Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !host.is_unspecified() && !host.is_loopback() {
        names.push(host.to_string());
    }
    // It holds for as long as there are calendars: what it is known by is its fingerprint.
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "chat-server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Pem { certificate: certificate.pem().into_bytes(), key: key.serialize_pem().into_bytes() })
}

/// Writes a file that is for the server alone, whoever could read one of this name before.
fn keep(path: &Path, bytes: &[u8]) -> Result<(), Unusable> {
    let write = || {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| unusable(path, error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn it_is_made_once_and_kept_for_the_server_alone() {
        let directory = tempfile::tempdir().unwrap();
        let fingerprint = |directory| {
            let (files, pem) = open(directory, HERE).unwrap();
            (files.config(&pem).unwrap().1, files)
        };
        let (first, files) = fingerprint(Some(directory.path()));
        assert_eq!(fingerprint(Some(directory.path())).0, first);
        assert_eq!(fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(fingerprint(None).0, fingerprint(None).0);
        // One without the other is made anew, readable for nobody else again.
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
        fs::remove_file(&files.certificate).unwrap();
        assert_ne!(fingerprint(Some(directory.path())).0, first);
        assert_eq!(fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_broken_is_not_replaced_in_silence() {
        let directory = tempfile::tempdir().unwrap();
        let (files, _) = open(Some(directory.path()), HERE).unwrap();
        fs::write(&files.certificate, "words").unwrap();
        let (_, pem) = open(Some(directory.path()), HERE).unwrap();
        assert!(
            files.config(&pem).is_err_and(|error| error.to_string().ends_with("tls-cert.pem: there is no certificate in it"))
        );
        assert!(open(Some(Path::new("/no/such")), HERE).is_err_and(|error| error.to_string().contains("/no/such/tls-key.pem: ")));
    }
}
