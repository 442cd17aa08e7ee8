//! A secret by name, with the moment after which it counts no more.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Located;

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
        deserializer.deserialize_any(SecretUseVisitor)
    }
}

// An untagged enum would lose the place and the wording of a mistake.
struct SecretUseVisitor;

impl<'de> Visitor<'de> for SecretUseVisitor {
    type Value = SecretUse;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret's name, or `{name, not_after}`")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<SecretUse, E> {
        Ok(SecretUse::Name(name.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretUse, A::Error> {
        RetiringSecret::deserialize(MapAccessDeserializer::new(map)).map(SecretUse::Retiring)
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
