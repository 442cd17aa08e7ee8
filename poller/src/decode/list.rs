//! A page of JSON with its records apart: each as the text that it is, to be read
//! when its turn comes.
//!
//! As values the records of a page take ten times the room of their text, and
//! what is read long before it is used has left the processor's caches by then.

use bytes::Bytes;
use mef_source::Path;
use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::unread::Unread;

/// What stands around the records, with an empty list in their place, and the
/// records.
pub(super) type Apart = (Value, Vec<Unread>);

/// Takes the list at `path` apart. Nothing where there is none behind objects
/// alone, or where `text` is not JSON: whoever reads the whole then says why.
///
/// Of a record only its form is looked at, so that a single one may turn out not
/// to be readable.
pub(super) fn take_apart(text: &Bytes, path: &Path) -> Option<Apart> {
    let plain = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut json = serde_json::Deserializer::from_str(std::str::from_utf8(plain).ok()?);
    let (rest, records) = Way(path.segments()).deserialize(&mut json).ok()?;
    json.end().ok()?;
    let unread = |record: &RawValue| Unread::Text(text.slice_ref(record.get().as_bytes()));
    Some((rest, records?.into_iter().map(unread).collect()))
}

/// The keys that still lead to the list.
struct Way<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for Way<'_> {
    type Value = (Value, Option<Vec<&'de RawValue>>);

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() { json.deserialize_seq(self) } else { json.deserialize_map(self) }
    }
}

impl<'de> Visitor<'de> for Way<'_> {
    type Value = (Value, Option<Vec<&'de RawValue>>);

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list of records")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Self::Value, S::Error> {
        let mut records = Vec::new();
        while let Some(record) = list.next_element()? {
            records.push(record);
        }
        Ok((Value::Array(Vec::new()), Some(records)))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut object: M) -> Result<Self::Value, M::Error> {
        let (mut rest, mut records) = (Map::new(), None);
        while let Some(key) = object.next_key::<String>()? {
            let value = match self.0.split_first() {
                Some((wanted, way)) if *wanted == key => {
                    let (value, list) = object.next_value_seed(Way(way))?;
                    // Of a key that comes twice, the last counts.
                    records = list;
                    value
                }
                _ => object.next_value()?,
            };
            rest.insert(key, value);
        }
        Ok((Value::Object(rest), records))
    }
}

#[cfg(test)]
mod tests {
    use mef_source::Root;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn apart(text: &str, path: &str) -> Option<(Value, Vec<Value>)> {
        let path = Path::parse(path, &[Root::Record]).unwrap();
        let (rest, records) = take_apart(&Bytes::copy_from_slice(text.as_bytes()), &path)?;
        Some((rest, records.into_iter().map(|record| record.read().unwrap().value).collect()))
    }

    #[test]
    fn the_list_is_found_behind_objects() {
        let page = r#"{"data": {"count": 2, "items": [{"a": 1.0}, 7]}, "next": "n"}"#;
        let rest = json!({"data": {"count": 2, "items": []}, "next": "n"});
        let records = serde_json::from_str::<Vec<Value>>(r#"[{"a": 1.0}, 7]"#).unwrap();
        assert_eq!(apart(page, "data.items"), Some((rest, records)));
        assert_eq!(apart("\u{feff}[1]", ""), Some((json!([]), vec![json!(1)])));
    }

    #[test]
    fn what_is_no_such_list_is_left_to_whoever_reads_the_whole() {
        for (page, path) in [
            ("{\"items\": null}", "items"),
            ("{\"items\": {}}", "items"),
            ("{}", "items"),
            ("7", "items"),
            ("[[1]]", "0"),
            ("{\"items\": [1", "items"),
            ("{\"items\": [1]} x", "items"),
            ("{\"items\": [1], \"items\": 7}", "items"),
        ] {
            assert_eq!(apart(page, path), None, "{page}");
        }
    }

    proptest! {
        /// Where both can read a page, they read the same.
        #[test]
        fn it_is_what_reading_the_whole_finds(
            keys in prop::collection::vec("[ab]", 1..4),
            lists in prop::collection::vec(prop::collection::vec(any::<i8>(), 0..3), 1..4),
        ) {
            let members = keys.iter().zip(&lists).map(|(key, list)| format!("\"{key}\":{}", json!(list)));
            let page = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
            let whole: Value = serde_json::from_str(&page).unwrap();
            let records = apart(&page, "a").map(|(_, records)| Value::from(records));
            prop_assert_eq!(records.as_ref(), whole.get("a"));
        }
    }
}
