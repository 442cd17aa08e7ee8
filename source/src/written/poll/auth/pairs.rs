//! Pairs of texts that several kinds of credentials are made of.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;

/// A name and a value.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedValue {
    /// The name.
    pub name: Located<String>,
    /// The value, as a template.
    pub value: Located<String>,
}

/// A user's name and password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPassword {
    /// The name, as a template.
    pub username: Located<String>,
    /// The password, as a template; it may be empty.
    pub password: Located<String>,
}
