//! JSON, with a bound on how deep it is nested.

use mef_ports::read_json;
use serde_json::Value;

use super::error::DecodeError;

/// How deep a value may be nested. The parser allows 127 levels. A refused
/// record is stored inside an envelope that adds a few levels, and the envelope
/// must still parse.
pub const MOST_LEVELS: usize = 100;

/// Reads one JSON value. Numbers keep their digits, and a byte order mark is
/// skipped, as RFC 8259 §8.1 allows.
///
/// # Errors
///
/// Fails if the bytes are not UTF-8, are not exactly one JSON value, or are
/// nested more than [`MOST_LEVELS`] deep.
pub fn decode_json(bytes: &[u8]) -> Result<Value, DecodeError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
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
