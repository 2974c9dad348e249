//! What a proxy says of a request in its headers: from whom it came, for which host, and whether over TLS.
//!
//! [`believe`] takes the word of those who are trusted and removes that of all others, so that nobody who reads the headers later
//! has to ask again. `X-Forwarded-Proto` is there afterwards only where the way to the peer is known to be TLS.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Proxies;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// By which scheme the browser came.
pub const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Makes the headers say what is believed, and answers who asks. `encrypted`: the peer itself speaks TLS with us.
pub fn believe(headers: &mut HeaderMap, peer: IpAddr, proxies: &Proxies, encrypted: bool) -> IpAddr {
    let mut asks = peer;
    let mut secure = encrypted;
    if proxies.contains(peer) {
        asks = client(headers, peer, proxies);
        secure |= last(headers, &PROTO).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        if let Some(host) = last(headers, &HOST).and_then(|host| HeaderValue::from_str(host).ok()) {
            headers.insert(header::HOST, host);
        }
    }
    for name in [FOR, HOST, PROTO] {
        headers.remove(name);
    }
    if secure {
        headers.insert(PROTO, HeaderValue::from_static("https"));
    }
    asks
}

/// The last address of the list that is not a proxy of ours: those before it are only what that one says.
fn client(headers: &HeaderMap, peer: IpAddr, proxies: &Proxies) -> IpAddr {
    let mut nearest = peer;
    for line in headers.get_all(FOR).iter().rev() {
        for hop in line.to_str().unwrap_or_default().rsplit(',') {
            let Some(hop) = address(hop.trim()) else { return nearest };
            nearest = hop;
            if !proxies.contains(hop) {
                return nearest;
            }
        }
    }
    nearest
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// What the nearest proxy said last, if anything.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies() -> Proxies {
        ["10.0.0.0/8", "::1"].iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_last_address_that_is_no_proxy_of_ours_asks() {
        for (peer, lines, expected) in [
            ("10.0.0.1", vec!["192.0.2.7"], "192.0.2.7"),
            ("::ffff:10.0.0.1", vec!["192.0.2.7"], "192.0.2.7"),
            ("::1", vec!["2001:db8::9"], "2001:db8::9"),
            // Whatever stands before it is only what somebody says.
            ("10.0.0.1", vec!["203.0.113.1, 192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", vec!["203.0.113.1", "192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", vec!["rubbish, 192.0.2.7"], "192.0.2.7"),
            ("10.0.0.1", vec!["192.0.2.7, 10.0.0.2 , 10.0.0.3"], "192.0.2.7"),
            ("10.0.0.1", vec!["192.0.2.7,10.0.0.2", "10.0.0.3"], "192.0.2.7"),
            ("10.0.0.1", vec!["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
            ("10.0.0.1", vec!["192.0.2.7:4711"], "192.0.2.7"),
            ("10.0.0.1", vec!["[2001:db8::9]"], "2001:db8::9"),
            ("10.0.0.1", vec!["[2001:db8::9]:4711"], "2001:db8::9"),
            // What cannot be read ends the list.
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec![""], "10.0.0.1"),
            ("10.0.0.1", vec!["unknown"], "10.0.0.1"),
            ("10.0.0.1", vec!["192.0.2.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", vec!["192.0.2.7,"], "10.0.0.1"),
            ("10.0.0.1", vec!["192.0.2.7, rubbish, 10.0.0.2"], "10.0.0.2"),
            // Nobody else is believed.
            ("203.0.113.5", vec!["192.0.2.7"], "203.0.113.5"),
            ("203.0.113.5", vec!["10.0.0.1"], "203.0.113.5"),
            ("127.0.0.1", vec!["192.0.2.7"], "127.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in &lines {
                headers.append(FOR, line.parse().unwrap());
            }
            let found = believe(&mut headers, peer.parse().unwrap(), &proxies(), false);
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} says {lines:?}");
            assert!(headers.is_empty(), "{headers:?}");
        }
    }

    #[test]
    fn host_and_scheme_are_what_is_believed() {
        for (peer, encrypted, said, host, secure) in [
            ("10.0.0.1", false, vec![], "inner:8000", false),
            ("10.0.0.1", false, vec![(HOST, "chat.example"), (PROTO, "https")], "chat.example", true),
            ("10.0.0.1", false, vec![(HOST, "a.example, b.example"), (PROTO, "http, HTTPS")], "b.example", true),
            ("10.0.0.1", false, vec![(HOST, "a.example"), (HOST, "b.example")], "b.example", false),
            ("10.0.0.1", false, vec![(HOST, ""), (PROTO, "http")], "inner:8000", false),
            ("10.0.0.1", false, vec![(PROTO, "https,")], "inner:8000", false),
            ("10.0.0.1", true, vec![(PROTO, "http")], "inner:8000", true),
            ("192.0.2.7", false, vec![(HOST, "evil.example"), (PROTO, "https")], "inner:8000", false),
            ("192.0.2.7", true, vec![(HOST, "evil.example")], "inner:8000", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("inner:8000"));
            for (name, value) in &said {
                headers.append(name, value.parse().unwrap());
            }
            believe(&mut headers, peer.parse().unwrap(), &proxies(), encrypted);
            assert_eq!(headers[header::HOST], host, "{peer} says {said:?}");
            assert_eq!(headers.get(PROTO).is_some_and(|scheme| scheme == "https"), secure, "{peer} says {said:?}");
            assert_eq!(headers.len(), 1 + usize::from(secure), "{headers:?}");
        }
    }
}
