//! Whether a page is the last, by the `stop` rules of the source file.

use std::borrow::Cow;

use http::HeaderMap;
use mef_auth::header_text;
use mef_ports::ResumeAt;
use mef_source::checked::{Next, Pages, Poll, Stop};
use mef_source::{Path, Root};
use serde_json::Value;

use crate::page::link_header;

/// What the rules look at.
pub(crate) struct PageFacts<'p> {
    pub(crate) body: &'p Value,
    pub(crate) headers: &'p HeaderMap,
    /// How a page names the next.
    pub(crate) next: Option<&'p Next>,
    /// How many records the page has.
    pub(crate) records: usize,
    /// How many pages or records come before it.
    pub(crate) before: Option<u64>,
}

/// Returns whether this is the last page.
pub(crate) fn ends(stop: &Stop, page: &PageFacts<'_>) -> bool {
    let records = u64::try_from(page.records).unwrap_or(u64::MAX);
    let reached = |wanted: Option<u64>, count: Option<u64>| {
        wanted.zip(count).is_some_and(|(wanted, count)| count >= wanted)
    };
    let total = total(stop, page).filter(|total| !page.is_past(*total));
    let pages =
        stop.pages.as_ref().and_then(|path| page.find(path)).and_then(|value| number(&value));
    (stop.empty_page && records == 0)
        || stop.short_page.is_some_and(|size| records < size)
        || stop.unless.iter().any(|path| !page.find(path).is_some_and(|value| says_yes(&value)))
        || stop.when.iter().any(|all| {
            all.iter().all(|(path, wanted)| match page.find(path) {
                None => wanted.is_null(),
                Some(found) => same(&found, wanted),
            })
        })
        || stop.link_when.iter().any(|all| page.link_has(all))
        || reached(total, page.before.map(|before| before.saturating_add(records)))
        || reached(pages, page.before.map(|before| before.saturating_add(1)))
}

/// Returns how many records the vendor counts, if a rule looks at that.
pub(crate) fn total(stop: &Stop, page: &PageFacts<'_>) -> Option<u64> {
    page.find(stop.total.as_ref()?).and_then(|value| number(&value))
}

/// Returns whether a page of `pages` is the last because it names itself: `at` led to it, and it
/// names `next`. By default that is an error, which the loop guard finds.
pub(crate) fn ends_at_itself(
    poll: &Poll,
    pages: &Pages,
    at: Option<&ResumeAt>,
    next: Option<&ResumeAt>,
) -> bool {
    // A link that is kept between runs and leads to itself is where the stream ends for now.
    let is_kept = poll.cursor.next_link().is_some() && is_stream(poll, pages);
    let moves = pages.next.as_ref().is_some_and(Next::moves);
    next.is_some() && next == at && !moves && (pages.stop.same_next || is_kept)
}

/// Returns whether `pages` are those of the stream, not of its details or partitions.
pub(crate) fn is_stream(poll: &Poll, pages: &Pages) -> bool {
    std::ptr::eq(pages, &raw const poll.pages)
}

/// Returns what says, on a page that is not the last, that there is more: a flag, or a number that
/// is not reached.
pub(crate) fn says_more<'s>(stop: &'s Stop, page: &PageFacts<'_>) -> Option<&'s Path> {
    let is_counted = |path: &&Path| page.find(path).is_some_and(|value| number(&value).is_some());
    let is_flag = |all: &'s Vec<(Path, Value)>| match &all[..] {
        [(path, Value::Bool(_))] => Some(path).filter(|path| page.find(path).is_some()),
        _ => None,
    };
    let counts = stop.total.iter().chain(&stop.pages).filter(is_counted);
    stop.unless.iter().chain(counts).chain(stop.when.iter().filter_map(is_flag)).next()
}

impl PageFacts<'_> {
    /// Returns whether the page has records though `total` says that there are none so far on: then
    /// the vendor does not count, or failed to.
    pub(crate) fn is_past(&self, total: u64) -> bool {
        self.records > 0 && self.before.is_some_and(|before| total <= before)
    }

    fn find(&self, path: &Path) -> Option<Cow<'_, Value>> {
        find(path, self.body, self.headers)
    }

    /// Returns whether the link to the next page has all these parameters.
    fn link_has(&self, all: &[(String, Value)]) -> bool {
        let Some(Next::Link { relation, .. }) = self.next else { return false };
        let link = link_header::find(self.headers, relation);
        let has = |(name, wanted): &(String, Value)| {
            let found = link.as_ref().and_then(|link| link.parameter(name));
            found.is_some_and(|found| same(&Value::from(found), wanted))
        };
        all.iter().all(has)
    }
}

/// Returns what a response has at `path`, in its body or in a header.
pub(crate) fn find<'b>(
    path: &Path,
    body: &'b Value,
    headers: &HeaderMap,
) -> Option<Cow<'b, Value>> {
    match path.root() {
        Root::Header => {
            let text = header_text(headers.get(path.name())?);
            Some(Cow::Owned(Value::from(text.trim())))
        }
        _ => path.find(body).map(Cow::Borrowed),
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64(),
    }
}

/// Reads a flag as vendors write it.
fn says_yes(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => {
            !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "false" | "no" | "0")
        }
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
    }
}

/// Returns whether the two are equal, where `"1"` in a header or a careless body is 1 as well.
pub(crate) fn same(found: &Value, wanted: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    found == wanted || text(found).is_some_and(|found| Some(found) == text(wanted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        Path::parse(text, &[Root::Record, Root::Header]).unwrap()
    }

    fn ends_at(stop: &Stop, body: &Value, records: usize, count: Option<u64>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("x-more", "false".parse().unwrap());
        ends(stop, &PageFacts { body, headers: &headers, next: None, records, before: count })
    }

    #[test]
    fn a_flag_is_read_however_it_is_written() {
        let stop = Stop { unless: vec![path("more")], ..Stop::default() };
        for (value, last) in [
            (json!(true), false),
            (json!("true"), false),
            (json!(3), false),
            (json!("token"), false),
            (json!(false), true),
            (json!("False"), true),
            (json!(0), true),
            (json!(""), true),
            (json!(null), true),
            (json!([]), true),
        ] {
            assert_eq!(ends_at(&stop, &json!({ "more": value }), 1, None), last, "{value}");
        }
        assert!(ends_at(&stop, &json!({}), 1, None));
        let header = Stop { unless: vec![path("header.X-More")], ..Stop::default() };
        assert!(ends_at(&header, &json!({}), 1, None));
    }

    #[test]
    fn each_rule_ends_where_it_says() {
        let is = |rule: Stop, body: Value, records: usize, count: u64| {
            ends_at(&rule, &body, records, Some(count))
        };
        let empty = || Stop { empty_page: true, ..Stop::default() };
        assert!(is(empty(), json!({}), 0, 1) && !is(empty(), json!({}), 1, 1));
        let short = || Stop { short_page: Some(3), ..Stop::default() };
        assert!(is(short(), json!({}), 2, 1) && !is(short(), json!({}), 3, 1));
        let total = || Stop { total: Some(path("total")), ..Stop::default() };
        assert!(is(total(), json!({"total": 5}), 2, 3) && !is(total(), json!({"total": 5}), 2, 2));
        assert!(is(total(), json!({"total": "5"}), 2, 3) && !is(total(), json!({}), 2, 3));
        // A total that the page itself contradicts is none.
        assert!(!is(total(), json!({"total": 0}), 2, 0) && !is(total(), json!({"total": 2}), 2, 2));
        assert!(is(total(), json!({"total": 0}), 0, 0) && is(total(), json!({"total": 0}), 0, 4));
        let pages = || Stop { pages: Some(path("pages")), ..Stop::default() };
        assert!(is(pages(), json!({"pages": 2}), 2, 1) && !is(pages(), json!({"pages": 2}), 2, 0));
        let both = vec![(path("last"), json!(true)), (path("status"), json!(7))];
        let when = || Stop { when: vec![both.clone()], ..Stop::default() };
        assert!(is(when(), json!({"last": true, "status": "7"}), 1, 1));
        assert!(!is(when(), json!({"last": true, "status": 8}), 1, 1));
        assert!(!is(when(), json!({"last": true}), 1, 1));
    }
}
