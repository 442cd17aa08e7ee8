//! JSON, with a bound on how deep it is nested.

use mef_ports::read_json;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::borders::values_in;
use super::error::DecodeError;

/// How deep a value may be nested. The parser allows 127 levels. A refused
/// record is stored inside an envelope that adds a few levels, and the envelope
/// must still parse.
pub const MOST_LEVELS: usize = 100;

/// Reads one JSON value. Numbers keep their digits. A byte order mark is skipped, as
/// RFC 8259 §8.1 allows, and so is a NUL at the end, with which some senders end their text.
///
/// # Errors
///
/// Fails if the bytes are not UTF-8, are not exactly one JSON value, or are
/// nested more than [`MOST_LEVELS`] deep.
pub fn decode_json(bytes: &[u8]) -> Result<Value, DecodeError> {
    let mut bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    while let Some((0, text)) = bytes.split_last() {
        bytes = text;
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(DecodeError::Empty);
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| DecodeError::Utf8(error.valid_up_to()))?;
    let value = read_json(text).map_err(|error| DecodeError::Json(error.to_string()))?;
    match is_deeper(&value, MOST_LEVELS) {
        true => Err(DecodeError::TooDeep(MOST_LEVELS)),
        false => Ok(value),
    }
}

/// The most values of a record that is pushed, and around the records of a body. Each takes some hundred bytes, and the function on AWS has
/// 256 MB.
pub(crate) const MOST_VALUES: usize = 500_000;

/// Reads one JSON value that is small enough as a value.
///
/// # Errors
///
/// Those of [`decode_json`], and if there are too many values.
pub(crate) fn decode_record(text: &[u8]) -> Result<Value, DecodeError> {
    // A shorter text cannot have so many.
    if text.len() > MOST_VALUES && values_in(text) > MOST_VALUES {
        return Err(DecodeError::TooManyValues(MOST_VALUES));
    }
    decode_json(text)
}

/// Says why where the records of `text` end cannot be found, without keeping them.
pub(super) fn syntax_error(text: &[u8]) -> DecodeError {
    let reason = match serde_json::from_slice::<IgnoredAny>(text) {
        Err(error) => error.to_string(),
        Ok(_) => "a bracket, a quote or a comma is in the wrong place".to_owned(),
    };
    DecodeError::Borders(reason)
}

/// Whether lists and objects are nested more than `levels` deep. The parser
/// bounds how deep this recursion goes.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match (value, levels.checked_sub(1)) {
        (Value::Array(_) | Value::Object(_), None) => true,
        (Value::Array(list), Some(left)) => list.iter().any(|inner| is_deeper(inner, left)),
        (Value::Object(object), Some(left)) => object.values().any(|inner| is_deeper(inner, left)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_decoded_can_be_kept_in_a_letter_and_read_again() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let deepest = decode_json(nested(MOST_LEVELS).as_bytes()).unwrap();
        let letter = json!({"letter": {"raw": {"record": deepest}}}).to_string();
        assert!(serde_json::from_str::<Value>(&letter).is_ok());
        assert_eq!(
            decode_json(nested(MOST_LEVELS + 1).as_bytes()),
            Err(DecodeError::TooDeep(MOST_LEVELS))
        );
        let objects =
            format!("{}1{}", r#"{"a":"#.repeat(MOST_LEVELS + 1), "}".repeat(MOST_LEVELS + 1));
        assert!(decode_json(objects.as_bytes()).is_err());
        assert!(matches!(decode_json(nested(1000).as_bytes()), Err(DecodeError::Json(_))));
    }

    #[test]
    fn numbers_keep_their_digits() {
        let text = r#"[9007199254740993,1.10,1e+400,123456789012345678901234567890,-0]"#;
        assert_eq!(decode_json(text.as_bytes()).unwrap().to_string(), text);
    }

    #[test]
    fn hostile_json_is_an_error() {
        assert_eq!(decode_json(b"  \n"), Err(DecodeError::Empty));
        assert_eq!(decode_json(b"\"\xff\""), Err(DecodeError::Utf8(1)));
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(matches!(decode_json(deep.as_bytes()), Err(DecodeError::Json(_))));
        for broken in ["{\"a\":1", "{\"a\":1}x", "\"\\ud800\"", "NaN", "{'a':1}"] {
            assert!(
                matches!(decode_json(broken.as_bytes()), Err(DecodeError::Json(_))),
                "{broken}"
            );
        }
        assert_eq!(decode_json(b"\xef\xbb\xbf{}"), Ok(json!({})));
    }
}
