//! The parts of a request that a check reads, in the words of the source file.

use std::fmt;

use mef_source::checked::SignatureFrom;
use mef_source::{Path, Root};

/// A part of a request that a check reads, as the source file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestPart {
    /// A header.
    Header(String),
    /// All headers of this name with a number after it.
    NumberedHeaders(String),
    /// A query parameter.
    Query(String),
    /// A field of the form that the body is.
    Form(String),
    /// A value of the JSON body, by its pointer.
    Json(String),
    /// An item of the signature, by its key.
    Signature(String),
    /// The address at the other end of the connection.
    Peer,
    /// The first of several parts that is there.
    AnyOf(Vec<RequestPart>),
}

impl RequestPart {
    /// Returns the part that `path` leads to.
    pub fn of(path: &Path) -> RequestPart {
        match path.root() {
            Root::Header => RequestPart::Header(path.name().to_owned()),
            Root::Query => RequestPart::Query(path.name().to_owned()),
            Root::Form => RequestPart::Form(path.name().to_owned()),
            Root::Signature => RequestPart::Signature(path.segments().join(".")),
            _ => RequestPart::Json(path.pointer()),
        }
    }

    /// Returns the first of several parts that is there.
    pub(crate) fn any_of(paths: &[Path]) -> RequestPart {
        RequestPart::one_or_any(paths.iter().map(RequestPart::of).collect())
    }

    /// Returns where a signature is.
    pub(crate) fn of_signature(from: &[SignatureFrom]) -> RequestPart {
        let parts = from.iter().map(|from| match from {
            SignatureFrom::Path(path) => RequestPart::of(path),
            SignatureFrom::NumberedHeaders(prefix) => RequestPart::NumberedHeaders(prefix.clone()),
        });
        RequestPart::one_or_any(parts.collect())
    }

    fn one_or_any(mut parts: Vec<RequestPart>) -> RequestPart {
        match parts.pop() {
            Some(part) if parts.is_empty() => part,
            last => RequestPart::AnyOf(parts.into_iter().chain(last).collect()),
        }
    }
}

impl fmt::Display for RequestPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RequestPart::Header(name) => write!(f, "header `{name}`"),
            RequestPart::NumberedHeaders(prefix) => {
                write!(f, "header `{prefix}1` to `{prefix}100`")
            }
            RequestPart::Query(name) => write!(f, "query parameter `{name}`"),
            RequestPart::Form(name) => write!(f, "form field `{name}`"),
            RequestPart::Json(pointer) if pointer.is_empty() => f.write_str("body"),
            RequestPart::Json(pointer) => write!(f, "`{pointer}` of the body"),
            RequestPart::Signature(key) => write!(f, "item `{key}` of the signature"),
            RequestPart::Peer => f.write_str("connection"),
            RequestPart::AnyOf(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    write!(f, "{}{part}", if index == 0 { "" } else { " or " })?;
                }
                Ok(())
            }
        }
    }
}
