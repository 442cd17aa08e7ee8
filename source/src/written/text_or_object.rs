//! What is a text where it is simple, and else an object.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a text or an object; `expected` says what else is a mistake.
pub(crate) fn text_or_object<'de, D: Deserializer<'de>, O: Deserialize<'de>, T>(
    deserializer: D,
    expected: &'static str,
    of_text: fn(String) -> T,
    of_object: fn(O) -> T,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(TextOrObject { expected, of_text, of_object })
}

// An untagged enum would lose the place and the wording of a mistake.
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
