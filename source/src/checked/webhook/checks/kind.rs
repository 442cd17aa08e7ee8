//! What every kind of check says about itself.

use super::secret_use::SecretUse;
use super::signed::Signed;
use crate::path::Root;

/// A check that is not made of others.
pub(crate) trait Kind {
    /// Returns its key in a source file.
    fn key(&self) -> &'static str;

    /// Returns what it proves about the caller.
    fn proof(&self) -> Proof;

    /// Returns the secrets that it may use.
    fn secrets(&self) -> &[SecretUse] {
        &[]
    }

    /// Returns the parts of the body that it reads: paths into JSON, and fields of a form.
    fn in_body(&self) -> Vec<(Root, String)> {
        self.signed().map_or_else(Vec::new, Signed::in_body)
    }

    /// Returns what it signs, if it is a signature.
    fn signed(&self) -> Option<&Signed> {
        None
    }
}

/// What a check proves about the caller, from weak to strong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Proof {
    /// Anybody can make it.
    Nothing,
    /// The caller is at an address that others may have too.
    Address,
    /// The caller knows a secret that is sent along.
    Password,
    /// The caller knows a secret that is never sent.
    Signature,
}

impl Proof {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Proof::Nothing => "nothing",
            Proof::Address => "an address",
            Proof::Password => "a fixed token or password",
            Proof::Signature => "a signature",
        }
    }
}
