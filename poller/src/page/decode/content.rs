//! What is read out of a page, and how it is said that it cannot be.

use mef_pipeline::DecodeError;
use serde_json::Value;

use crate::page::page_error::PageError;
use crate::page::record::Unread;

/// What a page has.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// The records, where each line or row is one, or where they were taken apart.
    pub(crate) records: Vec<Unread>,
    /// What else there is: the value of each file, the trailer, or what follows the rows.
    pub(crate) bodies: Vec<Value>,
    /// Whether a trailer was wanted and is missing, which makes the page the
    /// last.
    pub(crate) is_last: bool,
}

/// Takes a line or a row.
pub(super) type Take<'t> = dyn FnMut(Value) -> Result<(), PageError> + 't;

/// Whether `body` is HTML or XML, which is so again where it is not wanted.
pub(super) fn is_markup(body: &[u8]) -> bool {
    body.strip_prefix(BOM).unwrap_or(body).trim_ascii_start().starts_with(b"<")
}

/// What a text may begin with that is no part of it.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// A page that is not in the format it should be in: it was cut off, or garbled on
/// its way.
pub(super) fn broken(format: &'static str, reason: impl ToString) -> PageError {
    PageError::Format { format, reason: reason.to_string(), may_pass: true }
}

/// A page that came whole and is none, so that it would be none the next time.
pub(super) fn other(format: &'static str, reason: impl ToString) -> PageError {
    PageError::Format { format, reason: reason.to_string(), may_pass: false }
}

/// Another kind of answer, which every request gets.
pub(super) fn html(format: &'static str) -> PageError {
    other(format, "it begins with `<`, as the HTML of a login page or a proxy does")
}

pub(super) fn too_large(max: usize) -> PageError {
    PageError::Decode(DecodeError::TooLarge(max))
}
