//! Records that were refused, kept with what is needed to run them again.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::StoreError;

/// The step of the pipeline that refused a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The bytes could not be read as what they claim to be.
    Decode,
    /// The list of records is not where the source file says.
    Split,
    /// The record does not meet the source's schema.
    Validate,
    /// No event could be made of the record.
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

/// What was refused, as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawRecord {
    /// A whole body that is UTF-8 text.
    Text(String),
    /// A whole body that is not UTF-8, in base64.
    Base64(String),
    /// One record out of a body that could be read.
    Record(Value),
}

/// A refused record and all that a later run of the pipeline needs of it.
///
/// A field that is not known is passed over: after a rollback the letters of
/// the newer version are still there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Names this letter: unique, and stable while it is kept.
    pub id: String,
    /// The source that it belongs to.
    pub source: String,
    /// The step that refused it.
    pub stage: Stage,
    /// What was wrong, for a person.
    pub reason: String,
    /// Where in the record, as a JSON pointer or a line and column; empty when
    /// the whole is meant.
    pub place: String,
    /// The record or body itself, credentials masked.
    pub raw: RawRecord,
    /// The headers that the source file names, credentials masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The query parameters that the source file names, credentials masked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// What encloses the record, where it was split out of something larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Value>,
    /// The vendor's delivery id, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<String>,
    /// The id that the source file's cursor found in the record, where it was
    /// fetched: a later run gives the event the same id by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor_id: Option<String>,
    /// The record's place in its delivery or page, from 0.
    pub index: u64,
    /// Where a redrive took the record at `index` apart: its place among the
    /// parts, from 0, once for each time. Empty where it is that record itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part: Vec<u64>,
    /// When the bytes reached us.
    pub received_at: Timestamp,
    /// The digest of the source file that refused it.
    pub source_version: String,
    /// Whether it came by webhook or by poll: `webhook` or `poll`.
    pub channel: String,
    /// How often the pipeline has refused it, from 1.
    pub attempts: u32,
}

/// A letter that is held by one redrive.
#[derive(Clone, Debug, PartialEq)]
pub struct TakenLetter {
    /// The letter.
    pub letter: DeadLetter,
    /// The store's own name for this hold.
    pub receipt: String,
}

/// What is held though nobody asked for it: it was in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// What tells it from others, however often it is met.
    pub id: String,
    /// The store's own name for this hold.
    pub receipt: String,
}

/// What one take found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taken {
    /// The letters that were asked for.
    pub letters: Vec<TakenLetter>,
    /// What a store that cannot search met on the way: other sources' letters,
    /// and what cannot be read. As long as it is held it is not met again, so
    /// it is given back when nothing more is to be taken.
    pub passed_over: Vec<PassedOver>,
}

/// What became of a taken letter.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The receipt of the hold.
    pub receipt: String,
    /// What was refused again, to be kept in its place; empty when all of it
    /// is in the queue, or is to be forgotten.
    pub remains: Vec<DeadLetter>,
}

/// How many takes in a row that find nothing at all mean that there is nothing:
/// a distributed queue may give nothing though there is something.
pub const EMPTY_TAKES: u32 = 2;

/// Keeps refused records until they are redriven or expire.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Stores all letters durably, or fails and may have stored some.
    ///
    /// A letter with an id that is already kept replaces it.
    ///
    /// # Errors
    ///
    /// When any letter may not be stored.
    async fn put(&self, letters: &[DeadLetter]) -> Result<(), StoreError>;

    /// Up to `limit` letters, oldest first, of `source` or of every source.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn list(&self, source: Option<&str>, limit: usize)
    -> Result<Vec<DeadLetter>, StoreError>;

    /// The letter with this `id`, if it is kept.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    async fn get(&self, id: &str) -> Result<Option<DeadLetter>, StoreError>;

    /// Takes up to `limit` letters of `source` or of every source, which no
    /// other take gives until `now + hold`, and takes seconds at most.
    ///
    /// Fewer, or none, does not mean that there are no more: only
    /// [`EMPTY_TAKES`] do that found neither letters nor anything in their way.
    ///
    /// # Errors
    ///
    /// When the store failed; what it may have taken comes back by itself.
    async fn take(
        &self,
        source: Option<&str>,
        limit: usize,
        now: Timestamp,
        hold: Duration,
    ) -> Result<Taken, StoreError>;

    /// Ends holds: what remains of a letter is stored durably before the
    /// letter itself goes. A hold that ran out settles nothing that was put
    /// since.
    ///
    /// # Errors
    ///
    /// When a letter may still be there: it is then redriven again, never
    /// lost.
    async fn settle(&self, settled: &[Settled]) -> Result<(), StoreError>;

    /// Ends holds and leaves the letters as they were.
    ///
    /// # Errors
    ///
    /// When the store failed; the holds then end by themselves.
    async fn give_back(&self, receipts: &[String]) -> Result<(), StoreError>;
}
