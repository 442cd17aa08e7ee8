//! Reads the few values that a check names out of a request.
//!
//! Nothing else of an unverified body is looked at. Whatever has two readings
//! is refused, since the vendor may have signed one and a later step use the
//! other: a header sent twice, a parameter given twice, a key that an object
//! has twice.

use std::borrow::Cow;
use std::fmt;

use mef_source::{Path, Root};
use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::request_part::Place;
use crate::Request;
use crate::verify::told::denied::Denied;

/// A request, and the JSON text in its body at which paths into the body start.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'r> {
    pub(crate) request: &'r Request,
    record: &'r [u8],
}

impl<'r> Scope<'r> {
    /// Paths start at the body.
    pub(crate) fn whole(request: &'r Request) -> Scope<'r> {
        Scope { request, record: request.body() }
    }

    /// Paths start at this value of the body.
    pub(crate) fn within(request: &'r Request, value: &'r RawValue) -> Scope<'r> {
        Scope { request, record: value.get().as_bytes() }
    }

    /// The one value at `path`; nothing where it is null.
    pub(crate) fn json(self, path: &Path) -> Result<Option<&'r RawValue>, Denied> {
        json(self.record, path)
    }
}

/// The one value of a header, if it was sent.
pub(crate) fn header<'r>(request: &'r Request, name: &str) -> Result<Option<&'r [u8]>, Denied> {
    let mut lines = request.headers().iter().filter(|(line, _)| line == name);
    let first = lines.next().map(|(_, value)| value.as_slice());
    match lines.next() {
        Some(_) => Err(Denied::Duplicated { place: Place::Header(name.to_owned()) }),
        None => Ok(first),
    }
}

/// The one decoded value of a query parameter, if it was given.
pub(crate) fn query(request: &Request, name: &str) -> Result<Option<Vec<u8>>, Denied> {
    let mut values = request.query_values(name);
    let first = values.next();
    match values.next() {
        Some(_) => Err(Denied::Duplicated { place: Place::Query(name.to_owned()) }),
        None => Ok(first),
    }
}

/// The one value at `path`, if there is one, as bytes: a header as it came, a
/// query parameter decoded, of the body the text of a string or the JSON text
/// of a number or boolean.
pub(crate) fn bytes<'r>(scope: Scope<'r>, path: &Path) -> Result<Option<Cow<'r, [u8]>>, Denied> {
    Ok(match path.root() {
        Root::Header => header(scope.request, path.name())?.map(Cow::Borrowed),
        Root::Query => query(scope.request, path.name())?.map(Cow::Owned),
        _ => {
            scope.json(path)?.map(|value| scalar(value, path)).transpose()?.map(|text| match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            })
        }
    })
}

/// As [`bytes()`], but text.
pub(crate) fn text<'r>(scope: Scope<'r>, path: &Path) -> Result<Option<Cow<'r, str>>, Denied> {
    let not_text = || Denied::NotText { place: Place::of(path) };
    match bytes(scope, path)? {
        None => Ok(None),
        Some(Cow::Borrowed(bytes)) => {
            std::str::from_utf8(bytes).map(|text| Some(Cow::Borrowed(text))).map_err(|_| not_text())
        }
        Some(Cow::Owned(bytes)) => {
            String::from_utf8(bytes).map(|text| Some(Cow::Owned(text))).map_err(|_| not_text())
        }
    }
}

/// The one value of the JSON body at `path`; nothing where it is null.
pub(crate) fn json<'b>(body: &'b [u8], path: &Path) -> Result<Option<&'b RawValue>, Denied> {
    let mut value = document(body, path)?;
    for segment in path.segments() {
        match child(value, segment, path)? {
            Some(found) => value = found,
            None => return Ok(None),
        }
    }
    Ok((value.get() != "null").then_some(value))
}

/// Every value of the JSON body at `path`, in which `*` stands for each element
/// of a list or object. It is there for all of them, and there is at least one.
pub(crate) fn json_all<'b>(body: &'b [u8], path: &Path) -> Result<Vec<&'b RawValue>, Denied> {
    let missing = || Denied::Missing { place: Place::of(path) };
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

/// The text of a JSON string.
pub(crate) fn string<'b>(value: &'b RawValue, path: &Path) -> Result<Cow<'b, str>, Denied> {
    let json = value.get();
    let wrong_type = || Denied::WrongType { place: Place::of(path) };
    let inside = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inside.ok_or_else(wrong_type)? {
        plain if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        // An escape may still be half of a surrogate pair.
        _ => serde_json::from_str(json)
            .map(Cow::Owned)
            .map_err(|_| Denied::NotText { place: Place::of(path) }),
    }
}

fn scalar<'b>(value: &'b RawValue, path: &Path) -> Result<Cow<'b, str>, Denied> {
    match value.get().as_bytes().first() {
        Some(b'"') => string(value, path),
        Some(b'{' | b'[') | None => Err(Denied::WrongType { place: Place::of(path) }),
        Some(_) => Ok(Cow::Borrowed(value.get())),
    }
}

/// The whole body, which is found to be JSON from end to end.
fn document<'b>(body: &'b [u8], path: &Path) -> Result<&'b RawValue, Denied> {
    serde_json::from_slice(body).map_err(|_| Denied::BodyNotJson { place: Place::of(path) })
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
            Ok(index) => json.deserialize_seq(Element(index)),
            Err(_) => return Ok(None),
        },
        _ => return Ok(None),
    };
    match found {
        Ok(Found::Once(value)) => Ok(Some(value)),
        Ok(Found::Never) => Ok(None),
        Ok(Found::Twice) => Err(Denied::Duplicated { place: Place::of(path) }),
        Err(_) => Err(Denied::BodyNotJson { place: Place::of(path) }),
    }
}

fn children<'b>(value: &'b RawValue, path: &Path) -> Result<Vec<&'b RawValue>, Denied> {
    let mut json = serde_json::Deserializer::from_str(value.get());
    let found = match value.get().as_bytes().first() {
        Some(b'{') => json.deserialize_map(Every),
        Some(b'[') => json.deserialize_seq(Every),
        _ => return Ok(Vec::new()),
    };
    found.map_err(|_| Denied::BodyNotJson { place: Place::of(path) })
}

enum Found<'b> {
    Never,
    Once(&'b RawValue),
    Twice,
}

/// The member of an object with this key.
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

/// Compares a key, escapes resolved, without keeping it.
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

/// The element of a list with this index.
struct Element(usize);

impl<'de> Visitor<'de> for Element {
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

/// Every element of a list, or value of an object.
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
