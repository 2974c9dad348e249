//! The flags about what stands between the server and the people: TLS, and proxies.

use std::path::PathBuf;

use clap::Args;

use crate::{
    proxy::{Network, Proxies},
    tls::{Choice, Files},
};

/// They are part of the server's arguments.
#[derive(Debug, Args)]
pub(super) struct Outside {
    /// Certificate to speak TLS with, in PEM: the server's own first, then those above it; read again when it changes
    #[arg(long, env = "CHAT_TLS_CERT", value_name = "FILE", requires = "tls_key", help_heading = "TLS and proxies")]
    tls_cert: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, env = "CHAT_TLS_KEY", value_name = "FILE", requires = "tls_cert", help_heading = "TLS and proxies")]
    tls_key: Option<PathBuf>,
    /// Speak TLS with a certificate that the server makes for itself; chat-tui knows it by its --fingerprint
    #[arg(long, env = "CHAT_TLS_SELF_SIGNED", conflicts_with_all = ["tls_cert", "tls_key"], help_heading = "TLS and proxies")]
    tls_self_signed: bool,
    /// Address or network (10.0.0.0/8) of a proxy that is believed about where others come from: by X-Forwarded-For, -Host and
    /// -Proto, and by the PROXY protocol (repeatable)
    #[arg(long, env = "CHAT_TRUSTED_PROXY", value_delimiter = ',', value_name = "ADDRESS", help_heading = "TLS and proxies")]
    trusted_proxy: Vec<Network>,
}

impl Outside {
    /// What they mean.
    pub(super) fn choice(self) -> (Choice, Proxies) {
        let tls = match (self.tls_cert, self.tls_key) {
            (Some(certificate), Some(key)) => Choice::Files(Files { certificate, key }),
            _ if self.tls_self_signed => Choice::SelfSigned,
            _ => Choice::Off,
        };
        (tls, self.trusted_proxy.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::{cli::Arguments, tls::Choice};

    #[test]
    fn what_contradicts_itself_is_refused() {
        for (line, expected) in [
            ("", Ok("Off")),
            ("--tls-cert a --tls-key b", Ok("Files")),
            ("--tls-self-signed", Ok("SelfSigned")),
            ("--trusted-proxy 10.0.0.0/8,::1 --trusted-proxy 192.0.2.1", Ok("Off")),
            ("--tls-cert a", Err("--tls-key")),
            ("--tls-key b", Err("--tls-cert")),
            ("--tls-cert a --tls-key b --tls-self-signed", Err("cannot be used with")),
            ("--trusted-proxy proxy.example", Err("an address like 192.0.2.1")),
        ] {
            let words = ["chat-server", "--ephemeral"].into_iter().chain(line.split_whitespace());
            match (Arguments::try_parse_from(words), expected) {
                (Ok(arguments), Ok(expected)) => {
                    let config = arguments.config().unwrap();
                    assert!(format!("{:?}", config.tls).starts_with(expected), "{line}: {:?}", config.tls);
                    let named = |address: &str| config.proxies.contains(address.parse().unwrap());
                    assert_eq!(named("10.1.2.3") && named("::1") && named("192.0.2.1"), line.contains("proxy"), "{line}");
                    assert_eq!(config.tls == Choice::Off, expected == "Off");
                }
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{line}: {error}"),
                (found, _) => panic!("{line}: {found:?}"),
            }
        }
    }
}
