//! From the bytes of a page to its records.
//!
//! Lines and rows are read one by one out of the decompressor, so that a page is never held both as
//! text and as records. Records are held as text alone, within a bound. A single line in the wrong
//! format fails the whole page: leaving it out would move the cursor past it.

pub(crate) mod batches;
pub(crate) mod content;
mod csv;
mod lines;
mod list;
mod ndjson;
mod rows;
mod unpack;
mod xml;

use bytes::Bytes;
use mef_pipeline::decode_json;
use mef_source::Path;
use mef_source::checked::{PageDecode, Pages};
use serde_json::Value;

use crate::page::held::Held;
use crate::page::page_error::PageError;
use crate::page::record::Unread;
use content::Content;
use content::{BOM, html, is_markup};
use rows::read_lines;
use unpack::{File, each_file};

/// Reads `bytes` as `pages` says, up to `max_page` bytes when unpacked, and takes the lists at
/// `apart` apart.
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
        Some(b'<') => xml::read(&mut File::Plain(text), &mut Held::default()).ok(),
        _ => {
            Held::default().take_values(text).ok()?;
            decode_json(text).ok()
        }
    }
}
