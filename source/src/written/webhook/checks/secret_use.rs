//! A secret by name, with the moment after which it counts no more.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::written::located::Located;
use crate::written::text_or_object::text_or_object;

/// A secret that a check may use.
#[derive(Clone, Debug)]
pub enum SecretUse {
    /// A secret that counts until it is taken out of the list.
    Name(String),
    /// A secret that is being retired.
    Retiring(RetiringSecret),
}

/// A secret that is being retired.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetiringSecret {
    /// The secret's name.
    pub name: String,
    /// The moment (RFC 3339) after which it counts no more.
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
