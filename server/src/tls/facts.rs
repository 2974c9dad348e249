//! What a person asks of a certificate: until when it is good, and for which names. Two facts, so they are read here from the DER by
//! the few rules that lead to them; whether anybody should trust it is not judged.

use chat_protocol::Timestamp;
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub from: Timestamp,
    pub until: Timestamp,
    /// Host names only.
    pub names: Vec<String>,
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const OCTETS: u8 = 0x04;
const HOST_NAME: u8 = 0x82;
/// `subjectAltName`, with its tag and length.
const NAMES: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x11];

impl Facts {
    /// Of the first certificate in a PEM file. None if it is not one.
    #[must_use]
    pub fn of_the_first(pem: &[u8]) -> Option<Self> {
        Self::of(&CertificateDer::from_pem_slice(pem).ok()?)
    }

    fn of(der: &[u8]) -> Option<Self> {
        let (inside, _) = expect(SEQUENCE, der)?;
        let (mut rest, _) = expect(SEQUENCE, inside)?;
        if let Some((_, behind)) = expect(VERSION, rest) {
            rest = behind;
        }
        // The number, how it is signed, and who signed it.
        for _ in 0..3 {
            (_, _, rest) = element(rest)?;
        }
        let (times, rest) = expect(SEQUENCE, rest)?;
        let (tag, from, times) = element(times)?;
        let from = moment(tag, from)?;
        let (tag, until, _) = element(times)?;
        let until = moment(tag, until)?;
        Some(Self { from, until, names: names(rest) })
    }
}

/// Takes an element off the front: its tag, what is in it, what is behind it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (inside, behind) = rest.split_at_checked(length)?;
    Some((tag, inside, behind))
}

/// What is in the element at the front, if it has this tag, and what is behind it.
fn expect(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    element(bytes).filter(|(found, ..)| *found == tag).map(|(_, inside, behind)| (inside, behind))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn moment(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let whole = match tag {
        UTC_TIME if text.len() == 13 => format!("{}{text}", if text < "50" { "20" } else { "19" }),
        GENERALIZED_TIME if text.len() == 15 => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| &whole[from..to];
    Timestamp::parse(&format!("{}-{}-{}T{}:{}:{}", part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 12), part(12, 15)))
}

/// Host names among the extensions, which come last.
fn names(mut rest: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    while let Some((tag, inside, behind)) = element(rest) {
        rest = behind;
        let Some((mut extensions, _)) = (tag == EXTENSIONS).then(|| expect(SEQUENCE, inside)).flatten() else { continue };
        while let Some((extension, behind)) = expect(SEQUENCE, extensions) {
            extensions = behind;
            let Some(value) = extension.strip_prefix(&NAMES) else { continue };
            // Whether it is critical may stand before it.
            let value = expect(OCTETS, value).or_else(|| expect(OCTETS, element(value)?.2));
            let Some((mut list, _)) = value.and_then(|(value, _)| expect(SEQUENCE, value)) else { continue };
            while let Some((tag, name, behind)) = element(list) {
                list = behind;
                if tag == HOST_NAME {
                    names.extend(std::str::from_utf8(name).ok().map(str::to_owned));
                }
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn pem(names: &[&str], from: (i32, u8, u8), until: (i32, u8, u8)) -> String {
        let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
    }

    #[test]
    fn times_and_names_are_those_with_which_it_was_made() {
        for (names, from, until, expected) in [
            (&["chat.example", "10.0.0.1", "www.chat.example"][..], (2026, 1, 2), (2027, 12, 31), ("2026-01-02", "2027-12-31")),
            (&[], (1975, 6, 30), (4096, 1, 1), ("1975-06-30", "4096-01-01")),
        ] {
            let facts = Facts::of_the_first(pem(names, from, until).as_bytes()).expect("facts");
            let shown = (facts.from.to_string(), facts.until.to_string());
            assert!(shown.0.starts_with(expected.0) && shown.1.starts_with(expected.1), "{shown:?}");
            let hosts: Vec<_> = names.iter().filter(|name| !name.starts_with('1')).collect();
            assert_eq!(facts.names.iter().collect::<Vec<_>>(), hosts);
        }
    }

    #[test]
    fn what_is_cut_short_or_changed_is_no_panic() {
        let pem = pem(&["chat.example"], (2026, 1, 2), (2027, 12, 31));
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        for length in 0..der.len() {
            assert_eq!(Facts::of(&der[..length]), None, "{length}");
        }
        for place in 0..der.len() {
            for bit in 0..8 {
                let mut changed = der.to_vec();
                changed[place] ^= 1 << bit;
                let _ = Facts::of(&changed);
            }
        }
        assert_eq!(Facts::of_the_first(b"no certificate"), None);
    }
}
