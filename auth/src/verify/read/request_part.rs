//! Where in a request a check looks, in the words of the source file.

use std::fmt;

use mef_source::checked::SignatureFrom;
use mef_source::{Path, Root};

/// A place in a request that a check reads, as the source file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A header.
    Header(String),
    /// All headers of this name with a number after it.
    NumberedHeaders(String),
    /// A query parameter.
    Query(String),
    /// A value of the JSON body, by its pointer.
    Json(String),
    /// An item of the signature, by its key.
    Signature(String),
    /// The address at the other end of the connection.
    Peer,
    /// The first of several that is there.
    AnyOf(Vec<Place>),
}

impl Place {
    /// The place that `path` leads to.
    pub fn of(path: &Path) -> Place {
        match path.root() {
            Root::Header => Place::Header(path.name().to_owned()),
            Root::Query => Place::Query(path.name().to_owned()),
            Root::Signature => Place::Signature(path.segments().join(".")),
            _ => Place::Json(path.pointer()),
        }
    }

    pub(crate) fn any_of(paths: &[Path]) -> Place {
        Place::one_or_any(paths.iter().map(Place::of).collect())
    }

    pub(crate) fn of_signature(from: &[SignatureFrom]) -> Place {
        let places = from.iter().map(|from| match from {
            SignatureFrom::Path(path) => Place::of(path),
            SignatureFrom::NumberedHeaders(prefix) => Place::NumberedHeaders(prefix.clone()),
        });
        Place::one_or_any(places.collect())
    }

    fn one_or_any(mut places: Vec<Place>) -> Place {
        match places.pop() {
            Some(place) if places.is_empty() => place,
            last => Place::AnyOf(places.into_iter().chain(last).collect()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Header(name) => write!(f, "header `{name}`"),
            Place::NumberedHeaders(prefix) => write!(f, "header `{prefix}1` to `{prefix}100`"),
            Place::Query(name) => write!(f, "query parameter `{name}`"),
            Place::Json(pointer) if pointer.is_empty() => f.write_str("body"),
            Place::Json(pointer) => write!(f, "`{pointer}` of the body"),
            Place::Signature(key) => write!(f, "item `{key}` of the signature"),
            Place::Peer => f.write_str("connection"),
            Place::AnyOf(places) => {
                for (index, place) in places.iter().enumerate() {
                    write!(f, "{}{place}", if index == 0 { "" } else { " or " })?;
                }
                Ok(())
            }
        }
    }
}
