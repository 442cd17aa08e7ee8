//! Finds paths that a record's schema rules out: a misspelt field is reported when
//! the file is checked, and does not leave a hole in every event.

use serde_json::Value;

use crate::checked::checker::{Checker, Told};
use crate::path::Path;
use crate::problem::Place;

/// Reports a path that `schema` lets no record have.
pub(crate) fn open_in_schema(
    place: Option<Place>,
    path: &Path,
    schema: &Value,
    checker: &mut Checker<'_>,
) -> Result<(), Told> {
    let Some(pointer) = ruled_out(schema, path) else { return Ok(()) };
    Err(checker.error_with(
        place,
        format!("no record has `{pointer}`: the schema allows no such field there"),
        "correct the path, or add the field to the schema",
    ))
}

/// Returns the part of `path`, as a pointer, that `schema` allows in no record; or
/// `None` if it is allowed.
///
/// Combined and conditional schemas count as allowing everything.
fn ruled_out(schema: &Value, path: &Path) -> Option<String> {
    let mut at = schema;
    let mut walked = String::new();
    for segment in path.segments() {
        at = resolve(schema, at)?;
        let object = at.as_object()?;
        let combined = ["allOf", "anyOf", "oneOf", "if", "patternProperties", "$dynamicRef"];
        if combined.iter().any(|keyword| object.contains_key(*keyword)) {
            return None;
        }
        walked.push('/');
        walked.push_str(segment);
        if segment.parse::<usize>().is_ok() && object.contains_key("items") {
            at = object.get("items")?;
            continue;
        }
        match object.get("properties").and_then(|properties| properties.get(segment)) {
            Some(property) => at = property,
            None if object.get("additionalProperties") == Some(&Value::Bool(false)) => {
                return Some(walked);
            }
            None => return None,
        }
    }
    None
}

/// Follows `$ref`s within the document, at most 16 times.
fn resolve<'s>(root: &'s Value, mut at: &'s Value) -> Option<&'s Value> {
    for _ in 0..16 {
        let Some(reference) = at.get("$ref") else { return Some(at) };
        at = root.pointer(reference.as_str()?.strip_prefix('#')?)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Root;

    #[test]
    fn only_closed_objects_rule_a_field_out() {
        let schema = json!({
            "additionalProperties": false,
            "properties": {
                "actor": { "$ref": "#/$defs/actor" },
                "open": { "properties": { "x": {} } },
                "list": { "items": { "additionalProperties": false, "properties": { "id": {} } } },
                "either": { "anyOf": [{}], "additionalProperties": false }
            },
            "$defs": { "actor": { "additionalProperties": false, "properties": { "name": {} } } }
        });
        let ruled_out =
            |path: &str| super::ruled_out(&schema, &Path::parse(path, &[Root::Record]).unwrap());
        assert_eq!(ruled_out("acto.name"), Some("/acto".to_owned()));
        assert_eq!(ruled_out("actor.nam"), Some("/actor/nam".to_owned()));
        assert_eq!(ruled_out("list.0.di"), Some("/list/0/di".to_owned()));
        for open in ["actor.name", "open.y.z", "list.0.id", "either.x", ""] {
            assert_eq!(ruled_out(open), None, "{open}");
        }
    }
}
