//! The records of a page, before and after they are read.

use std::borrow::Cow;

use bytes::Bytes;
use mef_pipeline::{Charsets, DecodeError, decode_json, values_in};
use serde_json::Value;

use crate::page::held::MOST_VALUES;

/// A record as its page has it.
#[derive(Debug)]
pub(crate) enum Unread {
    /// Its text, which has the form of JSON.
    Text(Bytes),
    /// A value from a format that has to be read to find the records: an element.
    Value(Value),
    /// What is known to be no record.
    Damaged(Unreadable),
}

/// A record and the text that it was read from.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) value: Value,
    pub(crate) text: Option<Bytes>,
}

/// A record that cannot be read: bytes that are no UTF-8, half of a surrogate pair, a row that is too
/// long.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable {
    pub(crate) text: Bytes,
    pub(crate) error: DecodeError,
}

/// Reads one JSON value that has no more values in it than may be held.
pub(crate) fn read_bounded(text: &[u8]) -> Result<Value, DecodeError> {
    // A shorter text cannot have so many.
    if text.len() > MOST_VALUES && values_in(text) > MOST_VALUES {
        return Err(DecodeError::TooManyValues(MOST_VALUES));
    }
    decode_json(text)
}

impl Unread {
    /// Returns how many values it has at most that are still to be read.
    pub(crate) fn values(&self) -> usize {
        match self {
            Unread::Value(_) | Unread::Damaged(_) => 0,
            Unread::Text(text) => values_in(text),
        }
    }

    /// Turns its text into UTF-8 if it is in the character set that the response declares.
    pub(crate) fn in_utf8(self, charsets: Charsets) -> Unread {
        match self {
            Unread::Text(text) => Unread::Text(charsets.record(&text)),
            other => other,
        }
    }

    /// Returns how many bytes its text has, if it is text.
    pub(crate) fn length(&self) -> usize {
        match self {
            Unread::Text(text) | Unread::Damaged(Unreadable { text, .. }) => text.len(),
            Unread::Value(_) => 0,
        }
    }

    /// Reads the record and leaves it where it is.
    pub(crate) fn look(&self) -> Result<Cow<'_, Value>, DecodeError> {
        match self {
            Unread::Value(value) => Ok(Cow::Borrowed(value)),
            Unread::Text(text) => read_bounded(text).map(Cow::Owned),
            Unread::Damaged(damaged) => Err(damaged.error.clone()),
        }
    }

    /// Reads the record.
    pub(crate) fn read(self) -> Result<Record, Unreadable> {
        match self {
            Unread::Value(value) => Ok(Record { value, text: None }),
            Unread::Text(text) => match read_bounded(&text) {
                Ok(value) => Ok(Record { value, text: Some(text) }),
                Err(error) => Err(Unreadable { text, error }),
            },
            Unread::Damaged(damaged) => Err(damaged),
        }
    }
}
