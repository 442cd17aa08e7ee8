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
mod json_text;
mod lines;
mod ndjson;
mod rows;
mod unpack;
mod values;

use bytes::Bytes;
use mef_pipeline::{Charsets, DecodeError, XmlError, apart, decode_json, is_closed, read_xml};
use mef_source::Path;
use mef_source::checked::{PageDecode, Pages, Records};
use serde_json::Value;

use crate::page::held::{Held, MOST_VALUES};
use crate::page::page_error::PageError;
use crate::page::record::{Unread, Unreadable};
use content::Content;
use content::{BOM, broken, html, is_markup, other};
use rows::read_lines;
use unpack::{File, each_file};

/// Reads `bytes` as `pages` says, up to `max_page` bytes when unpacked, and takes `lists` out as texts.
pub(crate) fn decode(
    pages: &Pages,
    lists: &[Path],
    max_page: usize,
    bytes: &Bytes,
    content_type: Option<&str>,
) -> Result<Content, PageError> {
    let mut content = Content::default();
    let Content { records, bodies, .. } = &mut content;
    let mut held = Held::default();
    let charsets = Charsets::of(pages.charset, content_type);
    each_file(bytes, pages.compression, charsets, max_page, &mut |file| {
        match &pages.decode {
            PageDecode::Json => {
                let text = match file.plain() {
                    Some(plain) => bytes.slice_ref(plain),
                    None => Bytes::from(file.whole()?),
                };
                read_json(pages, lists, &text, &mut held, records, bodies)?;
            }
            PageDecode::Xml => bodies.push(xml(file, &mut held)?),
            decode => bodies.extend(read_lines(decode, file, &mut |record| {
                held.take_line(record.length(), max_page)?;
                records.push(record);
                Ok(())
            })?),
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

/// Reads a page of JSON: its records stay text if that is possible.
fn read_json(
    pages: &Pages,
    lists: &[Path],
    text: &Bytes,
    held: &mut Held,
    records: &mut Vec<Unread>,
    bodies: &mut Vec<Value>,
) -> Result<(), PageError> {
    let maps = matches!(pages.records, Records::Values(_));
    let paths: Vec<_> = lists.iter().collect();
    let found = if paths.is_empty() { Ok(None) } else { apart(text, &paths, maps, MOST_VALUES) };
    match found {
        Ok(Some((rest, spans))) => {
            held.take_records(spans.len())?;
            let texts = spans.into_iter().filter_map(|span| text.get(span));
            records.extend(texts.map(|record| Unread::Text(text.slice_ref(record))));
            bodies.push(rest);
            return Ok(());
        }
        Ok(None) => held.take_values(text)?,
        Err(DecodeError::TooManyRecords(most)) => return Err(PageError::TooManyRecords(most)),
        Err(DecodeError::TooManyValues(most)) => return Err(PageError::TooManyValues(most)),
        Err(error) => return Err(PageError::Decode(error)),
    }
    match whole(text) {
        Ok(body) => bodies.push(body),
        // A page that is one record and came whole is a damaged record.
        Err(PageError::Decode(error)) if is_one_record(pages) && is_closed(text) => {
            records.push(Unread::Damaged(Unreadable { text: text.clone(), error }));
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Returns whether a page is a record and says nothing else.
fn is_one_record(pages: &Pages) -> bool {
    let is_whole = |path: &Path| path.segments().is_empty();
    matches!(&pages.records, Records::One(path) if is_whole(path)) && pages.next.is_none()
}

/// Reads a page of XML.
fn xml(file: &mut File<'_>, held: &mut Held) -> Result<Value, PageError> {
    let (value, count) = read_xml(file, MOST_VALUES).map_err(|error| match error {
        XmlError::CutOff(reason) => broken("XML", reason),
        XmlError::Other(reason) => other("XML", reason),
        XmlError::TooManyValues(most) => PageError::TooManyValues(most),
    })?;
    held.take_value_count(count)?;
    Ok(value)
}

/// Reads `body`, which has to be one JSON value.
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

/// Reads `body` if it is one JSON or XML value, whatever pages are: an error is often in another
/// format.
pub(crate) fn value_of(body: &[u8]) -> Option<Value> {
    let text = body.strip_prefix(BOM).unwrap_or(body).trim_ascii_start();
    match text.first() {
        Some(b'<') => xml(&mut File::Plain(text), &mut Held::default()).ok(),
        _ => {
            Held::default().take_values(text).ok()?;
            decode_json(text).ok()
        }
    }
}
