//! A template as it is kept once it is compiled, and what it can tell about
//! itself.

use std::time::Duration;

use serde_json::Value;

use super::filter::Filter;
use crate::path::Path;
use crate::time_zone::Zone;

/// A compiled template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub(crate) parts: Vec<Part>,
}

/// One part of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// Literal text.
    Literal(String),
    /// `{path|filter|…}`.
    Placeholder(Placeholder),
}

/// A path and the filters that its value goes through.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placeholder {
    pub(crate) path: Path,
    pub(crate) filters: Vec<Filter>,
}

impl Template {
    /// Makes a template of literal text, in which braces mean nothing.
    pub fn literal(text: impl Into<String>) -> Template {
        Template { parts: vec![Part::Literal(text.into())] }
    }

    /// Makes a template of the value at `path`.
    pub(crate) fn value_at(path: Path) -> Template {
        Template { parts: vec![Part::Placeholder(Placeholder { path, filters: Vec::new() })] }
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(placeholder) => Some(placeholder),
            Part::Literal(_) => None,
        })
    }

    /// Returns every path that the template reads.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.placeholders().map(|placeholder| &placeholder.path)
    }

    /// Returns whether the template is one placeholder that ends in
    /// `default(null)`: without a value, a JSON body then has `null` instead of
    /// leaving the key out.
    pub fn says_null(&self) -> bool {
        let [Part::Placeholder(placeholder)] = self.parts.as_slice() else { return false };
        placeholder.filters.last() == Some(&Filter::Default(Value::Null))
    }

    /// Returns every path, with the unit to which its time is rounded down:
    /// [`Duration::MAX`] if that is more than a day, `None` if it is less than a
    /// microsecond.
    pub fn units(&self) -> impl Iterator<Item = (&Path, Option<Duration>)> {
        self.placeholders().map(|placeholder| {
            (&placeholder.path, placeholder.filters.first().and_then(Filter::unit))
        })
    }

    /// Returns every path whose time is written in a zone of its own, with that
    /// zone, or in UTC by `date`.
    pub fn zones(&self) -> impl Iterator<Item = (&Path, Option<&Zone>)> {
        self.placeholders().filter_map(|placeholder| match placeholder.filters.first()? {
            Filter::Date(_, zone) => Some((&placeholder.path, zone.as_ref())),
            _ => None,
        })
    }

    /// Returns every path whose value is signed by an HMAC filter.
    pub fn signed_paths(&self) -> impl Iterator<Item = &Path> {
        let is_signed = |filter: &Filter| matches!(filter, Filter::Hmac(_));
        self.placeholders()
            .filter(move |placeholder| placeholder.filters.iter().any(is_signed))
            .map(|placeholder| &placeholder.path)
    }

    /// Returns the path and the filters of a template that is one placeholder, whose value keeps its
    /// type; `None` for longer text.
    pub fn as_value(&self) -> Option<(&Path, &[Filter])> {
        match self.parts.as_slice() {
            [Part::Placeholder(placeholder)] => Some((&placeholder.path, &placeholder.filters)),
            _ => None,
        }
    }

    /// Returns the whole text if the template has no placeholder.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
