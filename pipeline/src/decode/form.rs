//! `application/x-www-form-urlencoded`. GitHub and Slack can send JSON in the
//! field `payload`; Twilio sends plain fields.

use serde_json::{Map, Value};

use super::error::DecodeError;

/// What a form has.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The JSON text in the field `payload`.
    Payload(String),
    /// All fields.
    Fields(Value),
}

/// Reads a form: the text in the field `payload` if there is exactly one such
/// field, else an object of all fields. A repeated field becomes a list.
pub(super) fn decode(bytes: &[u8]) -> Result<Form, DecodeError> {
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
    match fields.get_mut("payload") {
        Some(Value::String(json)) => Ok(Form::Payload(std::mem::take(json))),
        _ => Ok(Form::Fields(Value::Object(fields))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn payload_is_json_and_other_fields_are_the_record() {
        let payload = Form::Payload("{\"a\":\"b c\"}".to_owned());
        assert_eq!(decode(b"x=1&payload=%7B%22a%22%3A%22b+c%22%7D"), Ok(payload));
        let fields = Form::Fields(json!({"a": ["1", "2"], "b": "x y"}));
        assert_eq!(decode(b"a=1&b=x+y&a=2"), Ok(fields));
        assert!(matches!(decode(b"{\"a\":1}"), Err(DecodeError::Form(_))));
    }
}
