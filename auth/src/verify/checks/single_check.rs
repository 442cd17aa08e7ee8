//! What every kind of check can be asked.

use jiff::Timestamp;
use mef_source::checked::Signed;

use crate::request::Request;
use crate::verify::denied::Denied;
use crate::verify::keys::published::KeySource;
use crate::verify::read::credential::Credential;
use crate::verify::told::{explanation::Noticed, notes::Notes};
use crate::verify::{context::Context, signed};

/// What the head of a request says of a check that did not fail.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SoFar {
    /// It passes, whatever else the request holds.
    Passed,
    /// The rest of the request decides.
    Open,
}

/// A check that is not made of others. The defaults are those of its signature; for
/// a kind without one, those of a check that reads neither the body nor a credential.
pub(crate) trait SingleCheck {
    /// Does the check in full. Returns what decided: the name of a secret, or the
    /// URL that a key is from; `None` if this kind has neither.
    fn check(&self, context: Context<'_>, notes: &mut Notes) -> Result<Option<String>, Denied>;

    /// Returns the signature over a text of the request, if that is what it checks.
    fn signed(&self) -> Option<&Signed> {
        None
    }

    /// Returns whether it reads the body.
    fn needs_body(&self) -> bool {
        self.signed().is_some_and(signed::needs_body)
    }

    /// Returns what is at the places it reads, for a person who asks why.
    fn notice(&self, context: Context<'_>) -> Vec<Noticed> {
        self.signed().map_or_else(Vec::new, |signed| signed::notice::notice(signed, context))
    }

    /// Returns the places it reads credentials from.
    fn credentials(&self) -> Vec<Credential<'_>> {
        self.signed().map_or_else(Vec::new, Credential::of_signed)
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
        match self.signed() {
            // Nothing goes on from here, so nothing has to be masked.
            _ if self.is_in_head() => {
                self.check(context, &mut Notes::default()).map(|_| SoFar::Passed)
            }
            Some(signed) => signed::check_head(signed, context).map(|()| SoFar::Open),
            None => Ok(SoFar::Open),
        }
    }
}
