//! Where a page has its records.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use super::Located;
use super::text_or_object::text_or_object;

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
        let values = |object: Object| Records::Values(object.values);
        let expected = "the path of a list or `{ values: PATH }`";
        text_or_object(deserializer, expected, Records::List, values)
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
