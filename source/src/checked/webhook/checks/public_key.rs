//! What a `public_key` check means.

use super::kind::{Kind, Proof};
use super::secret_use::{SecretUse, secrets};
use super::signed::Signed;
use super::surroundings::Surroundings;
use crate::checked::checker::{Checker, Told};
use crate::checked::key::Key;
use crate::checked::webhook::checks::signed;
use crate::written::{self, Located, PublicKeyAlgorithm};

/// A signature made with a private key that only the vendor has.
#[derive(Clone, Debug)]
pub struct PublicKey {
    /// The algorithm.
    pub algorithm: PublicKeyAlgorithm,
    /// The secrets that hold a public key of the vendor; never empty.
    pub keys: Vec<SecretUse>,
    /// How a secret becomes the key.
    pub key: Key,
    /// What is signed, and where the signature is.
    pub signed: Signed,
}

impl Kind for PublicKey {
    fn key(&self) -> &'static str {
        "public_key"
    }

    fn proof(&self) -> Proof {
        Proof::Signature
    }

    fn secrets(&self) -> &[SecretUse] {
        &self.keys
    }

    fn signed(&self) -> Option<&Signed> {
        Some(&self.signed)
    }
}

/// Reads a `public_key` check.
pub(crate) fn check(
    written: &Located<written::PublicKey>,
    around: Surroundings,
    checker: &mut Checker<'_>,
) -> Result<PublicKey, Told> {
    let keys = secrets(&written.keys, checker);
    let signed = signed::check(&(&**written).into(), around, checker);
    Ok(PublicKey {
        algorithm: written.algorithm,
        keys: keys?,
        key: Key::of(&written.key),
        signed: signed?,
    })
}
