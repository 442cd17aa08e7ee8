//! Origins: whom credentials belong to, so that they are never sent to anybody
//! else.

use std::fmt;

use url::{Host, Url};

/// A scheme, host and port: what credentials belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `https`, or `http`.
    pub scheme: String,
    /// The host.
    pub host: Host<String>,
    /// The port.
    pub port: u16,
}

impl Origin {
    /// The origin of `url`, if it is one of HTTP.
    pub fn of(url: &Url) -> Option<Origin> {
        let scheme = url.scheme();
        (matches!(scheme, "https" | "http")).then_some(())?;
        Some(Origin {
            scheme: scheme.to_owned(),
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Whether the host is this machine by its literal address or as
    /// `localhost`.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(name) => name == "localhost",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme, self.host, self.port)
    }
}
