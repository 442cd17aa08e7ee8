//! Queries and form bodies (`application/x-www-form-urlencoded`), read without
//! losing how they were written.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode};

/// Every character except the unreserved ones of RFC 3986 §2.3.
pub(crate) const RESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Splits a query at `&`. Each piece comes whole, and as its name and value.
pub(crate) fn pieces(query: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    query.split('&').map(|piece| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        (piece, name, value)
    })
}

/// Decodes a name or a value; `+` is a space. Escapes can make any bytes. A text that is written as it is
/// stays where it is.
pub(crate) fn form_decode(text: &str) -> Cow<'_, [u8]> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text.as_bytes());
    }
    // What is decoded is not longer: of a large text nothing is copied twice.
    let mut decoded = Vec::with_capacity(text.len());
    for (index, piece) in text.split('+').enumerate() {
        if index > 0 {
            decoded.push(b' ');
        }
        decoded.extend(percent_decode(piece.as_bytes()));
    }
    Cow::Owned(decoded)
}

/// Writes a query or form again, with `***` for the values of the names that `masks` picks. All else stays
/// as it came.
pub(crate) fn masked_fields(query: &str, masks: impl Fn(&[u8]) -> bool) -> String {
    let masked = pieces(query).map(|(piece, key, _)| match masks(&form_decode(key)) {
        true => Cow::Owned(format!("{key}=***")),
        false => Cow::Borrowed(piece),
    });
    masked.collect::<Vec<_>>().join("&")
}
