//! What a `digest` check means.

use super::kind::{Kind, Proof};
use super::signed::{SigningText, in_body};
use super::surroundings::{REQUEST_ROOTS, Surroundings, lint_name};
use crate::checked::checker::{Checker, Told};
use crate::path::{Path, Root};
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

impl Kind for Digest {
    fn key(&self) -> &'static str {
        "digest"
    }

    fn proof(&self) -> Proof {
        Proof::Nothing
    }

    fn in_body(&self) -> Vec<(Root, String)> {
        let mut places = self.of.in_body();
        places.extend(in_body(&self.equals));
        places
    }
}

/// Reads a `digest` check.
pub(crate) fn check(
    written: &Located<written::Digest>,
    around: Surroundings,
    checker: &mut Checker<'_>,
) -> Result<Digest, Told> {
    if written.hash == Hash::Sha1 {
        checker.warn(
            written.place(),
            "SHA-1 is used",
            "two bodies with the same SHA-1 can be made; use SHA-256 if the vendor offers it",
        );
    }
    let of = SigningText::check_hashed(&written.of, around.has_public_url, checker);
    let equals = checker.path(&written.equals, REQUEST_ROOTS);
    lint_name(&written.equals, written.equals.place(), checker);
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
