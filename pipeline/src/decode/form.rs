//! `application/x-www-form-urlencoded`. GitHub and Slack can send JSON in the
//! field `payload`; Twilio sends plain fields.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::charset::Charsets;
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
///
/// # Errors
///
/// Fails if it is none, or if a field is not in its character set: no byte is replaced.
pub(super) fn decode(bytes: &[u8], charsets: Charsets) -> Result<Form, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    // A form has these characters encoded (https://url.spec.whatwg.org/#urlencoded-serializing).
    if let Some(first @ (b'{' | b'[' | b'<')) = bytes.trim_ascii_start().first() {
        let first = char::from(*first);
        let reason = format!("it begins with `{first}`: say under `decode` what the vendor sends");
        return Err(DecodeError::Form(reason));
    }
    if !bytes.contains(&b'=') {
        return Err(DecodeError::Form("there is no `name=value`".to_owned()));
    }
    let mut fields = Map::new();
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (pair.get(..at), pair.get(at + 1..)),
            None => (Some(pair), None),
        };
        let name = text(name.unwrap_or_default(), charsets)?;
        let value = Value::String(text(value.unwrap_or_default(), charsets)?);
        match fields.get_mut(&name) {
            None => {
                fields.insert(name, value);
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

/// Decodes a name or a value.
fn text(encoded: &[u8], charsets: Charsets) -> Result<String, DecodeError> {
    let spaced: Vec<u8> =
        encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = Cow::from(percent_decode(&spaced)).into_owned();
    let said = charsets.whole(&decoded)?.unwrap_or(decoded);
    let text = charsets.record(&Bytes::from(said));
    String::from_utf8(text.into()).map_err(|_| {
        let reason = "a field is not UTF-8: say under `charset` what the vendor writes";
        DecodeError::Form(reason.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use mef_source::checked::Charset;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(form: &[u8]) -> Result<Form, DecodeError> {
        decode(form, Charsets::default())
    }

    #[test]
    fn payload_is_json_and_other_fields_are_the_record() {
        let payload = Form::Payload("{\"a\":\"b c\"}".to_owned());
        assert_eq!(read(b"x=1&payload=%7B%22a%22%3A%22b+c%22%7D"), Ok(payload));
        let fields = Form::Fields(json!({"a": ["1", "2"], "b": "x y", "c": ""}));
        assert_eq!(read(b"a=1&b=x+y&a=2&c"), Ok(fields));
    }

    #[test]
    fn json_that_is_posted_as_a_form_is_no_form() {
        for json in [&b"{\"a\":1}"[..], b"{\"a\":\"b=c\"}", b" [\"a=b&c\"]", b"<a b='='/>"] {
            assert!(matches!(read(json), Err(DecodeError::Form(_))));
        }
    }

    #[test]
    fn no_byte_is_replaced() {
        assert!(matches!(read(b"name=M%FCller"), Err(DecodeError::Form(_))));
        let fields = |name: &str| Ok(Form::Fields(json!({ "name": name })));
        let said = Charsets::of(Some(Charset::Latin1), None);
        assert_eq!(decode(b"name=M%FCller", said), fields("Müller"));
        let declared =
            Charsets::of(None, Some("application/x-www-form-urlencoded; charset=iso-8859-1"));
        assert_eq!(decode(b"name=M%FCller", declared), fields("Müller"));
        assert_eq!(decode(b"name=M%C3%BCller", declared), fields("Müller"));
    }

    proptest! {
        /// What a library writes is read as it was.
        #[test]
        fn any_fields_come_back(pairs in prop::collection::vec((any::<String>(), any::<String>()), 1..5)) {
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let mut expected = Map::new();
            for (name, value) in url::form_urlencoded::parse(form.as_bytes()) {
                let value = Value::from(value.into_owned());
                match expected.get_mut(name.as_ref()) {
                    None => drop(expected.insert(name.into_owned(), value)),
                    Some(Value::Array(list)) => list.push(value),
                    Some(first) => *first = Value::Array(vec![first.take(), value]),
                }
            }
            if !expected.contains_key("payload") {
                prop_assert_eq!(read(form.as_bytes()), Ok(Form::Fields(Value::Object(expected))));
            }
        }
    }
}
