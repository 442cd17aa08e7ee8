//! Reads single values out of a JSON body by their paths.

use std::borrow::Cow;
use std::fmt;

use mef_source::Path;
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::verify::denied::Denied;
use crate::verify::request_part::RequestPart;

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
/// element of a list or object. Returns at least one; fails if one is missing.
pub(crate) fn all<'b>(body: &'b [u8], path: &Path) -> Result<Vec<&'b RawValue>, Denied> {
    let missing = || Denied::Missing(RequestPart::of(path));
    let mut values = vec![document(body, path)?];
    for segment in path.segments() {
        let mut next = Vec::new();
        for value in values {
            if segment == "*" {
                let before = next.len();
                next.extend(children(value, path)?);
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
    match value.get().as_bytes().first() {
        Some(b'{') => {
            let entries = entries(value.get().as_bytes()).ok_or_else(|| not_json(path))?;
            let mut found = entries.into_iter().filter(|(key, _)| key == segment);
            let first = found.next().map(|(_, value)| value);
            match found.next() {
                Some(_) => Err(Denied::Duplicated(RequestPart::of(path))),
                None => Ok(first),
            }
        }
        Some(b'[') => match segment.parse() {
            Ok(index) => Ok(elements(value).ok_or_else(|| not_json(path))?.into_iter().nth(index)),
            Err(_) => Ok(None),
        },
        _ => Ok(None),
    }
}

fn children<'b>(value: &'b RawValue, path: &Path) -> Result<Vec<&'b RawValue>, Denied> {
    let found = match value.get().as_bytes().first() {
        Some(b'{') => entries(value.get().as_bytes())
            .map(|entries| entries.into_iter().map(|(_, value)| value).collect()),
        Some(b'[') => elements(value),
        _ => Some(Vec::new()),
    };
    found.ok_or_else(|| not_json(path))
}

fn not_json(path: &Path) -> Denied {
    Denied::BodyNotJson(RequestPart::of(path))
}

/// Returns the elements of a list; `None` if it is not a list.
pub(crate) fn elements(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// Returns the entries of an object, in order and with repeats; `None` if it is not
/// an object.
pub(crate) fn entries(json: &[u8]) -> Option<Vec<(String, &RawValue)>> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let entries = deserializer.deserialize_map(Entries).ok()?;
    deserializer.end().ok().map(|()| entries)
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}
