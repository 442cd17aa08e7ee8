//! The secrets that a check accepts.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::located::Located;
use crate::written::text_or_object::text_or_object;

/// A secret that a check accepts.
#[derive(Clone, Debug)]
pub enum SecretUse {
    /// A secret that is valid as long as it is in the list.
    Name(String),
    /// A secret that will be removed.
    Retiring(RetiringSecret),
}

/// A secret that will be removed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetiringSecret {
    /// The secret's name.
    pub name: String,
    /// The time (RFC 3339) after which it is no longer accepted.
    pub not_after: Located<String>,
}

impl SecretUse {
    /// The secret's name.
    pub fn name(&self) -> &str {
        match self {
            SecretUse::Name(name) => name,
            SecretUse::Retiring(retiring) => &retiring.name,
        }
    }
}

impl<'de> Deserialize<'de> for SecretUse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "a secret's name, or `{name, not_after}`";
        text_or_object(deserializer, expected, SecretUse::Name, SecretUse::Retiring)
    }
}

impl JsonSchema for SecretUse {
    fn schema_name() -> Cow<'static, str> {
        "SecretUse".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let retiring = generator.subschema_for::<RetiringSecret>();
        json_schema!({ "anyOf": [{ "type": "string" }, retiring] })
    }
}
