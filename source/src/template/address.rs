//! The IP address in a text. An index of MozDef has a field that takes nothing else, and vendors write
//! addresses with a port, with brackets, as a name or as nothing.

use std::net::{IpAddr, SocketAddr};

/// Returns the address that `text` is, with or without a port and brackets; `None` if it is none. One of
/// IPv4 that is written as IPv6 (`::ffff:192.0.2.1`) is one of IPv4.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))?;
    Some(found.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_however_it_is_written() {
        for (text, found) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 192.0.2.1 ", "192.0.2.1"),
            ("192.0.2.1:443", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:DB8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()).as_deref(), Some(found));
        }
    }

    #[test]
    fn what_is_no_address_is_nothing() {
        for text in
            ["", "-", "unknown", "host.example.com", "192.0.2", "192.0.2.1, 192.0.2.2", "[]"]
        {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
