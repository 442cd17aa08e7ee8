//! The signed time: read strictly, and bounded on both sides.
//!
//! A lenient parser is a hole here: if the two sides read `1e9`, `0x…` or ` 17…` as
//! different moments, replays are no longer refused.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;
use mef_source::Root;
use mef_source::checked::{SignedTime, TimeUnit};

use super::signature::Items;
use crate::verify::denied::Denied;
use crate::verify::read::values::RequestView;
use crate::verify::request_part::RequestPart;

/// Enough for milliseconds in any year with four digits.
const MAX_DIGITS: usize = 16;

/// Reads the time, checks that it is near `now`, and returns its text as it came.
/// A time exactly at the edge passes.
pub(crate) fn check<'r>(
    time: &SignedTime,
    view: RequestView<'r>,
    signature: &'r Items,
    now: Timestamp,
) -> Result<Cow<'r, str>, Denied> {
    let part = || RequestPart::of(&time.from);
    let text = match time.from.root() {
        Root::Signature => in_signature(time, signature)?,
        _ => view.text(&time.from)?,
    };
    let text = text.ok_or_else(|| Denied::Missing(part()))?;
    let nanos = parse(&text, time.unit)
        .ok_or_else(|| Denied::TimestampMalformed { part: part(), unit: time.unit })?;
    let now = now.as_nanosecond();
    if nanos < now.saturating_sub(as_nanos(time.max_age)) {
        let max_seconds = time.max_age.as_secs();
        return Err(Denied::TimestampTooOld { part: part(), max_seconds });
    }
    if nanos > now.saturating_add(as_nanos(time.max_future)) {
        let max_seconds = time.max_future.as_secs();
        return Err(Denied::TimestampInFuture { part: part(), max_seconds });
    }
    Ok(text)
}

/// Finds the time in the signature header. It may come twice if it is the same.
fn in_signature<'r>(
    time: &SignedTime,
    signature: &'r Items,
) -> Result<Option<Cow<'r, str>>, Denied> {
    let key = time.from.name();
    let mut values = signature.under(key);
    let Some(first) = values.next() else { return Ok(None) };
    if values.any(|value| value != first) {
        return Err(Denied::TimestampContradictory(RequestPart::of(&time.from)));
    }
    Ok(Some(Cow::Borrowed(first)))
}

/// Returns nanoseconds since the epoch; `None` if it is not a time of that unit.
pub(crate) fn parse(text: &str, unit: TimeUnit) -> Option<i128> {
    match unit {
        TimeUnit::S => integer(text).map(|seconds| seconds * 1_000_000_000),
        TimeUnit::Ms => integer(text).map(|millis| millis * 1_000_000),
        TimeUnit::Rfc3339 => {
            let time: Timestamp = text.parse().ok().filter(|_| is_rfc3339(text))?;
            Some(time.as_nanosecond())
        }
    }
}

fn integer(text: &str) -> Option<i128> {
    let plain = text.bytes().all(|b| b.is_ascii_digit())
        && (1..=MAX_DIGITS).contains(&text.len())
        && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// Returns whether it is RFC 3339 and no more: parsers read other forms of ISO 8601
/// differently.
fn is_rfc3339(text: &str) -> bool {
    let has_shape = |text: &str, shape: &str| {
        text.len() == shape.len()
            && text.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't'),
                b'+' => matches!(byte, b'+' | b'-'),
                shape => byte == shape,
            })
    };
    const DATE_TIME: &str = "0000-00-00T00:00:00";
    let Some((date_time, rest)) = text.split_at_checked(DATE_TIME.len()) else { return false };
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(decimals) => {
            let zone = decimals.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == decimals.len() {
                return false;
            }
            zone
        }
    };
    has_shape(date_time, DATE_TIME) && (matches!(zone, "Z" | "z") || has_shape(zone, "+00:00"))
}

fn as_nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_integers_are_numbers() {
        for (text, number) in [
            ("0", Some(0)),
            ("1700000000", Some(1_700_000_000)),
            ("9999999999999999", Some(9_999_999_999_999_999)),
            ("10000000000000000", None),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("01", None),
            ("00", None),
            ("1.0", None),
            ("1e9", None),
            ("0x10", None),
            (" 1", None),
            ("1 ", None),
            ("1_0", None),
            ("١", None),
            ("NaN", None),
        ] {
            assert_eq!(integer(text), number, "{text:?}");
        }
    }

    #[test]
    fn only_rfc_3339_is_a_moment() {
        let noon = parse("2026-11-24T12:00:00Z", TimeUnit::Rfc3339);
        assert!(noon.is_some());
        for same in
            ["2026-11-24T04:00:00-08:00", "2026-11-24T12:00:00.000+00:00", "2026-11-24t12:00:00z"]
        {
            assert_eq!(parse(same, TimeUnit::Rfc3339), noon, "{same}");
        }
        for wrong in [
            "",
            "2026-11-24T12:00:00",
            "2026-11-24 12:00:00Z",
            "2026-11-24T12:00Z",
            "20261124T120000Z",
            "2026-11-24T12:00:00.Z",
            "2026-11-24T12:00:00,5Z",
            "2026-11-24T12:00:00+01",
            "2026-11-24T12:00:00Z[Europe/Paris]",
            "2026-11-24T12:00:00Z\n",
            "2026-13-24T12:00:00Z",
            "2026-11-24T12:00:0é",
            "+002026-11-24T12:00:00Z",
        ] {
            assert_eq!(parse(wrong, TimeUnit::Rfc3339), None, "{wrong:?}");
        }
    }
}
