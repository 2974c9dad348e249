//! What is said in headers of who asks: a proxy of ours is believed in its last word, whatever stood there before, and nobody else
//! in anything. The first byte says who speaks, and whether over TLS; lines of `name: value` are the headers.
#![no_main]

#[path = "../../server/src/proxy/mod.rs"]
#[allow(dead_code, reason = "the preamble has a target of its own")]
mod proxy;

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use proxy::{Proxies, forwarded::believe};

const OURS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

/// The headers of these lines, as far as they are some.
fn headers(lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

fuzz_target!(|data: &[u8]| {
    let [mode, lines @ ..] = data else { return };
    let (ours, encrypted) = (mode & 1 != 0, mode & 2 != 0);
    let peer = if ours { OURS } else { STRANGER };
    let proxies: Proxies = ["10.0.0.0/8".parse().expect("a network")].into_iter().collect();
    let said = headers(lines);

    let mut left = said.clone();
    let asks = believe(&mut left, peer, &proxies, encrypted);
    let scheme: Vec<_> = left.get_all("x-forwarded-proto").iter().collect();
    assert!(scheme.is_empty() || scheme == ["https"], "{scheme:?}");
    assert!(!left.contains_key("x-forwarded-for") && !left.contains_key("x-forwarded-host"));
    assert!(!encrypted || !scheme.is_empty(), "what we know ourselves nobody denies");
    if !ours {
        assert_eq!((asks, scheme.is_empty()), (peer, !encrypted), "nobody else is believed");
        assert!(left.get_all(header::HOST).iter().eq(said.get_all(header::HOST)));
    }
    // All else is as it was.
    for name in said.keys().filter(|name| *name != header::HOST && !name.as_str().starts_with("x-forwarded-")) {
        assert!(left.get_all(name).iter().eq(said.get_all(name)), "{name}");
    }

    // A proxy of ours adds a word in its own line: what was there is only what somebody said.
    let mut added = said;
    added.append("x-forwarded-for", HeaderValue::from_static("203.0.113.9, 10.0.0.2"));
    added.append("x-forwarded-proto", HeaderValue::from_static("http"));
    added.append("x-forwarded-host", HeaderValue::from_static("chat.example"));
    let asks = believe(&mut added, OURS, &proxies, false);
    assert_eq!(asks.to_string(), "203.0.113.9");
    assert!(!added.contains_key("x-forwarded-proto"));
    assert!(added.get_all(header::HOST).iter().eq(["chat.example"]));
});
