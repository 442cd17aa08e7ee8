//! Which records of a page are news.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use mef_ports::RunSummary;
use mef_source::Path;
use mef_source::checked::{TimeCursor, TimeFormat};
use serde_json::Value;

use crate::backfill::PageEnd;
use crate::gathered::Gathered;
use crate::seen::{Needed, Seen, hash};
use crate::unread::{Record, Unread};
use crate::window::Bounds;

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
        let Known { id, time, hash } = known(&record.value, id, time, cursor.time_format, summary);
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
        if !seen.insert(hash, time.unwrap_or(bounds.end), needed, summary) {
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
    format: TimeFormat,
    summary: &mut RunSummary,
) -> Known {
    let found = time.and_then(|path| path.find(record));
    let read = found.and_then(|value| record_time(value, format));
    let id = id.and_then(|path| record_id(record, path));
    if let Some(path) = time.filter(|_| read.is_none()) {
        if summary.untimed == 0 {
            tracing::warn!(
                cursor.time = %path,
                record.time = found.map(|value| value.to_string().chars().take(60).collect::<String>()),
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

/// The time that a record carries, if it can be read.
pub(crate) fn record_time(value: &Value, format: TimeFormat) -> Option<Timestamp> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    match format {
        TimeFormat::Rfc3339 => text.parse().ok(),
        TimeFormat::Epoch => epoch(&text, 1_000_000_000),
        TimeFormat::EpochMs => epoch(&text, 1_000_000),
        TimeFormat::Auto => {
            // Seconds reach this number in the year 5138.
            let unit =
                |whole: i64| if whole.abs() < 100_000_000_000 { 1_000_000_000 } else { 1_000_000 };
            let whole = text.split('.').next().and_then(|whole| whole.parse().ok());
            whole.map_or_else(|| text.parse().ok(), |whole| epoch(&text, unit(whole)))
        }
    }
}

/// A count of units since the epoch, with decimals, to the nanosecond.
fn epoch(text: &str, nanos_per_unit: i128) -> Option<Timestamp> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let mut nanos = whole.parse::<i128>().ok()?.checked_mul(nanos_per_unit)?;
    let mut unit = nanos_per_unit;
    for digit in decimals.chars() {
        unit /= 10;
        nanos +=
            i128::from(digit.to_digit(10)?) * unit * if text.starts_with('-') { -1 } else { 1 };
    }
    Timestamp::from_nanosecond(nanos).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        let expected: Timestamp = "2026-11-24T10:00:00.25Z".parse().unwrap();
        let millis = expected.as_millisecond();
        let cases = [
            (json!("2026-11-24T10:00:00.250Z"), TimeFormat::Auto),
            (json!("2026-11-24T11:00:00.25+01:00"), TimeFormat::Rfc3339),
            (json!(millis), TimeFormat::Auto),
            (json!(millis.to_string()), TimeFormat::EpochMs),
            (serde_json::from_str("1795514400.25").unwrap(), TimeFormat::Auto),
            (serde_json::from_str("1795514400.25").unwrap(), TimeFormat::Epoch),
        ];
        for (value, format) in cases {
            assert_eq!(record_time(&value, format), Some(expected), "{value} {format:?}");
        }
        for (value, format) in [
            (json!("yesterday"), TimeFormat::Auto),
            (json!(null), TimeFormat::Auto),
            (json!(12), TimeFormat::Rfc3339),
            (json!("1e400"), TimeFormat::Epoch),
        ] {
            assert_eq!(record_time(&value, format), None, "{value} {format:?}");
        }
    }
}
