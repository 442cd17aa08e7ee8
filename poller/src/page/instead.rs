//! What a page has in place of the records that are looked for, for whoever wrote the path.
//!
//! A path that is simply wrong and a vendor's empty page look alike from afar. The names on the page
//! tell them apart. Names and kinds are told, and of values only an error's own words.

use std::fmt;

use mef_auth::Redactor;
use serde_json::{Map, Value};

use crate::page::kind::kind;

/// How many names and lists are told at most.
const MOST: usize = 8;
/// How deep lists are looked for.
const DEEPEST: usize = 4;
/// How many characters of the vendor's words are told.
const WORDS: usize = 200;
/// No message is longer than this many bytes.
const LONGEST: usize = 16 * 1024;
/// Names of what an error says, beside those with `error` in them.
const SAYING: [&str; 7] = ["message", "msg", "detail", "reason", "description", "title", "code"];

/// What a page has in place of its records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instead {
    /// The names at the top of the page, and what is there.
    names: Vec<String>,
    /// Where there are lists of objects, as a source file would say it.
    lists: Vec<String>,
    /// What the vendor says, if the page is an error.
    words: Option<String>,
}

impl Instead {
    /// Describes `page`. `found` is what was taken from the place `at`.
    pub(crate) fn of(page: &Value, at: &[String], found: Option<&Value>) -> Instead {
        let mut lists = Vec::new();
        find_lists(page, &mut Vec::new(), &mut lists);
        if let Some(found) = found {
            find_lists(found, &mut at.to_vec(), &mut lists);
        }
        // Lists of plain values are seldom records, and an empty one may be.
        lists.sort_by_key(|(_, filled)| !filled);
        let lists: Vec<_> = lists.into_iter().map(|(path, _)| path).take(MOST).collect();
        let names = match page {
            Value::Object(page) => page
                .iter()
                .filter(|(_, value)| !value.is_null())
                .take(MOST)
                .map(|(name, value)| format!("`{}` ({})", short(name), sized(value)))
                .collect(),
            _ => Vec::new(),
        };
        let words = page.as_object().and_then(|page| words(page, lists.is_empty()));
        Instead { names, lists, words }
    }

    /// Describes `record` if it is an error: something in it is called so, and says something.
    pub(crate) fn of_error(record: &Value) -> Option<Instead> {
        words(record.as_object()?, false)?;
        Some(Instead::of(record, &[], None))
    }

    /// Masks the secrets in the vendor's words and cuts them.
    pub(crate) fn mask(&mut self, redactor: &Redactor) {
        let Some(words) = &mut self.words else { return };
        let masked = redactor.mask(words);
        let line = masked.split(|c: char| c.is_whitespace() || c.is_control());
        let line = line.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        *words = match line.char_indices().nth(WORDS) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        };
    }

    /// Returns whether the page may be one without records. A page with a list elsewhere, or with an
    /// error, is none.
    pub(crate) fn may_be_empty(&self) -> bool {
        self.lists.is_empty() && self.words.is_none()
    }

    /// Returns whether the page has something to tell of.
    pub(crate) fn is_some(&self) -> bool {
        !(self.names.is_empty() && self.lists.is_empty() && self.words.is_none())
    }
}

impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.names.is_empty() {
            parts.push(format!("the page has {}", self.names.join(", ")));
        }
        if let Some(words) = &self.words {
            parts.push(format!("the vendor says: {words}"));
        } else if !self.lists.is_empty() {
            let lists: Vec<_> = self.lists.iter().map(|list| format!("`{list}`")).collect();
            parts.push(format!("did you mean {}?", lists.join(" or ")));
        }
        f.write_str(&parts.join("; "))
    }
}

/// Finds lists that may be records, and whether they hold objects.
fn find_lists(value: &Value, at: &mut Vec<String>, found: &mut Vec<(String, bool)>) {
    match value {
        Value::Array(list) if list.is_empty() || list.iter().any(Value::is_object) => {
            found.push((written(at), !list.is_empty()));
        }
        Value::Object(map) if at.len() < DEEPEST => {
            for (name, inner) in map {
                at.push(name.clone());
                find_lists(inner, at, found);
                at.pop();
            }
        }
        _ => {}
    }
}

/// Writes a path as a source file would have it.
fn written(path: &[String]) -> String {
    let is_plain = |name: &String| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    match path {
        [] => "\"\"".to_owned(),
        path if path.iter().all(is_plain) => path.join("."),
        path => {
            let escaped = path.iter().map(|name| name.replace('~', "~0").replace('/', "~1"));
            short(&escaped.map(|name| format!("/{name}")).collect::<String>())
        }
    }
}

fn sized(value: &Value) -> String {
    match value {
        Value::Array(list) => format!("a list of {}", list.len()),
        value => kind(value).to_owned(),
    }
}

/// A vendor chooses its names.
fn short(name: &str) -> String {
    name.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Returns what an error object says; `None` if it is none. If there is no list on the page, a message
/// alone is one.
fn words(page: &Map<String, Value>, is_bare: bool) -> Option<String> {
    let is_error = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("error") || name.contains("fault") || name.contains("exception")
    };
    let has_error = page.iter().any(|(name, value)| is_error(name) && says(value).is_some());
    if !has_error && !is_bare {
        return None;
    }
    let said = page
        .iter()
        .filter(|(name, _)| is_error(name) || SAYING.contains(&name.to_ascii_lowercase().as_str()));
    let said = said.filter_map(|(name, value)| Some(format!("{}: {}", short(name), says(value)?)));
    let said = said.take(MOST).collect::<Vec<_>>().join(", ");
    (!said.is_empty() && said.len() <= LONGEST).then_some(said)
}

/// Returns what the value of an error's name says; `None` if it says that there is no error.
fn says(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Number(number) => (number.as_f64() != Some(0.0)).then(|| number.to_string()),
        Value::String(text) => (!text.trim().is_empty()).then(|| text.clone()),
        Value::Bool(true) => Some("true".to_owned()),
        Value::Array(list) => list.iter().find_map(says),
        Value::Object(map) => {
            let is_said = |name: &str| {
                let name = name.to_ascii_lowercase();
                SAYING.contains(&name.as_str()) || name.contains("error")
            };
            let said = map.iter().filter(|(name, _)| is_said(name));
            let said = said.filter_map(|(name, value)| {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => return None,
                };
                Some(format!("{}: {text}", short(name)))
            });
            let said = said.take(MOST).collect::<Vec<_>>().join(", ");
            (!said.is_empty()).then_some(said)
        }
    }
}

#[cfg(test)]
mod tests {
    use mef_ports::Secret;
    use serde_json::json;

    use super::*;

    fn told(page: Value) -> String {
        Instead::of(&page, &[], None).to_string()
    }

    #[test]
    fn a_page_is_told_by_its_names_and_its_lists() {
        let page = json!({"data": [{"id": 1}, {"id": 2}], "meta": {"n": 2}, "next": null});
        assert_eq!(
            told(page),
            "the page has `data` (a list of 2), `meta` (an object); did you mean `data`?"
        );
        assert_eq!(told(json!([{"id": 1}])), "did you mean `\"\"`?");
        let deep = json!({"a": {"tags": ["x"], "b c": [{"id": 1}]}});
        assert_eq!(told(deep), "the page has `a` (an object); did you mean `/a/b c`?");
    }

    #[test]
    fn an_error_in_place_of_a_list_is_told_in_the_vendors_words() {
        for (page, says) in [
            (json!({"error": "invalid_scope"}), "error: invalid_scope"),
            (
                json!({"data": null, "errors": [{"message": "No access"}]}),
                "errors: message: No access",
            ),
            (json!({"code": 40101, "message": "expired"}), "code: 40101, message: expired"),
            (
                json!({"error": {"code": 7, "message": "busy", "id": "x"}, "items": []}),
                "error: code: 7, message: busy",
            ),
        ] {
            let text = told(page);
            assert!(text.contains(&format!("the vendor says: {says}")), "{text}");
            assert!(!text.contains("did you mean"), "{text}");
        }
        // Beside records a message is no error, and neither is an empty one.
        let page = json!({"message": "OK", "errors": [], "error": null, "code": 0, "data": [{}]});
        assert!(!told(page).contains("the vendor says"));
    }

    #[test]
    fn secrets_in_the_vendors_words_are_masked_before_they_are_cut() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("correct-horse-battery"));
        let text = format!("{}correct-horse-battery", "x".repeat(WORDS - 5));
        let mut instead = Instead::of(&json!({ "error": text }), &[], None);
        instead.mask(&redactor);
        assert!(!instead.to_string().contains("corr"), "{instead}");
    }
}
