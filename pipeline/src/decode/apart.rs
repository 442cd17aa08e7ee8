//! Lists taken out of what stands around them, as texts.
//!
//! As values, the records of a page take ten times the room of their text. And what is read long before
//! it is used has left the processor's caches by then.

use std::ops::Range;

use mef_source::Path;
use serde_json::{Map, Value};

use super::borders::{
    MOST_RECORDS, begin, blanks_end, bracket_end, is_nothing, list_end, map_end, member_value,
    string_end, value_end, values_in,
};
use super::error::DecodeError;
use super::json::decode_json;

/// What stands around lists, with empty lists in their places, and where their elements stand.
pub type Apart = (Value, Vec<Range<usize>>);

/// What is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// The elements of a list.
    Elements,
    /// The elements of a list, or the values of an object.
    Values,
    /// One list, object or text as it is.
    One,
}

/// Takes the lists at `paths` out of the JSON object `text`. Their elements follow each other as the
/// lists are named. Returns `None` if `text` has nothing to `take` there behind objects alone, or if
/// anything else in it cannot be read: whoever reads the whole finds out why.
///
/// # Errors
///
/// Fails if there are more than [`MOST_RECORDS`], or more than `most_values` around them.
pub fn apart(
    text: &[u8],
    paths: &[&Path],
    take: Take,
    most_values: usize,
) -> Result<Option<Apart>, DecodeError> {
    let mut lists = vec![None; paths.len()];
    let ways: Vec<_> = paths.iter().map(|path| path.segments()).enumerate().collect();
    let mut walk = Walk { text, lists: &mut lists, take, values: 0, most_values };
    let Some((rest, end)) = walk.value(begin(text), &ways)? else { return Ok(None) };
    if !is_nothing(text, end) || lists.iter().all(Option::is_none) {
        return Ok(None);
    }
    let found: Vec<_> = lists.into_iter().flatten().flatten().collect();
    if found.len() > MOST_RECORDS {
        return Err(DecodeError::TooManyRecords(MOST_RECORDS));
    }
    Ok(Some((rest, found)))
}

/// Goes along the keys that lead to lists.
struct Walk<'t, 'l> {
    text: &'t [u8],
    lists: &'l mut [Option<Vec<Range<usize>>>],
    take: Take,
    /// How many values were read, at most, and how many may be.
    values: usize,
    most_values: usize,
}

/// A list's number, and the keys that still lead to it.
type Way<'p> = (usize, &'p [String]);

impl Walk<'_, '_> {
    /// Returns the value that begins `at` without its lists, and where it ends.
    fn value(
        &mut self,
        at: usize,
        ways: &[Way<'_>],
    ) -> Result<Option<(Value, usize)>, DecodeError> {
        if let [(number, [])] = ways {
            let mut found = Vec::new();
            let end = match (self.take, self.text.get(at)) {
                (Take::Values, Some(b'{')) => map_end(self.text, at, &mut found)?,
                (Take::One, Some(b'{' | b'[')) => one_end(self.text, at, bracket_end, &mut found),
                (Take::One, _) => one_end(self.text, at, string_end, &mut found),
                _ => list_end(self.text, at, &mut found)?,
            };
            if let Some(place) = self.lists.get_mut(*number) {
                *place = Some(found);
            }
            return Ok(end.map(|end| (Value::Array(Vec::new()), end)));
        }
        self.object(at, ways)
    }

    fn object(
        &mut self,
        at: usize,
        ways: &[Way<'_>],
    ) -> Result<Option<(Value, usize)>, DecodeError> {
        let text = self.text;
        if text.get(at) != Some(&b'{') {
            return Ok(None);
        }
        let mut rest = Map::new();
        let mut at = blanks_end(text, at + 1);
        if text.get(at) == Some(&b'}') {
            return Ok(Some((Value::Object(rest), at + 1)));
        }
        loop {
            let Some(key_end) = string_end(text, at) else { return Ok(None) };
            let Some(Ok(Value::String(key))) = text.get(at..key_end).map(decode_json) else {
                return Ok(None);
            };
            let Some(begin) = member_value(text, at) else { return Ok(None) };
            let on: Vec<Way<'_>> = ways
                .iter()
                .filter_map(|(number, way)| {
                    let (wanted, way) = way.split_first()?;
                    (*wanted == key).then_some((*number, way))
                })
                .collect();
            // If a key comes twice, the last one counts.
            for (number, _) in &on {
                if let Some(place) = self.lists.get_mut(*number) {
                    *place = None;
                }
            }
            let (value, end) = if on.is_empty() {
                let Some(end) = value_end(text, begin) else { return Ok(None) };
                let member = text.get(begin..end).unwrap_or_default();
                self.values = self.values.saturating_add(values_in(member));
                if self.values > self.most_values {
                    return Err(DecodeError::TooManyValues(self.most_values));
                }
                let Ok(value) = decode_json(member) else { return Ok(None) };
                (value, end)
            } else {
                let Some(found) = self.value(begin, &on)? else { return Ok(None) };
                found
            };
            rest.insert(key, value);
            at = blanks_end(text, end);
            match text.get(at) {
                Some(b',') => at = blanks_end(text, at + 1),
                Some(b'}') => return Ok(Some((Value::Object(rest), at + 1))),
                _ => return Ok(None),
            }
        }
    }
}

/// Adds what begins `at` to `found`, and returns where it ends.
fn one_end(
    text: &[u8],
    at: usize,
    end: fn(&[u8], usize) -> Option<usize>,
    found: &mut Vec<Range<usize>>,
) -> Option<usize> {
    let end = end(text, at)?;
    found.push(at..end);
    Some(end)
}

#[cfg(test)]
mod tests {
    use mef_source::Root;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn taken(text: &str, paths: &str) -> Option<(Value, Vec<Value>)> {
        let path = |path| Path::parse(path, &[Root::Record]).unwrap();
        let paths: Vec<_> = paths.split(' ').map(path).collect();
        let (rest, found) =
            apart(text.as_bytes(), &paths.iter().collect::<Vec<_>>(), Take::Elements, 9)
                .unwrap()?;
        let read = |place: Range<usize>| decode_json(&text.as_bytes()[place]).unwrap();
        Some((rest, found.into_iter().map(read).collect()))
    }

    #[test]
    fn a_list_is_found_behind_objects() {
        let page = r#"{"data": {"count": 2, "items": [{"a": 1.0}, 7]}, "next": "n"}"#;
        let rest = json!({"data": {"count": 2, "items": []}, "next": "n"});
        let records = serde_json::from_str::<Vec<Value>>(r#"[{"a": 1.0}, 7]"#).unwrap();
        assert_eq!(taken(page, "data.items"), Some((rest, records)));
        assert_eq!(taken("\u{feff}[1]", ""), Some((json!([]), vec![json!(1)])));
    }

    #[test]
    fn of_several_lists_the_records_follow_each_other_as_the_lists_are_named() {
        let page = r#"{"b": [3], "in": {"a": [1, 2], "c": 7}, "d": [4]}"#;
        let rest = json!({"b": [], "in": {"a": [], "c": 7}, "d": [4]});
        assert_eq!(taken(page, "in.a b"), Some((rest.clone(), vec![json!(1), json!(2), json!(3)])));
        assert_eq!(taken(page, "in.a none b").map(|(rest, _)| rest), Some(rest));
        assert_eq!(taken(page, "in.a in.c"), None);
        let twice = r#"{"in": {"a": [1]}, "b": [2], "in": {}}"#;
        assert_eq!(taken(twice, "in.a b"), Some((json!({"in": {}, "b": []}), vec![json!(2)])));
    }

    #[test]
    fn what_has_no_such_list_is_left_to_whoever_reads_the_whole() {
        for (page, path) in [
            ("{\"items\": null}", "items"),
            ("{\"items\": {}}", "items"),
            ("{}", "items"),
            ("7", "items"),
            ("[[1]]", "0"),
            ("{\"items\": [1", "items"),
            ("{\"items\": [1]} x", "items"),
            ("{\"items\": [1], \"n\": nul}", "items"),
            ("{\"items\": [1],}", "items"),
            ("{\"items\": [1], \"items\": 7}", "items"),
        ] {
            assert_eq!(taken(page, path), None, "{page}");
        }
    }

    #[test]
    fn the_values_of_an_object_are_a_list_where_that_is_said() {
        let page = b"{\"items\": {\"x\": {\"a\": NaN}, \"\xff\" : 2 }, \"next\": 7}";
        let path = Path::parse("items", &[Root::Record]).unwrap();
        let (rest, found) = apart(page, &[&path], Take::Values, 9).unwrap().unwrap();
        assert_eq!(rest, json!({"items": [], "next": 7}));
        let texts: Vec<_> = found.into_iter().map(|place| &page[place]).collect();
        assert_eq!(texts, [&b"{\"a\": NaN}"[..], b"2"]);
        assert_eq!(apart(page, &[&path], Take::Elements, 9), Ok(None));
        assert!(apart(b"{\"items\":{}}", &[&path], Take::Values, 9).unwrap().unwrap().1.is_empty());
    }

    #[test]
    fn a_damaged_record_stays_in_its_list() {
        let page = b"{\"items\": [{\"a\": \"\xff\"}, 2], \"next\": 7}";
        let path = Path::parse("items", &[Root::Record]).unwrap();
        let (rest, found) = apart(page, &[&path], Take::Elements, 9).unwrap().unwrap();
        assert_eq!(rest, json!({"items": [], "next": 7}));
        assert_eq!(
            (&page[found[0].clone()], &page[found[1].clone()]),
            (&b"{\"a\": \"\xff\"}"[..], &b"2"[..])
        );
    }

    proptest! {
        /// Where both can read an object, they read the same.
        #[test]
        fn a_list_taken_apart_is_what_reading_the_whole_finds(
            keys in prop::collection::vec("[ab]", 1..4),
            lists in prop::collection::vec(prop::collection::vec(any::<i8>(), 0..3), 1..4),
        ) {
            let members = keys.iter().zip(&lists).map(|(key, list)| format!("\"{key}\":{}", json!(list)));
            let page = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
            let whole: Value = serde_json::from_str(&page).unwrap();
            let records = taken(&page, "a").map(|(_, records)| Value::from(records));
            prop_assert_eq!(records.as_ref(), whole.get("a"));
        }
    }
}
