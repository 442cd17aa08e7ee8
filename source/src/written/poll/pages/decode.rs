//! How the body of a page is read.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::written::located::Located;

/// How the body of a page is read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageDecode {
    /// One JSON value.
    #[default]
    Json,
    /// One JSON value a line; each is a record.
    Ndjson(Ndjson),
    /// Comma-separated values (RFC 4180); each row is a record of texts.
    Csv(Csv),
    /// Plain text: each line that is not empty is a record, `{"line": "…"}`.
    Lines,
    /// XML: an element is an object of its attributes (`@name`) and elements, one that is repeated a
    /// list, one that has only text is that text; text beside others is `$text`.
    Xml,
}

/// One JSON value a line.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ndjson {
    /// What the last line is known by, where it is no record but says how to go on. The paths of
    /// `next`, `stop` and `cursor.token` are then paths in it.
    #[serde(default)]
    pub trailer: Option<Located<Trailer>>,
}

/// What the last line is known by.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    /// The paths that it has, and a record has not.
    pub has: Vec<Located<String>>,
    /// What a page without it means.
    #[serde(default)]
    pub missing: MissingTrailer,
}

/// What a page without its trailer means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingTrailer {
    /// It was cut off: it is asked for again, and nothing of it counts.
    #[default]
    Incomplete,
    /// It is the last page.
    Last,
}

/// Comma-separated values.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Csv {
    /// What separates values, one ASCII character; by default a comma.
    #[serde(default)]
    pub separator: Option<Located<String>>,
    /// The names of the columns, where the first row does not have them.
    #[serde(default)]
    pub columns: Vec<Located<String>>,
    /// The line after which the head row and the rows stand; what comes before it is passed over.
    #[serde(default)]
    pub after: Option<Located<String>>,
    /// The line before which the rows end. A page without it was cut off. What follows it is a list
    /// of rows, each a list of its values, for the paths of `next` and `stop`.
    #[serde(default)]
    pub before: Option<Located<String>>,
}

/// How the body of a page is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// As its first bytes say.
    #[default]
    Auto,
    /// With gzip.
    Gzip,
    /// In a zip archive, whose files are read one after another.
    Zip,
}
