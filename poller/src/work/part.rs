//! What is asked of items at once, and what is found until it is delivered.

use std::hash::{BuildHasher, RandomState};

use mef_source::checked::Detail;
use serde_json::Value;

use crate::ask::fetch_error::FetchError;
use crate::news::known::News;
use crate::page::record::{Unread, Unreadable};
use crate::request::render::error;

/// How many records a part has at most.
const MOST_RECORDS: usize = 2_000;

/// What a request is about: an item, or several at once.
pub(crate) struct Asked {
    pub(crate) value: Value,
    /// What the items are known by.
    pub(crate) hashes: Vec<u64>,
    pub(crate) of: Of,
}

/// Returns what to ask for, each with the items that it is about: every item by itself, or the lists that
/// a `batch` of the first of `details` makes of them. `one_version` says that no item changes.
pub(crate) fn asked_together(
    first: Option<&Detail>,
    items: Vec<News>,
    one_version: bool,
) -> Result<Vec<Asked>, FetchError> {
    let alone = |News { record, hash, is_timed, .. }: News| Asked {
        value: record.value,
        hashes: vec![hash],
        of: Of { item: hash, is_timed: is_timed || one_version },
    };
    let Some(batch) = first.and_then(|first| first.batch.as_ref()) else {
        return Ok(items.into_iter().map(alone).collect());
    };
    let value_of = |news: &News| {
        let lacks = || error(format!("`batch`: an item has nothing at `{}`", batch.of), "");
        batch.of.find(&news.record.value).cloned().ok_or_else(lacks)
    };
    let together = |items: &[News]| {
        let values = items.iter().map(value_of).collect::<Result<_, _>>()?;
        Ok(Asked {
            value: Value::Array(values),
            hashes: items.iter().map(|news| news.hash).collect(),
            of: Of { item: 0, is_timed: items.iter().all(|news| news.is_timed) || one_version },
        })
    };
    items.chunks(batch.size).map(together).collect()
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
    /// Records that cannot be read, each with what it is known by if its item has no time.
    pub(crate) damaged: Vec<(Unreadable, Option<u64>)>,
    /// The items whose records are all in it.
    pub(crate) items: Vec<u64>,
    /// How many of the records and of the damaged ones are of those items.
    whole: (usize, usize),
    /// The files of the item at hand that are known by what they are.
    pub(crate) files: Vec<u64>,
}

/// The records of a file that were taken, in case that it turns out to be cut off.
#[derive(Default)]
pub(crate) struct Taken {
    contents: RandomState,
    records: Vec<u64>,
    /// How many of them have come again.
    again: usize,
}

impl Taken {
    /// Begins again at the first record.
    pub(crate) fn begin_again(&mut self) {
        self.again = 0;
    }

    /// Returns those of `records` that were not taken. As soon as one is another than the last time,
    /// all that follow are.
    pub(crate) fn rest(&mut self, mut records: Vec<Unread>) -> Vec<Unread> {
        records.retain(|record| {
            let hash = match record {
                Unread::Text(text) => self.contents.hash_one(text),
                Unread::Value(value) => self.contents.hash_one(value),
                Unread::Damaged(damaged) => self.contents.hash_one(&damaged.text),
            };
            let is_taken = self.records.get(self.again) == Some(&hash);
            if !is_taken {
                self.records.truncate(self.again);
                self.records.push(hash);
            }
            self.again += 1;
            !is_taken
        });
        records
    }
}

impl Part {
    /// Notes that an item has brought all that it has.
    pub(crate) fn end_item(&mut self) {
        self.whole = (self.records.len(), self.damaged.len());
    }

    /// Drops what the item at hand has brought: it comes whole the next time.
    pub(crate) fn drop_item(&mut self) {
        let (records, damaged) = self.whole;
        self.records.truncate(records);
        self.damaged.truncate(damaged);
    }

    /// Returns whether it is to be delivered.
    pub(crate) fn is_full(&self) -> bool {
        self.records.len() + self.damaged.len() >= MOST_RECORDS
    }
}
