//! `when`, `until`, `fail` and `ignore`: which responses are meant.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;
use crate::node::Node;

/// Which responses are meant: all of the conditions must hold.
///
/// A value is the text, number or boolean that must be there, a list of such alternatives,
/// `{ matches: REGEX }` for the whole text, or `{ not_empty: true }`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerWhen {
    /// A status (`403`), a class of them (`5xx`), or a list; by default any status.
    pub status: Option<Located<Node>>,
    /// Headers, each with its value.
    #[serde(default)]
    pub header: BTreeMap<String, Located<Node>>,
    /// Paths into a body that is JSON or XML, each with its value.
    #[serde(default)]
    pub body: BTreeMap<String, Located<Node>>,
}
