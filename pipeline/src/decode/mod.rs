//! Bytes to values: the first stage, and the only one that sees bytes.

mod form;
mod gunzip;

use bytes::Bytes;
use mef_source::checked::Decode;
use serde_json::Value;

pub use gunzip::gunzip;

/// The most that a webhook's body may decompress to, in bytes.
pub const MAX_DECODED: usize = 64 * 1024 * 1024;

/// How deep a value may be nested. The parser takes 127 levels; what is refused
/// later is kept inside an envelope of a few more, and has to come out again.
pub const MOST_LEVELS: usize = 100;

/// Why bytes cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or nested too deeply.
    #[error("not JSON: {0}")]
    Json(String),
    /// Not UTF-8, which JSON has to be (RFC 8259 §8.1).
    #[error("not UTF-8 from byte {0} on")]
    Utf8(usize),
    /// Nested more deeply than any record.
    #[error("nested more than {0} levels deep")]
    TooDeep(usize),
    /// A compression that is not understood.
    #[error("the content encoding `{0}` is not understood; gzip is")]
    Encoding(String),
    /// Broken gzip.
    #[error("not gzip, though the content encoding says so: {0}")]
    Gzip(String),
    /// Too large once decompressed.
    #[error("more than {0} bytes once decompressed")]
    TooLarge(usize),
    /// More values than can be held at once.
    #[error("more than {0} values")]
    TooManyValues(usize),
    /// Nothing to read.
    #[error("the body is empty")]
    Empty,
    /// No form field could be read.
    #[error("not a form: {0}")]
    Form(String),
}

/// One value of a body, or what could not be read in its place.
pub(crate) enum Decoded {
    /// A value.
    Value(Value),
    /// A part that could not be read, with what is wrong and where.
    Unreadable { raw: Bytes, error: DecodeError, place: String },
}

/// Reads a body.
///
/// A line of NDJSON that cannot be read spoils only itself.
pub(crate) fn decode(
    body: &Bytes,
    content_type: Option<&str>,
    content_encoding: Option<&str>,
    mode: Decode,
) -> Vec<Decoded> {
    let unreadable = |raw: &Bytes, error: DecodeError| {
        vec![Decoded::Unreadable { raw: raw.clone(), place: String::new(), error }]
    };
    let plain = match decompress(body, content_encoding) {
        Ok(plain) => plain,
        Err(error) => return unreadable(body, error),
    };
    match effective(mode, content_type) {
        Decode::Ndjson => ndjson(&plain),
        Decode::Form => match form::decode(&plain) {
            Ok(value) => vec![Decoded::Value(value)],
            Err(error) => unreadable(&plain, error),
        },
        Decode::Json | Decode::Auto => match decode_json(&plain) {
            Ok(value) => vec![Decoded::Value(value)],
            Err(error) => unreadable(&plain, error),
        },
    }
}

fn decompress(body: &Bytes, content_encoding: Option<&str>) -> Result<Bytes, DecodeError> {
    match content_encoding.map(|encoding| encoding.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Ok(body.clone()),
        Some("gzip" | "x-gzip") => gunzip(body, MAX_DECODED).map(Bytes::from),
        Some(other) => Err(DecodeError::Encoding(other.to_owned())),
    }
}

fn effective(mode: Decode, content_type: Option<&str>) -> Decode {
    if mode != Decode::Auto {
        return mode;
    }
    let essence = content_type.unwrap_or("").split(';').next().unwrap_or("").trim();
    match essence.to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => Decode::Form,
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonlines"
        | "application/json-seq"
        | "application/jsonlines" => Decode::Ndjson,
        _ => Decode::Json,
    }
}

/// Reads one JSON value; numbers keep their digits, a byte order mark is passed
/// over (RFC 8259 §8.1 allows that).
///
/// # Errors
///
/// When the bytes are not UTF-8 or not exactly one JSON value that is nested
/// at most 100 deep.
pub fn decode_json(bytes: &[u8]) -> Result<Value, DecodeError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(DecodeError::Empty);
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| DecodeError::Utf8(error.valid_up_to()))?;
    let value = serde_json::from_str(text).map_err(|error| DecodeError::Json(error.to_string()))?;
    match is_deeper(&value, MOST_LEVELS) {
        true => Err(DecodeError::TooDeep(MOST_LEVELS)),
        false => Ok(value),
    }
}

/// Whether lists and objects stand more than `levels` deep in each other. The
/// parser has bounded how far this goes down.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match (value, levels.checked_sub(1)) {
        (Value::Array(_) | Value::Object(_), None) => true,
        (Value::Array(list), Some(left)) => list.iter().any(|inner| is_deeper(inner, left)),
        (Value::Object(object), Some(left)) => object.values().any(|inner| is_deeper(inner, left)),
        _ => false,
    }
}

fn ndjson(plain: &Bytes) -> Vec<Decoded> {
    let lines = plain.split(|byte| *byte == b'\n').enumerate();
    lines
        .filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))
        .map(|(index, line)| match decode_json(line) {
            Ok(value) => Decoded::Value(value),
            Err(error) => Decoded::Unreadable {
                raw: plain.slice_ref(line),
                error,
                place: format!("line {}", index + 1),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(body: &[u8], content_type: &str) -> Vec<Result<Value, DecodeError>> {
        decode(&Bytes::copy_from_slice(body), Some(content_type), None, Decode::Auto)
            .into_iter()
            .map(|decoded| match decoded {
                Decoded::Value(value) => Ok(value),
                Decoded::Unreadable { error, .. } => Err(error),
            })
            .collect()
    }

    #[test]
    fn the_content_type_chooses_unless_the_source_file_does() {
        assert_eq!(values(b"{\"a\":1}", "application/json; charset=utf-8"), [Ok(json!({"a": 1}))]);
        assert_eq!(values(b"{\"a\":1}", "text/plain"), [Ok(json!({"a": 1}))]);
        assert_eq!(values(b"1\n\n2\r\n", "application/x-ndjson"), [Ok(json!(1)), Ok(json!(2))]);
        assert_eq!(
            values(b"payload=%7B%22a%22%3A1%7D", "application/x-www-form-urlencoded"),
            [Ok(json!({"a": 1}))]
        );
        let body = Bytes::from_static(b"1\n2");
        assert_eq!(decode(&body, Some("application/json"), None, Decode::Ndjson).len(), 2);
    }

    #[test]
    fn a_bad_line_spoils_only_itself_and_is_named() {
        let body = Bytes::from_static(b"{\"a\":1}\n{\"a\":\n{\"a\":3}\n");
        let decoded = decode(&body, None, None, Decode::Ndjson);
        assert_eq!(decoded.len(), 3);
        let Decoded::Unreadable { raw, place, .. } = &decoded[1] else { panic!("line 2 was read") };
        assert_eq!((raw.as_ref(), place.as_str()), (b"{\"a\":".as_slice(), "line 2"));
    }

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

    #[test]
    fn an_unknown_compression_is_an_error_and_not_a_guess() {
        let body = Bytes::from_static(b"{}");
        let decoded = decode(&body, None, Some("br"), Decode::Auto);
        assert!(matches!(
            decoded.as_slice(),
            [Decoded::Unreadable { error: DecodeError::Encoding(_), .. }]
        ));
    }
}
