//! Values that are a text if they are simple, and an object otherwise.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a text or an object; `expected` describes both for the error about anything else.
pub(crate) fn text_or_object<'de, D: Deserializer<'de>, O: Deserialize<'de>, T>(
    deserializer: D,
    expected: &'static str,
    of_text: fn(String) -> T,
    of_object: fn(O) -> T,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(TextOrObject { expected, of_text, of_object })
}

// Not an untagged enum, whose errors would have no place and no details.
struct TextOrObject<O, T> {
    expected: &'static str,
    of_text: fn(String) -> T,
    of_object: fn(O) -> T,
}

impl<'de, O: Deserialize<'de>, T> Visitor<'de> for TextOrObject<O, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok((self.of_text)(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        O::deserialize(MapAccessDeserializer::new(map)).map(self.of_object)
    }
}
