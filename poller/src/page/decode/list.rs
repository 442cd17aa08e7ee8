//! Taking the records of a JSON page apart: each stays text until its turn comes.
//!
//! As values, the records of a page take ten times the room of their text. And what is read long
//! before it is used has left the processor's caches by then.

use bytes::Bytes;
use mef_ports::read_json;
use mef_source::Path;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::page::held::Held;
use crate::page::record::Unread;

/// What stands around the records, with empty lists in their places, and the records.
pub(super) type Apart = (Value, Vec<Unread>);

/// Takes the lists at `paths` apart. Returns `None` if there are none behind objects alone, if
/// `text` is not JSON, or if `held` would overflow: reading the whole page then says why.
///
/// Only the form of a record is checked, so a single one may turn out unreadable.
pub(super) fn take_apart(text: &Bytes, paths: &[Path], held: &mut Held) -> Option<Apart> {
    let plain = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut json = serde_json::Deserializer::from_str(std::str::from_utf8(plain).ok()?);
    let mut lists = vec![None; paths.len()];
    let ways = paths.iter().map(Path::segments).enumerate().collect();
    let rest = Ways { ways, lists: &mut lists, held }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    if lists.iter().all(Option::is_none) {
        return None;
    }
    let unread = |record: &RawValue| Unread::Text(text.slice_ref(record.get().as_bytes()));
    Some((rest, lists.into_iter().flatten().flatten().map(unread).collect()))
}

/// The keys that still lead to lists, each with its number, and the lists found.
struct Ways<'p, 'l, 'de> {
    ways: Vec<(usize, &'p [String])>,
    lists: &'l mut [Option<Vec<&'de RawValue>>],
    held: &'l mut Held,
}

impl<'de> Ways<'_, '_, 'de> {
    fn found(&mut self, list: usize, records: Option<Vec<&'de RawValue>>) {
        if let Some(place) = self.lists.get_mut(list) {
            *place = records;
        }
    }
}

impl<'de> DeserializeSeed<'de> for Ways<'_, '_, 'de> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        match self.ways.as_slice() {
            [(_, [])] => json.deserialize_seq(self),
            _ => json.deserialize_map(self),
        }
    }
}

impl<'p, 'de> Visitor<'de> for Ways<'p, '_, 'de> {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a list of records")
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut list: S) -> Result<Value, S::Error> {
        let mut records = Vec::new();
        while let Some(record) = list.next_element()? {
            self.held.take_record().map_err(S::Error::custom)?;
            records.push(record);
        }
        if let Some((number, _)) = self.ways.first() {
            self.found(*number, Some(records));
        }
        Ok(Value::Array(Vec::new()))
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut object: M) -> Result<Value, M::Error> {
        let mut rest = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let on = |&(number, way): &(usize, &'p [String])| {
                let (wanted, way) = way.split_first()?;
                (*wanted == key).then_some((number, way))
            };
            let ways: Vec<_> = self.ways.iter().filter_map(on).collect();
            // If a key comes twice, the last one counts.
            for (number, _) in &ways {
                self.found(*number, None);
            }
            let value = match ways.is_empty() {
                true => {
                    let value = object.next_value::<&RawValue>()?.get();
                    self.held.take_values(value.as_bytes()).map_err(M::Error::custom)?;
                    read_json(value).map_err(M::Error::custom)?
                }
                false => {
                    let Ways { lists, held, .. } = &mut self;
                    object.next_value_seed(Ways { ways, lists, held })?
                }
            };
            rest.insert(key, value);
        }
        Ok(Value::Object(rest))
    }
}

#[cfg(test)]
mod tests {
    use mef_source::Root;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn apart(text: &str, paths: &str) -> Option<(Value, Vec<Value>)> {
        let path = |path| Path::parse(path, &[Root::Record]).unwrap();
        let paths: Vec<_> = paths.split(' ').map(path).collect();
        let (rest, records) =
            take_apart(&Bytes::copy_from_slice(text.as_bytes()), &paths, &mut Held::default())?;
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
    fn of_several_lists_the_records_follow_each_other_as_the_lists_are_named() {
        let page = r#"{"b": [3], "in": {"a": [1, 2], "c": 7}, "d": [4]}"#;
        let rest = json!({"b": [], "in": {"a": [], "c": 7}, "d": [4]});
        assert_eq!(apart(page, "in.a b"), Some((rest.clone(), vec![json!(1), json!(2), json!(3)])));
        assert_eq!(apart(page, "in.a none b").map(|(rest, _)| rest), Some(rest));
        assert_eq!(apart(page, "in.a in.c"), None);
        let twice = r#"{"in": {"a": [1]}, "b": [2], "in": {}}"#;
        assert_eq!(apart(twice, "in.a b"), Some((json!({"in": {}, "b": []}), vec![json!(2)])));
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
