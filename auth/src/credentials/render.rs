//! From the templates of `poll.auth` to the texts that are sent.

use std::collections::BTreeMap;

use mef_ports::Secret;
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root, Template};

use super::error::CredentialError;

/// What those templates see: constants are already put in, so only secrets.
struct SecretScope<'s>(&'s BTreeMap<String, Secret>);

impl Variables for SecretScope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        match path.root() {
            Root::Secret => Rendered::text(self.0.get(path.name()).map(Secret::expose)),
            _ => Rendered::Null,
        }
    }
}

/// Renders the template of `field`, which must give some text.
pub(super) fn render(
    field: &str,
    template: &Template,
    secrets: &BTreeMap<String, Secret>,
) -> Result<Secret, CredentialError> {
    let scope = SecretScope(secrets);
    let rendered = template
        .render(&scope)
        .and_then(|rendered| rendered.to_text().map(String::from))
        .map_err(|reason| error(field, format!("cannot be rendered: {reason}")))?;
    if rendered.is_empty() {
        let missing = secret_names(template).find(|name| !secrets.contains_key(*name));
        return Err(error(
            field,
            match missing {
                Some(name) => format!("stands for nothing: the secret `{name}` is not there"),
                None => "stands for nothing".to_owned(),
            },
        ));
    }
    Ok(Secret::new(rendered))
}

/// The secrets that a template uses.
pub(super) fn secret_names(template: &Template) -> impl Iterator<Item = &str> {
    template.paths().filter(|path| path.root() == Root::Secret).map(Path::name)
}

pub(super) fn error(field: &str, reason: impl Into<String>) -> CredentialError {
    CredentialError::Template { field: field.to_owned(), reason: reason.into() }
}
