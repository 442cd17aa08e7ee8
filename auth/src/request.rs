//! One webhook request, as it came.
//!
//! A signature is made over bytes, so nothing is interpreted here: header lines
//! keep their order and their repeats, the query and the body their escapes.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;

use crate::query::{form_decode, masked_fields, pieces};

/// The header that holds the credentials of HTTP's own schemes. A gateway may
/// hand an authorizer this header and nothing else.
pub(crate) const AUTHORIZATION: &str = "authorization";

/// The content type of a form.
const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// One webhook request, as it came.
///
/// `Debug` prints the method, the path and sizes: header values, the query and
/// the body may hold credentials.
#[derive(Clone)]
pub struct Request {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
    peer: Option<IpAddr>,
}

impl Request {
    /// Takes a request: `path` and `query` as they were sent, without the `?`
    /// between them; the header lines in order, with repeats; the body without
    /// any encoding that a gateway put around it.
    pub fn new(
        method: &str,
        path: impl Into<String>,
        query: impl Into<String>,
        headers: Vec<(String, Vec<u8>)>,
        body: impl Into<Bytes>,
    ) -> Request {
        let lower = |(name, value): (String, Vec<u8>)| (name.to_ascii_lowercase(), value);
        Request {
            // Methods are case-sensitive (RFC 9110 §9.1): `post` is not `POST`.
            method: method.to_owned(),
            path: path.into(),
            query: query.into(),
            headers: headers.into_iter().map(lower).collect(),
            body: body.into(),
            peer: None,
        }
    }

    /// Sets the address that the request comes from. It must be that of the
    /// connection, or the one the gateway reports, never one from a header.
    pub fn from_peer(self, peer: Option<IpAddr>) -> Request {
        Request { peer, ..self }
    }

    /// The address that the request comes from; `None` if it is not known.
    pub fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// The method, as it was sent.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path, as it was sent.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query, as it was sent; empty if there is none.
    pub fn raw_query(&self) -> &str {
        &self.query
    }

    /// The header lines: names in lower case, values as they came.
    pub fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    /// The values of the header `name` (in lower case), one for each line.
    pub fn header_values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r [u8]> {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    /// The decoded values of the query parameter `name`, one for each time it
    /// was given (`application/x-www-form-urlencoded`: `+` is a space). They
    /// are bytes, since escapes can make any.
    pub fn query_values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = Vec<u8>> {
        pieces(&self.query)
            .filter(|(_, key, _)| form_decode(key) == name.as_bytes())
            .map(|(_, _, value)| form_decode(value).into_owned())
    }

    /// Whether the body is a form (`application/x-www-form-urlencoded`), as its content type says.
    pub(crate) fn is_form(&self) -> bool {
        let mut kinds = self.header_values("content-type").peekable();
        // Of two that differ, which one counts would be a guess.
        kinds.peek().is_some()
            && kinds.all(|value| {
                let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
                kind.trim_ascii().eq_ignore_ascii_case(FORM)
            })
    }

    /// The decoded values of a form's field, one for each time it was sent; none if the body is no form.
    pub(crate) fn form_values<'r>(&'r self, name: &'r str) -> impl Iterator<Item = Vec<u8>> {
        let form = std::str::from_utf8(&self.body).ok().filter(|_| self.is_form());
        pieces(form.unwrap_or_default())
            .filter(|(_, key, _)| form_decode(key) == name.as_bytes())
            .map(|(_, _, value)| form_decode(value).into_owned())
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Replaces the body by JSON, and says so in the headers.
    pub(crate) fn with_json(self, body: Vec<u8>) -> Request {
        let about_the_body = |name: &str| matches!(name, "content-type" | "content-encoding");
        let mut headers = self.headers;
        headers.retain(|(name, _)| !about_the_body(name));
        headers.push(("content-type".to_owned(), b"application/json".to_vec()));
        Request { headers, body: body.into(), ..self }
    }

    /// Replaces the values of the headers and query parameters that `header` and
    /// `query` pick by `***`, and the body by `body`.
    pub(crate) fn masked(
        self,
        header: impl Fn(&str) -> bool,
        query: impl Fn(&[u8]) -> bool,
        body: Bytes,
    ) -> Request {
        let headers = self.headers.into_iter().map(|(name, value)| {
            let value = if header(&name) { b"***".to_vec() } else { value };
            (name, value)
        });
        let masked = masked_fields(&self.query, query);
        Request {
            method: self.method,
            path: self.path,
            query: masked,
            headers: headers.collect(),
            body,
            peer: self.peer,
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} with a query of {} bytes, {} header lines and a body of {} bytes",
            self.method,
            self.path,
            self.query.len(),
            self.headers.len(),
            self.body.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_query(query: &str) -> Request {
        Request::new("POST", "/hook", query, vec![("X-A".to_owned(), b"s3cret".to_vec())], "body")
    }

    #[test]
    fn parameters_are_decoded_as_a_form_and_repeats_are_kept() {
        let request = with_query("a=1&b=x+y%2Bz&a=2&c&%61=3&d=%zz&e=%ff");
        let values = |name: &str| request.query_values(name).collect::<Vec<_>>();
        assert_eq!(values("a"), [b"1", b"2", b"3"]);
        assert_eq!(values("b"), [b"x y+z"]);
        assert_eq!(values("c"), [b""]);
        assert_eq!(values("d"), [b"%zz"]);
        assert_eq!(values("e"), [[0xff]]);
        assert!(values("z").is_empty());
    }

    #[test]
    fn names_are_lowered_and_debug_shows_no_value() {
        let request = with_query("token=s3cret");
        assert_eq!(request.method(), "POST");
        assert_eq!(request.header_values("x-a").next(), Some(b"s3cret".as_slice()));
        let shown = format!("{request:?}");
        assert!(shown.starts_with("POST /hook with"), "{shown}");
        assert!(!shown.contains("s3cret") && !shown.contains("token"), "{shown}");
    }
}
