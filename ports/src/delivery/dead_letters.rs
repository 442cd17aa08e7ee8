//! Rejected records, kept with everything that is needed to try them again.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::StoreError;
use crate::json_value;

/// The stage of the pipeline that rejected a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The bytes are not in the format that they claim to be in.
    Decode,
    /// The list of records is not where the source file says it is.
    Split,
    /// The record does not match the source's schema.
    Validate,
    /// No event could be made from the record.
    Structure,
    /// The queue refused the event for good.
    Deliver,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Decode => "decode",
            Stage::Split => "split",
            Stage::Validate => "validate",
            Stage::Structure => "structure",
            Stage::Deliver => "deliver",
        })
    }
}

/// What was rejected, as it was received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawRecord {
    /// A whole body that is UTF-8 text.
    Text(String),
    /// A whole body that is not UTF-8, in base64.
    Base64(String),
    /// One record of a body that could be read.
    Record(#[serde(deserialize_with = "json_value::value")] Value),
}

/// A rejected record with everything that a later run of the pipeline needs.
///
/// Unknown fields are ignored: after a rollback, letters of the newer version
/// are still there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The id of the letter: unique, and stable while the letter is kept.
    pub id: String,
    /// The name of its source.
    pub source: String,
    /// The stage that rejected it.
    pub stage: Stage,
    /// What was wrong, for a person.
    pub reason: String,
    /// Where in the record, as a JSON pointer or a line and column; empty if it is
    /// about the whole record.
    pub place: String,
    /// The record or body itself, with credentials masked.
    pub raw: RawRecord,
    /// The headers that the source file names, with credentials masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The query parameters that the source file names, with credentials masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// What the record was split out of, if it was part of something larger.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "json_value::optional"
    )]
    pub parent: Option<Value>,
    /// The vendor's delivery id, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
    /// The id that the source file's cursor found in a fetched record. With it, a
    /// later run gives the event the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_id: Option<String>,
    /// The record's index in its delivery or page, from 0.
    pub index: u64,
    /// If redrives split the record at `index`: the index among the parts, from 0,
    /// once for each split. Empty if it was not split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part: Vec<u64>,
    /// When the bytes were received.
    pub received_at: Timestamp,
    /// The digest of the source file that rejected it.
    pub source_version: String,
    /// How it came: `webhook` or `poll`.
    pub channel: String,
    /// How often the pipeline has rejected it, from 1.
    pub attempts: u32,
}

/// A letter that one redrive holds.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenLetter {
    /// The letter.
    pub letter: DeadLetter,
    /// The store's name for this hold.
    pub receipt: String,
}

/// An item that a take had to hold although it was not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// Its id, which is the same each time that it is met.
    pub id: String,
    /// The store's name for this hold.
    pub receipt: String,
}

/// The result of one take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// The letters that were asked for.
    pub letters: Vec<TakenLetter>,
    /// What a store that cannot search found on the way: letters of other sources,
    /// and items that cannot be read. While they are held they are not found
    /// again, so give them back only after the last take.
    pub passed_over: Vec<PassedOver>,
}

/// How many letters a store has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LetterCounts {
    /// Letters that a take would get.
    pub free: u64,
    /// Letters that somebody holds: a redrive that goes on, or that was stopped before it could give
    /// them back.
    pub held: u64,
    /// When the last of these holds ends; `None` if there is none, or the store counts only roughly.
    pub held_until: Option<Timestamp>,
}

/// How a taken letter ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The store's name for the hold.
    pub receipt: String,
    /// What was rejected again and replaces the letter; empty if all of it is in
    /// the queue, or is to be dropped.
    pub remains: Vec<DeadLetter>,
}

/// How many empty takes in a row mean that no letters are left. A distributed
/// queue may return nothing although it holds something.
pub const EMPTY_TAKES: u32 = 2;

/// Keeps rejected records until they are redriven or expire.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Stores all letters durably. If this fails, some may have been stored.
    ///
    /// A letter replaces an earlier one with the same id.
    ///
    /// # Errors
    ///
    /// Fails if any letter may not have been stored.
    async fn put(&self, letters: &[DeadLetter]) -> Result<(), StoreError>;

    /// Returns up to `limit` letters, oldest first, of `source` or of all sources.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn list(&self, source: Option<&str>, limit: usize)
    -> Result<Vec<DeadLetter>, StoreError>;

    /// Returns the letter with this `id`; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn get(&self, id: &str) -> Result<Option<DeadLetter>, StoreError>;

    /// Counts the letters of `source` or of all sources. A store that cannot search counts those of
    /// all sources, roughly.
    ///
    /// # Errors
    ///
    /// Fails if the store cannot be read.
    async fn count(&self, source: Option<&str>, now: Timestamp)
    -> Result<LetterCounts, StoreError>;

    /// Takes up to `limit` letters of `source` or of all sources. No other take
    /// returns them until `now + hold`. A take lasts seconds at most.
    ///
    /// Fewer letters than `limit`, or none, do not mean that no more are left.
    /// Only [`EMPTY_TAKES`] takes in a row that found nothing at all mean that.
    ///
    /// # Errors
    ///
    /// Fails if the store failed; what it may have taken is released after `hold`.
    async fn take(
        &self,
        source: Option<&str>,
        limit: usize,
        now: Timestamp,
        hold: Duration,
    ) -> Result<Taken, StoreError>;

    /// Ends holds and removes their letters. What remains of a letter is stored
    /// durably before the letter is removed. A hold that has run out removes
    /// nothing that was put since.
    ///
    /// # Errors
    ///
    /// Fails if a letter may still be there. It is then redriven again, never lost.
    async fn settle(&self, settled: &[Settled]) -> Result<(), StoreError>;

    /// Ends holds and keeps the letters as they are.
    ///
    /// # Errors
    ///
    /// Fails if the store failed; the holds then end at their time.
    async fn give_back(&self, receipts: &[String]) -> Result<(), StoreError>;
}
