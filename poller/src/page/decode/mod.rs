//! From the bytes of a page to its records.
//!
//! Lines and rows are read one by one out of the decompressor, so that a page is never held both as
//! text and as records. Records are held as text alone, within a bound. A record that turns out to be
//! damaged becomes a dead letter, and its neighbours go on: whoever can put a byte into a vendor's log
//! must not stop its collection. A page that was cut off, or is in another format, fails as a whole.

pub(crate) mod batches;
pub(crate) mod content;
mod csv;
mod doubtful;
mod head_row;
mod json_text;
mod lines;
mod ndjson;
mod rows;
mod unpack;
mod values;
mod whole;

use bytes::Bytes;
use mef_pipeline::{Charsets, decode_json, read_xml};
use mef_source::Path;
use mef_source::checked::{PageDecode, Pages};
use serde_json::Value;

use crate::page::held::{Held, MOST_VALUES};
use crate::page::page_error::PageError;
use content::{BOM, Content};
use rows::read_lines;
use unpack::{File, each_file};
use whole::whole_json;

/// Reads `bytes` as `pages` says, up to `max_page` bytes when unpacked, and takes out the records
/// at `records_at` if that is possible.
pub(crate) fn decode(
    pages: &Pages,
    records_at: &[Path],
    max_page: usize,
    bytes: &Bytes,
    content_type: Option<&str>,
) -> Result<Content, PageError> {
    let mut content = Content::default();
    let mut held = Held::default();
    let charsets = Charsets::of(pages.charset, content_type);
    each_file(bytes, pages.compression, charsets, max_page, &mut |file| {
        match &pages.decode {
            PageDecode::Json => {
                let text = all(file, bytes)?;
                whole::read_json(pages, records_at, &text, &mut held, &mut content)?;
            }
            PageDecode::Xml => {
                let text = all(file, bytes)?;
                whole::read_xml(pages, records_at, &text, charsets, &mut held, &mut content)?;
            }
            decode => {
                let records = &mut content.records;
                content.bodies.extend(read_lines(decode, &pages.expects, file, &mut |record| {
                    held.take_line(record.length(), max_page)?;
                    records.push(record);
                    Ok(())
                })?);
            }
        }
        Ok(())
    })?;
    for record in std::mem::take(&mut content.records) {
        content.records.push(record.in_utf8(charsets));
    }
    if let PageDecode::Ndjson { trailer: Some(trailer) } = &pages.decode {
        ndjson::take_trailer(trailer, &mut content)?;
    }
    Ok(content)
}

/// Returns all of `file`, which is in `bytes` or was unpacked.
fn all(file: &mut File<'_>, bytes: &Bytes) -> Result<Bytes, PageError> {
    Ok(match file.plain() {
        Some(plain) => bytes.slice_ref(plain),
        None => Bytes::from(file.whole()?),
    })
}

/// Reads `body`, which has to be one JSON value.
pub(crate) fn json(body: &[u8]) -> Result<Value, PageError> {
    Held::default().take_values(body)?;
    whole_json(body)
}

/// Reads `body` if it is one JSON or XML value, whatever pages are: an error is often in another
/// format.
pub(crate) fn value_of(body: &[u8]) -> Option<Value> {
    let text = body.strip_prefix(BOM).unwrap_or(body).trim_ascii_start();
    match text.first() {
        Some(b'<') => {
            let (value, count) = read_xml(text, MOST_VALUES).ok()?;
            Held::default().take_value_count(count).ok()?;
            Some(value)
        }
        _ => {
            Held::default().take_values(text).ok()?;
            decode_json(text).ok()
        }
    }
}
