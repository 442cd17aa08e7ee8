//! What a `digest` check means.

use super::signing_text::SigningText;
use super::surroundings::REQUEST_ROOTS;
use crate::checked::checker::{Checker, Told};
use crate::path::Path;
use crate::written::{self, Encoding, Hash, Located};

/// A digest of the request.
#[derive(Clone, Debug)]
pub struct Digest {
    /// The hash.
    pub hash: Hash,
    /// What is hashed.
    pub of: SigningText,
    /// Where the digest is.
    pub equals: Path,
    /// How its bytes are written.
    pub encoding: Encoding,
}

/// Understands a `digest` check.
pub(crate) fn check(
    written: &Located<written::Digest>,
    has_public_url: bool,
    checker: &mut Checker<'_>,
) -> Result<Digest, Told> {
    if written.hash == Hash::Sha1 {
        checker.warn(
            written.place(),
            "SHA-1 is used",
            "two bodies with the same SHA-1 can be made; use SHA-256 if the vendor offers it",
        );
    }
    let of = SigningText::check_hashed(&written.of, has_public_url, checker);
    let equals = checker.path(&written.equals, REQUEST_ROOTS);
    let of = of?;
    if of.is_constant() {
        checker.error_with(
            written.of.place(),
            "the hashed text is the same for every request",
            "hash what the vendor does, such as `{body}`",
        );
    }
    Ok(Digest { hash: written.hash, of, equals: equals?, encoding: written.encoding })
}
