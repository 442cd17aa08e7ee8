//! The key of an HMAC that is made of more than the secret.

use super::signing_text::{SignedPart, SigningText};
use crate::checked::checker::{Checker, Told};
use crate::written::Located;

/// The secret among other parts of a request.
const SECRET: &str = "{secret}";

/// What stands in a key before and after the secret.
#[derive(Clone, Debug)]
pub struct KeyText {
    /// What stands before it.
    pub before: SigningText,
    /// What stands after it.
    pub after: SigningText,
}

impl KeyText {
    /// Returns whether `part` goes into the key.
    pub(crate) fn holds(&self, part: &SignedPart) -> bool {
        self.before.signs(part) || self.after.signs(part)
    }

    /// Reads a key's text.
    pub(crate) fn check(
        text: &Located<String>,
        has_public_url: bool,
        checker: &mut Checker<'_>,
    ) -> Result<KeyText, Told> {
        let parts = text.split_once(SECRET).filter(|(_, after)| !after.contains(SECRET));
        let Some((before, after)) = parts else {
            return Err(checker.error_with(
                text.place(),
                "the key does not hold the secret once",
                "write where it stands, such as `text: \"{timestamp}{secret}\"`",
            ));
        };
        let before = SigningText::check(&text.with(before.to_owned()), has_public_url, checker);
        let after = SigningText::check(&text.with(after.to_owned()), has_public_url, checker);
        Ok(KeyText { before: before?, after: after? })
    }
}
