//! From the templates of `poll.auth` to the texts that are sent.

use std::collections::BTreeMap;

use http::HeaderMap;
use jiff::Timestamp;
use mef_ports::Secret;
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root, Template};

use super::error::CredentialError;

/// What those templates see: constants are already put in, so only secrets,
/// and what a signature or a token brings along.
#[derive(Default)]
pub(super) struct Words<'w> {
    pub(super) texts: Vec<(&'static str, &'w str)>,
    pub(super) date: Option<Timestamp>,
    pub(super) headers: Option<&'w HeaderMap>,
}

struct Scope<'s> {
    secrets: &'s BTreeMap<String, Secret>,
    words: &'s Words<'s>,
}

impl Variables for Scope<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        match path.root() {
            Root::Secret => Rendered::text(self.secrets.get(path.name()).map(Secret::expose)),
            Root::Header => {
                let value = self.words.headers.and_then(|headers| headers.get(path.name()));
                Rendered::text(value.and_then(|value| value.to_str().ok()))
            }
            Root::Record => match path.segments() {
                [word] if word == "date" => self.words.date.map_or(Rendered::Null, Rendered::Time),
                [word] => {
                    let mut texts = self.words.texts.iter();
                    Rendered::text(texts.find(|(name, _)| name == word).map(|(_, text)| *text))
                }
                _ => Rendered::Null,
            },
            _ => Rendered::Null,
        }
    }
}

/// Renders the template of `field`, which must give some text, unless it is
/// empty as it is written.
pub(super) fn render(
    field: &str,
    template: &Template,
    secrets: &BTreeMap<String, Secret>,
    words: &Words<'_>,
) -> Result<Secret, CredentialError> {
    let scope = Scope { secrets, words };
    let rendered = template
        .render(&scope)
        .and_then(|rendered| rendered.to_text().map(String::from))
        .map_err(|reason| error(field, format!("cannot be rendered: {reason}")))?;
    if rendered.is_empty() && template.as_literal() != Some("") {
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

/// What each placeholder of `template` that reads a secret stands for.
pub(super) fn made_of_secrets(
    template: &Template,
    secrets: &BTreeMap<String, Secret>,
) -> Vec<Secret> {
    let scope = Scope { secrets, words: &Words::default() };
    let made = template.values_of(Root::Secret, &scope);
    made.filter_map(|made| Some(Secret::new(made.to_text().ok()?))).collect()
}

/// The secrets that a template uses.
pub(super) fn secret_names(template: &Template) -> impl Iterator<Item = &str> {
    template.paths().filter(|path| path.root() == Root::Secret).map(Path::name)
}

pub(super) fn error(field: &str, reason: impl Into<String>) -> CredentialError {
    CredentialError::Template { field: field.to_owned(), reason: reason.into() }
}
