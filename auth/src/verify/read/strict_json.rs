//! JSON objects that can be read in one way only.
//!
//! Parsers differ in which of two equal keys counts. If one side signs an object
//! and another acts on it, that is a hole, so an object with two equal keys is
//! refused here.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::each::{each_element, each_entry};

/// How deep a value may be nested.
const MAX_DEPTH: usize = 16;

/// The most members of an object. Messages that are signed have a dozen; of millions the list alone would
/// take many times the body's memory.
const MAX_MEMBERS: usize = 1_000;

/// The members of an object, each as its JSON text.
#[derive(Debug)]
pub(crate) struct Members<'j>(BTreeMap<String, &'j RawValue>);

impl<'j> Members<'j> {
    /// Reads an object; `None` unless its own keys are all different, and at most 1,000.
    pub(crate) fn parse(text: &'j [u8]) -> Option<Members<'j>> {
        let mut members = BTreeMap::new();
        each_entry(text, |key, value| {
            members.insert(key.into_owned(), value).is_none() && members.len() <= MAX_MEMBERS
        })?;
        Some(Members(members))
    }

    /// Reads an object as [`Members::parse`] does; `None` unless the same holds for
    /// every object in it.
    pub(crate) fn parse_deep(json: &'j [u8]) -> Option<Members<'j>> {
        let members = Members::parse(json)?;
        members.0.values().all(|value| is_unambiguous(value, MAX_DEPTH)).then_some(members)
    }

    /// Returns the JSON text of a member.
    pub(crate) fn get(&self, key: &str) -> Option<&'j RawValue> {
        self.0.get(key).copied()
    }

    /// Returns a member that is a string; `None` if it is anything else.
    pub(crate) fn string(&self, key: &str) -> Option<String> {
        self.get(key).and_then(string)
    }
}

/// Returns the text of a JSON string.
pub(crate) fn string(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

fn is_unambiguous(value: &RawValue, depth: usize) -> bool {
    let within = |value: &RawValue| depth > 0 && is_unambiguous(value, depth - 1);
    match value.get().as_bytes().first() {
        Some(b'{') => Members::parse(value.get().as_bytes())
            .is_some_and(|members| members.0.values().all(|value| within(value))),
        Some(b'[') => each_element(value, within).is_some(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_once_however_it_is_escaped_and_wherever_it_stands() {
        for (json, shallow, deep) in [
            (r#"{}"#, true, true),
            (r#" {"a":1,"b":{"a":1}} "#, true, true),
            (r#"{"a":1,"a":1}"#, false, false),
            (r#"{"a":1,"\u0061":2}"#, false, false),
            (r#"{"a":{"b":1,"b":1}}"#, true, false),
            (r#"{"a":[1,{"b":1,"b":1}]}"#, true, false),
            (r#"{"a":1}{}"#, false, false),
            (r#"{"a":1"#, false, false),
            (r#"[]"#, false, false),
            ("\u{feff}{}", false, false),
            ("", false, false),
        ] {
            assert_eq!(Members::parse(json.as_bytes()).is_some(), shallow, "{json}");
            assert_eq!(Members::parse_deep(json.as_bytes()).is_some(), deep, "{json}");
        }
        let nested =
            |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Members::parse_deep(nested(16).as_bytes()).is_some());
        assert!(Members::parse_deep(nested(17).as_bytes()).is_none());
        let wide = |size: usize| {
            let members: Vec<_> = (0..size).map(|number| format!("\"{number}\":0")).collect();
            format!("{{{}}}", members.join(","))
        };
        assert!(Members::parse(wide(1_000).as_bytes()).is_some());
        assert!(Members::parse(wide(1_001).as_bytes()).is_none());
    }
}
