//! Whether an event's severity can be one.

use serde_json::Value;

use super::mapping::Mapping;
use crate::event_severity::{EVENT_SEVERITIES, event_severity};
use crate::template::{Filter, Part, Placeholder, Template};

/// What to write in place of what is no severity.
pub(super) const NEEDED: &str = "write one of `DEBUG`, `INFO`, `NOTICE`, `WARNING`, `ERROR`, `CRITICAL`, \
     `ALERT` and `EMERGENCY`, or a table that makes them of the vendor's words: \
     `{level|lookup(severities)|default(\"INFO\")}`";

/// Returns why what is mapped is never a severity, or not always, if that can be seen without a record.
pub(super) fn is_no_severity(mapping: &Mapping) -> Option<String> {
    match mapping {
        Mapping::Constant(value) => {
            (!names_one(value)).then(|| format!("it is always `{}`", shown(value)))
        }
        Mapping::Template(template) => in_template(template),
        other => other.is_no_text().map(str::to_owned),
    }
}

fn in_template(template: &Template) -> Option<String> {
    if let [Part::Placeholder(placeholder)] = template.parts.as_slice() {
        return in_placeholder(placeholder);
    }
    template.parts.iter().find_map(|part| match part {
        Part::Literal(text) => {
            let upper = text.to_ascii_uppercase();
            let is_foreign = !EVENT_SEVERITIES.iter().any(|word| word.contains(&upper));
            is_foreign.then(|| format!("it has the text `{text}`"))
        }
        Part::Placeholder(_) => None,
    })
}

/// Reads the filters from the last to the first, as far as they say what comes out.
fn in_placeholder(placeholder: &Placeholder) -> Option<String> {
    for filter in placeholder.filters.iter().rev() {
        match filter {
            Filter::Default(value) if names_one(value) || value.is_null() => {}
            Filter::Default(value) => return Some(format!("its default is `{}`", shown(value))),
            Filter::Lookup(table) => {
                let wrong = table.iter().find(|(_, value)| !names_one(value))?;
                return Some(format!("its table makes `{}` of `{}`", shown(wrong.1), wrong.0));
            }
            Filter::Upper | Filter::Lower | Filter::Text => {}
            _ => return None,
        }
    }
    None
}

fn names_one(value: &Value) -> bool {
    value.as_str().and_then(event_severity).is_some()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
