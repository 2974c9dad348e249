//! Where links are in a text: `http://` and `https://` only, without what the sentence puts behind them. What a link is called
//! and where it goes is one and the same text here; whether to go there is asked elsewhere.

use std::ops::Range;

use chat_protocol::display;

/// The links of a text, in their order.
pub(crate) fn links(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(found) = text[from..].find("http") {
            let start = from + found;
            let rest = &text[start..];
            let scheme = ["http://", "https://"].into_iter().find(|scheme| rest.starts_with(scheme));
            // In the middle of a word (`xhttp://`) it is none.
            let inside = text[..start].chars().next_back().is_some_and(char::is_alphanumeric);
            let length = scheme.filter(|_| !inside).map_or(0, |scheme| length(rest, scheme.len()));
            if length == 0 {
                from = start + "http".len();
                continue;
            }
            from = start + length;
            return Some(start..from);
        }
        None
    })
}

/// How many bytes the link at the beginning of a text has; 0 if nothing follows its scheme.
fn length(text: &str, scheme: usize) -> usize {
    if !text[scheme..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '[') {
        return 0;
    }
    let ends = |c: char| c.is_whitespace() || display::is_unsafe(c) || matches!(c, '<' | '>' | '"' | '`' | '«' | '»');
    let mut link = &text[..text.find(ends).unwrap_or(text.len())];
    // A stop or a bracket behind it belongs to the sentence; but `…/Rust_(language)` holds both of its brackets. They are
    // counted once: a text may consist of nothing else.
    let mut odd = [('(', ')'), ('[', ']'), ('{', '}')].map(|(open, close)| {
        let count = |bracket| link.matches(bracket).count();
        (close, count(close).saturating_sub(count(open)))
    });
    while let Some(last) = link.chars().next_back() {
        let away = match odd.iter_mut().find(|(close, _)| *close == last) {
            Some((_, more)) if *more > 0 => {
                *more -= 1;
                true
            }
            Some(_) => false,
            None => matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | '…' | '、' | '。'),
        };
        if !away {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link.len()
}

/// The host that a link really goes to, as it will be looked up: what stands before an `@` is a name for the server and no
/// host, however much it looks like one.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    // Browsers take a backslash for a slash.
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<_> = links(text).map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn links_end_where_the_sentence_goes_on() {
        check("see https://e.org.", &["https://e.org"]);
        check("(https://e.org/a_(b)) and http://x.y/?q=1&b=[2]!", &["https://e.org/a_(b)", "http://x.y/?q=1&b=[2]"]);
        check("<https://e.org/a>, \"http://b\"", &["https://e.org/a", "http://b"]);
        check("https://日本.jp/ä… ok", &["https://日本.jp/ä"]);
        check("https://a.b/c\u{202e}gpj", &["https://a.b/c"]);
        check("http://[::1]:80/x", &["http://[::1]:80/x"]);
        check("https://a.b\nhttps://c.d", &["https://a.b", "https://c.d"]);
    }

    #[test]
    fn other_things_are_no_links() {
        check("http:// https:// xhttp://a.b javascript:alert(1) ftp://a.b file:///etc", &[]);
        check("http://) https://... httphttp://a", &[]);
        check("HTTP://a.b", &[]);
        check("", &[]);
    }

    #[test]
    fn the_host_is_the_one_that_is_asked() {
        for (url, expected) in [
            ("https://e.org", "e.org"),
            ("https://e.org:8080/x", "e.org"),
            ("https://bank.com@evil.org/", "evil.org"),
            ("https://bank.com:443@evil.org:1/", "evil.org"),
            ("https://evil.org\\@bank.com", "evil.org"),
            ("https://evil.org#@bank.com", "evil.org"),
            ("https://evil.org?@bank.com", "evil.org"),
            ("http://[::1]:80/x", "[::1]"),
            ("http://[::1]", "[::1]"),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }
}
