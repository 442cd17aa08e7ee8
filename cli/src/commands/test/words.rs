//! What a test came to, in a few words: whoever reads PASS wants to know what passed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::expected::Expected;
use crate::output;

/// How many characters of a summary are shown.
const SUMMARY: usize = 80;

/// Returns the status, the counts and the first event of a result, and which of its fields the record
/// had no value for.
pub(super) fn words(found: &Expected, fallbacks: &BTreeMap<String, u64>) -> String {
    let mut words = Vec::new();
    if let Some(status) = found.status {
        words.push(status.to_string());
    }
    if !found.runs.is_empty() {
        words.push(output::count(found.runs.len(), "run"));
    }
    words.push(output::count(found.events.len(), "event"));
    if !found.rejected.is_empty() {
        words.push(format!("{} rejected", found.rejected.len()));
    }
    let mut text = words.join(", ");
    if let Some(first) = found.events.first() {
        let field = |name: &str| first.get(name).and_then(Value::as_str).unwrap_or("-");
        let summary: String = field("summary").chars().take(SUMMARY).collect();
        let more = match found.events.len() {
            1 => String::new(),
            n => format!(" and {} more", n - 1),
        };
        text.push_str(&output::printable(&format!(": {} \"{summary}\"{more}", field("severity"))));
    }
    if let Some(fell_back) = output::fallbacks(fallbacks, found.events.len() as u64) {
        text.push_str(&format!("; {fell_back}"));
    }
    text
}
