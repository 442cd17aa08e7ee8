//! `keep`: values that are added to records because the vendor leaves them out, such as the
//! organisation whose log the record is from.

use mef_source::Template;
use serde_json::Value;

use crate::ask::fetch_error::FetchError;
use crate::request::render::render_json;
use crate::request::scope::RequestScope;

/// Renders what `keep` says. What has no value is left out.
pub(crate) fn kept(
    keep: &[(String, Template)],
    scope: &RequestScope<'_>,
) -> Result<Vec<(String, Value)>, FetchError> {
    let mut kept = Vec::new();
    for (name, template) in keep {
        if let Some(value) = render_json(template, scope, name)? {
            kept.push((name.clone(), value));
        }
    }
    Ok(kept)
}

/// Puts what is kept into `record`, if that is an object.
pub(crate) fn put(kept: &[(String, Value)], record: &mut Value) {
    if let Value::Object(record) = record {
        record.extend(kept.iter().cloned());
    }
}
