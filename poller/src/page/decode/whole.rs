//! Pages that are one value, of which the records are taken out if that is possible or needed.

use bytes::Bytes;
use mef_pipeline::{
    Charsets, DecodeError, Take, XmlError, XmlRead, XmlRecord, apart, decode_json, read_xml_records,
};
use mef_source::Path;
use mef_source::checked::{Pages, Records};
use serde_json::Value;

use super::content::{Content, broken, html, is_markup, other};
use crate::page::held::{Held, MOST_VALUES};
use crate::page::page_error::PageError;
use crate::page::record::{Unread, Unreadable, read_bounded};

/// Reads a page of JSON: its records stay text if that is possible.
pub(super) fn read_json(
    pages: &Pages,
    records_at: &[Path],
    text: &Bytes,
    held: &mut Held,
    content: &mut Content,
) -> Result<(), PageError> {
    let paths: Vec<_> = records_at.iter().collect();
    let take_out = |take| match paths.as_slice() {
        [] => Ok(None),
        paths => apart(text, paths, take, MOST_VALUES).map_err(refused),
    };
    let found = match &pages.records {
        Records::Lists(_) => take_out(Take::Elements)?,
        Records::Values(_) => take_out(Take::Values)?,
        Records::One(_) | Records::Lines => None,
    };
    if let Some((rest, spans)) = found {
        held.take_records(spans.len())?;
        let texts = spans.into_iter().filter_map(|span| text.get(span));
        content.records.extend(texts.map(|record| Unread::Text(text.slice_ref(record))));
        content.bodies.push(rest);
        return Ok(());
    }
    held.take_values(text)?;
    let error = match whole_json(text) {
        Ok(body) => {
            content.bodies.push(body);
            return Ok(());
        }
        Err(error) => error,
    };
    // Around the one record the page may be in order.
    if matches!(pages.records, Records::One(_))
        && let Some((rest, spans)) = take_out(Take::One)?
        && let Some(record) = spans.first().and_then(|span| text.get(span.clone()))
        && let Err(error) = read_bounded(record)
    {
        held.take_record()?;
        content.taken_out.push(content.bodies.len());
        content.bodies.push(rest);
        content.records.push(Unread::Damaged(Unreadable { text: text.slice_ref(record), error }));
        return Ok(());
    }
    Err(error)
}

fn refused(error: DecodeError) -> PageError {
    match error {
        DecodeError::TooManyRecords(most) => PageError::TooManyRecords(most),
        DecodeError::TooManyValues(most) => PageError::TooManyValues(most),
        error => PageError::Decode(error),
    }
}

/// Reads `body`, which has to be one JSON value.
pub(super) fn whole_json(body: &[u8]) -> Result<Value, PageError> {
    decode_json(body).map_err(|error| match is_markup(body) {
        true => html("JSON"),
        false => PageError::Decode(error),
    })
}

/// Reads a page of XML.
pub(super) fn read_xml(
    pages: &Pages,
    records_at: &[Path],
    text: &Bytes,
    charsets: Charsets,
    held: &mut Held,
    content: &mut Content,
) -> Result<(), PageError> {
    let paths: Vec<_> = records_at.iter().collect();
    let take = match &pages.records {
        Records::Values(_) => Take::Values,
        Records::Lists(_) | Records::One(_) | Records::Lines => Take::Elements,
    };
    let read =
        read_xml_records(text, &paths, take, charsets, MOST_VALUES).map_err(
            |error| match error {
                XmlError::CutOff(reason) => broken("XML", reason),
                XmlError::Other(reason) => other("XML", reason),
                XmlError::TooManyValues(most) => PageError::TooManyValues(most),
                XmlError::TooManyRecords(most) => PageError::TooManyRecords(most),
            },
        )?;
    match read {
        XmlRead::Whole { value, values } => {
            held.take_value_count(values)?;
            content.bodies.push(value);
        }
        XmlRead::Apart { rest, values, records } => {
            held.take_value_count(values)?;
            held.take_records(records.len())?;
            content.taken_out.push(content.bodies.len());
            content.bodies.push(rest);
            content.records.extend(records.into_iter().map(
                |XmlRecord { text, read }| match read {
                    Ok(value) => Unread::Value(value),
                    Err(error) => Unread::Damaged(Unreadable { text, error }),
                },
            ));
        }
    }
    Ok(())
}
