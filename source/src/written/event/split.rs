//! `event.split`: where the records are inside a larger one.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::located::Located;
use crate::written::text_or_object::text_or_object;

/// A path, or a program that returns the records.
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
        let program = |object: Object| Split::Jq(object.jq);
        text_or_object(deserializer, "a path or `{ jq: \"…\" }`", Split::Path, program)
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
                        "jq": { "type": "string", "description": "A jq program that returns the records." }
                    },
                    "required": ["jq"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
