//! What an `hmac` check means.

use super::kind::{Kind, Proof};
use super::secret_use::{SecretUse, secrets};
use super::signed::Signed;
use super::surroundings::Surroundings;
use crate::checked::checker::{Checker, Told};
use crate::checked::key::Key;
use crate::checked::webhook::checks::signed;
use crate::written::{self, Hash, Located};

/// A signature made with a shared secret.
#[derive(Clone, Debug)]
pub struct Hmac {
    /// The hash.
    pub hash: Hash,
    /// The secrets that may have signed; never empty.
    pub secrets: Vec<SecretUse>,
    /// How a secret becomes the key.
    pub key: Key,
    /// What is signed, and where the signature is.
    pub signed: Signed,
}

impl Kind for Hmac {
    fn key(&self) -> &'static str {
        "hmac"
    }

    fn proof(&self) -> Proof {
        Proof::Signature
    }

    fn secrets(&self) -> &[SecretUse] {
        &self.secrets
    }

    fn signed(&self) -> Option<&Signed> {
        Some(&self.signed)
    }
}

/// Reads an `hmac` check.
pub(crate) fn check(
    written: &Located<written::Hmac>,
    around: Surroundings,
    checker: &mut Checker<'_>,
) -> Result<Hmac, Told> {
    if written.hash == Hash::Sha1 {
        checker.warn(
            written.place(),
            "SHA-1 is used",
            "an HMAC with it still stands, but use SHA-256 if the vendor offers it",
        );
    }
    let secrets = secrets(&written.secrets, checker);
    let signed = signed::check(&(&**written).into(), around, checker);
    Ok(Hmac {
        hash: written.hash,
        secrets: secrets?,
        key: Key { encoding: written.key.encoding, strip_prefix: written.key.strip_prefix.clone() },
        signed: signed?,
    })
}
