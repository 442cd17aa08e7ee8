//! JSON values that follow each other: behind the character RS (RFC 7464), or with nothing between.

use std::io::BufRead as _;

use bytes::Bytes;
use mef_pipeline::DecodeError;

use super::content::{Take, broken, html, is_markup};
use super::doubtful::Doubtful;
use super::ndjson;
use super::unpack::File;
use crate::page::page_error::PageError;
use crate::page::record::{Unread, Unreadable, read_bounded};

/// The character RS, behind which each text of a sequence stands (RFC 7464 §2.2).
const RS: u8 = 0x1e;

/// Reads a sequence of JSON texts. Some vendors write lines and call them so.
pub(super) fn sequence(file: &mut File<'_>, take: &mut Take<'_>) -> Result<(), PageError> {
    let begin = file.fill_buf().map_err(|error| broken("a JSON sequence", error))?;
    if !begin.trim_ascii_start().starts_with(&[RS]) {
        return ndjson::read(file, take);
    }
    let mut doubtful = Doubtful::default();
    let mut text = Vec::new();
    for number in 0_u64.. {
        text.clear();
        let count =
            file.read_until(RS, &mut text).map_err(|error| broken("a JSON sequence", error))?;
        if count == 0 {
            break;
        }
        let is_last = text.pop_if(|last| *last == RS).is_none();
        let record = Bytes::copy_from_slice(text.trim_ascii());
        if record.is_empty() {
            continue;
        }
        match read_bounded(&record) {
            Ok(_) => doubtful.record(Unread::Text(record), take)?,
            Err(error) => {
                let fault = broken("a JSON sequence", format!("text {number}: {error}"));
                // Each text ends with a line end: the last one was cut off.
                if is_last && !text.ends_with(b"\n") {
                    return Err(fault);
                }
                doubtful.line(Unreadable { text: record, error }, fault, take)?;
            }
        }
    }
    doubtful.end()
}

/// Reads values with nothing or blanks between them.
pub(super) fn one_after_another(file: &mut File<'_>, take: &mut Take<'_>) -> Result<(), PageError> {
    let text = Bytes::from(file.whole()?);
    if is_markup(&text) {
        return Err(html("JSON"));
    }
    let found = mef_pipeline::one_after_another(&text).map_err(|error| match error {
        DecodeError::TooManyRecords(most) => PageError::TooManyRecords(most),
        error => PageError::Decode(error),
    })?;
    let found = found.ok_or_else(|| broken("JSON", "the end of a value is missing"))?;
    found
        .into_iter()
        .filter_map(|span| text.get(span))
        .try_for_each(|record| take(Unread::Text(text.slice_ref(record))))
}
