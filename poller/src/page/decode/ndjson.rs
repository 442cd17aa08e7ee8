//! NDJSON: one JSON value a line. The last one may be a trailer instead of a record.
//!
//! A line whose first bracket ends it is a record, whatever is wrong inside.

use std::borrow::Cow;
use std::io::BufRead as _;

use bytes::Bytes;
use mef_pipeline::is_closed;
use mef_source::checked::{MissingTrailer, Trailer};
use serde_json::Value;

use super::content::{Content, Take, broken, html, is_markup};
use super::doubtful::Doubtful;
use super::lines::each_line;
use super::unpack::File;
use crate::page::page_error::PageError;
use crate::page::record::{Unread, Unreadable, read_bounded};

/// Reads a file of lines, without the empty ones.
pub(super) fn read(file: &mut File<'_>, take: &mut Take<'_>) -> Result<(), PageError> {
    if is_markup(file.fill_buf().map_err(|error| broken("NDJSON", error))?) {
        return Err(html("NDJSON"));
    }
    let mut doubtful = Doubtful::default();
    each_line(file, "NDJSON", |number, line| {
        let text = Bytes::copy_from_slice(trimmed(line));
        if text.is_empty() {
            return Ok(());
        }
        if is_closed(&text) {
            return doubtful.record(Unread::Text(text), take);
        }
        let error = match read_bounded(&text) {
            Ok(_) => return doubtful.record(Unread::Text(text), take),
            Err(error) => error,
        };
        let fault = broken("NDJSON", format!("line {number}: {error}"));
        // The last line was cut off.
        if !line.ends_with(b"\n") {
            return Err(fault);
        }
        doubtful.line(Unreadable { text, error }, fault, take)
    })?;
    doubtful.end()
}

/// Returns the line without blanks around it, and without the NUL that some files end with.
fn trimmed(line: &[u8]) -> &[u8] {
    let mut line = line.trim_ascii();
    while let Some((0, before)) = line.split_last() {
        line = before.trim_ascii_end();
    }
    line
}

/// Takes the last line out of the records if it is the trailer.
pub(super) fn take_trailer(trailer: &Trailer, content: &mut Content) -> Result<(), PageError> {
    let is_trailer = |line: &Value| trailer.has.iter().all(|path| path.find(line).is_some());
    let last = content.records.last().and_then(|line| line.look().ok().map(Cow::into_owned));
    match last.filter(is_trailer) {
        Some(line) => {
            content.records.pop();
            content.bodies.push(line);
        }
        None if trailer.missing == MissingTrailer::Incomplete => return Err(PageError::NoTrailer),
        None => content.is_last = true,
    }
    Ok(())
}
