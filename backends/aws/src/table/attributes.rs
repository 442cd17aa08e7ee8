//! Values of an item: records as maps that a person can read in the console,
//! and keys that no two streams share.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::types::AttributeValue;
use mef_ports::StreamKey;
use serde_json::{Map, Value};

/// What a part of a key may have before it is shortened. DynamoDB takes 1,024
/// bytes for `sk`.
const LONGEST_KEY: usize = 1_000;

/// Source and partition in one line. The source is escaped so that the first
/// slash ends it: ("a/b", "") and ("a", "b") differ.
pub(crate) fn stream_key(stream: &StreamKey) -> String {
    let source = stream.source.replace('%', "%25").replace('/', "%2F");
    bounded(format!("{source}/{}", stream.partition))
}

/// `key`, or its beginning and a hash of it where it is too long.
pub(crate) fn bounded(key: String) -> String {
    if key.len() <= LONGEST_KEY {
        return key;
    }
    let hash = hex::encode(digest(&SHA256, key.as_bytes()));
    let mut end = LONGEST_KEY - hash.len() - 1;
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    let (begin, _) = key.split_at(end);
    format!("{begin}#{hash}")
}

/// JSON as an attribute. A number keeps its digits, up to the 38 that DynamoDB
/// has.
pub(crate) fn to_attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(truth) => AttributeValue::Bool(truth),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(to_attribute).collect()),
        Value::Object(fields) => AttributeValue::M(
            fields.into_iter().map(|(name, value)| (name, to_attribute(value))).collect(),
        ),
    }
}

/// The JSON of an attribute; none where it is of a kind that JSON lacks.
pub(crate) fn to_json(attribute: &AttributeValue) -> Option<Value> {
    Some(match attribute {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(truth) => Value::Bool(*truth),
        AttributeValue::N(number) => Value::Number(serde_json::from_str(number).ok()?),
        AttributeValue::S(text) => Value::String(text.clone()),
        AttributeValue::L(values) => {
            Value::Array(values.iter().map(to_json).collect::<Option<_>>()?)
        }
        AttributeValue::M(fields) => Value::Object(object(fields)?),
        _ => return None,
    })
}

fn object(fields: &HashMap<String, AttributeValue>) -> Option<Map<String, Value>> {
    fields.iter().map(|(name, value)| Some((name.clone(), to_json(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn key(source: &str, partition: &str) -> String {
        stream_key(&StreamKey { source: source.to_owned(), partition: partition.to_owned() })
    }

    #[test]
    fn keys_can_be_read_and_are_told_apart() {
        assert_eq!(key("okta", ""), "okta/");
        assert_eq!(key("github", "org/repo"), "github/org/repo");
        assert_eq!(key("a/b", ""), "a%2Fb/");
        assert_ne!(key("a/b", ""), key("a%2Fb", ""));
    }

    #[test]
    fn a_long_partition_is_shortened_and_still_told_apart() {
        let long = "é".repeat(1_000);
        let (one, other) = (key("a", &long), key("a", &format!("{long}x")));
        assert!(one.len() <= LONGEST_KEY && one.starts_with("a/éé"), "{one}");
        assert_ne!(one, other);
    }

    #[test]
    fn json_comes_back_as_it_was() {
        let value = json!({
            "n": u64::MAX, "i": i64::MIN, "t": "", "none": null, "yes": true,
            "l": [1, "2", {"x": []}], "m": {},
        });
        assert_eq!(to_json(&to_attribute(value.clone())), Some(value));
        assert_eq!(to_json(&AttributeValue::N("no number".to_owned())), None);
    }

    proptest! {
        #[test]
        fn no_two_streams_share_a_key(
            one in ("[a%/2F]{0,4}", "[a%/2F]{0,4}"),
            other in ("[a%/2F]{0,4}", "[a%/2F]{0,4}"),
        ) {
            prop_assert_eq!(one == other, key(&one.0, &one.1) == key(&other.0, &other.1));
        }
    }
}
