//! Reads single values out of a JSON body by their paths.
//!
//! Anybody sends a body, so it is read in one pass, and what is in it is never listed: a list of all small
//! values takes many times the body's memory.

use std::borrow::Cow;

use mef_source::Path;
use serde_json::value::RawValue;

use super::each::{each_element, each_entry};

use crate::verify::denied::Denied;
use crate::verify::request_part::RequestPart;

/// The most values of a body that are checked one by one.
const MAX_VALUES: usize = 1_000;

/// Reads the one value of the JSON body at `path`; `None` if it is null.
pub(crate) fn one<'b>(body: &'b [u8], path: &Path) -> Result<Option<&'b RawValue>, Denied> {
    let mut value = document(body, path)?;
    for segment in path.segments() {
        match child(value, segment, path)? {
            Some(found) => value = found,
            None => return Ok(None),
        }
    }
    Ok((value.get() != "null").then_some(value))
}

/// Reads every value of the JSON body at `path`, in which `*` stands for each
/// element of a list or object. Returns at least one; fails if one is missing, or if there are more than
/// are checked.
pub(crate) fn all<'b>(body: &'b [u8], path: &Path) -> Result<Vec<&'b RawValue>, Denied> {
    up_to(MAX_VALUES, body, path)
}

/// Reads every value as [`all`] does, of a body that is proven: however many there are.
pub(crate) fn all_proven<'b>(body: &'b [u8], path: &Path) -> Result<Vec<&'b RawValue>, Denied> {
    up_to(usize::MAX, body, path)
}

fn up_to<'b>(most: usize, body: &'b [u8], path: &Path) -> Result<Vec<&'b RawValue>, Denied> {
    let missing = || Denied::Missing(RequestPart::of(path));
    let mut values = vec![document(body, path)?];
    for segment in path.segments() {
        let mut next = Vec::new();
        for value in values {
            if segment == "*" {
                let before = next.len();
                children(value, most, path, &mut next)?;
                if next.len() == before {
                    return Err(missing());
                }
            } else {
                next.push(child(value, segment, path)?.ok_or_else(missing)?);
            }
        }
        values = next;
    }
    Ok(values)
}

/// Returns the text of a JSON string.
pub(crate) fn string<'b>(value: &'b RawValue, path: &Path) -> Result<Cow<'b, str>, Denied> {
    let json = value.get();
    let wrong_type = || Denied::WrongType(RequestPart::of(path));
    let inside = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inside.ok_or_else(wrong_type)? {
        plain if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        // An escape may still be half of a surrogate pair.
        _ => serde_json::from_str(json)
            .map(Cow::Owned)
            .map_err(|_| Denied::NotText(RequestPart::of(path))),
    }
}

/// Returns the text of a string, or the JSON text of a number or boolean.
pub(crate) fn scalar<'b>(value: &'b RawValue, path: &Path) -> Result<Cow<'b, str>, Denied> {
    match value.get().as_bytes().first() {
        Some(b'"') => string(value, path),
        Some(b'{' | b'[') | None => Err(Denied::WrongType(RequestPart::of(path))),
        Some(_) => Ok(Cow::Borrowed(value.get())),
    }
}

/// Checks that the whole body is JSON, from end to end.
fn document<'b>(body: &'b [u8], path: &Path) -> Result<&'b RawValue, Denied> {
    serde_json::from_slice(body).map_err(|_| not_json(path))
}

fn child<'b>(
    value: &'b RawValue,
    segment: &str,
    path: &Path,
) -> Result<Option<&'b RawValue>, Denied> {
    let (mut found, mut is_twice) = (None, false);
    match value.get().as_bytes().first() {
        Some(b'{') => each_entry(value.get().as_bytes(), |key, value| {
            if key == segment {
                is_twice |= found.replace(value).is_some();
            }
            true
        }),
        Some(b'[') => {
            let Ok(index) = segment.parse::<usize>() else { return Ok(None) };
            let mut indexes = 0..;
            each_element(value, |element| {
                if indexes.next() == Some(index) {
                    found = Some(element);
                }
                true
            })
        }
        _ => Some(()),
    }
    .ok_or_else(|| not_json(path))?;
    match is_twice {
        true => Err(Denied::Duplicated(RequestPart::of(path))),
        false => Ok(found),
    }
}

/// Adds the elements of a list or object to `found`, as long as there are at most `most`.
fn children<'b>(
    value: &'b RawValue,
    most: usize,
    path: &Path,
    found: &mut Vec<&'b RawValue>,
) -> Result<(), Denied> {
    let add = |child| {
        found.push(child);
        found.len() <= most
    };
    let read = match value.get().as_bytes().first() {
        Some(b'{') => {
            let mut add = add;
            each_entry(value.get().as_bytes(), |_, child| add(child))
        }
        Some(b'[') => each_element(value, add),
        _ => return Ok(()),
    };
    read.ok_or_else(|| match found.len() > most {
        true => Denied::TooManySignatures { part: RequestPart::of(path), limit: most },
        false => not_json(path),
    })
}

fn not_json(path: &Path) -> Denied {
    Denied::BodyNotJson(RequestPart::of(path))
}
