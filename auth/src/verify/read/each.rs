//! Goes through JSON that anybody may have sent, without a list of what is in it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Shows `see` each entry of an object, in order and with repeats, until it returns `false`. Returns `None`
/// if it does, or if the text is not an object.
pub(crate) fn each_entry<'j>(
    json: &'j [u8],
    see: impl FnMut(Cow<'j, str>, &'j RawValue) -> bool,
) -> Option<()> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    deserializer.deserialize_map(Entries(see)).ok()?;
    deserializer.end().ok()
}

/// Shows `see` each element of a list, until it returns `false`. Returns `None` if it does, or if the value
/// is not a list.
pub(crate) fn each_element<'j>(
    value: &'j RawValue,
    see: impl FnMut(&'j RawValue) -> bool,
) -> Option<()> {
    let mut deserializer = serde_json::Deserializer::from_str(value.get());
    deserializer.deserialize_seq(Elements(see)).ok()?;
    deserializer.end().ok()
}

/// The key of an entry, borrowed if it has no escape.
#[derive(Deserialize)]
struct Key<'j>(#[serde(borrow)] Cow<'j, str>);

struct Entries<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de RawValue) -> bool> Visitor<'de> for Entries<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((Key(key), value)) = map.next_entry()? {
            if !(self.0)(key, value) {
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}

struct Elements<F>(F);

impl<'de, F: FnMut(&'de RawValue) -> bool> Visitor<'de> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element()? {
            if !(self.0)(value) {
                return Err(A::Error::custom("enough"));
            }
        }
        Ok(())
    }
}
