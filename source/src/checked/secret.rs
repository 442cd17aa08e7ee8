//! Names of secrets: a source file names secrets and never holds one.

use super::checker::{Checker, Told};
use crate::path::Root;
use crate::problem::Place;
use crate::template::Template;
use crate::written::Located;

/// Reports a name that could not be both a parameter and an environment variable.
pub(crate) fn check_secret_name(
    name: &str,
    place: Option<Place>,
    checker: &mut Checker<'_>,
) -> Result<(), Told> {
    let valid = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if valid {
        return Ok(());
    }
    Err(checker.error_with(
        place,
        format!("`{name}` is not a secret's name"),
        "use `a-z`, `0-9` and `_`, such as `webhook_secret`",
    ))
}

/// Returns whether `template` reads a secret.
pub(crate) fn reads_secret(template: &Template) -> bool {
    template.paths().any(|path| path.root() == Root::Secret)
}

/// Warns of a credential that stands in the file itself.
pub(crate) fn names_a_secret(value: &Template, text: &Located<String>, checker: &mut Checker<'_>) {
    if !reads_secret(value) {
        checker.warn(
            text.place(),
            "this credential stands in the file",
            "name it: `{secret.api_token}` is read from where secrets are kept",
        );
    }
}
