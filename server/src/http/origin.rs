//! Which web pages may speak to this server. Programs send no `Origin` and are welcome; a page must be the server's own or one
//! that the operator named, so that no other site can use somebody's browser to get in.

use axum::http::{HeaderMap, header};

use crate::proxy::forwarded;

/// What a page opened from disk sends.
const FROM_DISK: [&str; 2] = ["null", "file://"];

/// Whether a request of these headers may pass. `from_disk`: the tutorials' pages may be opened as a file.
pub(super) fn welcome(headers: &HeaderMap, allowed: &[String], from_disk: bool) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return true };
    let (Ok(origin), None) = (origin.to_str(), origins.next()) else { return false };
    if from_disk && FROM_DISK.contains(&origin) {
        return true;
    }
    if allowed.iter().any(|allowed| allowed.trim_end_matches('/').eq_ignore_ascii_case(origin)) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| is_own(origin, host, headers.contains_key(forwarded::PROTO)))
}

/// Where browsers come by TLS, a page without it is somebody else's.
fn is_own(origin: &str, host: &str, secure: bool) -> bool {
    let origin = origin.to_ascii_lowercase();
    let (authority, port) = match (origin.strip_prefix("http://"), origin.strip_prefix("https://")) {
        (Some(authority), _) if !secure => (authority, ":80"),
        (_, Some(authority)) => (authority, ":443"),
        _ => return false,
    };
    let bare = |authority: &str| authority.strip_suffix(port).unwrap_or(authority).to_owned();
    !authority.is_empty() && bare(authority) == bare(&host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_pages_and_named_ones_are_welcome_and_no_others() {
        let allowed = ["https://chat.example".to_owned()];
        for (origin, host, from_disk, expected) in [
            (None, "h:8000", false, true),
            (Some("http://h:8000"), "h:8000", false, true),
            (Some("https://h:8000"), "h:8000", false, true),
            (Some("http://H:8000"), "h:8000", false, true),
            (Some("http://h"), "h:80", false, true),
            (Some("https://h"), "h", false, true),
            (Some("https://h"), "h:443", false, true),
            (Some("http://h"), "h:8000", false, false),
            (Some("http://h:8001"), "h:8000", false, false),
            (Some("http://evil"), "h:8000", false, false),
            (Some("http://h:8000.evil"), "h:8000", false, false),
            (Some("https://chat.example"), "h:8000", false, true),
            (Some("http://chat.example"), "h:8000", false, false),
            (Some("null"), "h:8000", false, false),
            (Some("null"), "h:8000", true, true),
            (Some("file://"), "h:8000", true, true),
            (Some("http://evil"), "h:8000", true, false),
            (Some("ftp://h:8000"), "h:8000", true, false),
            (Some("http://"), "", false, false),
            (Some(""), "h", false, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(welcome(&headers, &allowed, from_disk), expected, "{origin:?} at {host:?}, from disk {from_disk}");
        }
        for (origin, expected) in
            [("https://h", true), ("http://h", false), ("http://h:80", false), ("http://chat.example", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "h".parse().unwrap());
            headers.insert(forwarded::PROTO, "https".parse().unwrap());
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            assert_eq!(welcome(&headers, &allowed, false), expected, "{origin} where TLS is spoken");
        }
        let mut two = HeaderMap::new();
        two.insert(header::HOST, "h".parse().unwrap());
        two.append(header::ORIGIN, "http://h".parse().unwrap());
        two.append(header::ORIGIN, "http://evil".parse().unwrap());
        assert!(!welcome(&two, &[], false));
    }
}
