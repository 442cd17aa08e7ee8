//! From the bytes of a page to its records.
//!
//! Lines and rows are read one by one out of the decompressor, so that a page
//! is never held both as text and as records; records are held as text alone, and
//! what is held has a bound. What has not the form that the source file says fails the
//! whole page: one of which some lines were left out would move the cursor past
//! them.

mod batches;
mod csv;
mod held;
mod lines;
mod list;
mod ndjson;
mod unpack;
mod xml;

use bytes::Bytes;
use mef_pipeline::{DecodeError, decode_json};
use mef_source::Path;
use mef_source::checked::{PageDecode, Pages};
use serde_json::Value;

use crate::page::page_error::PageError;
use crate::page::record::Unread;
pub(crate) use batches::Batches;
pub(crate) use held::{Held, MOST_VALUES, values_in};
use unpack::{File, each_file};

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
type Take<'t> = dyn FnMut(Value) -> Result<(), PageError> + 't;

/// Reads `bytes` as `pages` says, of which no more than `max_page` may come. The
/// lists at `apart` are taken apart.
pub(crate) fn decode(
    pages: &Pages,
    apart: &[Path],
    max_page: usize,
    bytes: &Bytes,
) -> Result<Content, PageError> {
    let mut content = Content::default();
    let Content { records, bodies, .. } = &mut content;
    let mut held = Held::default();
    each_file(bytes, pages.compression, max_page, &mut |file| {
        match &pages.decode {
            PageDecode::Json => {
                let text = match file.plain() {
                    Some(plain) => bytes.slice_ref(plain),
                    None => Bytes::from(file.whole()?),
                };
                let mut with_list = held;
                if let Some((rest, list)) = list::take_apart(&text, apart, &mut with_list) {
                    held = with_list;
                    records.extend(list);
                    bodies.push(rest);
                } else {
                    with_list.fits()?;
                    held.take_values(&text)?;
                    bodies.push(whole(&text)?);
                }
            }
            PageDecode::Xml => bodies.push(xml::read(file, &mut held)?),
            decode => bodies.extend(read_lines(decode, file, &mut |line| {
                let text = line.to_string();
                held.take_line(&text, max_page)?;
                records.push(Unread::Text(text.into()));
                Ok(())
            })?),
        }
        Ok(())
    })?;
    if let PageDecode::Ndjson { trailer: Some(trailer) } = &pages.decode {
        ndjson::take_trailer(trailer, &mut content)?;
    }
    Ok(content)
}

/// Reads the lines or rows, and gives what follows them.
fn read_lines(
    decode: &PageDecode,
    file: &mut File<'_>,
    take: &mut Take<'_>,
) -> Result<Option<Value>, PageError> {
    match decode {
        PageDecode::Ndjson { .. } => ndjson::read(file, take).map(|()| None),
        PageDecode::Lines => lines::read(file, take).map(|()| None),
        PageDecode::Csv(csv) => csv::read(file, csv, take),
        // These have none.
        PageDecode::Json | PageDecode::Xml => Ok(None),
    }
}

/// The answer `body`, which has to be one JSON value.
pub(crate) fn json(body: &[u8]) -> Result<Value, PageError> {
    Held::default().take_values(body)?;
    whole(body)
}

fn whole(body: &[u8]) -> Result<Value, PageError> {
    decode_json(body).map_err(|error| match is_markup(body) {
        true => html("JSON"),
        false => PageError::Decode(error),
    })
}

/// Whether `body` is HTML or XML, which is so again where it is not wanted.
fn is_markup(body: &[u8]) -> bool {
    body.strip_prefix(BOM).unwrap_or(body).trim_ascii_start().starts_with(b"<")
}

/// The answer `body` where it is one JSON or XML value, whatever pages are: an error
/// is often of another kind.
pub(crate) fn value_of(body: &[u8]) -> Option<Value> {
    let text = body.strip_prefix(BOM).unwrap_or(body).trim_ascii_start();
    match text.first() {
        Some(b'<') => xml::read(&mut File::Plain(text), &mut Held::default()).ok(),
        _ => {
            Held::default().take_values(text).ok()?;
            serde_json::from_slice(text).ok()
        }
    }
}

/// What a text may begin with that is no part of it.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A page that is not in the format it should be in: it was cut off, or garbled on
/// its way.
fn broken(format: &'static str, reason: impl ToString) -> PageError {
    PageError::Format { format, reason: reason.to_string(), may_pass: true }
}

/// A page that came whole and is none, so that it would be none the next time.
fn other(format: &'static str, reason: impl ToString) -> PageError {
    PageError::Format { format, reason: reason.to_string(), may_pass: false }
}

/// Another kind of answer, which every request gets.
fn html(format: &'static str) -> PageError {
    other(format, "it begins with `<`, as the HTML of a login page or a proxy does")
}

fn too_large(max: usize) -> PageError {
    PageError::Decode(DecodeError::TooLarge(max))
}
