//! Recognising a record that was delivered before, by its id and time or by all of it.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use mef_ports::RunSummary;
use mef_source::Path;
use mef_source::checked::TimeReader;
use serde_json::Value;

use crate::news::record_time::record_time;
use crate::news::seen::hash;
use crate::page::record::Record;

/// A new record, with the id that the cursor finds in it.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) record: Record,
    pub(crate) id: Option<String>,
    /// What recognises it.
    pub(crate) hash: u64,
}

/// What recognises a record.
pub(crate) struct Known {
    pub(crate) id: Option<String>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) hash: u64,
}

/// Finds the id and the time of a record. A record with an id but no time is recognised by its
/// whole content. Otherwise a newer version of it would count as a repeat.
pub(crate) fn known(
    record: &Value,
    id: Option<&Path>,
    time: Option<&Path>,
    times: &TimeReader,
    summary: &mut RunSummary,
) -> Known {
    let found = time.and_then(|path| path.find(record));
    let read = found.and_then(|value| record_time(value, times));
    let id = id.and_then(|path| record_id(record, path));
    if let Some(path) = time.filter(|_| read.is_none()) {
        if summary.untimed == 0 {
            tracing::warn!(
                cursor.time = %path,
                record.has_one = found.is_some(),
                "a record has no time that can be read: see `time_format`"
            );
        }
        summary.untimed += 1;
        return Known { hash: record_hash(record, None, None), id, time: None };
    }
    Known { hash: record_hash(record, id.as_deref(), read), id, time: read }
}

/// Counts a record that came when the cursor had passed its time.
pub(crate) fn note_late(
    time: Option<Timestamp>,
    done: Option<Timestamp>,
    summary: &mut RunSummary,
) {
    summary.late += 1;
    if let (Some(time), Some(done)) = (time, done) {
        // Rounded up: the number is for an `end_lag`.
        let behind = (done.duration_since(time).as_millis() + 999) / 1_000;
        summary.late_max_s = summary.late_max_s.max(u64::try_from(behind).unwrap_or(0));
    }
}

/// Returns the id that a record carries, as text.
pub(crate) fn record_id(record: &Value, path: &Path) -> Option<String> {
    match path.find(record)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Returns what recognises a record: a hash of its id and time, or of all of it.
pub(crate) fn record_hash(record: &Value, id: Option<&str>, time: Option<Timestamp>) -> u64 {
    match id {
        Some(id) => hash(id, time),
        None => text_hash(record.to_string().as_bytes(), time),
    }
}

/// Returns what recognises a record without an id: a hash of its text.
pub(crate) fn text_hash(text: &[u8], time: Option<Timestamp>) -> u64 {
    hash(&hex::encode(digest(&SHA256, text)), time)
}
