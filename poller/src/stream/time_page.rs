//! Which records of a page are news.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use mef_ports::RunSummary;
use mef_source::Path;
use mef_source::checked::{TimeCursor, TimeFormat};
use serde_json::Value;

use crate::news::gathered::Gathered;
use crate::news::record_time::record_time;
use crate::news::seen::{Needed, Seen, hash};
use crate::page::record::{Record, Unread};
use crate::run::backfill::PageEnd;
use crate::stream::window::Bounds;

/// A record that goes on, with the id that the cursor finds in it.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) record: Record,
    pub(crate) id: Option<String>,
    /// By what it is known to have been delivered.
    pub(crate) hash: u64,
}

/// What a page of a window has.
#[derive(Debug, Default)]
pub(crate) struct Classified {
    /// The newest time on the page.
    pub(crate) newest: Option<Timestamp>,
    /// Whether a record was older than one before it.
    pub(crate) out_of_order: bool,
    /// Whether the page, newest first, has come to records from before the
    /// window.
    pub(crate) before_start: bool,
    /// Whether it has come to records that were held back.
    pub(crate) end: PageEnd,
    /// Whether no record of it has a time.
    pub(crate) is_untimed: bool,
}

/// Sorts the records of a page of the window `bounds`, and has the news
/// `gathered`; `last` is the time of the last record of the page before.
#[expect(clippy::too_many_arguments, reason = "what a run knows, each part of it by itself")]
pub(crate) fn by_time(
    records: Vec<Unread>,
    gathered: &mut Gathered<'_>,
    cursor: &TimeCursor,
    bounds: &Bounds,
    last: Option<Timestamp>,
    seen: &mut Seen,
    needed: &Needed,
    summary: &mut RunSummary,
) -> Classified {
    let mut classified = Classified { newest: last, ..Classified::default() };
    let (mut previous, mut rises, mut all_before) = (None, false, true);
    for record in records {
        summary.records += 1;
        // What has no time may come again wherever the window ends.
        let record = gathered.read(record, |hash| seen.insert(hash, bounds.end, needed, summary));
        let Some(record) = record else { continue };
        let (id, time) = (cursor.id.as_ref(), cursor.time.as_ref());
        let Known { id, time, hash } = known(&record.value, id, time, &cursor.time_format, summary);
        classified.is_untimed = true;
        if let Some(time) = time {
            rises |= previous.is_some_and(|previous| time > previous);
            previous = Some(time);
            all_before &= time < bounds.start;
            if !cursor.lower_bound && time < bounds.start {
                continue;
            }
            let is_past = !cursor.upper_bound && time >= bounds.end;
            classified.end.note(is_past);
            if is_past {
                summary.held_back += 1;
                continue;
            }
            classified.out_of_order |= classified.newest.is_some_and(|newest| time < newest);
            classified.newest = classified.newest.max(Some(time));
        }
        // Neither has what is older than was asked for a place in a window: it may come
        // with each.
        let placed = time.filter(|time| *time >= bounds.start);
        if !seen.insert(hash, placed.unwrap_or(bounds.end), needed, summary) {
            continue;
        }
        if let Some(time) = time.filter(|time| *time < bounds.done_before) {
            note_late(Some(time), Some(bounds.done_before), summary);
        }
        gathered.take(News { record, id, hash });
    }
    classified.is_untimed &= cursor.time.is_some() && previous.is_none();
    // Where the order is not what the source file says, only a page that is
    // all too old is an end.
    let ends_before = previous.is_some_and(|last| last < bounds.start);
    classified.before_start = ends_before && (all_before || !rises);
    classified
}

/// By what a record is known.
pub(crate) struct Known {
    pub(crate) id: Option<String>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) hash: u64,
}

/// What a record has at the paths of the source file. One that has an id and
/// lacks its time is known by all of it: else the next version of what it tells
/// of would be a repeat.
pub(crate) fn known(
    record: &Value,
    id: Option<&Path>,
    time: Option<&Path>,
    format: &TimeFormat,
    summary: &mut RunSummary,
) -> Known {
    let found = time.and_then(|path| path.find(record));
    let read = found.and_then(|value| record_time(value, format));
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

/// Counts a record of `time` that came when the cursor had passed it.
pub(crate) fn note_late(
    time: Option<Timestamp>,
    done: Option<Timestamp>,
    summary: &mut RunSummary,
) {
    summary.late += 1;
    if let (Some(time), Some(done)) = (time, done) {
        // A part of a second is one more: the number is for an `end_lag`.
        let behind = (done.duration_since(time).as_millis() + 999) / 1_000;
        summary.late_max_s = summary.late_max_s.max(u64::try_from(behind).unwrap_or(0));
    }
}

/// The id that a record carries, as text.
pub(crate) fn record_id(record: &Value, path: &Path) -> Option<String> {
    match path.find(record)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// By what a record is known: its id and time, or all of it.
pub(crate) fn record_hash(record: &Value, id: Option<&str>, time: Option<Timestamp>) -> u64 {
    match id {
        Some(id) => hash(id, time),
        None => text_hash(record.to_string().as_bytes(), time),
    }
}

/// By what a record without an id is known: all of its text.
pub(crate) fn text_hash(text: &[u8], time: Option<Timestamp>) -> u64 {
    hash(&hex::encode(digest(&SHA256, text)), time)
}
