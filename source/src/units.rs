//! Durations, sizes and rates as people write them: `60s`, `1MiB`,
//! `rate(5 minutes)`.

use std::time::Duration;

/// Reads a duration: an integer with one of the units `ms`, `s`, `m`, `h`, `d`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split_number(text);
    let millis_per_unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => 0,
    };
    number
        .parse::<u64>()
        .ok()
        .filter(|_| millis_per_unit > 0)
        .and_then(|n| n.checked_mul(millis_per_unit))
        // No API keeps anything for longer than a century, and sums of such durations fit into a
        // timestamp.
        .filter(|millis| *millis <= 36_525 * 86_400_000)
        .map(Duration::from_millis)
        .ok_or_else(|| "write a duration as a number and a unit: `30s`, `15m`, `7d`".to_owned())
}

/// Reads a size in bytes: an integer, alone or with `KiB` or `MiB`.
pub(crate) fn parse_size(text: &str) -> Result<usize, String> {
    let (number, unit) = split_number(text);
    let bytes_per_unit = match unit {
        "" | "B" => 1,
        "KiB" => 1024,
        "MiB" => 1024 * 1024,
        _ => 0,
    };
    number
        .parse::<usize>()
        .ok()
        .filter(|_| bytes_per_unit > 0)
        .and_then(|n| n.checked_mul(bytes_per_unit))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "write a size in bytes, or with a unit: `512KiB`, `1MiB`".to_owned())
}

/// Reads an EventBridge rate: `rate(5 minutes)`.
pub(crate) fn parse_rate(text: &str) -> Result<Duration, String> {
    let wrong = || {
        "write a schedule as `rate(1 minute)`, `rate(5 minutes)`, `rate(1 hour)` or `rate(1 day)`"
            .to_owned()
    };
    let inner = text
        .trim()
        .strip_prefix("rate(")
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(wrong)?;
    let (number, unit) = inner.trim().split_once(' ').ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds_per_unit = match (unit.trim(), number) {
        (_, 0) => return Err(wrong()),
        ("minute", 1) | ("minutes", 2..) => 60,
        ("hour", 1) | ("hours", 2..) => 3_600,
        ("day", 1) | ("days", 2..) => 86_400,
        _ => return Err(wrong()),
    };
    number
        .checked_mul(seconds_per_unit)
        .filter(|seconds| *seconds <= 365 * 86_400)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

fn split_number(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_duration("1d"), Ok(Duration::from_secs(86_400)));
        assert_eq!(parse_duration("250 ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "60", "s", "-1s", "1.5h", "1w", "99999999999999999999d", "40000d"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_positive_bytes() {
        assert_eq!(parse_size("1MiB"), Ok(1_048_576));
        assert_eq!(parse_size("900"), Ok(900));
        for wrong in ["0", "1MB", "", "1.5MiB", "99999999999999999999MiB"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_follow_eventbridge_in_singular_and_plural() {
        assert_eq!(parse_rate("rate(1 minute)"), Ok(Duration::from_secs(60)));
        assert_eq!(parse_rate("rate(2 hours)"), Ok(Duration::from_secs(7_200)));
        for wrong in ["rate(1 minutes)", "rate(2 minute)", "rate(0 minutes)", "5m", "rate(5 m)"] {
            assert!(parse_rate(wrong).is_err(), "{wrong}");
        }
    }
}
