//! Puts a value on a request: as a header, a cookie or a query parameter.

use http::header::COOKIE;
use http::{HeaderName, HeaderValue};
use mef_ports::HttpRequest;
use url::Url;

use super::error::CredentialError;
use super::render::error;
use crate::query::{form_decode, pieces};

/// Reads a header's name.
pub(super) fn header_name(name: &str) -> Result<HeaderName, CredentialError> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| error(&format!("the header `{name}`"), "is no header's name"))
}

/// Makes a header's value that no library prints.
pub(super) fn header_value(field: &str, text: &str) -> Result<HeaderValue, CredentialError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| error(field, "has characters that no header may have"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Adds a cookie to those that the request has, in place of one of that name.
pub(super) fn add_cookie(
    request: &mut HttpRequest,
    name: &str,
    value: &str,
) -> Result<(), CredentialError> {
    let field = format!("the cookie `{name}`");
    if !value.bytes().all(|b| b.is_ascii_graphic() && !b";,\\".contains(&b)) {
        return Err(error(&field, "has characters that no cookie may have"));
    }
    let mut cookies = cookies_of(request);
    cookies.retain(|pair| pair.split('=').next() != Some(name));
    cookies.push(format!("{name}={value}"));
    put_cookies(request, &field, &cookies)
}

/// Returns the cookies that the request has, each as `NAME=VALUE`.
pub(super) fn cookies_of(request: &HttpRequest) -> Vec<String> {
    let there = request.headers.get(COOKIE).and_then(|value| str::from_utf8(value.as_bytes()).ok());
    let pairs = there.unwrap_or_default().split(';').map(str::trim);
    pairs.filter(|pair| !pair.is_empty()).map(str::to_owned).collect()
}

/// Puts cookies on a request, in place of all that it has.
pub(super) fn put_cookies(
    request: &mut HttpRequest,
    field: &str,
    cookies: &[String],
) -> Result<(), CredentialError> {
    request.headers.insert(COOKIE, header_value(field, &cookies.join("; "))?);
    Ok(())
}

/// Sets one query parameter and leaves the others as they are written: a vendor's
/// next link may have the parameter already, and a page token that is encoded anew
/// may become another.
pub(super) fn set_parameter(url: &mut Url, name: &str, value: &str) {
    let others = url.query().map(|query| {
        pieces(query)
            .filter(|(_, key, _)| form_decode(key) != name.as_bytes())
            .map(|(piece, _, _)| piece)
            .collect::<Vec<_>>()
            .join("&")
    });
    url.set_query(others.as_deref().filter(|query| !query.is_empty()));
    url.query_pairs_mut().append_pair(name, value);
}
