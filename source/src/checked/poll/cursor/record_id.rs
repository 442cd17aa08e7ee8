//! What names a record: a path in it, or a template.

use std::fmt;

use serde_json::Value;

use crate::checked::checker::{Checker, Told};
use crate::path::{Path, Root};
use crate::template::{Lookups, Rendered, Template, Variables};
use crate::written::Located;

/// What names a record, the same each time the record comes.
#[derive(Clone, Debug)]
pub enum RecordId {
    /// Where the record has it.
    Path(Path),
    /// What is made of the record, for an id of which a part changes with each response; and how
    /// it is written.
    Template(Template, String),
}

impl RecordId {
    /// Returns the id of `record` as text; `None` if it has none.
    pub fn find(&self, record: &Value) -> Option<String> {
        match self {
            RecordId::Path(path) => match path.find(record)? {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
            RecordId::Template(template, _) => {
                let id = template.render(&InRecord(record)).ok()?.to_text().ok()?.into_owned();
                // What is cut off to nothing names no record.
                (!id.is_empty()).then_some(id)
            }
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordId::Path(path) => path.fmt(f),
            RecordId::Template(_, written) => f.write_str(written),
        }
    }
}

struct InRecord<'r>(&'r Value);

impl Variables for InRecord<'_> {
    fn get<'v>(&'v self, path: &Path) -> Rendered<'v> {
        Rendered::json(path.find(self.0))
    }
}

/// Returns the paths in a record that the id is made of, and none if it cannot be read.
pub(super) fn paths_of(id: &str) -> Vec<Path> {
    let roots = [Root::Record];
    match (Path::parse(id, &roots), Template::parse(id, &roots, &Lookups::default())) {
        (Ok(path), _) => vec![path],
        (Err(_), Ok(template)) => template.paths().cloned().collect(),
        (Err(_), Err(_)) => Vec::new(),
    }
}

/// Reads `cursor.id`, if it is written.
pub(super) fn record_id(
    text: Option<&Located<String>>,
    checker: &mut Checker<'_>,
) -> Result<Option<RecordId>, Told> {
    text.map(|text| required(text, checker)).transpose()
}

/// Reads `cursor.id`.
pub(super) fn required(
    text: &Located<String>,
    checker: &mut Checker<'_>,
) -> Result<RecordId, Told> {
    let roots = [Root::Record];
    if !text.contains(['{', '}']) || Path::parse(text, &roots).is_ok() {
        return checker.path(text, &roots).map(RecordId::Path);
    }
    let template = checker.template(text, &roots, &Lookups::default())?;
    if template.as_literal().is_some() {
        return Err(checker.error_with(
            text.place(),
            "`id` is the same for every record, so all records would be repeats of the first",
            "name what is the record's own, such as `id: '{url|before(\"?\")}'`",
        ));
    }
    Ok(RecordId::Template(template, (**text).clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(text: &str) -> RecordId {
        let template = Template::parse(text, &[Root::Record], &Lookups::default()).unwrap();
        RecordId::Template(template, text.to_owned())
    }

    #[test]
    fn an_id_without_its_changing_part_stays_the_same() {
        let id = template(r#"{url|before("?")}"#);
        let signed = |by: &str| json!({ "url": format!("https://x/log-1.gz?X-Signature={by}") });
        assert_eq!(id.find(&signed("a")).as_deref(), Some("https://x/log-1.gz"));
        assert_eq!(id.find(&signed("a")), id.find(&signed("b")));
    }

    #[test]
    fn a_template_without_a_value_names_no_record() {
        let id = template(r#"{url|before("?")}"#);
        for record in
            [json!({}), json!({ "url": null }), json!({ "url": "?a" }), json!({ "url": [1] })]
        {
            assert_eq!(id.find(&record), None, "{record}");
        }
        assert_eq!(template("{a}-{b}").find(&json!({ "a": 1 })), None);
        assert_eq!(template("{a}-{b}").find(&json!({ "a": 1, "b": "x" })).as_deref(), Some("1-x"));
    }
}
