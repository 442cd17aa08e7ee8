//! Which addresses a request may reach.
//!
//! A vendor's page can name any URL as its next one, and must not turn the poller
//! against its own network. The rules are checked on the address that is
//! connected to, not only on the name: a name can resolve to anything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mef_ports::{HttpError, HttpRequest};
use mef_source::checked::Origin;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::Host;

/// How far a request may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// This machine only: the source file names a loopback origin.
    Loopback,
    /// What an origin written in the source file may be: any address, private
    /// ones too, except link-local and metadata addresses.
    Written,
    /// Public addresses only: an origin that a page may lead to.
    Public,
}

impl Reach {
    /// Returns why `address` is out of reach, or `None` if it is within.
    pub(crate) fn refuses(self, address: IpAddr) -> Option<&'static str> {
        let address = address.to_canonical();
        if let Some(reason) =
            behind_gateway(address).and_then(|v4| Reach::Written.refuses(v4.into()))
        {
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

/// Returns the IPv4 address that a gateway would connect to for an IPv6 one: NAT64
/// (RFC 6052 §2.1) and 6to4 (RFC 3056 §2).
fn behind_gateway(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

/// Checks for link-local addresses, which the metadata services of the clouds use.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        // fd00:ec2::254 is the metadata service of AWS over IPv6.
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local() || v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
        }
    }
}

/// Checks whether an address is routed on the internet, by the special-purpose
/// registries of RFC 6890.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            // Only 2000::/3 is assigned. In it, 2002::/16 hides an IPv4 address,
            // 2001::/23 is for protocols and 2001:db8::/32 for documentation.
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

/// Resolves a name to those of its addresses that are within reach.
pub(crate) struct GuardedResolver(pub(crate) Reach);

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

/// The error of a name whose addresses are all out of reach.
#[derive(Debug, thiserror::Error)]
#[error("`{host}` has no address within reach: {reason}")]
pub(crate) struct OutOfReach {
    pub(crate) host: String,
    pub(crate) reason: &'static str,
}

/// Fails if the host of `origin` is an address out of `reach`: such a host is never
/// resolved, so the resolver would not see it.
pub(crate) fn check_literal(
    reach: Reach,
    origin: &Origin,
    request: &HttpRequest,
) -> Result<(), HttpError> {
    let address = match origin.host {
        Host::Ipv4(address) => address.into(),
        Host::Ipv6(address) => address.into(),
        Host::Domain(_) => return Ok(()),
    };
    reach.refuses(address).map_or(Ok(()), |reason| Err(forbidden(request, reason)))
}

/// The error of a request that a rule forbids.
pub(crate) fn forbidden(request: &HttpRequest, reason: &str) -> HttpError {
    HttpError::Forbidden {
        host: request.url.host_str().unwrap_or("").to_owned(),
        reason: reason.to_owned(),
    }
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
