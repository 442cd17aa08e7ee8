//! What is read out of a page, and the errors if it cannot be.

use mef_pipeline::DecodeError;
use serde_json::Value;

use crate::page::page_error::PageError;
use crate::page::record::Unread;

/// What a page has.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// The records, if each line or row is one or if they were taken apart.
    pub(crate) records: Vec<Unread>,
    /// The rest: the value of each file, the trailer, or what follows the rows.
    pub(crate) bodies: Vec<Value>,
    /// Which of the bodies had their records taken out, one of which is damaged.
    pub(crate) taken_out: Vec<usize>,
    /// Whether the page lacks a trailer that it should have, which makes it the last.
    pub(crate) is_last: bool,
}

/// Takes a line or a row.
pub(super) type Take<'t> = dyn FnMut(Unread) -> Result<(), PageError> + 't;

/// Returns whether `body` is HTML or XML, which it will be again.
pub(super) fn is_markup(body: &[u8]) -> bool {
    body.strip_prefix(BOM).unwrap_or(body).trim_ascii_start().starts_with(b"<")
}

/// The byte order mark that a text may begin with.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Returns the error that a page was cut off or garbled on its way.
pub(super) fn broken(format: &'static str, reason: impl ToString) -> PageError {
    PageError::Format { format, reason: reason.to_string(), may_pass: true }
}

/// Returns the error that a page came whole and is in another format, which it will be again.
pub(super) fn other(format: &'static str, reason: impl ToString) -> PageError {
    PageError::Format { format, reason: reason.to_string(), may_pass: false }
}

/// Returns the error that the page is markup.
pub(super) fn html(format: &'static str) -> PageError {
    other(format, "it begins with `<`, as the HTML of a login page or a proxy does")
}

pub(super) fn too_large(max: usize) -> PageError {
    PageError::Decode(DecodeError::TooLarge(max))
}
