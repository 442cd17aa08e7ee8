//! The time of an event, in the one form that every reader takes.
//!
//! MozDef guesses at a time that it does not know, and deletes the event if it cannot guess; an index refuses
//! the whole event. So a time leaves as RFC 3339, or not at all.

use std::borrow::Cow;

use jiff::Timestamp;
use mef_source::checked::TimeFormat;
use serde_json::Value;

/// A time that was found in a record.
pub(crate) enum EventTime {
    /// The value can stay as it is.
    AsWritten,
    /// This time, which the value writes in another form.
    Read(Timestamp),
}

/// Reads `value` as a time; `None` if it is none that an event can have.
pub(crate) fn event_time(value: &Value) -> Option<EventTime> {
    let text = match value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    if is_plain_rfc3339(&text) {
        return Some(EventTime::AsWritten);
    }
    let time = TimeFormat::Auto.read(&text)?;
    is_plain_rfc3339(&time.to_string()).then_some(EventTime::Read(time))
}

/// Returns whether `text` is a time that every reader of RFC 3339 takes: in the years 1 to 9999, without a
/// leap second, and without what the standard's profile leaves open.
fn is_plain_rfc3339(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = b"0000-00-00T00:00:00";
    let Some((clock, rest)) = bytes.split_at_checked(shape.len()) else { return false };
    let is_like = |found: &[u8], shape: &[u8]| {
        found.len() == shape.len()
            && found.iter().zip(shape).all(|(found, shape)| match shape {
                b'0' => found.is_ascii_digit(),
                mark => found == mark,
            })
    };
    let digits = |rest: &[u8]| rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let offset = match rest {
        [b'.', fraction @ ..] if (1..=9).contains(&digits(fraction)) => {
            fraction.get(digits(fraction)..).unwrap_or_default()
        }
        rest => rest,
    };
    let has_offset =
        matches!(offset, b"Z") || is_like(offset, b"+00:00") || is_like(offset, b"-00:00");
    is_like(clock, shape)
        && has_offset
        && !text.starts_with("0000")
        && clock.get(17) < Some(&b'6')
        && TimeFormat::Rfc3339.read(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_some_readers_take_is_written_anew() {
        for (text, written) in [
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("2026-11-24t10:00:00z", "2026-11-24T10:00:00Z"),
            ("2026-11-24T10:00:00+01", "2026-11-24T09:00:00Z"),
            ("2026-11-24T10:00:00+01:00[Europe/Vienna]", "2026-11-24T09:00:00Z"),
            ("+002026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
            ("1700000000", "2023-11-14T22:13:20Z"),
        ] {
            let time = event_time(&Value::from(text));
            let Some(EventTime::Read(time)) = time else { panic!("{text}") };
            assert_eq!(time.to_string(), written, "{text}");
        }
    }

    #[test]
    fn what_all_take_stays() {
        for text in
            ["2026-11-24T10:00:00Z", "2026-11-24T10:00:00.123456789-09:30", "0001-01-01T00:00:00Z"]
        {
            assert!(matches!(event_time(&Value::from(text)), Some(EventTime::AsWritten)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_of_an_event_is_none() {
        for text in [
            "yesterday",
            "",
            "2026-11-24",
            "0000-01-01T00:00:00Z",
            "-000001-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
        ] {
            assert!(event_time(&Value::from(text)).is_none(), "{text}");
        }
    }
}
