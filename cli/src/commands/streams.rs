//! Streams: how a person names one, and how far behind it is.

use jiff::{SignedDuration, Timestamp};
use mef_ports::{CursorRecord, StreamKey};

/// Returns the stream that `name` means: a source or one partition of it, `acme` or `acme/north`.
pub(super) fn stream(name: &str) -> StreamKey {
    let (source, partition) = name.split_once('/').unwrap_or((name, ""));
    StreamKey { source: source.to_owned(), partition: partition.to_owned() }
}

/// Returns how far `record` is behind `now`; `None` if it has no time to go by.
pub(super) fn lag(record: &CursorRecord, now: Timestamp) -> Option<SignedDuration> {
    Some(now.duration_since(record.done()?.time()?))
}
