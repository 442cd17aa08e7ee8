//! What a check can rely on where it stands.

use crate::path::Root;
use crate::written::{self};

/// Where a check or an id may look in a request.
pub(crate) const REQUEST_ROOTS: &[Root] = &[Root::Record, Root::Header, Root::Query];

/// Where a check stands.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings {
    /// Whether `{url}` is known.
    pub(crate) has_public_url: bool,
    /// Whether a digest must pass too, which may stand for the body.
    pub(crate) beside_digest: bool,
    pub(crate) depth: usize,
}

impl Surroundings {
    /// Of the checks in a list of which all must pass.
    pub(crate) fn and(self, checks: &[written::Check]) -> Surroundings {
        let has_digest = checks.iter().any(|check| matches!(check, written::Check::Digest(_)));
        Surroundings { beside_digest: self.beside_digest || has_digest, ..self }
    }

    pub(crate) fn deeper(self) -> Surroundings {
        Surroundings { depth: self.depth + 1, ..self }
    }
}
