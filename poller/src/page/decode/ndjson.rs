//! NDJSON: one JSON value a line. The last one may be a trailer instead of a record.

use std::borrow::Cow;
use std::io::BufRead as _;

use mef_source::checked::{MissingTrailer, Trailer};
use serde_json::Value;

use super::content::{Content, Take, broken, html, is_markup};
use super::lines::each_line;
use super::unpack::File;
use crate::page::page_error::PageError;
use crate::page::record::read_bounded;

/// Reads a file of lines, without the empty ones.
pub(super) fn read(file: &mut File<'_>, take: &mut Take<'_>) -> Result<(), PageError> {
    if is_markup(file.fill_buf().map_err(|error| broken("NDJSON", error))?) {
        return Err(html("NDJSON"));
    }
    each_line(file, "NDJSON", |number, line| {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let value = read_bounded(line)
            .map_err(|error| broken("NDJSON", format!("line {number}: {error}")))?;
        take(value)
    })
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
