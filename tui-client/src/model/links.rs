//! Where a text holds links.

use std::ops::Range;

/// The links of a text: http and https only.
pub(crate) fn links(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("http").map(|at| from + at) {
        let rest = &text[at..];
        let length = rest.find(|c: char| c.is_whitespace() || c.is_control()).unwrap_or(rest.len());
        let host = rest[..length].strip_prefix("https://").or_else(|| rest[..length].strip_prefix("http://"));
        if host.is_some_and(|host| !host.is_empty()) {
            found.push(at..at + length);
        }
        from = at + length.max(1);
    }
    found.into_iter()
}
