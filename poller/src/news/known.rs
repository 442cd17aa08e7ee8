//! Recognising a record that was delivered before, by its id and time or by all of it.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use mef_ports::RunSummary;
use mef_source::Path;
use mef_source::checked::{RecordId, TimeReader};

use crate::news::record_time::record_time;
use crate::news::seen::key::{Identity, Key, hash};
use crate::news::seen::twins::Content;
use crate::page::record::{Record, Unread};

/// A new record, with the id that the cursor finds in it.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) record: Record,
    pub(crate) id: Option<String>,
    /// What it is known by.
    pub(crate) hash: u64,
    /// Whether it has a time. If not, what is asked for about it may have changed since.
    pub(crate) is_timed: bool,
}

/// What recognises a record.
pub(crate) struct Known {
    pub(crate) id: Option<String>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) key: Key,
}

impl Known {
    /// Returns the record as news. Records that share an id are told apart by their number, so that
    /// their events have ids of their own.
    pub(crate) fn news(self, record: Record, Identity { hash, number }: Identity) -> News {
        let Known { id, time, key } = self;
        let id = match number {
            0 => id,
            _ => {
                let id = id.unwrap_or_else(|| format!("{:016x}", key.hash));
                Some(format!("{id} twin {number}"))
            }
        };
        News { record, id, hash, is_timed: time.is_some() }
    }
}

/// Finds the id and the time of a record. A record with an id but no time is recognised by its
/// whole content. Otherwise a newer version of it would count as a repeat.
pub(crate) fn known(
    record: &Record,
    id: Option<&RecordId>,
    time: Option<&Path>,
    times: &TimeReader,
    summary: &mut RunSummary,
) -> Known {
    let Record { value, .. } = record;
    let found = time.and_then(|path| path.find(value));
    let read = found.and_then(|value| record_time(value, times));
    let id = id.and_then(|id| id.find(value));
    if let Some(path) = time.filter(|_| read.is_none()) {
        if summary.untimed == 0 {
            tracing::warn!(
                cursor.time = %path,
                record.has_one = found.is_some(),
                "a record has no time that can be read: see `time_format`"
            );
        }
        summary.untimed += 1;
    }
    let key = match &id {
        Some(id) if read.is_some() => named(record, id, read),
        Some(_) => {
            let Key { hash, .. } = whole(value.to_string().as_bytes(), None);
            Key { hash, content: Content::of(hash) }
        }
        None => whole(value.to_string().as_bytes(), read),
    };
    Known { id, time: read, key }
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

/// Returns what recognises a record by its id and time.
pub(crate) fn named(record: &Record, id: &str, time: Option<Timestamp>) -> Key {
    let content = match &record.text {
        Some(text) => content_of_text(text),
        None => content_of_text(record.value.to_string().as_bytes()),
    };
    Key { hash: hash(id, time), content }
}

/// Returns what a record of a page says; `None` if it cannot be read.
pub(crate) fn content_of(record: &Unread) -> Option<Content> {
    match record {
        Unread::Text(text) => Some(content_of_text(text)),
        Unread::Value(value) => Some(content_of_text(value.to_string().as_bytes())),
        Unread::Damaged(_) => None,
    }
}

/// Returns what a record says. It is stored, so that its hash must stay what it is. Of a longer one no
/// more than 21 bits would be kept.
fn content_of_text(text: &[u8]) -> Content {
    Content::of(u64::from(crc32fast::hash(text)))
}

/// Returns what recognises a record without an id: all of its text.
pub(crate) fn whole(text: &[u8], time: Option<Timestamp>) -> Key {
    Key { hash: hash(&hex::encode(digest(&SHA256, text)), time), content: Content::WHOLE }
}
