//! `decode` and `compression`: how the body of a page is read.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::located::Located;

/// `decode` and `compression`: how the body of a page is read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageDecode {
    /// One JSON value.
    #[default]
    Json,
    /// One JSON value on each line; each is a record.
    Ndjson(Ndjson),
    /// JSON values, each behind the character RS (RFC 7464); each is a record.
    JsonSeq,
    /// JSON values that follow each other with nothing between, or with blanks; each is a record.
    Concatenated,
    /// Comma-separated values (RFC 4180); each row is a record of texts.
    Csv(Csv),
    /// Plain text: each line that is not empty is a record, `{"line": "…"}`.
    Lines,
    /// XML. An element is an object of its attributes (`@name`) and elements; repeated elements are
    /// a list; an element with only text is that text; text next to other elements is `$text`.
    Xml,
}

/// One JSON value on each line.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ndjson {
    /// How to recognise the last line, if it is not a record but says how to go on. The paths of
    /// `next`, `stop` and `cursor.token` are then paths in it.
    pub trailer: Option<Located<Trailer>>,
}

/// How to recognise the last line.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    /// The paths that it has and a record does not have.
    pub has: Vec<Located<String>>,
    /// What a page without it means.
    #[serde(default)]
    pub missing: MissingTrailer,
}

/// What a page without its trailer means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingTrailer {
    /// The page was cut off: nothing of it counts, and it is asked for again.
    #[default]
    Incomplete,
    /// It is the last page.
    Last,
}

/// Comma-separated values.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Csv {
    /// The separator of values, one ASCII character; by default a comma.
    pub separator: Option<Located<String>>,
    /// The names of the columns, if the first row does not have them.
    #[serde(default)]
    pub columns: Vec<Located<String>>,
    /// The line that comes before the first row; it and everything before it is skipped.
    pub after: Option<Located<String>>,
    /// The line that comes after the last row. A page without it was cut off. The lines that follow
    /// are a list of rows, each a list of values, for the paths of `next` and `stop`.
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
