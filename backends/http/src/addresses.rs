//! Which addresses a request may reach.
//!
//! A vendor's page can name any URL as its next. What keeps that from turning
//! the poller against its own network is checked here, on the address that is
//! connected to and not only on the name: a name can resolve to anything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How far a request may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This machine only: the source file names a loopback origin.
    Loopback,
    /// Any address that an origin written in the source file may have: private
    /// ones too, but never link-local or metadata ones.
    Written,
    /// Public addresses only: an origin that a page may lead to.
    Public,
}

impl Reach {
    /// Why `address` is out of reach, if it is.
    pub(crate) fn refuses(self, address: IpAddr) -> Option<&'static str> {
        let address = address.to_canonical();
        if let Some(reason) = within(address).and_then(|v4| Reach::Written.refuses(v4.into())) {
            return Some(reason);
        }
        let loopback = address.is_loopback();
        if self == Reach::Loopback {
            return (!loopback).then_some("the source file names a loopback origin");
        }
        if loopback || address.is_unspecified() {
            return Some("it is this machine");
        }
        if is_link_local(address) {
            return Some("it is a link-local or metadata address");
        }
        if self == Reach::Public && !is_public(address) {
            return Some("it is a private address, and the origin is not the source's own");
        }
        None
    }
}

/// The IPv4 address that a gateway makes of an IPv6 one: NAT64 (RFC 6052 §2.1) and
/// 6to4 (RFC 3056 §2).
fn within(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// Link-local addresses, among them the metadata services of the clouds.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        // fd00:ec2::254 is the metadata service of AWS over IPv6.
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local() || v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
        }
    }
}

/// Addresses that are routed on the internet, after the special-purpose
/// registries of RFC 6890.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            // 2000::/3 is what is given out; 64:ff9b::/96 and 2002::/16 hide an
            // IPv4 address, 2001::/23 is for protocols, 2001:db8::/32 for books.
            first & 0xe000 == 0x2000
                && first != 0x2002
                && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
        }
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_broadcast()
        || v4.is_documentation()
        || v4.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

/// Resolves names to the addresses within reach.
pub(crate) struct GuardedResolver(pub(super) Reach);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> =
                tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let mut refusal = None;
            let within: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| match reach.refuses(address.ip()) {
                    None => true,
                    Some(reason) => {
                        refusal = Some(reason);
                        false
                    }
                })
                .collect();
            match refusal {
                Some(reason) if within.is_empty() => Err(Box::new(OutOfReach { host, reason })
                    as Box<dyn std::error::Error + Send + Sync>),
                _ => Ok(Box::new(within.into_iter()) as Addrs),
            }
        })
    }
}

/// Every address of a name is out of reach.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` has no address within reach: {reason}")]
pub(crate) struct OutOfReach {
    pub(crate) host: String,
    pub(crate) reason: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reach_refuses_what_it_must() {
        let cases = [
            // address, loopback, written, public
            ("127.0.0.1", true, false, false),
            ("::1", true, false, false),
            ("::ffff:127.0.0.1", true, false, false),
            ("0.0.0.0", false, false, false),
            ("169.254.169.254", false, false, false),
            ("::ffff:169.254.169.254", false, false, false),
            ("fe80::1", false, false, false),
            ("fd00:ec2::254", false, false, false),
            ("10.1.2.3", false, true, false),
            ("192.168.1.1", false, true, false),
            ("100.64.0.1", false, true, false),
            ("fd12:3456::1", false, true, false),
            ("64:ff9b::a9fe:a9fe", false, false, false),
            ("64:ff9b::808:808", false, true, false),
            ("2002:7f00:1::", false, false, false),
            ("2002:a9fe:a9fe::1", false, false, false),
            ("8.8.8.8", false, true, true),
            ("2606:4700::1111", false, true, true),
        ];
        for (address, loopback, written, public) in cases {
            let ip: IpAddr = address.parse().unwrap();
            assert_eq!(Reach::Loopback.refuses(ip).is_none(), loopback, "loopback {address}");
            assert_eq!(Reach::Written.refuses(ip).is_none(), written, "written {address}");
            assert_eq!(Reach::Public.refuses(ip).is_none(), public, "public {address}");
        }
    }
}
