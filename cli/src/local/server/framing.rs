//! Heads that the HTTP layer takes and RFC 9112 refuses.
//!
//! Two servers in a row could read such a head in two ways: one of them would take a request to be for
//! somebody else, or would see its end somewhere else.

use hyper::http::uri::Authority;
use hyper::{HeaderMap, StatusCode, Version, header};

/// Returns with which status a request with this head is refused, and why; `None` if nothing is wrong.
pub(super) fn fault(version: Version, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    host_fault(version, headers)
        .map(|reason| (StatusCode::BAD_REQUEST, reason))
        .or_else(|| coding_fault(headers))
}

/// Judges the lines that say which host is meant
/// ([RFC 9112 §3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)).
fn host_fault(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut lines = headers.get_all(header::HOST).iter();
    match (lines.next(), lines.next()) {
        (None, _) => (version >= Version::HTTP_11).then_some("there is no `host` line"),
        (Some(_), Some(_)) => Some("there is more than one `host` line"),
        (Some(host), None) => {
            let is_good = |host: Authority| !host.as_str().contains('@');
            let host = host.as_bytes();
            (!host.is_empty() && !Authority::try_from(host).is_ok_and(is_good))
                .then_some("the `host` line is not a host")
        }
    }
}

/// Judges how the body is said to be put into pieces: only once, and only in chunks
/// ([RFC 9112 §6.1](https://www.rfc-editor.org/rfc/rfc9112#section-6.1)).
fn coding_fault(headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
    let lines = headers.get_all(header::TRANSFER_ENCODING).iter();
    let codings = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let mut codings = codings.map(<[u8]>::trim_ascii).filter(|coding| !coding.is_empty());
    let first = codings.next()?;
    let (mut count, mut is_known) = (1, first.eq_ignore_ascii_case(b"chunked"));
    for coding in codings {
        count += 1;
        is_known &= coding.eq_ignore_ascii_case(b"chunked");
    }
    match (is_known, count) {
        (true, 1) => None,
        (true, _) => Some((StatusCode::BAD_REQUEST, "the body is said to be chunked twice")),
        (false, _) => Some((StatusCode::NOT_IMPLEMENTED, "the transfer coding is not known")),
    }
}
