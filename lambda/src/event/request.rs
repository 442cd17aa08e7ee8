//! The request as the sender made it, as far as the gateway tells.
//!
//! Payload format 2.0 has the query byte for byte, and joins header lines of one name with commas. Format
//! 1.0 has every header line, but only the decoded parameters. They are encoded again, so a signature over
//! the URL matches only if the sender encodes as we do: unreserved characters of RFC 3986 as they are, all
//! others as `%XX`.

use std::borrow::Cow;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mef_auth::Request;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;

use super::json;
use super::payload::Event;

/// Every character but the unreserved ones of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why the body of an event cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is neither text nor missing.
    #[error("the event's body is not text")]
    Body,
    /// It is marked as base64 but is not.
    #[error("the event's body is not base64")]
    Base64,
}

/// Returns the request without its body.
pub(crate) fn head(event: &Event<'_>) -> Request {
    request(event, Bytes::new())
}

/// Returns the request with its body; a missing body is empty.
pub(crate) fn whole(event: &Event<'_>) -> Result<Request, Unreadable> {
    let body = match event.body {
        None => Bytes::new(),
        Some(body) => {
            let text = json::text(body).ok_or(Unreadable::Body)?;
            let encoded = event.is_base64_encoded.and_then(json::boolean).unwrap_or(false);
            match encoded {
                true => STANDARD.decode(text.as_bytes()).map_err(|_| Unreadable::Base64)?.into(),
                false => Bytes::from(text.into_owned()),
            }
        }
    };
    Ok(request(event, body))
}

fn request(event: &Event<'_>, body: Bytes) -> Request {
    let method = event.method();
    let method = method.as_deref().unwrap_or("POST");
    Request::new(method, event.path().into_owned(), query(event), headers(event), body)
        .from_peer(event.peer())
}

impl<'e> Event<'e> {
    /// Returns the method, if the event has one.
    pub(crate) fn method(&self) -> Option<Cow<'e, str>> {
        let context = self.context();
        [self.http_method, context.http().method, context.http_method, self.method]
            .into_iter()
            .flatten()
            .find_map(json::text)
            .filter(|method| !method.is_empty())
    }

    /// Returns the path as it was called. In format 1.0 only the context has the stage or the mapping at its
    /// start.
    pub(super) fn path(&self) -> Cow<'e, str> {
        let context = self.context();
        [self.raw_path, context.path, context.http().path, self.path]
            .into_iter()
            .flatten()
            .find_map(json::text)
            .unwrap_or_default()
    }

    /// Returns whether a request in format 1.0 came by a domain name of one's own, so that no stage is in front of its
    /// path. A source may have the name of the stage.
    pub(super) fn is_by_domain(&self) -> bool {
        let called = self.context().path.and_then(json::text);
        called.is_some() && called == self.path.and_then(json::text)
    }

    /// Returns the address that the gateway took the request from. A header could say anything.
    fn peer(&self) -> Option<IpAddr> {
        let context = self.context();
        [context.http().source_ip, context.identity().source_ip]
            .into_iter()
            .flatten()
            .find_map(json::text)?
            .parse()
            .ok()
    }
}

fn query(event: &Event<'_>) -> String {
    if let Some(raw) = event.raw_query_string.and_then(json::text) {
        return raw.into_owned();
    }
    let mut query = String::new();
    let mut add = |name: &str, value: &str| {
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, ESCAPED));
        query.push('=');
        query.extend(utf8_percent_encode(value, ESCAPED));
    };
    let (many, one) = (event.multi_value_query_string_parameters, event.query_string_parameters);
    for (name, value) in lines(many, one) {
        add(&name, &value);
    }
    query
}

fn headers(event: &Event<'_>) -> Vec<(String, Vec<u8>)> {
    let mut headers: Vec<_> = lines(event.multi_value_headers, event.headers)
        .into_iter()
        .map(|(name, value)| (name.into_owned(), value.into_owned().into_bytes()))
        .collect();
    // Format 2.0 takes cookies out of the headers; RFC 6265 joins them so.
    if let Some(cookies) = event.cookies.and_then(json::texts).filter(|list| !list.is_empty())
        && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("cookie"))
    {
        headers.push(("cookie".to_owned(), cookies.join("; ").into_bytes()));
    }
    headers
}

/// Returns names and values: from `many`, which lists all values of a name, and from `one` the names that
/// `many` lacks.
fn lines<'e>(
    many: Option<&'e RawValue>,
    one: Option<&'e RawValue>,
) -> Vec<(Cow<'e, str>, Cow<'e, str>)> {
    let mut lines = Vec::new();
    for (name, values) in many.and_then(json::members).unwrap_or_default() {
        for value in json::texts(values).unwrap_or_default() {
            lines.push((name.clone(), value));
        }
    }
    let listed = lines.len();
    for (name, value) in one.and_then(json::members).unwrap_or_default() {
        let known = lines.iter().take(listed).any(|(line, _)| line.eq_ignore_ascii_case(&name));
        if let Some(value) = json::text(value).filter(|_| !known) {
            lines.push((name, value));
        }
    }
    lines
}
