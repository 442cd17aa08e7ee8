//! Renders the templates of `poll.auth` to the texts that are sent.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use jiff::Timestamp;
use mef_ports::Secret;
use mef_source::template::{Rendered, Variables};
use mef_source::{Path, Root, Template};

use super::error::CredentialError;
use crate::redact::Redactor;

/// Renders templates with the secrets of one source. The redactor learns what is
/// rendered, unless the learnt secrets show in it anyway.
#[derive(Clone, Copy)]
pub(super) struct Renderer<'r> {
    pub(super) redactor: &'r Redactor,
    pub(super) secrets: &'r BTreeMap<String, Secret>,
}

/// What templates of signatures and tokens can read beside secrets.
#[derive(Default)]
pub(super) struct Words<'w> {
    pub(super) texts: Vec<(&'static str, &'w str)>,
    pub(super) date: Option<Timestamp>,
    pub(super) headers: Option<&'w HeaderMap>,
}

/// What templates of `poll.auth` can read. Constants are already put in.
struct AuthScope<'s> {
    secrets: &'s BTreeMap<String, Secret>,
    words: &'s Words<'s>,
}

impl Variables for AuthScope<'_> {
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

impl Renderer<'_> {
    /// Renders the template of `field`. Fails if it gives no text, unless it is
    /// written as an empty text.
    pub(super) fn render(
        &self,
        field: &str,
        template: &Template,
    ) -> Result<Secret, CredentialError> {
        self.render_with(field, template, &Words::default())
    }

    /// Renders a template as [`Renderer::render`] does, with more to read.
    pub(super) fn render_with(
        &self,
        field: &str,
        template: &Template,
        words: &Words<'_>,
    ) -> Result<Secret, CredentialError> {
        let names: Vec<_> = secret_names(template).collect();
        let used = names.iter().filter_map(|name| self.secrets.get(*name));
        used.for_each(|secret| self.redactor.learn(secret));
        self.learn_made([template]);
        let scope = AuthScope { secrets: self.secrets, words };
        let rendered = template
            .render(&scope)
            .and_then(|rendered| rendered.to_text().map(String::from))
            .map_err(|reason| error(field, format!("cannot be rendered: {reason}")))?;
        if rendered.is_empty() && template.as_literal() != Some("") {
            let missing = names.iter().find(|name| !self.secrets.contains_key(**name));
            return Err(error(
                field,
                match missing {
                    Some(name) => format!("stands for nothing: the secret `{name}` is not there"),
                    None => "stands for nothing".to_owned(),
                },
            ));
        }
        let rendered = Secret::new(rendered);
        if !names.is_empty() && self.redactor.mask(rendered.expose()) == rendered.expose() {
            self.redactor.learn(&rendered);
        }
        Ok(rendered)
    }

    /// Learns what the filters of `templates` make of secrets, such as a digest: no
    /// form of a secret shows in it.
    pub(super) fn learn_made<'t>(&self, templates: impl IntoIterator<Item = &'t Template>) {
        let scope = AuthScope { secrets: self.secrets, words: &Words::default() };
        for template in templates {
            let made = template.values_of(Root::Secret, &scope);
            made.filter_map(|made| Some(Secret::new(made.to_text().ok()?)))
                .for_each(|made| self.redactor.learn(&made));
        }
    }

    /// Makes the value of `Authorization: Basic`, and learns it.
    pub(super) fn basic(&self, username: &str, password: &str) -> String {
        let pair = STANDARD.encode(format!("{username}:{password}"));
        self.redactor.learn(&Secret::new(pair.clone()));
        format!("Basic {pair}")
    }
}

/// Returns the names of the secrets that a template uses.
pub(super) fn secret_names(template: &Template) -> impl Iterator<Item = &str> {
    template.paths().filter(|path| path.root() == Root::Secret).map(Path::name)
}

/// Says what is wrong with a field of `poll.auth`.
pub(super) fn error(field: &str, reason: impl Into<String>) -> CredentialError {
    CredentialError::Template { field: field.to_owned(), reason: reason.into() }
}
