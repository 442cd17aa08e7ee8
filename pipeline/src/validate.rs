//! The third stage: checks a record against the JSON Schema of its source.

use jsonschema::Validator;
use mef_source::checked::RecordSchema;
use serde_json::Value;

/// How many faults of a record are reported.
const TOLD_FAULTS: usize = 3;

/// Why a file cannot be used as a JSON Schema: it is none, or needs another document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schema `{file}` cannot be used: {reason}")]
pub struct SchemaError {
    /// The name of the file.
    pub file: String,
    /// What is wrong, and where.
    pub reason: String,
}

/// What is wrong with a record and where, as a JSON Pointer.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) reason: String,
    pub(crate) place: String,
}

/// Compiles a schema of the draft that its `$schema` names, or else of 2020-12.
/// Nothing is fetched: a `$ref` to another document is an error.
pub(crate) fn compile(schema: &RecordSchema) -> Result<Validator, SchemaError> {
    jsonschema::options().should_validate_formats(true).build(&schema.json).map_err(|error| {
        let at = error.instance_path().to_string();
        let reason = if at.is_empty() { error.to_string() } else { format!("{error}, at {at}") };
        SchemaError { file: schema.file.clone(), reason }
    })
}

/// Checks `record` against the schema. A fault names rules and places, never
/// values of the record.
pub(crate) fn validate(validator: &Validator, record: &Value) -> Result<(), Fault> {
    if validator.is_valid(record) {
        return Ok(());
    }
    let mut place = None;
    let mut reasons = Vec::new();
    for error in validator.iter_errors(record).take(TOLD_FAULTS) {
        let at = error.instance_path().to_string();
        reasons.push(if at.is_empty() {
            error.masked().to_string()
        } else {
            format!("{at}: {}", error.masked())
        });
        place.get_or_insert(at);
    }
    Err(Fault { reason: reasons.join("; "), place: place.unwrap_or_default() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn schema(json: Value) -> RecordSchema {
        RecordSchema { file: "schema.json".to_owned(), json: Arc::new(json) }
    }

    #[test]
    fn a_fault_says_where_and_why_but_not_what() {
        let validator = compile(&schema(json!({
            "type": "object",
            "required": ["id"],
            "properties": { "actor": { "properties": { "name": { "type": "string" } } } }
        })))
        .unwrap();
        assert!(validate(&validator, &json!({"id": 1, "actor": {"name": "Ann"}})).is_ok());
        let fault = validate(&validator, &json!({"id": 1, "actor": {"name": 4711}})).unwrap_err();
        assert_eq!(fault.place, "/actor/name");
        assert!(fault.reason.contains("string"), "{}", fault.reason);
        assert!(!fault.reason.contains("4711"), "{}", fault.reason);
    }

    #[test]
    fn nothing_is_fetched() {
        let error = compile(&schema(json!({"$ref": "http://127.0.0.1:1/x.json"}))).unwrap_err();
        assert!(error.to_string().contains("schema.json"), "{error}");
    }

    #[test]
    fn big_integers_are_integers() {
        let validator = compile(&schema(json!({"type": "integer", "minimum": 0}))).unwrap();
        let big: Value = serde_json::from_str("123456789012345678901234567890").unwrap();
        assert!(validate(&validator, &big).is_ok());
    }
}
