//! What surrounds a check.

use crate::checked::checker::Checker;
use crate::path::Root;
use crate::problem::Place;
use crate::written::{self, Located, OneOrMany};

/// The parts of a request that checks and ids may read.
pub(crate) const REQUEST_ROOTS: &[Root] = &[Root::Record, Root::Header, Root::Query, Root::Form];

/// What surrounds a check.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings {
    /// Whether `{url}` is known.
    pub(crate) has_public_url: bool,
    /// Whether a digest must pass too, so that signing it signs the body.
    pub(crate) beside_digest: bool,
    pub(crate) depth: usize,
}

impl Surroundings {
    /// Returns the surroundings of a list of checks that must all pass.
    pub(crate) fn and(self, checks: &[written::Check]) -> Surroundings {
        let has_digest = checks.iter().any(|check| matches!(check, written::Check::Digest(_)));
        Surroundings { beside_digest: self.beside_digest || has_digest, ..self }
    }

    pub(crate) fn deeper(self) -> Surroundings {
        Surroundings { depth: self.depth + 1, ..self }
    }
}

/// Warns of a path into the body that is written as the name of a header is.
pub(crate) fn lint_name(text: &str, place: Option<Place>, checker: &mut Checker<'_>) {
    let is_like_a_header = text.contains('-') || text.eq_ignore_ascii_case("authorization");
    if is_like_a_header && !text.contains(['/', '.']) {
        checker.warn(
            place,
            format!("`{text}` is read as a field of the body"),
            format!(
                "a header is written `header.{text}`; if it is a field of the body, write `/{text}`"
            ),
        );
    }
}

/// Warns of each of several paths as [`lint_name`] does.
pub(crate) fn lint_names(written: &Located<OneOrMany>, checker: &mut Checker<'_>) {
    let texts: Vec<_> = written.iter().map(|(text, own)| (text.to_owned(), own)).collect();
    for (text, own) in texts {
        lint_name(&text, own.or(written.place()), checker);
    }
}
