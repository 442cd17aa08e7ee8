//! The largest head of a request: its first line and its headers.
//!
//! A server reads a head into memory before anybody can judge it, so it needs a bound. The same bound holds
//! for a request from a file: `mef explain` must not take what the server refuses. API Gateway's own
//! bound is lower: 10,240 bytes for the first line and all headers.

use mef_auth::Request;

/// The most header lines of a request. A source may ask for 100 numbered ones, and a proxy adds its own.
pub const MOST_HEADERS: usize = 256;

/// The most bytes of a request's first line and headers, with their line ends.
pub const LARGEST_HEAD: usize = 64 * 1024;

/// Returns whether the head of `request` is too large for a server.
pub(crate) fn is_too_large(request: &Request) -> bool {
    request.headers().len() > MOST_HEADERS || size(request) > LARGEST_HEAD
}

/// Returns the bytes of `request`'s head in HTTP/1.1.
fn size(request: &Request) -> usize {
    let query = match request.raw_query() {
        "" => 0,
        query => query.len() + 1,
    };
    let first = request.method().len() + request.path().len() + query + "  HTTP/1.1\r\n".len();
    let lines =
        request.headers().iter().map(|(name, value)| name.len() + value.len() + ": \r\n".len());
    first + lines.sum::<usize>() + "\r\n".len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_that_of_the_bytes_that_are_sent() {
        let headers = vec![("host".to_owned(), b"x".to_vec()), ("a".to_owned(), b"\xff".to_vec())];
        let request = Request::new("POST", "/t", "b=1", headers, "");
        assert_eq!(size(&request), b"POST /t?b=1 HTTP/1.1\r\nhost: x\r\na: \xff\r\n\r\n".len());
    }
}
