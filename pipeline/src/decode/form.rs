//! `application/x-www-form-urlencoded`. GitHub and Slack can send JSON in the
//! field `payload`; Twilio sends plain fields.

use serde_json::{Map, Value};

use super::error::DecodeError;
use super::json::decode_json;

/// Reads a form: the JSON in the field `payload` if there is exactly one such
/// field, else an object of all fields. A repeated field becomes a list.
pub(super) fn decode(bytes: &[u8]) -> Result<Value, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let text =
        std::str::from_utf8(bytes).map_err(|error| DecodeError::Utf8(error.valid_up_to()))?;
    if !text.contains('=') {
        return Err(DecodeError::Form("there is no `name=value`".to_owned()));
    }
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
        let value = Value::String(value.into_owned());
        match fields.get_mut(name.as_ref()) {
            None => {
                fields.insert(name.into_owned(), value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    match fields.get("payload") {
        Some(Value::String(json)) => decode_json(json.as_bytes()),
        _ => Ok(Value::Object(fields)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn payload_is_json_and_other_fields_are_the_record() {
        assert_eq!(decode(b"x=1&payload=%7B%22a%22%3A%22b+c%22%7D"), Ok(json!({"a": "b c"})));
        assert_eq!(decode(b"a=1&b=x+y&a=2"), Ok(json!({"a": ["1", "2"], "b": "x y"})));
        assert!(matches!(decode(b"payload=%7B"), Err(DecodeError::Json(_))));
        assert!(matches!(decode(b"{\"a\":1}"), Err(DecodeError::Form(_))));
    }
}
