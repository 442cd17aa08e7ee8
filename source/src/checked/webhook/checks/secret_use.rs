//! Which secrets a check may use, and until when.

use jiff::Timestamp;

use crate::checked::checker::{Checker, Told};
use crate::checked::secret::check_secret_name;
use crate::written::{self, Located};

/// A secret that a check may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse {
    /// Its name.
    pub name: String,
    /// The moment after which it no longer counts.
    pub not_after: Option<Timestamp>,
}

/// Reads the secrets of a check: at least one.
pub(crate) fn secrets(
    written: &Located<Vec<Located<written::SecretUse>>>,
    checker: &mut Checker<'_>,
) -> Result<Vec<SecretUse>, Told> {
    if written.is_empty() {
        return Err(checker.error_with(
            written.place(),
            "the check has no secret",
            "name at least one, such as `secrets: [webhook_secret]`",
        ));
    }
    let checked: Vec<_> = written.iter().map(|secret| self::secret(secret, checker)).collect();
    let checked = checked.into_iter().collect::<Result<Vec<_>, Told>>()?;
    for (index, secret) in written.iter().enumerate() {
        if written.iter().take(index).any(|earlier| earlier.name() == secret.name()) {
            checker
                .error(secret.place(), format!("the secret `{}` is listed twice", secret.name()));
        }
    }
    if checked.len() > 2 {
        checker.warn(
            written.place(),
            "more than two secrets are live",
            "a rotation needs the present and the previous one",
        );
    }
    Ok(checked)
}

fn secret(
    written: &Located<written::SecretUse>,
    checker: &mut Checker<'_>,
) -> Result<SecretUse, Told> {
    let name = check_secret_name(written.name(), written.place(), checker);
    let not_after = match &**written {
        written::SecretUse::Name(_) => None,
        written::SecretUse::Retiring(retiring) => Some(checker.time(&retiring.not_after)?),
    };
    name.map(|()| SecretUse { name: written.name().to_owned(), not_after })
}
