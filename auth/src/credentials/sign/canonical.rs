//! The forms of a request that signatures are made over.

use mef_ports::HttpRequest;
use percent_encoding::percent_encode;
use url::{Position, Url};

use crate::query::{RESERVED, form_decode, pieces};

/// Returns the value of `Host`: the host, and the port if it is not the scheme's own.
pub(super) fn host(url: &Url) -> String {
    url[Position::BeforeHost..Position::AfterPort].to_owned()
}

/// Returns the query with its pieces in order, each as it is written.
pub(super) fn sorted_query(url: &Url) -> String {
    let mut sorted: Vec<_> = url
        .query()
        .filter(|query| !query.is_empty())
        .into_iter()
        .flat_map(pieces)
        .map(|(piece, name, value)| (name, value, piece))
        .collect();
    sorted.sort_unstable();
    sorted.into_iter().map(|(_, _, piece)| piece).collect::<Vec<_>>().join("&")
}

/// Rewrites the query of `request` with its names and values strictly encoded, in
/// order, and returns it. So what is signed is what is sent, also where a space was
/// a `+`.
pub(super) fn encode_query(request: &mut HttpRequest) -> String {
    let encode = |text: &str| percent_encode(&form_decode(text), RESERVED).to_string();
    let mut pairs: Vec<_> = pieces(request.url.query().unwrap_or_default())
        .filter(|(piece, ..)| !piece.is_empty())
        .map(|(_, name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = pairs.join("&");
    request.url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_sorted_by_name_then_value_and_left_as_it_is_written() {
        let sorted = |query: &str| {
            sorted_query(&Url::parse(&format!("https://h.example:8443/p{query}")).unwrap())
        };
        assert_eq!(sorted("?b=2&a=%7E&a=1&ab=&c"), "a=%7E&a=1&ab=&b=2&c");
        assert_eq!(sorted("?"), "");
        assert_eq!(sorted(""), "");
        assert_eq!(host(&Url::parse("https://h.example:8443/p").unwrap()), "h.example:8443");
        assert_eq!(host(&Url::parse("https://h.example:443/p").unwrap()), "h.example");
    }
}
