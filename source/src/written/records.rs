//! Where a page has its records.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Located;

/// The path of a list, or of an object whose values the records are.
#[derive(Clone, Debug)]
pub enum Records {
    /// The path of a list.
    List(String),
    /// `{ values: PATH }`.
    Values(Located<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Object {
    values: Located<String>,
}

impl<'de> Deserialize<'de> for Records {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordsVisitor)
    }
}

// An untagged enum would lose the place and the wording of a mistake.
struct RecordsVisitor;

impl<'de> Visitor<'de> for RecordsVisitor {
    type Value = Records;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path of a list or `{ values: PATH }`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Records, E> {
        Ok(Records::List(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Records, A::Error> {
        let object = Object::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Records::Values(object.values))
    }
}

impl JsonSchema for Records {
    fn schema_name() -> Cow<'static, str> {
        "Records".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "values": {
                            "type": "string",
                            "description": "The path of an object whose values the records are."
                        }
                    },
                    "required": ["values"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
