//! A user's name and password.

use crate::checked::checker::Told;
use crate::checked::poll::request::scope::RequestScope;
use crate::checked::secret::{names_a_secret, reads_secret};
use crate::template::Template;
use crate::written::{self};

/// A user's name and password.
#[derive(Clone, Debug)]
pub struct UserPassword {
    /// The name.
    pub username: Template,
    /// The password.
    pub password: Template,
}

impl UserPassword {
    pub(crate) fn check(
        written: &written::UserPassword,
        scope: &mut RequestScope<'_, '_>,
    ) -> Result<UserPassword, Told> {
        let username = scope.template(&written.username);
        let password = scope.template(&written.password);
        let (username, password) = (username?, password?);
        // Some vendors take a key as the name and nothing as the password.
        if !reads_secret(&username) {
            names_a_secret(&password, &written.password, scope.checker);
        }
        Ok(UserPassword { username, password })
    }

    pub(crate) fn templates(&self) -> [&Template; 2] {
        [&self.username, &self.password]
    }
}
