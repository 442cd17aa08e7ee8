//! The field `details` of an event, in a form that an index takes.
//!
//! An index holds the events of all sources and gives each field one type, so the record is under the
//! source's name, where no other source has a field. Some values no index takes at all, and it refuses the
//! whole event for one of them: they are kept as text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use mef_source::pieces;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::fallbacks::Fallbacks;

/// The most bytes of a value that an index can find by its content: Lucene's bound of a term.
const VALUE_BYTES: usize = 32_766;
/// The most levels of a field: Elasticsearch's `index.mapping.depth.limit`.
const LEVELS: usize = 20;
/// The member of `details` that keeps what no index takes.
const RAW: &str = "raw";

/// The field `details`.
pub(crate) enum Details<'r> {
    /// What the source file makes of the record: an object.
    Own(Cow<'r, Value>),
    /// The record, or parts of it.
    Record {
        /// The source's name.
        source: &'r str,
        value: Cow<'r, Value>,
    },
}

impl<'r> Details<'r> {
    /// Puts the members that no index takes into one text, as JSON and in pieces that an index does take,
    /// and counts them.
    pub(crate) fn fit_for_an_index(self, fallbacks: &mut Fallbacks) -> Details<'r> {
        let is_fit = match &self {
            Details::Own(value) => fits(value, 1),
            Details::Record { value, .. } => fits(value, 2),
        };
        if is_fit {
            return self;
        }
        fallbacks.add("details");
        let members = match self {
            Details::Own(value) => value.into_owned(),
            Details::Record { source, value } => {
                Value::from(Map::from_iter([(source.to_owned(), value.into_owned())]))
            }
        };
        let (mut kept, mut unfit) = (Map::new(), Map::new());
        for (name, value) in members.as_object().into_iter().flatten() {
            let is_fit = name_levels(name).is_some_and(|levels| fits(value, 1 + levels));
            let of = if is_fit { &mut kept } else { &mut unfit };
            of.insert(name.clone(), value.clone());
        }
        let text = Value::from(unfit).to_string();
        let mut raw = match kept.remove(RAW) {
            None => Vec::new(),
            Some(Value::Array(raw)) => raw,
            Some(other) => vec![other],
        };
        raw.extend(pieces(&text, VALUE_BYTES).into_iter().map(Value::from));
        kept.insert(RAW.to_owned(), Value::from(raw));
        Details::Own(Cow::Owned(Value::from(kept)))
    }
}

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Details::Own(value) => value.serialize(serializer),
            Details::Record { source, value } => match value.as_ref() {
                object @ Value::Object(_) => serializer.collect_map([(source, object)]),
                // Under the source's name is always an object, as an index wants it.
                other => serializer.collect_map([(source, BTreeMap::from([("value", other)]))]),
            },
        }
    }
}

/// Returns whether an index takes `value` in a field at this level.
fn fits(value: &Value, level: usize) -> bool {
    match value {
        Value::String(text) => text.len() <= VALUE_BYTES,
        Value::Array(elements) => elements.iter().all(|element| fits(element, level)),
        Value::Object(members) => members.iter().all(|(name, value)| {
            name_levels(name)
                .is_some_and(|levels| level + levels <= LEVELS && fits(value, level + levels))
        }),
        _ => true,
    }
}

/// Returns how many levels a name takes, since a dot in it is read as another one; `None` if a part is empty.
fn name_levels(name: &str) -> Option<usize> {
    let has_parts = name.split('.').all(|part| !part.trim().is_empty());
    has_parts.then(|| name.split('.').count())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(value: Value) -> (Value, Vec<String>) {
        let mut fallbacks = Fallbacks::default();
        let details = Details::Record { source: "acme", value: Cow::Owned(value) };
        let made = serde_json::to_value(details.fit_for_an_index(&mut fallbacks)).unwrap();
        (made, fallbacks.into_fields().into_keys().collect())
    }

    fn deep(levels: usize) -> Value {
        (1..levels).fold(json!({ "x": 1 }), |inner, _| json!({ "x": inner }))
    }

    #[test]
    fn what_an_index_takes_stays() {
        let long = "x".repeat(VALUE_BYTES);
        for value in [json!({ "a": [long, "b.c"], "b.c": 1, "n": null }), deep(18), json!(7)] {
            let (made, counted) = made(value.clone());
            assert_eq!((made["acme"].is_object(), counted), (true, Vec::new()), "{value}");
        }
    }

    #[test]
    fn what_no_index_takes_is_kept_as_text_in_pieces() {
        let long = "ä".repeat(VALUE_BYTES);
        let names = ["", ".", "a.", ".a", "a..b", " "];
        let named = names.map(|name| json!({ "in": [{ name: 1 }] }));
        for value in [vec![json!({ "a": ["b", long] }), deep(19)], named.to_vec()].concat() {
            let (made, counted) = made(value.clone());
            let raw = made["raw"].as_array().unwrap();
            let text: String = raw.iter().map(|piece| piece.as_str().unwrap()).collect();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({ "acme": value }));
            assert!(raw.iter().all(|piece| piece.as_str().unwrap().len() <= VALUE_BYTES));
            assert_eq!((made.get("acme"), counted), (None, vec!["details".to_owned()]));
        }
    }

    #[test]
    fn of_a_map_of_its_own_only_the_member_is_text_that_does_not_fit() {
        let own = json!({ "user": "ann", "raw": "whole", "text": "x".repeat(VALUE_BYTES + 1) });
        let mut fallbacks = Fallbacks::default();
        let details = Details::Own(Cow::Owned(own)).fit_for_an_index(&mut fallbacks);
        let made = serde_json::to_value(details).unwrap();
        assert_eq!((&made["user"], &made["raw"][0]), (&json!("ann"), &json!("whole")));
        assert_eq!((made.get("text"), made["raw"].as_array().unwrap().len()), (None, 3));
    }
}
