//! What stands in an item. A record is a map, so that a person can read it in the
//! console.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::error::AwsError;

/// An item, by attribute.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Makes an attribute of a text.
pub(super) fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Makes an attribute of a number.
pub(crate) fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Makes the `ttl` of an item that ends at `end`. DynamoDB may drop it then, never
/// before.
pub(crate) fn ttl(end: Timestamp) -> AttributeValue {
    number(end.as_second().saturating_add(i64::from(end.subsec_nanosecond() > 0)))
}

/// Reads a text; `None` if there is none of this name.
pub(super) fn text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// Reads a moment that was written as RFC 3339; `None` if there is none of this name.
pub(super) fn moment(item: &Item, name: &str) -> Result<Option<Timestamp>, AwsError> {
    let moment = text(item, name).map(str::parse).transpose();
    moment.map_err(|error: jiff::Error| broken(name, &error))
}

/// The error of an attribute that does not hold what this crate wrote.
pub(crate) fn broken(name: &str, reason: &dyn std::fmt::Display) -> AwsError {
    AwsError::new(format!("the attribute `{name}` of the item cannot be read: {reason}"))
}

/// Returns the names for expressions: each `#x` in them is the attribute `x`. Some
/// attributes have the names of reserved words.
pub(super) fn names(expressions: &[&str]) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for rest in expressions.iter().flat_map(|expression| expression.split('#').skip(1)) {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = rest.split_at(end.unwrap_or(rest.len())).0;
        names.insert(format!("#{name}"), name.to_owned());
    }
    names
}

/// Returns the values for expressions, by their names there: `:x`.
pub(super) fn values<const N: usize>(
    values: [(&str, AttributeValue); N],
) -> HashMap<String, AttributeValue> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Converts JSON to an attribute. A number keeps its digits, up to the 38 that
/// DynamoDB has.
pub(super) fn to_attribute(value: Value) -> AttributeValue {
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

/// Converts an attribute to JSON; `None` if JSON has nothing of its kind.
pub(super) fn to_json(attribute: &AttributeValue) -> Option<Value> {
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

/// Returns the fencing number of a cursor's item.
pub(super) fn fence(item: &Item) -> Result<u64, AwsError> {
    let fence = item.get("fence").and_then(|fence| fence.as_n().ok());
    let fence = fence.ok_or_else(|| broken("fence", &"it is missing"))?;
    fence.parse().map_err(|error: std::num::ParseIntError| broken("fence", &error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_comes_back_as_it_was() {
        let value = json!({
            "n": u64::MAX, "i": i64::MIN, "t": "", "none": null, "yes": true,
            "l": [1, "2", {"x": []}], "m": {},
        });
        assert_eq!(to_json(&to_attribute(value.clone())), Some(value));
        assert_eq!(to_json(&AttributeValue::N("no number".to_owned())), None);
    }

    #[test]
    fn no_item_is_dropped_before_its_end() {
        let at = |nanoseconds| Timestamp::from_nanosecond(nanoseconds).unwrap();
        assert_eq!(ttl(at(7_000_000_000)), number(7));
        assert_eq!(ttl(at(7_000_000_001)), number(8));
    }

    #[test]
    fn a_moment_that_cannot_be_read_is_an_error() {
        let item = Item::from([("until".to_owned(), string("soon"))]);
        assert!(moment(&item, "until").is_err());
        assert_eq!(moment(&item, "other").unwrap(), None);
    }

    #[test]
    fn every_name_in_an_expression_is_named() {
        let names = names(&["attribute_not_exists(#until_ns) OR #a = :b", "SET #ttl = :ttl"]);
        let expected = ["until_ns", "a", "ttl"].map(|name| (format!("#{name}"), name.to_owned()));
        assert_eq!(names, HashMap::from(expected));
    }
}
