//! The JSON Schema of the source file, for editors.

use serde_json::Value;

use crate::written::SourceFile;

/// Returns the JSON Schema (draft 2020-12) of a source file, generated from the types that read it.
pub fn source_file_schema() -> Value {
    let mut schema = schemars::schema_for!(SourceFile);
    schema.insert("title".to_owned(), "A MozDef Event Framework source file".into());
    schema.to_value()
}
