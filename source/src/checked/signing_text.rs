//! The text that a vendor signs.
//!
//! It is not a string: the body is bytes, and a megabyte of it need not be
//! copied to be hashed. So the template becomes a list of parts that the
//! verifier feeds to the hash one by one.

use super::checker::Checker;
use crate::template::{Lookups, Part, Placeholder};
use crate::written::Located;
use crate::{Path, Root};

/// The words that a signed text may use.
const ROOTS: &[Root] = &[
    Root::Record,
    Root::Header,
    Root::Query,
    Root::Body,
    Root::Timestamp,
    Root::Id,
    Root::Method,
    Root::Url,
    Root::PathQuery,
];

/// One part of a signed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedPart {
    /// Text of the scheme itself, such as `v0:`.
    Literal(String),
    /// The body as it came.
    Body,
    /// The timestamp as it came.
    Timestamp,
    /// The message id as it came.
    Id,
    /// The request's method.
    Method,
    /// The source's public URL with the query as it came.
    Url,
    /// The path and query as they came.
    PathQuery,
    /// A header's value, by its name in lower case.
    Header(String),
    /// A query parameter's decoded value.
    Query(String),
    /// A value out of the JSON body, as text.
    Json(Path),
}

/// The text that a vendor signs, as its parts in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningText(pub Vec<SignedPart>);

impl SigningText {
    /// Whether `part` is signed.
    pub fn contains(&self, part: &SignedPart) -> bool {
        self.0.contains(part)
    }

    pub(super) fn check(text: &Located<String>, checker: &mut Checker<'_>) -> Option<SigningText> {
        let template = checker.template(text, ROOTS, &Lookups::new())?;
        let mut parts = Vec::new();
        for part in template.parts {
            parts.push(match part {
                Part::Literal(literal) => SignedPart::Literal(literal),
                Part::Placeholder(placeholder) => signed_part(text, placeholder, checker)?,
            });
        }
        Some(SigningText(parts))
    }
}

fn signed_part(
    text: &Located<String>,
    placeholder: Placeholder,
    checker: &mut Checker<'_>,
) -> Option<SignedPart> {
    if !placeholder.filters.is_empty() {
        checker.error_with(
            text.place(),
            "a signed text has no filters",
            "the bytes are hashed as they came",
        );
        return None;
    }
    let path = placeholder.path;
    Some(match path.root() {
        Root::Body => SignedPart::Body,
        Root::Timestamp => SignedPart::Timestamp,
        Root::Id => SignedPart::Id,
        Root::Method => SignedPart::Method,
        Root::Url => SignedPart::Url,
        Root::PathQuery => SignedPart::PathQuery,
        Root::Header => SignedPart::Header(path.name().to_owned()),
        Root::Query => SignedPart::Query(path.name().to_owned()),
        _ => SignedPart::Json(path),
    })
}
