//! Where a server is.

use std::{fmt, net::IpAddr};

use anyhow::{Context as _, bail, ensure};
use tokio_tungstenite::tungstenite::http::Uri;

/// A server, checked: `ws://host:port` or `wss://`, and a path where a proxy puts it under one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    secure: bool,
    /// In lower case; a literal of IPv6 without its brackets.
    host: String,
    port: u16,
    /// Without a stroke at its end.
    path: String,
}

impl Address {
    /// Reads what was typed. The error is in words for the one who typed it.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let uri: Uri = text.parse().with_context(|| format!("«{text}» is not a URL; it looks like ws://host:8000"))?;
        let secure = match uri.scheme_str().map(str::to_ascii_lowercase).as_deref() {
            Some("ws") => false,
            Some("wss") => true,
            Some(other) => bail!("«{text}» begins with {other}://; a chat server's URL begins with ws:// or wss://"),
            None => bail!("«{text}» is not a whole URL; it looks like ws://host:8000"),
        };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = uri.host().unwrap_or_default();
        ensure!(!host.is_empty(), "«{text}» names no host");
        // Without its words: what stands there may be a password.
        ensure!(!authority.contains('@'), "the URL holds a user or password, which would not be used");
        ensure!(authority == host || uri.port_u16() > Some(0), "«{text}» has no usable port");
        ensure!(uri.query().is_none(), "«{text}» has a query; only host, port and path belong here");
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok(Self {
            secure,
            host: bare.to_ascii_lowercase(),
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            path: uri.path().trim_end_matches('/').into(),
        })
    }

    /// A server on this machine, as it is unless told otherwise.
    pub fn local() -> Self {
        Self { secure: false, host: "127.0.0.1".into(), port: 8000, path: String::new() }
    }

    /// Whether what is said to it stays on this machine.
    pub fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// A word of warning, where a secret that goes to it could be read on the way.
    pub fn exposes(&self, what: &str) -> Option<String> {
        let hidden = self.is_secure() || self.is_local();
        (!hidden).then(|| format!("{what} goes to {self} unencrypted; wss:// would hide it"))
    }

    /// Whether it is spoken to over TLS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    /// Under which a proxy puts it, if one does.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port, as people write them.
    pub fn place(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// As a URL; the same server is always written the same.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.place(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_in_words() {
        for (text, expected) in [
            ("ws://127.0.0.1:8000", Ok("ws://127.0.0.1:8000")),
            ("ws://Chat.Example/", Ok("ws://chat.example:80")),
            ("wss://chat.example", Ok("wss://chat.example:443")),
            ("WSS://chat.example:8443/x", Ok("wss://chat.example:8443/x")),
            ("wss://[2001:db8::1]", Ok("wss://[2001:db8::1]:443")),
            ("ws://[::1]:8000/team/", Ok("ws://[::1]:8000/team")),
            ("http://chat.example", Err("begins with ws:// or wss://")),
            ("localhost:8000", Err("not a whole URL")),
            ("chat.example", Err("not a whole URL")),
            ("ws://", Err("not a URL")),
            ("", Err("not a URL")),
            ("ws://a b", Err("not a URL")),
            ("ws://h:0", Err("no usable port")),
            ("ws://h:99999", Err("no usable port")),
            ("ws://me@h", Err("user or password")),
            ("ws://h/?x=1", Err("has a query")),
        ] {
            match (Address::parse(text), expected) {
                (Ok(found), expected) => assert_eq!(Ok(found.to_string().as_str()), expected, "{text}"),
                (Err(error), Err(words)) => assert!(format!("{error:#}").contains(words), "{text}: {error:#}"),
                (Err(error), Ok(_)) => panic!("{text}: {error:#}"),
            }
        }
    }
}
