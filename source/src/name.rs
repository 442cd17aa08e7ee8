//! The name of a source, which becomes part of URLs, parameters and event ids.

use std::fmt;

/// The name of a source: 1 to 64 characters of `a-z`, `0-9`, `-` and `_`, of which the first is a
/// letter or digit.
///
/// URL paths, Parameter Store names and environment variables can all hold these characters, so no
/// backend has to escape a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceName(String);

impl SourceName {
    /// The one valid name that no source can have: at this path a server says whether it can take webhooks.
    pub const HEALTH: &str = "healthz";

    /// Makes a name of `text`; `None` if it is not a valid one.
    pub fn new(text: &str) -> Option<SourceName> {
        let first = text.bytes().next()?;
        let valid = text.len() <= 64
            && (first.is_ascii_lowercase() || first.is_ascii_digit())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
        valid.then(|| SourceName(text.to_owned()))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
