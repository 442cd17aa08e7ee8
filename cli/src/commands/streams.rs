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

/// Returns a lag of so many seconds in words. A cursor that is ahead of the clock is no lag.
pub(super) fn lag_text(seconds: i64) -> String {
    let text = |seconds| format!("{:#}", SignedDuration::from_secs(seconds));
    match seconds {
        0.. => text(seconds),
        _ => format!("{} ahead", text(seconds.saturating_abs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_in_the_future_is_ahead_and_not_ago() {
        assert_eq!(lag_text(75), "1m 15s");
        assert_eq!(lag_text(0), "0s");
        assert_eq!(lag_text(-86_037), "23h 53m 57s ahead");
    }
}
