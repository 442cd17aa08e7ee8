//! `records`: where a page has its records.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::located::Located;
use crate::written::one_or_many::OneOrMany;

/// The path of a list, the paths of several lists, or the path of an object whose values are the
/// records.
#[derive(Clone, Debug)]
pub enum Records {
    /// The path of a list, or of several lists, whose records are put together in order.
    Lists(OneOrMany),
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

// Not an untagged enum, whose errors would have no place and no details.
struct RecordsVisitor;

impl<'de> Visitor<'de> for RecordsVisitor {
    type Value = Records;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path of a list, a list of such paths, or `{ values: PATH }`")
    }

    fn visit_str<E: Error>(self, path: &str) -> Result<Records, E> {
        OneOrMany::deserialize(path.into_deserializer()).map(Records::Lists)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, paths: A) -> Result<Records, A::Error> {
        OneOrMany::deserialize(SeqAccessDeserializer::new(paths)).map(Records::Lists)
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
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
                {
                    "type": "object",
                    "properties": {
                        "values": {
                            "type": "string",
                            "description": "The path of an object whose values are the records."
                        }
                    },
                    "required": ["values"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

/// What a page without its list of records, or its record, means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingRecords {
    /// The page is not understood: nothing of it counts, and the run fails.
    #[default]
    Fail,
    /// The page has no records: some vendors leave out an empty list or a missing record.
    Empty,
}
