//! The values that go through a template.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use crate::time_format::{TimeFormat, epoch};

/// A value on its way through a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Rendered<'v> {
    /// No value.
    Null,
    /// A JSON value, never null.
    Json(Cow<'v, Value>),
    /// Text.
    Text(Cow<'v, str>),
    /// A point in time.
    Time(Timestamp),
}

/// Why a filter cannot use the value that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A time filter was given something else.
    #[error("the value is not a time")]
    Time,
    /// `join` was given something else.
    #[error("the value is not a list")]
    List,
    /// A text filter was given an object or a list.
    #[error("the value is not text")]
    Text,
    /// `plus` was given something else.
    #[error("the value is not a whole number")]
    Number,
    /// The sum of `plus` is too large.
    #[error("the sum is too large a number")]
    Overflow,
    /// An HMAC filter is used where there is no key.
    #[error("there is no key to make the HMAC with")]
    Key,
}

impl<'v> Rendered<'v> {
    /// Takes a JSON value; null becomes [`Rendered::Null`].
    pub fn json(value: Option<&'v Value>) -> Rendered<'v> {
        match value {
            None | Some(Value::Null) => Rendered::Null,
            Some(value) => Rendered::Json(Cow::Borrowed(value)),
        }
    }

    /// Takes text; `None` becomes [`Rendered::Null`].
    pub fn text(value: Option<&'v str>) -> Rendered<'v> {
        value.map_or(Rendered::Null, |text| Rendered::Text(Cow::Borrowed(text)))
    }

    /// Returns whether there is no value.
    pub fn is_null(&self) -> bool {
        match self {
            Rendered::Null => true,
            Rendered::Json(value) => value.is_null(),
            Rendered::Text(_) | Rendered::Time(_) => false,
        }
    }

    /// Returns the value as JSON; a time becomes RFC 3339 text.
    pub fn into_json(self) -> Value {
        match self {
            Rendered::Null => Value::Null,
            Rendered::Json(value) => value.into_owned(),
            Rendered::Text(text) => Value::String(text.into_owned()),
            Rendered::Time(time) => Value::String(time.to_string()),
        }
    }

    /// Returns the value as part of a text: strings as they are, numbers and
    /// booleans as JSON writes them, a time as RFC 3339.
    ///
    /// # Errors
    ///
    /// Fails with [`RenderError::Text`] for lists and objects.
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

    /// Reads a count of units since the epoch as a time, rounded down to the
    /// nanosecond.
    pub(super) fn to_epoch(&self, nanos_per_unit: i128) -> Result<Timestamp, RenderError> {
        epoch(&self.to_text()?, nanos_per_unit).ok_or(RenderError::Time)
    }

    /// Reads a whole number, or text that is one.
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
