//! XML of several records, of which one may be damaged.
//!
//! A document is read as a whole. If that fails, each record's element is read by itself, and then what is
//! left without them: so only the damaged ones are refused.

use std::ops::Range;

use bytes::Bytes;
use mef_source::Path;
use serde_json::{Map, Value};

use super::apart::Take;
use super::charset::Charsets;
use super::error::DecodeError;
use super::tags::{Borderless, elements_at};
use super::xml::{XmlError, read_xml};

/// A document that was read.
#[derive(Debug)]
pub enum XmlRead {
    /// It is all there.
    Whole {
        /// The document.
        value: Value,
        /// How many values it has.
        values: usize,
    },
    /// Some of its records are damaged.
    Apart {
        /// The document without its records.
        rest: Value,
        /// How many values all of it has.
        values: usize,
        /// The records in the order of their paths.
        records: Vec<XmlRecord>,
    },
}

/// The element of a record.
#[derive(Debug)]
pub struct XmlRecord {
    /// Its bytes.
    pub text: Bytes,
    /// What it is, or why it cannot be read.
    pub read: Result<Value, DecodeError>,
}

/// Reads a document of at most `most` values with its records at `paths`, or to take values, in what is
/// there.
///
/// # Errors
///
/// Fails if it cannot be read for another reason than damaged records, or if where those end cannot be
/// found.
pub fn read_xml_records(
    text: &Bytes,
    paths: &[&Path],
    take: Take,
    charsets: Charsets,
    most: usize,
) -> Result<XmlRead, XmlError> {
    let charsets = charsets.of_document(text);
    // Records are read one by one where there are some: each may be in a character set of its own.
    let read = if paths.is_empty() { charsets.record(text) } else { text.clone() };
    let error = match read_xml(read.as_ref(), most) {
        Ok((value, values)) => return Ok(XmlRead::Whole { value, values }),
        Err(error @ XmlError::TooManyValues(_)) => return Err(error),
        Err(error) if paths.is_empty() => return Err(error),
        Err(error) => error,
    };
    let spans = match elements_at(text, paths, take) {
        Ok(spans) => spans,
        Err(Borderless::NotFound) => return Err(error.without_borders()),
        Err(Borderless::TooMany(most)) => return Err(XmlError::TooManyRecords(most)),
    };
    let mut values = 0;
    let mut records = Vec::with_capacity(spans.len());
    for span in &spans {
        let element = text.get(span.clone()).map(|part| text.slice_ref(part)).unwrap_or_default();
        let read = match read_element(&charsets.record(&element), most.saturating_sub(values)) {
            Ok((value, count)) => {
                values += count;
                Ok(value)
            }
            Err(XmlError::TooManyValues(_)) => return Err(XmlError::TooManyValues(most)),
            Err(error) => Err(DecodeError::from(error)),
        };
        records.push(XmlRecord { text: element, read });
    }
    let (rest, count) = rest(text, spans, paths, take, charsets, most.saturating_sub(values))?;
    Ok(XmlRead::Apart { rest, values: values + count, records })
}

/// Reads the text of one element, and returns how many values it has.
///
/// # Errors
///
/// Those of [`read_xml`].
pub(crate) fn read_element(text: &[u8], most: usize) -> Result<(Value, usize), XmlError> {
    let (document, count) = read_xml(text, most)?;
    let element = match document {
        Value::Object(mut members) if members.len() == 1 => {
            members.values_mut().next().map(Value::take)
        }
        _ => None,
    };
    let element = element.ok_or_else(|| XmlError::Other("it has more than one root".to_owned()))?;
    Ok((element, count))
}

/// Reads what is left of `text` without the elements at `spans`.
fn rest(
    text: &[u8],
    mut spans: Vec<Range<usize>>,
    paths: &[&Path],
    take: Take,
    charsets: Charsets,
    most: usize,
) -> Result<(Value, usize), XmlError> {
    let enclosing = |path: &&Path| match (take, path.segments().split_last()) {
        (Take::Values, _) => path.segments().to_vec(),
        (_, Some((_, enclosing))) => enclosing.to_vec(),
        (_, None) => Vec::new(),
    };
    let all_enclosing: Vec<_> = paths.iter().map(enclosing).collect();
    // The root is a record: nothing is left.
    if all_enclosing.iter().any(Vec::is_empty) {
        return Ok((Value::Object(Map::new()), 0));
    }
    spans.sort_by_key(|span| span.start);
    let left = charsets.record(&without(text, &spans).into());
    let (mut document, count) = read_xml(left.as_ref(), most)?;
    for enclosing in all_enclosing {
        let place = enclosing.iter().try_fold(&mut document, |value, name| value.get_mut(name));
        // As a document that is read as a whole is without its records.
        if let Some(value @ Value::String(_)) = place {
            *value = Value::Object(Map::new());
        }
    }
    Ok((document, count))
}

/// Returns `text` without what stands at `spans`, which are in order.
fn without(text: &[u8], spans: &[Range<usize>]) -> Vec<u8> {
    let mut left = Vec::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        left.extend_from_slice(text.get(from..span.start).unwrap_or_default());
        from = span.end;
    }
    left.extend_from_slice(text.get(from..).unwrap_or_default());
    left
}
