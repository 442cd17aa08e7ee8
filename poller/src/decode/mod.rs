//! From the bytes of a page to its records.
//!
//! Lines and rows are read one by one out of the decompressor, so that a page
//! is never held both as text and as records. What cannot be read fails the
//! whole page: a page of which some lines were left out would move the cursor
//! past them.

mod batches;
mod csv;
mod lines;
mod unpack;
mod xml;

use mef_pipeline::{DecodeError, decode_json};
use mef_source::checked::{PageDecode, Pages};
use serde_json::Value;

use crate::page::PageError;
pub(crate) use batches::Batches;
use unpack::{File, each_file};

/// What a page has.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// The records, where each line or row is one.
    pub(crate) lines: Vec<Value>,
    /// What else there is: the value of each file, or the trailer.
    pub(crate) bodies: Vec<Value>,
    /// Whether a trailer was wanted and is missing, which makes the page the
    /// last.
    pub(crate) is_last: bool,
}

/// Takes a line or a row.
type Take<'t> = dyn FnMut(Value) -> Result<(), PageError> + 't;

/// A page that is held as a whole has no more lines than this: small ones take
/// many times their bytes.
const MOST_LINES: usize = 200_000;

/// Reads `bytes` as `pages` says, of which no more than `max_page` may come.
pub(crate) fn decode(pages: &Pages, max_page: usize, bytes: &[u8]) -> Result<Content, PageError> {
    let mut content = Content::default();
    let Content { lines, bodies, .. } = &mut content;
    each_file(bytes, pages.compression, max_page, &mut |file| {
        match &pages.decode {
            PageDecode::Json => {
                let value = match file.plain() {
                    Some(plain) => decode_json(plain),
                    None => decode_json(&file.whole()?),
                };
                bodies.push(value.map_err(PageError::Decode)?);
            }
            PageDecode::Xml => bodies.push(xml::read(file)?),
            decode => read_lines(decode, file, &mut |line| {
                if lines.len() == MOST_LINES {
                    return Err(PageError::TooManyLines(MOST_LINES));
                }
                lines.push(line);
                Ok(())
            })?,
        }
        Ok(())
    })?;
    if let PageDecode::Ndjson { trailer: Some(trailer) } = &pages.decode {
        lines::take_trailer(trailer, &mut content)?;
    }
    Ok(content)
}

fn read_lines(
    decode: &PageDecode,
    file: &mut File<'_>,
    take: &mut Take<'_>,
) -> Result<(), PageError> {
    match decode {
        PageDecode::Ndjson { .. } => lines::read(file, take),
        PageDecode::Csv { separator, columns } => csv::read(file, *separator, columns, take),
        // These have none.
        PageDecode::Json | PageDecode::Xml => Ok(()),
    }
}

/// A page that is not in the format it should be in.
fn broken(format: &'static str, reason: impl ToString) -> PageError {
    PageError::Format { format, reason: reason.to_string() }
}

fn too_large(max: usize) -> PageError {
    PageError::Decode(DecodeError::TooLarge(max))
}
