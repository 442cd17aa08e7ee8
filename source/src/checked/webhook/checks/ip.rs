//! What an `ip` check means.

use std::net::IpAddr;

use super::kind::{Kind, Proof};
use crate::checked::checker::{Checker, Told, all};
use crate::written::{self, Located};

/// The address that a request comes from.
#[derive(Clone, Debug)]
pub struct Ip {
    /// The accepted networks; never empty.
    pub allow: Vec<Network>,
}

/// A network of addresses, as CIDR writes it (RFC 4632, RFC 4291 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `192.0.2.0/24`, `2001:db8::/32`, or one address.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it and how to correct it.
    pub fn parse(text: &str) -> Result<Network, String> {
        let example = || "write an address or a network, such as `192.0.2.0/24`".to_owned();
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let address: IpAddr = address.parse().map_err(|_| example())?;
        if address.to_canonical() != address {
            return Err(format!("write it as IPv4, beginning with `{}`", address.to_canonical()));
        }
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => width,
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|number: &u8| *number <= width && number.to_string() == bits)
                .ok_or_else(example)?,
        };
        let network = Network { address, bits };
        if bits == 0 {
            return Err("that is everybody; leave the check out".to_owned());
        }
        let start = network.start();
        if start != address {
            return Err(format!("the network is written `{start}/{bits}`"));
        }
        Ok(network)
    }

    /// Returns whether `address` is in the network. An IPv4 address that is written as
    /// IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && Network { address, bits: self.bits }.start() == self.address
    }

    /// Returns the first address of the network.
    fn start(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V4((address.to_bits() & mask).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V6((address.to_bits() & mask).into())
            }
        }
    }
}

impl Kind for Ip {
    fn key(&self) -> &'static str {
        "ip"
    }

    fn proof(&self) -> Proof {
        Proof::Address
    }
}

/// Reads an `ip` check.
pub(crate) fn check(written: &Located<written::Ip>, checker: &mut Checker<'_>) -> Result<Ip, Told> {
    if written.allow.is_empty() {
        return Err(checker.error_with(
            written.allow.place(),
            "`allow` is empty: the webhook would take nothing",
            "list the addresses that the vendor publishes, such as `allow: [\"192.0.2.0/24\"]`",
        ));
    }
    let allow = all(written.allow.iter().map(|text| {
        Network::parse(text).map_err(|help| {
            let message = format!("`{}` is not a network", text.escape_debug());
            checker.error_with(text.place(), message, help)
        })
    }))?;
    Ok(Ip { allow })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        for (network, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.1/32", "::ffff:192.0.2.1", "::ffff:192.0.2.3"),
            ("128.0.0.0/1", "255.255.255.255", "127.255.255.255"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
            ("8000::/1", "ffff::", "192.0.2.1"),
        ] {
            let network = Network::parse(network).unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{network:?} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{network:?} {outside}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in [
            "",
            "192.0.2",
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/024",
            "192.0.2.0/+4",
            "192.0.2.0/-1",
            "2001:db8::/129",
            "example.com",
            "192.0.2.0/24 ",
            "010.0.0.1",
            "::ffff:192.0.2.0/120",
            "0.0.0.0/0",
            "::/0",
        ] {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
        let mended = Network::parse("192.0.2.1/24").unwrap_err();
        assert!(mended.contains("`192.0.2.0/24`"), "{mended}");
    }
}
