//! From a compiled template and a record to a value.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::{Filter, Part, Placeholder, Template};
use crate::time_format::epoch;
use crate::written::TimeFormat;
use crate::{Path, Root};

/// What a path stands for while a template is rendered.
pub trait Variables {
    /// The value at `path`; [`Rendered::Null`] where there is none.
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v>;

    /// The HMAC-SHA256 of `text`, where there is a key to make it with.
    fn sign(&self, _text: &[u8]) -> Option<Vec<u8>> {
        None
    }
}

/// A value on its way through a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Rendered<'v> {
    /// Nothing.
    Null,
    /// A JSON value, never null.
    Json(Cow<'v, Value>),
    /// Text.
    Text(Cow<'v, str>),
    /// A moment.
    Time(Timestamp),
}

/// Why a filter cannot take the value it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A time filter met something else.
    #[error("the value is not a time")]
    Time,
    /// `join` met something else.
    #[error("the value is not a list")]
    List,
    /// A text filter met an object or list.
    #[error("the value is not text")]
    Text,
    /// `plus` met something else.
    #[error("the value is not a whole number")]
    Number,
    /// `plus` came to a number that is too large.
    #[error("the sum is too large a number")]
    Overflow,
    /// An HMAC filter where there is no key.
    #[error("there is no key to make the HMAC with")]
    Key,
}

impl<'v> Rendered<'v> {
    /// A JSON value; null is [`Rendered::Null`].
    pub fn json(value: Option<&'v Value>) -> Rendered<'v> {
        match value {
            None | Some(Value::Null) => Rendered::Null,
            Some(value) => Rendered::Json(Cow::Borrowed(value)),
        }
    }

    /// Text, or nothing.
    pub fn text(value: Option<&'v str>) -> Rendered<'v> {
        value.map_or(Rendered::Null, |text| Rendered::Text(Cow::Borrowed(text)))
    }

    /// Whether there is nothing.
    pub fn is_null(&self) -> bool {
        match self {
            Rendered::Null => true,
            Rendered::Json(value) => value.is_null(),
            Rendered::Text(_) | Rendered::Time(_) => false,
        }
    }

    /// The value as JSON; a moment becomes RFC 3339 text.
    pub fn into_json(self) -> Value {
        match self {
            Rendered::Null => Value::Null,
            Rendered::Json(value) => value.into_owned(),
            Rendered::Text(text) => Value::String(text.into_owned()),
            Rendered::Time(time) => Value::String(time.to_string()),
        }
    }

    /// The value inside a text: strings as they are, numbers and booleans as
    /// JSON writes them, a moment as RFC 3339.
    ///
    /// # Errors
    ///
    /// [`RenderError::Text`] for lists and objects, which have no one text.
    pub fn to_text(&self) -> Result<Cow<'_, str>, RenderError> {
        match self {
            Rendered::Null => Ok(Cow::Borrowed("")),
            Rendered::Text(text) => Ok(Cow::Borrowed(text)),
            Rendered::Time(time) => Ok(Cow::Owned(time.to_string())),
            Rendered::Json(value) => match value.as_ref() {
                Value::String(text) => Ok(Cow::Borrowed(text)),
                Value::Array(_) | Value::Object(_) => Err(RenderError::Text),
                value => Ok(Cow::Owned(value.to_string())),
            },
        }
    }

    pub(super) fn to_time(&self) -> Result<Timestamp, RenderError> {
        match self {
            Rendered::Time(time) => Ok(*time),
            other => TimeFormat::Auto.read(&other.to_text()?).ok_or(RenderError::Time),
        }
    }

    /// Reads a count of units since the epoch; decimals are kept to the
    /// nanosecond, and what is finer is rounded down.
    pub(super) fn to_epoch(&self, nanos_per_unit: i128) -> Result<Timestamp, RenderError> {
        epoch(&self.to_text()?, nanos_per_unit).ok_or(RenderError::Time)
    }

    /// Reads a whole number, or the text of one.
    pub(super) fn to_whole(&self) -> Result<i128, RenderError> {
        let text = self.to_text()?;
        text.parse().map_err(|_| RenderError::Number)
    }

    pub(super) fn join(&self, separator: &str) -> Result<String, RenderError> {
        let Rendered::Json(value) = self else { return Err(RenderError::List) };
        let Value::Array(elements) = value.as_ref() else { return Err(RenderError::List) };
        let texts = elements
            .iter()
            .map(|element| Rendered::json(Some(element)).to_text().map(Cow::into_owned))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(texts.join(separator))
    }
}

impl Template {
    /// Renders the template.
    ///
    /// One placeholder gives the value with its type. In a longer text, a
    /// placeholder that finds nothing makes the whole nothing: half a sentence
    /// is no summary and half a URL no address. `|default("")` says otherwise.
    ///
    /// # Errors
    ///
    /// When a filter cannot take what it was given.
    pub fn render<'v>(&'v self, variables: &'v dyn Variables) -> Result<Rendered<'v>, RenderError> {
        match self.parts.as_slice() {
            [] => return Ok(Rendered::Text(Cow::Borrowed(""))),
            [Part::Literal(text)] => return Ok(Rendered::Text(Cow::Borrowed(text))),
            [Part::Placeholder(placeholder)] => return placeholder.render(variables),
            _ => {}
        }
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Placeholder(placeholder) => {
                    let value = placeholder.render(variables)?;
                    if value.is_null() {
                        return Ok(Rendered::Null);
                    }
                    text.push_str(&value.to_text()?);
                }
            }
        }
        Ok(Rendered::Text(Cow::Owned(text)))
    }
}

impl Template {
    /// What each placeholder that reads something of `root` stands for by itself,
    /// filters and all; one whose filter cannot take what it is given is left out.
    pub fn values_of<'v>(
        &'v self,
        root: Root,
        variables: &'v dyn Variables,
    ) -> impl Iterator<Item = Rendered<'v>> {
        let placeholders = self.parts.iter().filter_map(move |part| match part {
            Part::Placeholder(placeholder) if placeholder.path.root() == root => Some(placeholder),
            _ => None,
        });
        placeholders.filter_map(|placeholder| placeholder.render(variables).ok())
    }
}

impl Placeholder {
    fn render<'v>(&'v self, variables: &'v dyn Variables) -> Result<Rendered<'v>, RenderError> {
        self.filters.iter().try_fold(variables.get(&self.path), |value, filter| match filter {
            Filter::Hmac(written) if !value.is_null() => {
                let hmac = variables.sign(value.to_text()?.as_bytes()).ok_or(RenderError::Key)?;
                Ok(Rendered::Text(Cow::Owned(written.write(&hmac))))
            }
            filter => filter.apply(value),
        })
    }
}
