//! What the events show that the tests of a source expect.

use std::net::IpAddr;
use std::path::Path;

use serde_json::Value;

use super::fields::{Fields, Kind, Seen};

/// What a field of MozDef's own index takes, and nothing else.
pub(super) const ADDRESSES: [&str; 2] = ["sourceipaddress", "destinationipaddress"];
pub(super) const BOOLEANS: [&str; 1] = ["success"];

/// Notes the fields of every event in the tests of `folder`; returns what an index would refuse.
pub(super) fn note(folder: &Path, file: usize, fields: &mut Fields) -> Vec<String> {
    let mut refused = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder.join("tests")) else { return refused };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if !path.to_string_lossy().ends_with(".expected.json") {
            continue;
        }
        // What cannot be read is told by `mef test`.
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let expected: Value = mef_ports::read_json(&text).unwrap_or_default();
        let events = expected.get("events").and_then(Value::as_array);
        let seen = Seen { file, place: path.display().to_string() };
        for details in events.into_iter().flatten().filter_map(|event| event.get("details")) {
            value(&mut vec!["details".to_owned()], details, &seen, fields);
            refused.extend(typed(details).map(|what| format!("{what} (in {})", seen.place)));
        }
    }
    refused
}

/// Notes `value` and everything in it. A dot in a name is one more level.
pub(super) fn value(path: &mut Vec<String>, value: &Value, seen: &Seen, fields: &mut Fields) {
    let kind = match value {
        Value::Null => return,
        Value::Array(elements) => {
            return elements.iter().for_each(|element| self::value(path, element, seen, fields));
        }
        Value::Object(members) => {
            fields.note(path, Kind::Object, seen);
            for (name, member) in members {
                let before = path.len();
                path.extend(name.split('.').map(str::to_owned));
                self::value(path, member, seen, fields);
                path.truncate(before);
            }
            return;
        }
        Value::String(_) => Kind::Text,
        Value::Number(_) => Kind::Number,
        Value::Bool(_) => Kind::Boolean,
    };
    fields.note(path, kind, seen);
}

/// Returns the values that MozDef's index has another type for.
fn typed(details: &Value) -> impl Iterator<Item = String> {
    let wrong = |name: &'static str, wanted, is_right: fn(&Value) -> bool| {
        let value = details.get(name).filter(|value| !value.is_null() && !is_right(value))?;
        Some(format!("`details.{name}` is {value}, and MozDef's index takes {wanted} there"))
    };
    let is_address =
        |value: &Value| value.as_str().is_some_and(|text| text.parse::<IpAddr>().is_ok());
    let is_boolean = |value: &Value| {
        value.is_boolean() || value.as_str().is_some_and(|text| matches!(text, "true" | "false"))
    };
    let addresses = ADDRESSES.map(|name| wrong(name, "an IP address alone", is_address));
    let booleans = BOOLEANS.map(|name| wrong(name, "true or false", is_boolean));
    addresses.into_iter().chain(booleans).flatten()
}
