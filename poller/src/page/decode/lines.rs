//! Lines of text that are a record each, and reading lines one by one.

use std::io::BufRead as _;

use super::content::{BOM, Take, broken};
use super::json_text::object;
use super::unpack::File;
use crate::page::page_error::PageError;
use crate::page::record::Unread;

/// Reads a file of lines, without the empty ones.
pub(super) fn read(file: &mut File<'_>, take: &mut Take<'_>) -> Result<(), PageError> {
    each_line(file, "text", |number, line| {
        let line = if number == 1 { line.strip_prefix(BOM).unwrap_or(line) } else { line };
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Ok(());
        }
        take(Unread::Text(object([("line", line)].into_iter()).into()))
    })
}

/// Reads line by line; `take` gets each with its number, from 1, and its end.
pub(super) fn each_line(
    file: &mut File<'_>,
    format: &'static str,
    mut read: impl FnMut(u64, &[u8]) -> Result<(), PageError>,
) -> Result<(), PageError> {
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let count = file.read_until(b'\n', &mut line).map_err(|error| broken(format, error))?;
        if count == 0 {
            break;
        }
        read(number, &line)?;
    }
    Ok(())
}
