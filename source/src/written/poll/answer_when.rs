//! Which responses a rule means.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::written::located::Located;
use crate::written::node::Node;

/// Which answers are meant: all of it holds.
///
/// A value is a text, a number or a boolean that stands there, a list of such alternatives,
/// `{ matches: REGEX }` for the whole text, or `{ not_empty: true }`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerWhen {
    /// A status (`403`), a class (`5xx`), or a list of them; by default any.
    #[serde(default)]
    pub status: Option<Located<Node>>,
    /// Headers, each with its value.
    #[serde(default)]
    pub header: BTreeMap<String, Located<Node>>,
    /// Paths into a body that is JSON or XML, each with its value.
    #[serde(default)]
    pub body: BTreeMap<String, Located<Node>>,
}
