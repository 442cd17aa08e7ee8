//! What a `basic` check means.

use super::kind::{Kind, Proof};
use super::secret_use::{SecretUse, secrets};
use crate::checked::checker::{Checker, Told};
use crate::written::{self, Located};

/// A user's name and password (RFC 7617).
#[derive(Clone, Debug)]
pub struct Basic {
    /// The user's name; if there is none, a secret is `user:password`.
    pub username: Option<String>,
    /// The accepted secrets; never empty.
    pub secrets: Vec<SecretUse>,
}

impl Kind for Basic {
    fn key(&self) -> &'static str {
        "basic"
    }

    fn proof(&self) -> Proof {
        Proof::Password
    }

    fn secrets(&self) -> &[SecretUse] {
        &self.secrets
    }
}

/// Reads a `basic` check.
pub(crate) fn check(
    written: &Located<written::Basic>,
    checker: &mut Checker<'_>,
) -> Result<Basic, Told> {
    let secrets = secrets(&written.secrets, checker);
    if let Some(name) = written.username.as_ref().filter(|name| name.contains(':')) {
        return Err(checker.error_with(
            name.place(),
            "a user's name cannot hold `:`",
            "what follows the first `:` is the password (RFC 7617); leave `username` out and store `user:password` as the secret",
        ));
    }
    let username = written.username.as_ref().map(|name| (**name).clone());
    Ok(Basic { username, secrets: secrets? })
}
