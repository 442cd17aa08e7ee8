//! Reads single values out of a JSON body by their paths.

use std::borrow::Cow;
use std::fmt;

use mef_source::Path;
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::request_part::RequestPart;
use crate::verify::told::denied::Denied;

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
    serde_json::from_slice(body).map_err(|_| Denied::BodyNotJson(RequestPart::of(path)))
}

fn child<'b>(
    value: &'b RawValue,
    segment: &str,
    path: &Path,
) -> Result<Option<&'b RawValue>, Denied> {
    let mut json = serde_json::Deserializer::from_str(value.get());
    let found = match value.get().as_bytes().first() {
        Some(b'{') => json.deserialize_map(Member(segment)),
        Some(b'[') => match segment.parse() {
            Ok(index) => json.deserialize_seq(ElementAt(index)),
            Err(_) => return Ok(None),
        },
        _ => return Ok(None),
    };
    match found {
        Ok(Found::Once(value)) => Ok(Some(value)),
        Ok(Found::Never) => Ok(None),
        Ok(Found::Twice) => Err(Denied::Duplicated(RequestPart::of(path))),
        Err(_) => Err(Denied::BodyNotJson(RequestPart::of(path))),
    }
}

fn children<'b>(value: &'b RawValue, path: &Path) -> Result<Vec<&'b RawValue>, Denied> {
    let mut json = serde_json::Deserializer::from_str(value.get());
    let found = match value.get().as_bytes().first() {
        Some(b'{') => json.deserialize_map(Every),
        Some(b'[') => json.deserialize_seq(Every),
        _ => return Ok(Vec::new()),
    };
    found.map_err(|_| Denied::BodyNotJson(RequestPart::of(path)))
}

enum Found<'b> {
    Never,
    Once(&'b RawValue),
    Twice,
}

/// Finds the member of an object with this key.
struct Member<'k>(&'k str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::Never;
        while let Some(is_it) = map.next_key_seed(KeyIs(self.0))? {
            if !is_it {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value()?;
            found = match found {
                Found::Never => Found::Once(value),
                _ => Found::Twice,
            };
        }
        Ok(found)
    }
}

/// Compares a key, with its escapes resolved, without keeping it.
struct KeyIs<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// Finds the element of a list with this index.
struct ElementAt(usize);

impl<'de> Visitor<'de> for ElementAt {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Found<'de>, A::Error> {
        let mut found = Found::Never;
        let mut index = 0_usize;
        loop {
            if index == self.0 {
                match list.next_element()? {
                    Some(value) => found = Found::Once(value),
                    None => return Ok(found),
                }
            } else if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(found);
            }
            index += 1;
        }
    }
}

/// Collects every element of a list, or value of an object.
struct Every;

impl<'de> Visitor<'de> for Every {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(values)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some((IgnoredAny, value)) = map.next_entry()? {
            values.push(value);
        }
        Ok(values)
    }
}
