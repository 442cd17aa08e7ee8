//! The first stage: from bytes to values. No later stage sees bytes.

pub(crate) mod error;
mod form;
mod gunzip;
pub(crate) mod json;

use bytes::Bytes;
use mef_source::checked::Decode;
use serde_json::Value;

use self::error::DecodeError;
pub use self::gunzip::gunzip;
use self::json::decode_json;

/// The largest size that a webhook's body may decompress to, in bytes.
pub const MAX_DECODED: usize = 64 * 1024 * 1024;

/// One part of a body.
pub(crate) enum Decoded {
    /// A value.
    Value(Value),
    /// A part that cannot be read, why, and where it is in the body.
    Unreadable { raw: Bytes, error: DecodeError, place: String },
}

/// Reads a body. A broken line of NDJSON does not affect the other lines.
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
    fn an_unknown_compression_is_an_error_and_not_a_guess() {
        let body = Bytes::from_static(b"{}");
        let decoded = decode(&body, None, Some("br"), Decode::Auto);
        assert!(matches!(
            decoded.as_slice(),
            [Decoded::Unreadable { error: DecodeError::Encoding(_), .. }]
        ));
    }
}
