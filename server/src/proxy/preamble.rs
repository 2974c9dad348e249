//! What a proxy says of a connection before its first byte, in the PROXY protocol of versions 1 and 2: whose it is. Pure and
//! bounded: bytes come in, an address comes out. Whether the one who says so is believed is decided elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How version 1 begins: one line of words.
const WORDS: &[u8] = b"PROXY ";
/// The longest such line, with its end.
const LINE: usize = 107;
/// How version 2 begins.
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// The signature, what follows it, of which family, and how much.
const HEAD: usize = 16;
/// The most that version 2 may say after that. Balancers say a few hundred bytes.
const MOST: usize = 4096;

/// No preamble is longer.
pub const LONGEST: usize = HEAD + MOST;

/// What the first bytes of a connection are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preamble {
    /// None, or one that cannot be read: the bytes are for whoever reads on.
    Absent,
    /// They may become one.
    Unfinished,
    /// One of so many bytes. Without a source it is the proxy's own connection, as when it asks whether we are well.
    Whole { length: usize, source: Option<IpAddr> },
}

/// Looks at the first bytes of a connection, as many as have come.
pub fn read(bytes: &[u8]) -> Preamble {
    let may_become = |beginning: &[u8]| beginning.iter().zip(bytes).all(|(one, other)| one == other);
    if may_become(SIGNATURE) {
        binary(bytes)
    } else if may_become(WORDS) {
        line(bytes)
    } else {
        Preamble::Absent
    }
}

fn line(bytes: &[u8]) -> Preamble {
    let Some(end) = bytes.iter().take(LINE).position(|byte| *byte == b'\n') else {
        return if bytes.len() < LINE { Preamble::Unfinished } else { Preamble::Absent };
    };
    let words = bytes[..end].strip_suffix(b"\r").and_then(|line| std::str::from_utf8(line).ok());
    let words: Vec<&str> = words.unwrap_or_default().split(' ').skip(1).collect();
    let source = match words.as_slice() {
        // Whatever else stands there then is not to be read.
        ["UNKNOWN", ..] => None,
        ["TCP4", source, target, ports @ ..] => match (address::<Ipv4Addr>(source), address::<Ipv4Addr>(target)) {
            (Some(source), Some(_)) if are_ports(ports) => Some(source.into()),
            _ => return Preamble::Absent,
        },
        ["TCP6", source, target, ports @ ..] => match (address::<Ipv6Addr>(source), address::<Ipv6Addr>(target)) {
            (Some(source), Some(_)) if are_ports(ports) => Some(source.into()),
            _ => return Preamble::Absent,
        },
        _ => return Preamble::Absent,
    };
    Preamble::Whole { length: end + 1, source }
}

fn address<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// Two ports, written as numbers are and in no other way.
fn are_ports(words: &[&str]) -> bool {
    let is_port = |word: &&str| word.parse::<u16>().is_ok_and(|port| port.to_string() == **word);
    words.len() == 2 && words.iter().all(is_port)
}

fn binary(bytes: &[u8]) -> Preamble {
    let Some((head, rest)) = bytes.split_at_checked(HEAD) else { return Preamble::Unfinished };
    let length = usize::from(u16::from_be_bytes([head[14], head[15]]));
    let is_own = match head[12] {
        0x20 => true,
        0x21 => false,
        _ => return Preamble::Absent,
    };
    if length > MOST {
        return Preamble::Absent;
    }
    let Some(said) = rest.get(..length) else { return Preamble::Unfinished };
    let source = match head[13] {
        _ if is_own => None,
        0x11 => match said {
            [a, b, c, d, ..] if length >= 12 => Some(Ipv4Addr::new(*a, *b, *c, *d).into()),
            _ => return Preamble::Absent,
        },
        0x21 => match said.first_chunk::<16>() {
            Some(octets) if length >= 36 => Some(Ipv6Addr::from(*octets).into()),
            _ => return Preamble::Absent,
        },
        // Sockets of the system, datagrams and what is not named: the connection is not of an address.
        _ => None,
    };
    Preamble::Whole { length: HEAD + length, source }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A head of version 2, and what it announces.
    fn version_2(command: u8, family: u8, said: &[u8]) -> Vec<u8> {
        let length = u16::try_from(said.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, said].concat()
    }

    fn of(source: &str) -> Option<Option<IpAddr>> {
        Some(source.parse().ok())
    }

    #[test]
    fn whose_a_connection_is_said_in_words_or_bytes() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 1, 1, 2, 3, 4];
        let v6 = [&[0x20, 1, 0xd, 0xb8], [0; 11].as_slice(), &[9], &[0; 20]].concat();
        let unix = [b'x'; 216];
        let own = Some(None);
        let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LINE - 16));
        for (bytes, expected) in [
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 56324 443\r\n".to_vec(), of("192.0.2.7")),
            (b"PROXY TCP6 2001:db8::9 ::1 0 65535\r\n".to_vec(), of("2001:db8::9")),
            (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n".to_vec(), of("::ffff:192.0.2.7")),
            (b"PROXY UNKNOWN\r\n".to_vec(), own),
            (b"PROXY UNKNOWN ffff::1 whatever else\r\n".to_vec(), own),
            (longest.into_bytes(), own),
            (version_2(0x21, 0x11, &v4), of("192.0.2.7")),
            (version_2(0x21, 0x11, &[v4.as_slice(), b"more that is not read"].concat()), of("192.0.2.7")),
            (version_2(0x21, 0x21, &v6), of("2001:db8::9")),
            (version_2(0x20, 0x11, &v4), own),
            (version_2(0x20, 0x00, b""), own),
            (version_2(0x21, 0x00, b""), own),
            (version_2(0x21, 0x31, &unix), own),
            (version_2(0x21, 0x12, &v4), own),
            (version_2(0x21, 0x11, &[0; MOST]), of("0.0.0.0")),
            // What is wrong with each of these is for whoever reads on to say.
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 56324\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 1 2 3\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 1 65536\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 01 2\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 +1 2\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7  10.0.0.1 1 2\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.07 10.0.0.1 1 2\r\n".to_vec(), None),
            (b"PROXY TCP4 ::1 ::1 1 2\r\n".to_vec(), None),
            (b"PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n".to_vec(), None),
            (b"PROXY TCP5 192.0.2.7 10.0.0.1 1 2\r\n".to_vec(), None),
            (b"PROXY \r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 1 2\n".to_vec(), None),
            (b"PROXY /page HTTP/1.1\r\n".to_vec(), None),
            (b"PROXY TCP4 192.0.2.7 10.0.0.1 1 2\xff\r\n".to_vec(), None),
            (format!("PROXY UNKNOWN {}\r\n", "x".repeat(LINE)).into_bytes(), None),
            (version_2(0x11, 0x11, &v4), None),
            (version_2(0x22, 0x11, &v4), None),
            (version_2(0x21, 0x11, &v4[..11]), None),
            (version_2(0x21, 0x21, &v6[..35]), None),
            (version_2(0x21, 0x11, &[0; MOST + 1]), None),
            (b"GET / HTTP/1.1\r\n".to_vec(), None),
            (b"POST / HTTP/1.1\r\n".to_vec(), None),
            (b"\x16\x03\x01".to_vec(), None),
            (b"\r\n\r\nGET / HTTP/1.1\r\n".to_vec(), None),
            (b"proxy TCP4 192.0.2.7 10.0.0.1 1 2\r\n".to_vec(), None),
        ] {
            let shown = bytes.escape_ascii().to_string();
            let expected = match expected {
                Some(source) => Preamble::Whole { length: bytes.len(), source },
                None => Preamble::Absent,
            };
            assert_eq!(read(&bytes), expected, "{shown}");
            // What comes behind it changes nothing, and nothing is known before it is there.
            assert_eq!(read(&[bytes.as_slice(), b"GET / HTTP/1.1\r\n"].concat()), expected, "{shown}");
            if expected != Preamble::Absent {
                (0..bytes.len()).for_each(|end| assert_eq!(read(&bytes[..end]), Preamble::Unfinished, "{shown} {end}"));
            }
        }
    }

    fn likely() -> impl Strategy<Value = Vec<u8>> {
        let whatever = proptest::collection::vec(any::<u8>(), 0..300);
        let words = "PROXY (TCP4|TCP6|UNKNOWN)? ?[0-9a-f:. ]{0,110}\r?\n?".prop_map(String::into_bytes);
        let bytes = (0x1f_u8..0x23, 0x10_u8..0x33, any::<u16>(), proptest::collection::vec(any::<u8>(), 0..5000))
            .prop_map(|(command, family, length, said)| [SIGNATURE, &[command, family], &length.to_be_bytes(), &said].concat());
        prop_oneof![whatever, words, bytes]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn whatever_comes_is_judged_soon_and_once(bytes in likely(), cut in any::<proptest::sample::Index>()) {
            let judged = read(&bytes);
            match judged {
                Preamble::Unfinished => prop_assert!(bytes.len() < LONGEST),
                Preamble::Whole { length, .. } => prop_assert!(length <= bytes.len() && length <= LONGEST),
                Preamble::Absent => {}
            }
            let before = read(&bytes[..cut.index(bytes.len() + 1)]);
            prop_assert!(before == judged || before == Preamble::Unfinished, "{before:?}, then {judged:?}");
        }
    }
}
