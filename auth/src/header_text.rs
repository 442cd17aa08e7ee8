//! The text of a response's header.

use std::borrow::Cow;

use http::HeaderValue;

/// Returns the text of a header: UTF-8, or else ISO 8859-1, which is what HTTP headers once were
/// (RFC 9110 §5.5). So one letter with an accent does not hide all that the header says.
pub fn header_text(value: &HeaderValue) -> Cow<'_, str> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(value.as_bytes().iter().copied().map(char::from).collect()),
    }
}
