//! What a webhook's requests must pass.

use super::checks;
use super::checks::Check;
use crate::checked::checker::{Checker, Told};
use crate::written::{self, Located};

/// What a request must pass.
#[derive(Clone, Debug)]
pub enum Verify {
    /// All of these checks; never empty.
    All(Vec<Check>),
    /// Nothing, for a reason that the operator wrote down.
    Nothing {
        /// The reason.
        reason: String,
    },
}

pub(crate) fn verify(
    written: &Located<written::Webhook>,
    has_public_url: bool,
    checker: &mut Checker<'_>,
) -> Result<Verify, Told> {
    match (&written.verify, &written.unauthenticated) {
        (Some(checks), None) if !checks.is_empty() => {
            checks::all_of_webhook(checks, has_public_url, checker).map(Verify::All)
        }
        (None, Some(reason)) if !reason.trim().is_empty() => {
            checker.warn(reason.place(), "anybody can push events to this source", &**reason);
            Ok(Verify::Nothing { reason: (**reason).clone() })
        }
        (Some(checks), Some(_)) => {
            Err(checker.error(checks.place(), "`verify` and `unauthenticated` exclude each other"))
        }
        (verify, reason) => {
            let place = match (verify, reason) {
                (Some(verify), _) => verify.place(),
                (None, Some(reason)) => reason.place(),
                (None, None) => written.place(),
            };
            Err(checker.error_with(
                place,
                "the webhook verifies nothing",
                "list at least one check under `verify`, or write `unauthenticated: \"<reason>\"`",
            ))
        }
    }
}
