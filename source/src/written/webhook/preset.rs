//! A check that names a preset.

use std::borrow::Cow;
use std::fmt;

use crate::located::Located;
use crate::node::Node;
use crate::presets::catalogue::preset_names;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A preset's name, `github`, or its name with changes,
/// `{ name: github, secrets: [current, previous] }`.
#[derive(Clone, Debug)]
pub struct PresetUse {
    /// The preset's name.
    pub name: String,
    /// The keys that the source changes, in the order they were written. They are checked once they
    /// are part of the preset's checks.
    pub overrides: Vec<(String, Located<Node>)>,
}

impl<'de> Deserialize<'de> for PresetUse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PresetUseVisitor)
    }
}

// Not an untagged enum, whose errors would have no place and no details.
struct PresetUseVisitor;

impl<'de> Visitor<'de> for PresetUseVisitor {
    type Value = PresetUse;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a preset's name, or `{name, …}`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<PresetUse, E> {
        Ok(PresetUse { name: name.to_owned(), overrides: Vec::new() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PresetUse, A::Error> {
        let mut name = None;
        let mut overrides = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => name = Some(map.next_value()?),
                _ => overrides.push((key, map.next_value()?)),
            }
        }
        let name = name.ok_or_else(|| A::Error::missing_field("name"))?;
        Ok(PresetUse { name, overrides })
    }
}

impl JsonSchema for PresetUse {
    fn schema_name() -> Cow<'static, str> {
        "PresetUse".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = preset_names().collect();
        json_schema!({
            "anyOf": [
                { "type": "string", "enum": names },
                {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": { "description": "The preset's name.", "type": "string", "enum": names }
                    },
                    // Any key of the preset's checks.
                    "additionalProperties": true
                }
            ]
        })
    }
}
