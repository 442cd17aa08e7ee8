//! Where in a request a check reads a credential.

use std::borrow::Cow;

use mef_source::checked::{SignatureFrom, Signed, TokenFrom};
use mef_source::{Path, Root};

/// A place in a request that holds a credential.
pub(crate) enum Credential<'c> {
    /// A header, by its name in lower case.
    Header(&'c str),
    /// All headers of this name with a number after it.
    NumberedHeaders(&'c str),
    /// A query parameter.
    Query(&'c str),
    /// A field of a form.
    Form(&'c str),
    /// The whole body.
    Body,
    /// Values of the JSON body; the path starts at the body.
    Json(Cow<'c, Path>),
}

impl<'c> Credential<'c> {
    /// Returns the place of a token.
    pub(crate) fn of_token(from: &'c TokenFrom) -> Credential<'c> {
        match from {
            TokenFrom::Header(name) => Credential::Header(name),
            TokenFrom::Query(name) => Credential::Query(name),
            TokenFrom::Form(name) => Credential::Form(name),
            TokenFrom::Body => Credential::Body,
            TokenFrom::Json(path) => Credential::Json(Cow::Borrowed(path)),
        }
    }

    /// Returns the place that `path` leads to.
    pub(crate) fn of_path(path: &'c Path) -> Credential<'c> {
        match path.root() {
            Root::Header => Credential::Header(path.name()),
            Root::Query => Credential::Query(path.name()),
            Root::Form => Credential::Form(path.name()),
            _ => Credential::Json(Cow::Borrowed(path)),
        }
    }

    /// Returns the places of a signature.
    pub(crate) fn of_signed(signed: &'c Signed) -> Vec<Credential<'c>> {
        let of = |from: &'c SignatureFrom| match from {
            SignatureFrom::NumberedHeaders(prefix) => Some(Credential::NumberedHeaders(prefix)),
            SignatureFrom::Path(path) => match path.root() {
                Root::Header => Some(Credential::Header(path.name())),
                Root::Query => Some(Credential::Query(path.name())),
                Root::Form => Some(Credential::Form(path.name())),
                Root::Record => Some(Credential::Json(within(signed.each.as_ref(), path))),
                _ => None,
            },
        };
        signed.signature.from.iter().filter_map(of).collect()
    }
}

/// Turns a path that starts at each value of a list into one that starts at the
/// body.
fn within<'p>(each: Option<&Path>, path: &'p Path) -> Cow<'p, Path> {
    let joined = each.and_then(|each| {
        let pointer = format!("{}{}", each.pointer(), path.pointer());
        Path::parse(&pointer, &[Root::Record]).ok()
    });
    joined.map_or(Cow::Borrowed(path), Cow::Owned)
}

/// Returns the number from 1 to 100 that follows `prefix` in a header's `name`.
pub(crate) fn numbered(name: &str, prefix: &str) -> Option<u8> {
    let digits = name.strip_prefix(prefix)?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && (1..=100).contains(number))
}
