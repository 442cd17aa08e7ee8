//! What is asked of items at once, and what is found until it is delivered.

use serde_json::Value;

use crate::news::known::News;
use crate::page::record::Unreadable;

/// How many records a part has at most.
const MOST_RECORDS: usize = 2_000;

/// What a request is about: an item, or several at once.
pub(crate) struct Asked {
    pub(crate) value: Value,
    /// What the items are known by.
    pub(crate) hashes: Vec<u64>,
    pub(crate) of: Of,
}

/// Whose records are found.
#[derive(Clone, Copy)]
pub(crate) struct Of {
    /// What the item is known by. Of several, none.
    pub(crate) item: u64,
    /// Whether the item is of one version. If not, each of its records is known by what it is.
    pub(crate) is_timed: bool,
}

/// Records that are found and not yet delivered.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) records: Vec<News>,
    /// Records that cannot be read.
    pub(crate) damaged: Vec<Unreadable>,
    /// The items whose records are all in it.
    pub(crate) items: Vec<u64>,
    /// How many of the records are of those items.
    pub(crate) whole: usize,
    /// The files of the item at hand that are known by what they are.
    pub(crate) files: Vec<u64>,
}

impl Part {
    /// Returns whether it is to be delivered.
    pub(crate) fn is_full(&self) -> bool {
        self.records.len() + self.damaged.len() >= MOST_RECORDS
    }
}
