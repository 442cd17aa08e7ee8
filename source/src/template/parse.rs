//! Compiles the text of a template.

use super::compiled::{Part, Placeholder, Template};
use super::filter::{Argument, Filter, FilterError, Lookups};
use crate::path::{Path, Root};
use crate::path_error::PathError;

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct TemplateError {
    /// The byte of the template at which the mistake is.
    pub offset: usize,
    /// What is wrong.
    pub kind: TemplateErrorKind,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TemplateErrorKind {
    /// `{` without `}`.
    #[error("this `{{` is never closed; a literal brace is written `{{{{`")]
    Unclosed,
    /// `}` without `{`.
    #[error("this `}}` closes nothing; a literal brace is written `}}}}`")]
    Unopened,
    /// `{}`.
    #[error("this placeholder is empty; the whole record is `{{/}}`")]
    Empty,
    /// The text between the braces is another language.
    #[error(
        "this is no placeholder: a brace that is text, as in GraphQL or JSON, is written `{{{{` or `}}}}`"
    )]
    Text,
    /// The path is wrong or means nothing here.
    #[error(transparent)]
    Path(PathError),
    /// A filter is unknown or used wrongly.
    #[error(transparent)]
    Filter(FilterError),
    /// The arguments cannot be read.
    #[error("the arguments of `{filter}` cannot be read: write them as `{filter}(\"text\")`")]
    Arguments {
        /// The filter's name.
        filter: String,
    },
}

impl Template {
    /// Compiles `text`, in which the words of `roots` have a meaning and
    /// `lookup` may name a table of `lookups`.
    ///
    /// # Errors
    ///
    /// Fails if a brace is not closed, a path means nothing here, or a filter
    /// is unknown or has wrong arguments; the error says at which byte.
    pub fn parse(text: &str, roots: &[Root], lookups: &Lookups) -> Result<Template, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        let at = |rest: &str| text.len() - rest.len();
        while let Some(brace) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(brace);
            literal.push_str(before);
            if let Some(after) = from_brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from_brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if let Some(inside) = from_brace.strip_prefix('{') {
                let offset = at(from_brace);
                let error = |kind| TemplateError { offset, kind };
                let end =
                    closing_brace(inside).ok_or_else(|| error(TemplateErrorKind::Unclosed))?;
                let (placeholder, after) = inside.split_at(end);
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                let placeholder = parse_placeholder(placeholder, roots, lookups).map_err(error)?;
                parts.push(Part::Placeholder(placeholder));
                rest = after.strip_prefix('}').unwrap_or(after);
            } else {
                return Err(TemplateError {
                    offset: at(from_brace),
                    kind: TemplateErrorKind::Unopened,
                });
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Template { parts })
    }
}

/// Finds the `}` that ends a placeholder, outside of quotes.
fn closing_brace(inside: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    inside.char_indices().find_map(|(offset, c)| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(offset),
            _ => {}
        }
        None
    })
}

fn parse_placeholder(
    text: &str,
    roots: &[Root],
    lookups: &Lookups,
) -> Result<Placeholder, TemplateErrorKind> {
    let mut pieces = split_outside_quotes(text, '|').into_iter();
    let path_text = pieces.next().unwrap_or("").trim();
    let path_text = match path_text {
        "" => return Err(TemplateErrorKind::Empty),
        "/" => "",
        path => path,
    };
    let path = Path::parse(path_text, roots).map_err(|error| match error {
        PathError::Unknown { .. } | PathError::Braces { .. } if is_other_text(path_text) => {
            TemplateErrorKind::Text
        }
        error => TemplateErrorKind::Path(error),
    })?;
    let filters = pieces.map(|piece| parse_filter(piece.trim(), lookups)).collect::<Result<_, _>>();
    Ok(Placeholder { path, filters: filters? })
}

/// Returns whether the text between braces was surely not meant as a path.
fn is_other_text(text: &str) -> bool {
    text.contains(|c: char| c.is_whitespace() || "{(\":,".contains(c))
}

fn parse_filter(text: &str, lookups: &Lookups) -> Result<Filter, TemplateErrorKind> {
    let (name, arguments) = match text.split_once('(') {
        None => (text, Vec::new()),
        Some((name, rest)) => {
            let unreadable = || TemplateErrorKind::Arguments { filter: name.trim().to_owned() };
            let inner = rest.trim_end().strip_suffix(')').ok_or_else(unreadable)?;
            let arguments = split_outside_quotes(inner, ',')
                .into_iter()
                .map(|argument| parse_argument(argument.trim()).ok_or_else(unreadable))
                .collect::<Result<Vec<_>, _>>()?;
            (name.trim(), arguments)
        }
    };
    Filter::new(name, &arguments, lookups).map_err(TemplateErrorKind::Filter)
}

/// Reads a JSON value such as a quoted text or a number, or a bare word.
fn parse_argument(text: &str) -> Option<Argument> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(Argument::Value(value));
    }
    let is_word = !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    is_word.then(|| Argument::Word(text.to_owned()))
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (offset, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                pieces.extend(text.get(start..offset));
                start = offset + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.extend(text.get(start..));
    pieces
}
