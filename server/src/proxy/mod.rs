//! Whom the operator named as a proxy of his own: what such a one says of others is believed, and what anybody else says is not.
//!
//! Two ways lead through proxies: [`preamble`] is what is said before the first byte of a connection, [`forwarded`] what is said
//! in the headers of each request.

pub mod forwarded;
pub mod preamble;

use std::{fmt, net::IpAddr, str::FromStr};

/// An address, or all that begin alike: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    length: u8,
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "an address like 192.0.2.1, or a network like 10.0.0.0/8".to_owned();
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = width(address);
        let length = length.map_or(Ok(width), str::parse).map_err(|_| wrong())?;
        if length > width {
            return Err(format!("{address} has {width} bits, not {length}"));
        }
        Ok(Self { address, length })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The bits of an address, the first one first.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        let differs = bits(self.address) ^ bits(address);
        self.address.is_ipv4() == address.is_ipv4() && differs.leading_zeros() >= u32::from(self.length)
    }
}

/// The proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Network>);

impl FromIterator<Network> for Proxies {
    fn from_iter<T: IntoIterator<Item = Network>>(networks: T) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl Proxies {
    /// Whether somebody is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_begins_like_it() {
        for (network, address, expected) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::1", "::1", true),
            ("::/0", "2001:db8::1", true),
            ("::/0", "127.0.0.1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("192.168.0.128/25", "192.168.0.127", false),
        ] {
            let proxies: Proxies = [network.parse().unwrap()].into_iter().collect();
            assert_eq!(proxies.contains(address.parse().unwrap()), expected, "{address} in {network}");
        }
        assert!(!Proxies::default().contains(IpAddr::from([127, 0, 0, 1])));
    }

    #[test]
    fn what_is_no_network_is_refused_in_words() {
        for (text, expected) in [
            ("", "an address like"),
            ("localhost", "an address like"),
            ("10.0.0.0/", "an address like"),
            ("10.0.0.0/x", "an address like"),
            ("10.0.0.0/-1", "an address like"),
            ("10.0.0/8", "an address like"),
            ("10.0.0.0/33", "10.0.0.0 has 32 bits, not 33"),
            ("::/129", ":: has 128 bits, not 129"),
        ] {
            let words = text.parse::<Network>().map(|network| network.to_string()).unwrap_err();
            assert!(words.contains(expected), "{text}: {words}");
        }
    }
}
