//! A point in a stream.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point in a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Everything before this moment.
    Time(Timestamp),
    /// The vendor's own token for what comes next.
    Token(String),
    /// The vendor's own link to what comes next, without what came from a secret.
    Link(String),
    /// Everything up to the record with this id.
    Id(String),
    /// Everything up to the record with this time and id.
    TimeId {
        /// The record's time.
        time: Timestamp,
        /// Its id.
        id: String,
    },
}

impl Position {
    /// Up to which moment everything is delivered, where the position says so.
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Position::Time(time) | Position::TimeId { time, .. } => Some(*time),
            Position::Token(_) | Position::Link(_) | Position::Id(_) => None,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Time(time) => write!(f, "{time}"),
            Position::Token(text) | Position::Link(text) | Position::Id(text) => f.write_str(text),
            Position::TimeId { time, id } => write!(f, "{time} {id}"),
        }
    }
}
