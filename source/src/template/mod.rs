//! Templates: text with `{placeholders}`, compiled when the file is checked.
//!
//! Nine fields in ten of a source file are a path, a constant, a time in
//! another format, or a few of those in a sentence. An expression language
//! would do these at ten times the cost and with surprises of its own; this
//! does them and no more. A template that is one placeholder keeps the type of
//! what it finds.

mod filter;
mod parse;
mod render;

use std::time::Duration;

use serde_json::Value;

pub use filter::{Filter, FilterError, HmacText};
pub use parse::TemplateError;
pub use render::{RenderError, Rendered, Variables};

use crate::{Path, Root};

/// A compiled template.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub(crate) parts: Vec<Part>,
}

/// A stretch of a template.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// Text that stands for itself.
    Literal(String),
    /// `{path|filter|…}`.
    Placeholder(Placeholder),
}

/// A path and what is done with the value it finds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Placeholder {
    pub(crate) path: Path,
    pub(crate) filters: Vec<Filter>,
}

/// Tables that `lookup` can name: the key found, the value it stands for.
pub type Lookups = std::collections::BTreeMap<String, std::collections::BTreeMap<String, Value>>;

impl Template {
    /// Compiles `text`, in which the words of `roots` have a meaning and
    /// `lookup` may name one of `lookups`.
    ///
    /// # Errors
    ///
    /// When a brace is not closed, a path means nothing here, or a filter is
    /// unknown or has wrong arguments; the error says at which byte.
    pub fn parse(text: &str, roots: &[Root], lookups: &Lookups) -> Result<Template, TemplateError> {
        parse::parse(text, roots, lookups)
    }

    /// A template that is only text, braces and all.
    pub fn literal(text: impl Into<String>) -> Template {
        Template { parts: vec![Part::Literal(text.into())] }
    }

    /// Every path that the template reads.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(placeholder) => Some(&placeholder.path),
            Part::Literal(_) => None,
        })
    }

    /// Whether it is one placeholder that says `default(null)`: where there is nothing, a
    /// JSON body has `null` there and leaves nothing out.
    pub fn says_null(&self) -> bool {
        let [Part::Placeholder(placeholder)] = self.parts.as_slice() else { return false };
        placeholder.filters.last() == Some(&Filter::Default(Value::Null))
    }

    /// Every path whose moment is written in coarser units than it may have, with that
    /// unit.
    pub fn rounded_paths(&self) -> impl Iterator<Item = (&Path, Duration)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(placeholder) => {
                let unit = placeholder.filters.first()?.unit()?;
                Some((&placeholder.path, unit))
            }
            _ => None,
        })
    }

    /// Every path whose value goes into an HMAC.
    pub fn signed_paths(&self) -> impl Iterator<Item = &Path> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(placeholder)
                if placeholder.filters.iter().any(|filter| matches!(filter, Filter::Hmac(_))) =>
            {
                Some(&placeholder.path)
            }
            _ => None,
        })
    }

    /// The whole text, where the template has no placeholder.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
