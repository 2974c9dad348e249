//! An invitation as it was given to somebody: a link, which says where the server is, or the code that stands in it.

use std::fmt;

use chat_terminal::reach::Address;

/// What comes before the code in a link.
const MARK: &str = "#invite=";

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Invite {
    code: String,
    /// Where the link leads.
    pub(super) address: Option<Address>,
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invite(…, {:?})", self.address)
    }
}

impl Invite {
    /// Reads what was typed.
    ///
    /// # Errors
    /// In words, which do not hold the code.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (place, code) = match text.trim().split_once(MARK) {
            Some((place, code)) => (Some(place), code),
            None => (None, text.trim()),
        };
        if code.is_empty() || !code.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            return Err(format!("--invite: a link like https://chat.example/{MARK}…, or the code at its end"));
        }
        let address = place.map(address).transpose()?;
        Ok(Self { code: code.to_owned(), address })
    }

    /// The code. Nothing prints it.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }
}

/// The server whose page this is.
fn address(page: &str) -> Result<Address, String> {
    // What is no page is refused as any other URL is.
    let socket = page.strip_prefix("http").map_or_else(|| page.to_owned(), |rest| format!("ws{rest}"));
    Address::parse(&socket).map_err(|error| format!("--invite: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_where_and_a_code_does_not() {
        for (text, expected) in [
            ("abc234", Ok(("abc234", None))),
            (" abc234\n", Ok(("abc234", None))),
            ("https://chat.example/#invite=abc", Ok(("abc", Some("wss://chat.example:443")))),
            ("https://chat.example/team/#invite=abc", Ok(("abc", Some("wss://chat.example:443/team")))),
            ("http://localhost:8000/#invite=abc", Ok(("abc", Some("ws://localhost:8000")))),
            ("", Err("a link like")),
            ("a b", Err("a link like")),
            ("https://chat.example/", Err("a link like")),
            ("https://chat.example/#invite=", Err("a link like")),
            ("chat.example/#invite=abc", Err("not a URL")),
            ("ftp://chat.example/#invite=abc", Err("ws:// or wss://")),
        ] {
            match (Invite::parse(text), expected) {
                (Ok(invite), Ok((code, address))) => {
                    assert_eq!((invite.code(), invite.address.as_ref().map(ToString::to_string).as_deref()), (code, address));
                }
                (Err(words), Err(part)) => assert!(words.contains(part) && !words.contains("abc"), "{text}: {words}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
        assert!(!format!("{:?}", Invite::parse("abc")).contains("abc"));
    }
}
