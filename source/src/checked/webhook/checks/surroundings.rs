//! What surrounds a check.

use crate::path::Root;
use crate::written::{self};

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
