//! The time that a record carries.

use std::borrow::Cow;

use jiff::Timestamp;
use mef_source::checked::TimeReader;
use serde_json::Value;

/// Returns the time that `value` is, if it can be read by `times`.
pub(crate) fn record_time(value: &Value, times: &TimeReader) -> Option<Timestamp> {
    let text = match value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        Value::Number(number) => Cow::Owned(number.to_string()),
        _ => return None,
    };
    times.read(&text)
}

#[cfg(test)]
mod tests {
    use mef_source::checked::TimeFormat;
    use serde_json::json;

    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        let expected: Timestamp = "2026-11-24T10:00:00.25Z".parse().unwrap();
        let millis = expected.as_millisecond();
        let cases = [
            (json!("2026-11-24T10:00:00.250Z"), TimeFormat::Auto),
            (json!("2026-11-24T11:00:00.25+01:00"), TimeFormat::Rfc3339),
            (json!("2026-11-24 10:00:00.25"), TimeFormat::Auto),
            (json!(millis * 1_000), TimeFormat::Auto),
            (json!(millis * 1_000_000), TimeFormat::EpochNs),
            (json!(20_261_124_100_000_250_u64), TimeFormat::Strftime("%Y%m%d%H%M%S%3f".to_owned())),
            (json!(millis), TimeFormat::Auto),
            (json!(millis.to_string()), TimeFormat::EpochMs),
            (serde_json::from_str("1795514400.25").unwrap(), TimeFormat::Auto),
            (serde_json::from_str("1795514400.25").unwrap(), TimeFormat::Epoch),
        ];
        for (value, format) in cases {
            let times = TimeReader { format, zone: None };
            assert_eq!(record_time(&value, &times), Some(expected), "{value} {times:?}");
        }
        for (value, format) in [
            (json!("yesterday"), TimeFormat::Auto),
            (json!(null), TimeFormat::Auto),
            (json!(12), TimeFormat::Rfc3339),
            (json!("1e400"), TimeFormat::Epoch),
        ] {
            let times = TimeReader { format, zone: None };
            assert_eq!(record_time(&value, &times), None, "{value} {times:?}");
        }
    }
}
