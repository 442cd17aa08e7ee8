//! Where the records are inside of a larger one.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Located;

/// A path, or a program that gives the records.
#[derive(Clone, Debug)]
pub enum Split {
    /// The path of a list.
    Path(String),
    /// `{ jq: "…" }`.
    Jq(Located<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    jq: Located<String>,
}

impl<'de> Deserialize<'de> for Split {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SplitVisitor)
    }
}

// An untagged enum would lose the place and the wording of a mistake.
struct SplitVisitor;

impl<'de> Visitor<'de> for SplitVisitor {
    type Value = Split;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path or `{ jq: \"…\" }`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Split, E> {
        Ok(Split::Path(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Split, A::Error> {
        let object = Object::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Split::Jq(object.jq))
    }
}

impl JsonSchema for Split {
    fn schema_name() -> Cow<'static, str> {
        "Split".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "jq": { "type": "string", "description": "A jq program that gives the records." }
                    },
                    "required": ["jq"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
