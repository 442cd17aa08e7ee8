//! A text, or a list of alternative texts.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::located::Located;
use crate::problem::Place;

/// A text, or a list of alternative texts.
#[derive(Clone, Debug)]
pub struct OneOrMany(Vec<(String, Option<Place>)>);

impl OneOrMany {
    /// Returns the texts in the order they were written, each with its place if it is in a list.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Place>)> {
        self.0.iter().map(|(text, place)| (text.as_str(), *place))
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

// Not an untagged enum, whose errors would have no place and no details.
struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany(vec![(text.to_owned(), None)]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element::<Located<String>>()? {
            texts.push(((*text).clone(), text.place()));
        }
        Ok(OneOrMany(texts))
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 }
            ]
        })
    }
}
