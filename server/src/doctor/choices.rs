//! What was chosen, and what follows from it for who comes in.

use std::{
    ffi::OsString,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::unix::fs::PermissionsExt as _,
};

use super::Finding;
use crate::{
    cli::{Settings, Unread, is_variable},
    config::Config,
    registration::Registration,
    tls,
};

/// Tokens that are shorter are tried out.
const TOKEN: usize = 16;

pub(super) fn version() -> Finding {
    Finding::fine("version", format!("chat-server {}, SQLite {}", env!("CARGO_PKG_VERSION"), rusqlite::version()))
}

pub(super) fn configuration(settings: &Settings, wrong: Option<&Unread>) -> Vec<Finding> {
    const WHAT: &str = "configuration";
    let advice = "chat-server config print shows every key; config check FILE says whether it is right";
    if let Some(wrong) = wrong {
        let words = wrong.to_string();
        return words.lines().filter(|line| !line.is_empty()).map(|line| Finding::fault(WHAT, line, advice)).collect();
    }
    let Some(file) = settings.file() else {
        return vec![Finding::fine(WHAT, "no file: flags, variables and defaults")];
    };
    let mode = fs::metadata(file).map(|data| data.permissions().mode()).unwrap_or(0);
    if settings.keeps_secrets_in_its_file() && mode & 0o044 != 0 {
        let words = format!("{} holds tokens, and others may read it", file.display());
        return vec![Finding::hint(WHAT, words, format!("chmod 600 {0}, or 640 with the group of the server", file.display()))];
    }
    vec![Finding::fine(WHAT, file.display().to_string())]
}

/// A variable that looks like ours and is none is a typing error that nobody hears of otherwise.
pub(super) fn variables(names: impl Iterator<Item = OsString>) -> Vec<Finding> {
    let ours = |name: OsString| name.into_string().ok().filter(|name| name.starts_with("CHAT_") && !is_variable(name));
    let hint = |name: String| {
        Finding::hint(
            "configuration",
            format!("{name} in the environment means nothing here"),
            "chat-server --help has the variables",
        )
    };
    names.filter_map(ours).map(hint).collect()
}

/// Who may come in, and who is believed.
pub(super) fn doors(config: &Config) -> Vec<Finding> {
    const WHAT: &str = "who comes in";
    let mut findings = Vec::new();
    let network = !config.host.is_loopback();
    if config.tokens.iter().any(|token| token.len() < TOKEN) {
        findings.push(Finding::hint(
            WHAT,
            "an auth-token can be guessed, so short is it",
            format!("{TOKEN} characters and more, by chance"),
        ));
    }
    if network && config.tls == tls::Choice::Off && config.proxies == crate::proxy::Proxies::default() {
        let advice = "--tls-cert and --tls-key, --tls-self-signed, or a proxy before it (--trusted-proxy)";
        findings.push(Finding::hint(WHAT, "what is said on the network can be read on the way: there is no TLS", advice));
    }
    if network && !config.require_auth {
        let advice = "--require-auth asks for a token or an account; with --registration invite people make theirs";
        findings.push(Finding::hint(WHAT, "whoever reaches this server comes in as a guest", advice));
    }
    if network && config.registration == Registration::Open {
        findings.push(Finding::hint(WHAT, "whoever reaches this server makes an account", "--registration invite"));
    }
    let strangers = [IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))];
    if strangers.into_iter().any(|address| config.proxies.contains(address)) {
        let words = "everybody is a trusted proxy, and may say to come from anywhere";
        findings.push(Finding::hint("proxies", words, "--trusted-proxy with the addresses of your proxies and no others"));
    }
    if findings.is_empty() {
        let who = if config.require_auth {
            "who has a token or an account"
        } else {
            "who is on this machine, or comes by a proxy on it"
        };
        findings.push(Finding::fine(WHAT, who));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::ephemeral();
        change(&mut config);
        doors(&config).into_iter().map(|finding| finding.words + "; ").collect()
    }

    #[test]
    fn what_stands_open_is_said() {
        let outside = |config: &mut Config| config.host = [0, 0, 0, 0].into();
        assert!(said(|_| ()).starts_with("who is on this machine"));
        let open = said(outside);
        assert!(open.contains("no TLS") && open.contains("as a guest") && !open.contains("makes an account"), "{open}");
        let closed = said(|config| {
            outside(config);
            config.require_auth = true;
            config.tls = tls::Choice::SelfSigned;
        });
        assert!(closed.starts_with("who has a token"), "{closed}");
        assert!(
            said(|config| {
                outside(config);
                config.registration = Registration::Open
            })
            .contains("makes an account")
        );
        assert!(said(|config| config.tokens = vec!["hush".into()]).contains("can be guessed"));
        for (networks, everybody) in [("0.0.0.0/0", true), ("::/0", true), ("127.0.0.1", false), ("10.0.0.0/8", false)] {
            let words = said(|config| config.proxies = [networks.parse().unwrap()].into_iter().collect());
            assert_eq!(words.contains("everybody is a trusted proxy"), everybody, "{networks}: {words}");
        }
    }

    #[test]
    fn variables_that_mean_nothing_are_named() {
        let names = ["CHAT_PORT", "CHAT_PROT", "CHAT_USER", "CHAT_CONFIG", "HOME", "CHATTY"];
        let found = variables(names.into_iter().map(Into::into));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].words.starts_with("CHAT_PROT "));
    }
}
