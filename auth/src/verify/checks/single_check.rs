//! What every kind of check can be asked.

use jiff::Timestamp;

use crate::request::Request;
use crate::verify::context::Context;
use crate::verify::keys::published::KeySource;
use crate::verify::read::credential::Credential;
use crate::verify::told::denied::Denied;
use crate::verify::told::explanation::Noticed;
use crate::verify::told::notes::Notes;
use mef_source::checked::Signed;

/// What is known of a check, from the head of a request, if it did not fail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SoFar {
    /// It passes, whatever else the request holds.
    Passed,
    /// The rest of the request decides.
    Open,
}

/// A check that is not made of others.
pub(crate) trait SingleCheck {
    /// Does the check in full. Returns what decided: the name of a secret, or the
    /// URL that a key is from; `None` if this kind has neither.
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied>;

    /// Returns whether it reads the body.
    fn needs_body(&self) -> bool;

    /// Returns what is at the places it reads, for a person who asks why.
    fn notice(&self, context: Context<'_>) -> Vec<Noticed>;

    /// Returns the places it reads credentials from.
    fn credentials(&self) -> Vec<Credential<'_>> {
        Vec::new()
    }

    /// Returns the signature that it is about, if it has one to put together.
    fn signed(&self) -> Option<&Signed> {
        None
    }

    /// Returns the published keys it needs to judge `request`; `None` also if no
    /// key could make the request pass.
    fn wanted_keys(&self, _request: &Request, _now: Timestamp) -> Option<KeySource> {
        None
    }

    /// Returns whether it reads the `authorization` header and nothing else.
    fn is_authorization(&self) -> bool {
        false
    }

    /// Returns whether [`SingleCheck::check_head`] uses its secrets or keys.
    fn is_in_head(&self) -> bool {
        !self.needs_body()
    }

    /// Judges what the head of a request decides. The body is not looked at.
    fn check_head(&self, context: Context<'_>) -> Result<SoFar, Denied> {
        match self.is_in_head() {
            // Nothing goes on from here, so nothing has to be masked.
            true => self.check(context, &mut Notes::default()).map(|_| SoFar::Passed),
            false => Ok(SoFar::Open),
        }
    }
}
