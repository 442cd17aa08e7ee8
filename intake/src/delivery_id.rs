//! The vendor's id of a delivery, which shows a repeat.

use mef_auth::verify::Verified;
use mef_pipeline::Admitted;
use mef_source::{Path, Root};
use serde_json::Value;

/// Returns the id at the first of `paths` that leads to one.
///
/// A path into the body leads into what the events are made of, in whatever format it came. What cannot be
/// read has no id.
pub(crate) fn find(request: &Verified, admitted: &Admitted, paths: &[Path]) -> Option<String> {
    paths.iter().find_map(|path| {
        let id = match path.root() {
            Root::Header => request.header(path.name())?.to_owned(),
            Root::Query => request.query(path.name())?.to_string(),
            Root::Form => request.value(path).ok()??.as_str()?.to_owned(),
            _ => match admitted.find(path)? {
                Value::String(id) => id,
                Value::Number(id) => id.to_string(),
                _ => return None,
            },
        };
        (!id.is_empty()).then_some(id)
    })
}
